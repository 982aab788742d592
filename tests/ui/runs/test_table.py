"""The table of runs: its columns in windows of any width, what a row's tooltip says."""

from __future__ import annotations

import dataclasses

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from resnet_gui.core.runs.listing import RunInfo, RunState
from resnet_gui.ui.runs.view import RunsTable

RUN = RunInfo(
    name="ants", path="/runs/ants", title="Ants and bees", state=RunState.FINISHED,
    created="2026-01-02T10:00:00+00:00", data="/photos/insects", model="resnet50", method="head",
    epochs_done=4, epochs=4, best_val_accuracy=0.9, best_epoch=2, model_path="", resumable=False,
    message="", bytes=1000, seconds=75.0, note="With more photos",
)  # fmt: skip


@pytest.fixture
def table(qtbot: QtBot) -> RunsTable:
    table = RunsTable(lambda model: model)
    qtbot.addWidget(table)
    table.show_runs([dataclasses.replace(RUN, path=f"/runs/{n}") for n in range(40)])
    table.show()
    return table


def titles(table: RunsTable) -> list[str]:
    shown = enumerate(table.runs.columns)
    return [column.title for number, column in shown if not table.isColumnHidden(number)]


def test_columns_give_way_in_a_narrow_window(qtbot: QtBot, table: RunsTable) -> None:
    """A window of 675 pixels leaves 575 for the table; with 40 runs there is a scroll bar, too."""
    for width, least in ((1200, 8), (900, 8), (700, 6), (575, 5), (1000, 8)):
        table.resize(width, 200)
        qtbot.waitUntil(lambda least=least: len(titles(table)) == least)
        qtbot.waitUntil(lambda: not table.horizontalScrollBar().maximum())
        assert {"Name", "Accuracy", "State", "Date"} <= set(titles(table))
        shown = [n for n in range(8) if not table.isColumnHidden(n)]
        assert all(table.columnWidth(n) >= table.runs.columns[n].least for n in shown), width


def test_widths_made_by_hand_stay(table: RunsTable) -> None:
    table.resize(575, 200)
    table.horizontalHeader().resizeSection(0, 333)
    table.resize(900, 200)
    assert table.columnWidth(0) == 333


def test_columns_come_back_also_beside_widths_made_by_hand(table: RunsTable) -> None:
    table.resize(575, 200)
    table.horizontalHeader().resizeSection(0, 180)
    few = titles(table)
    for _ in range(2):
        table.resize(1400, 200)
        assert len(titles(table)) == 8
        assert all(table.columnWidth(n) >= c.least for n, c in enumerate(table.runs.columns))
        table.resize(575, 200)
        assert titles(table) == few
    assert table.columnWidth(0) == 180


def test_a_tooltip_says_what_a_narrow_window_leaves_out(table: RunsTable) -> None:
    tip = table.filtered.index(0, 0).data(Qt.ItemDataRole.ToolTipRole)
    assert tip.split("\n") == [
        "Ants and bees", "Learned from insects in 1 min", "With more photos", "/runs/0",
    ]  # fmt: skip
