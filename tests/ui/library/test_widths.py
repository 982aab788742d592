"""The columns of the table fit the view, and stay as a person made them."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from resnet_gui.ui.library.looks import TABLE
from resnet_gui.ui.library.view import LibraryView
from resnet_gui.ui.library.widths import NARROWEST, fitted
from tests.helpers.fake_engine import Rig, heard
from tests.ui.library.conftest import Fill

ALL = list(range(7))  # without the model before


@pytest.mark.parametrize("room", [730, 860, 1126, 1127, 2000])
@pytest.mark.parametrize("chosen", [{}, {1: 300}, {0: 90, 6: 90}])
def test_columns_fill_the_room_exactly(room: int, chosen: dict[int, int]) -> None:
    widths = fitted(room, ALL, chosen)
    least = sum(fitted(0, ALL, chosen).values())
    assert sum(widths.values()) == max(room, least)
    assert all(widths[column] == width for column, width in chosen.items())
    assert widths[5] >= 130, "a date is never cut"
    assert min(widths.values()) >= NARROWEST


@pytest.mark.parametrize("room", [700, 802, 860, 1126, 2000])
def test_names_and_labels_stay_readable_beside_the_models_before(room: int) -> None:
    """Every photo was called “IMG_….jpg” at the usual size of the window."""
    widths = fitted(room, [*ALL, 7], {})
    assert widths[0] >= 190
    assert widths[1] >= 130
    assert sum(widths.values()) == max(room, sum(fitted(0, [*ALL, 7], {}).values()))


@pytest.mark.parametrize("width", [900, 1000, 1500])
def test_all_columns_are_seen_without_scrolling(
    qtbot: QtBot, rig: Rig, library: LibraryView, fill: Fill, width: int
) -> None:
    """At 1,120 pixels the date used to be cut by the edge."""
    fill(*(f"/x/{number:02d}.jpg" for number in range(30)))
    library.set_kind(TABLE)
    library.resize(width, 600)
    table = library.table
    rig.until(lambda: table.isVisible() and table.width() > width - 230)
    assert table.horizontalHeader().length() == table.viewport().width()
    assert not table.horizontalScrollBar().isVisible()


def test_a_width_that_was_dragged_stays_and_is_remembered(
    qtbot: QtBot, rig: Rig, library: LibraryView, fill: Fill
) -> None:
    fill(*(f"/x/{number:02d}.jpg" for number in range(30)))
    library.set_kind(TABLE)
    library.resize(1200, 600)
    table = library.table
    rig.until(lambda: table.isVisible() and table.width() > 970)
    heads, told = table.horizontalHeader(), heard(table.widths.chosen)
    edge = QPoint(heads.sectionViewportPosition(1) + heads.sectionSize(1) - 1, 10)
    before = heads.sectionSize(1)
    qtbot.mousePress(heads.viewport(), Qt.MouseButton.LeftButton, pos=edge)
    qtbot.mouseMove(heads.viewport(), edge + QPoint(40, 0))
    qtbot.mouseRelease(heads.viewport(), Qt.MouseButton.LeftButton, pos=edge + QPoint(40, 0))
    rig.until(lambda: told)
    assert told[-1][1] == heads.sectionSize(1) == before + 40
    assert sum(told[-1]) == before + 40, "no other one was chosen"
    assert heads.length() == table.viewport().width()
    room = table.viewport().width()
    library.resize(library.width() + 120, library.height())
    rig.until(lambda: table.viewport().width() > room)
    assert heads.sectionSize(1) == before + 40
    assert heads.length() == table.viewport().width()
