"""The table of runs: its columns in windows of any width, what a row's tooltip says."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QTextLayout
from PySide6.QtWidgets import QApplication, QStyle, QStyleOptionViewItem
from pytestqt.qtbot import QtBot

from resnet_gui.core.evaluation.intervals import wilson_interval
from resnet_gui.core.runs.events import Accuracy
from resnet_gui.core.runs.listing import RunInfo, RunState
from resnet_gui.ui.runs.view import RunsTable
from resnet_gui.ui.widgets.theme import ThemeManager

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


@pytest.fixture
def themed(qtbot: QtBot, qapp: QApplication) -> Iterator[None]:
    """As the window is: its sheet decides how large everything is."""
    theme = ThemeManager(qapp)
    theme.choose("light")
    theme.catch_up()
    yield
    qapp.setStyleSheet("")
    theme.deleteLater()


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
        for n, column in enumerate(table.runs.columns):
            assert table.isColumnHidden(n) or table.columnWidth(n) >= min(
                column.least, need(table, n)
            )


def need(table: RunsTable, column: int) -> int:
    """How wide Qt would make the widest cell, in pixels."""
    indexes = [table.runs.index(row, column) for row in range(table.runs.rowCount())]
    return max(table.sizeHintForIndex(index).width() for index in indexes)


def test_columns_share_the_width_by_what_they_hold(
    qtbot: QtBot, themed: None, table: RunsTable
) -> None:
    """A window of 1,120 pixels leaves some 1,000: enough for all, while nobody has written notes;
    of 700, still enough for what is short."""
    stopped = dataclasses.replace(
        RUN, title="castings from hall 3, second camera, sharp",
        state=RunState.STOPPED, epochs_done=3, epochs=300, note="", model="EfficientNet-Lite0",
    )  # fmt: skip
    running = dataclasses.replace(stopped, state=RunState.RUNNING, path="/runs/now")
    table.show_runs([stopped, running])
    for width, names in ((1120, 8), (700, 6)):
        table.resize(width, 200)
        qtbot.waitUntil(lambda names=names: len(titles(table)) == names)
        assert not table.horizontalScrollBar().maximum()
        for n, title in enumerate(("Name", "Accuracy", "State", "Photos")):
            cut = table.columnWidth(n) < need(table, n)
            assert cut == (title == "Name" and width == 700), (width, title)


def test_a_training_that_goes_on_makes_room_for_its_state(themed: None, table: RunsTable) -> None:
    table.resize(1120, 200)
    run = dataclasses.replace(RUN, state=RunState.RUNNING, epochs_done=99, epochs=300)
    table.show_runs([run])
    narrow = table.columnWidth(2)
    table.show_runs([dataclasses.replace(run, epochs_done=100)])
    assert table.columnWidth(2) > narrow
    assert table.columnWidth(2) >= need(table, 2)


@pytest.mark.parametrize("state", [RunState.INTERRUPTED, RunState.RUNNING])
def test_the_epoch_of_a_run_that_is_not_finished_is_never_cut(
    table: RunsTable, state: RunState
) -> None:
    """ "interrup…6 of 100" was the 16th epoch, in a table with room to spare."""
    run = dataclasses.replace(RUN, state=state, epochs_done=16, epochs=100)
    table.show_runs([RUN, run])
    for width in (1180, 900):
        table.resize(width, 200)
        assert table.columnWidth(2) >= table.sizeHintForColumn(2), width
        assert not table.horizontalScrollBar().maximum(), width


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
        for n, column in enumerate(table.runs.columns):
            assert table.columnWidth(n) >= min(column.least, need(table, n))
        table.resize(575, 200)
        assert titles(table) == few
    assert table.columnWidth(0) == 180


def test_a_tooltip_says_what_a_narrow_window_leaves_out(table: RunsTable) -> None:
    tip = table.runs.index(0, 0).data(Qt.ItemDataRole.ToolTipRole)
    assert tip.split("\n") == [
        "Ants and bees", "Learned from insects in 1 min", "With more photos", "/runs/0",
    ]  # fmt: skip


def test_runs_that_are_as_before_are_not_shown_anew(qtbot: QtBot) -> None:
    """Whoever looks at the disk tells of 300 runs each time."""
    titles = {"resnet50": "ResNet-50"}
    table = RunsTable(lambda model: titles.get(model, model))
    qtbot.addWidget(table)
    runs = [dataclasses.replace(RUN, path=f"/runs/{n}", title=f"{n}") for n in range(300)]
    table.show_runs(runs)
    table.choose(["/runs/7"])
    changed: list[tuple[int, int]] = []
    chosen: list[None] = []
    table.runs.dataChanged.connect(lambda a, b: changed.append((a.column(), b.column())))
    table.chosen_changed.connect(lambda: chosen.append(None))
    table.show_runs([dataclasses.replace(run) for run in runs])
    assert changed == []
    table.runs.show_colours({"/runs/7": "#ff0000"})
    assert changed == [(0, 0)]
    titles["resnet50"] = "My ResNet"  # renamed in another window
    table.show_runs(runs)
    assert changed[1:] == [(0, 7)]
    assert "My ResNet" in {table.runs.index(row, 4).data() for row in range(3)}
    assert chosen == []
    table.show_runs(runs[5:])
    assert [run.title for run in table.chosen()] == ["7"]
    table.show_runs([dataclasses.replace(runs[7], note="So so"), *runs[8:]])
    assert [run.note for run in table.chosen()] == ["So so"]
    assert len(chosen) == 1


def test_no_accuracy_is_cut_whatever_its_digits(themed: None, table: RunsTable) -> None:
    """ "97.6%…–100)" stood in a table with room to spare: a pixel was missing."""
    table.resize(1120, 200)
    for right in range(1, 42):
        low, high = wilson_interval(right, 41)
        accuracy = Accuracy("validation", right / 41, low, high, right, 41)
        table.show_runs([dataclasses.replace(RUN, accuracy=accuracy)])
        column, index = 1, table.runs.index(0, 1)
        option = QStyleOptionViewItem()
        table.initViewItemOption(option)
        table.itemDelegate().initStyleOption(option, index)
        option.rect = QRect(0, 0, table.columnWidth(column), 30)
        inside = table.style().subElementRect(QStyle.SubElement.SE_ItemViewItemText, option, table)
        room = inside.width() - 2 * (
            table.style().pixelMetric(QStyle.PixelMetric.PM_FocusFrameHMargin, None, table) + 1
        )
        shown = QTextLayout(str(index.data()), table.font())
        shown.beginLayout()
        line = shown.createLine()
        shown.endLayout()
        assert line.naturalTextWidth() <= room, index.data()


def test_a_search_keeps_what_is_chosen_as_far_as_it_is_shown(
    qtbot: QtBot, table: RunsTable
) -> None:
    """Or buttons and curves would be of runs that nobody sees."""
    table.show_runs([dataclasses.replace(RUN, path=f"/{t}", title=t) for t in ("Cat 5", "Dog 12")])
    table.choose(["/Cat 5", "/Dog 12"])
    with qtbot.waitSignal(table.chosen_changed):
        table.search("cat")
    assert [run.title for run in table.chosen()] == ["Cat 5"]
    with qtbot.assertNotEmitted(table.chosen_changed):
        table.search("")
    assert [run.title for run in table.chosen()] == ["Cat 5"]
    with qtbot.waitSignal(table.chosen_changed):
        table.search("dog")
    assert table.chosen() == []


def test_a_run_that_overtakes_another_moves_nothing_else(qtbot: QtBot, table: RunsTable) -> None:
    """A running training changes its accuracy all the time: the table jumped to what is chosen."""
    table.resize(700, 200)
    runs = [dataclasses.replace(RUN, path=f"/{n}", best_val_accuracy=n / 100) for n in range(60)]
    table.show_runs(runs)
    table.sortByColumn(1, Qt.SortOrder.DescendingOrder)
    table.choose(["/59"])
    bar = table.verticalScrollBar()
    qtbot.waitUntil(lambda: bar.maximum() > 30)
    bar.setValue(30)
    table.show_runs([*runs[:20], dataclasses.replace(runs[20], best_val_accuracy=0.99), *runs[21:]])
    assert table.runs.rows[0].path == "/20"
    assert [run.path for run in table.chosen()] == ["/59"]
    assert bar.value() == 30
