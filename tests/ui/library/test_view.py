"""The library on the screen: keys, mouse, filter, labels, selection."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from resnet_gui.ui.library.arrangement import AT_ONCE, SortBy, Which
from resnet_gui.ui.library.looks import GRID, TABLE
from resnet_gui.ui.library.view import LibraryView
from resnet_gui.ui.widgets.photo_list import Photo, PhotoList
from tests.helpers.fake_engine import Rig, heard
from tests.ui.library.conftest import Fill, answer, give, names, settled

LEFT = Qt.MouseButton.LeftButton
SPOKEN = Qt.ItemDataRole.AccessibleTextRole
SHIFT, CTRL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def many(rig: Rig, library: LibraryView, photos: PhotoList, fill: Fill) -> list[Photo]:
    """30 photos: every third an ant, the others bees, ever less sure."""
    added = fill(*(f"/x/{number:02d}.jpg" for number in range(30)))
    labels = ("ant", "bee", "bee")
    give(photos, [answer(labels[n % 3], 0.95 - n / 40) for n in range(30)])
    settled(rig, library.model)
    rig.until(lambda: len(library.labels.labels) == 2)
    return added


def numbers(photos: list[Photo]) -> list[int]:
    return [int(photo.source.short_name[:2]) for photo in photos]


def click(qtbot: QtBot, library: LibraryView, row: int, modifier: Qt.KeyboardModifier) -> None:
    view = library.view
    at = view.visualRect(library.model.index(row, 0)).center()
    qtbot.mouseClick(view.viewport(), LEFT, modifier, at)


def click_label(qtbot: QtBot, library: LibraryView, row: int) -> None:
    labels = library.labels
    at = labels.visualRect(labels.model().index(row, 0)).center()
    qtbot.mouseClick(labels.viewport(), LEFT, pos=at)


@pytest.mark.parametrize("kind", [GRID, TABLE])
def test_mouse_and_keys_select(
    qtbot: QtBot, library: LibraryView, many: list[Photo], kind: str
) -> None:
    library.set_kind(kind)
    chosen = heard(library.chosen)
    click(qtbot, library, 1, Qt.KeyboardModifier.NoModifier)
    click(qtbot, library, 4, SHIFT)
    assert numbers(library.selected()) == [1, 2, 3, 4]
    click(qtbot, library, 2, CTRL)
    click(qtbot, library, 6, CTRL)
    assert numbers(library.selected()) == [1, 3, 4, 6]
    click(qtbot, library, 0, Qt.KeyboardModifier.NoModifier)
    assert numbers(library.selected()) == [0]
    assert numbers(chosen)[-1] == 0
    keys = Qt.Key
    qtbot.keyClick(library.view, keys.Key_Down)
    line = library.grid.in_a_row if kind == GRID else 1
    assert numbers(library.selected()) == [line]
    qtbot.keyClick(library.view, keys.Key_Down, SHIFT)
    assert numbers(library.selected()) == list(range(line, 2 * line + 1))
    qtbot.keyClick(library.view, keys.Key_End)
    assert numbers(library.selected()) == [29]
    qtbot.keyClick(library.view, keys.Key_Home)
    assert numbers(library.selected()) == [0]
    qtbot.keyClick(library.view, keys.Key_A, CTRL)
    assert numbers(library.selected()) == list(range(30))
    qtbot.waitUntil(lambda: library.count.text() == "30 photos · 30 selected")


def test_the_grid_is_walked_through_like_a_page(
    qtbot: QtBot, library: LibraryView, many: list[Photo]
) -> None:
    grid, keys = library.grid, Qt.Key
    line = grid.in_a_row
    assert line >= 4
    grid.setCurrentIndex(library.model.index(0, 0))
    for key, expected in (
        (keys.Key_Right, 1),
        (keys.Key_Down, 1 + line),
        (keys.Key_Left, line),
        (keys.Key_Up, 0),
        (keys.Key_Up, 0),
        (keys.Key_Left, 0),
    ):
        qtbot.keyClick(grid, key)
        assert grid.currentIndex().row() == expected
    below = 29 // line * line  # the first of the last line
    grid.setCurrentIndex(library.model.index(below - 1, 0))
    qtbot.keyClick(grid, keys.Key_Down)
    assert grid.currentIndex().row() == 29  # there is none straight below
    qtbot.waitUntil(
        lambda: grid.visualRect(grid.currentIndex()).bottom() < grid.viewport().height()
    )
    qtbot.keyClick(grid, keys.Key_Down)
    assert grid.currentIndex().row() == 29
    for row in (0, 7, 29):
        index = library.model.index(row, 0)
        grid.scrollTo(index)
        assert grid.indexAt(grid.visualRect(index).center()) == index
    assert not grid.indexAt(QPoint(5, grid.viewport().height() * 9)).isValid()


def test_photos_are_selected_by_dragging_over_them(
    qtbot: QtBot, library: LibraryView, many: list[Photo]
) -> None:
    grid, line = library.grid, library.grid.in_a_row
    begin = grid.visualRect(library.model.index(1, 0)).center()
    end = grid.visualRect(library.model.index(2 + line, 0)).center()
    qtbot.mousePress(grid.viewport(), LEFT, pos=begin)
    qtbot.mouseMove(grid.viewport(), (begin + end) / 2)
    qtbot.mouseMove(grid.viewport(), end)
    qtbot.mouseRelease(grid.viewport(), LEFT, pos=end)
    assert numbers(library.selected()) == [1, 2, 1 + line, 2 + line]


@pytest.mark.parametrize("kind", [GRID, TABLE])
def test_enter_delete_and_the_menu_ask_for_what_is_selected(
    qtbot: QtBot, library: LibraryView, many: list[Photo], kind: str
) -> None:
    library.set_kind(kind)
    opened, removed, menus = (
        heard(signal)
        for signal in (library.opened, library.remove_requested, library.menu_requested)
    )
    library.view.setCurrentIndex(library.model.index(3, 0))
    qtbot.keyClick(library.view, Qt.Key.Key_Return)
    assert opened == [()]
    click(qtbot, library, 5, SHIFT)
    qtbot.keyClick(library.view, Qt.Key.Key_Delete)
    assert numbers(removed[0]) == [3, 4, 5]
    at = library.view.visualRect(library.model.index(4, 0)).center()
    for reason in (QContextMenuEvent.Reason.Mouse, QContextMenuEvent.Reason.Keyboard):
        event = QContextMenuEvent(reason, at, library.view.viewport().mapToGlobal(at))
        QApplication.sendEvent(library.view.viewport(), event)
        assert numbers(menus[-1][0]) == [3, 4, 5]
    assert len(menus) == 2


def test_selection_and_current_photo_outlive_filter_and_order(
    rig: Rig, library: LibraryView, many: list[Photo]
) -> None:
    library.view.setCurrentIndex(library.model.index(0, 0))
    library.bar.search.setText("ant")
    rig.until(lambda: library.model.rowCount() == 10)
    library.view.selectAll()
    library.clear_filter()
    rig.until(lambda: library.model.rowCount() == 30)
    assert numbers(library.selected()) == list(range(0, 30, 3))
    library.table.order_chosen.emit(SortBy.PROBABILITY, False)
    rig.until(lambda: numbers(list(library.model.photos()))[0] == 29)
    assert numbers(library.selected()) == list(range(27, -1, -3))
    assert library.current is many[0]


def test_after_a_removal_the_next_photo_is_the_current_one(
    rig: Rig, library: LibraryView, photos: PhotoList, many: list[Photo]
) -> None:
    library.bar.search.setText("bee")
    rig.until(lambda: library.model.rowCount() == 20)
    library.view.setCurrentIndex(library.model.index(2, 0))  # 04.jpg
    photos.remove_many(library.selected())
    assert numbers(library.selected()) == [5]
    assert library.current is many[5]


def test_the_filter_bar_and_the_labels_narrow_down(
    rig: Rig, qtbot: QtBot, library: LibraryView, many: list[Photo]
) -> None:
    assert library.labels.labels == [("bee", 20), ("ant", 10)]
    labels = library.labels
    click_label(qtbot, library, 2)
    rig.until(lambda: library.model.rowCount() == 10)
    rig.until(lambda: library.count.text() == "10 of 30 photos")
    assert library.show_all.isVisible()
    library.bar.least.setValue(80)
    rig.until(lambda: library.model.rowCount() == 3)
    library.show_all.click()
    rig.until(lambda: library.model.rowCount() == 30)
    assert library.bar.least.value() == 0
    assert labels.chosen_labels == frozenset()
    library.bar.which.setCurrentIndex(list(Which).index(Which.FAILED))
    library.bar.which.activated.emit(0)
    rig.until(lambda: library.nothing.isVisible())
    assert library.nothing.text() == "No photo is like that."
    library.bar.reset()
    rig.until(lambda: library.grid.isVisible())
    qtbot.keyClick(library.bar.search, Qt.Key.Key_Down)
    assert library.current is many[0]


def test_labels_count_what_the_filter_finds(
    rig: Rig, qtbot: QtBot, library: LibraryView, photos: PhotoList, many: list[Photo], fill: Fill
) -> None:
    def said() -> list[str]:
        model = library.labels.model()
        texts = (model.index(row).data(SPOKEN) for row in range(model.rowCount()))
        return [str(text) for text in texts]

    assert said() == ["All answers, 30 photos", "bee, 20 photos", "ant, 10 photos"]
    library.bar.least.setValue(80)  # photos 0 to 6
    rig.until(
        lambda: (
            said() == ["All answers, 7 of 30 photos", "bee, 4 of 20 photos", "ant, 3 of 10 photos"]
        )
    )
    # What another label has does not depend on which one is chosen.
    click_label(qtbot, library, 2)
    rig.until(lambda: library.model.rowCount() == 3)
    settled(rig, library.model)
    assert library.labels.chosen_labels == {"ant"}
    assert said()[1:] == ["bee, 4 of 20 photos", "ant, 3 of 10 photos"]
    # A label that is found nowhere is left out, but not the one that is chosen.
    library.bar.search.setText("01.jpg")
    rig.until(lambda: said()[1:] == ["bee, 1 of 20 photos", "ant, 0 of 10 photos"])
    library.show_all.click()
    rig.until(lambda: said()[1:] == ["bee, 20 photos", "ant, 10 photos"])
    # New answers are counted, too.
    library.bar.least.setValue(80)
    rig.until(lambda: library.model.rowCount() == 7)
    fill("/x/30.jpg", "/x/31.jpg")
    give(photos, [*[None] * 30, answer("fly", 0.9), answer("fly", 0.1)])
    rig.until(lambda: "fly, 1 of 2 photos" in said())
    assert said()[0] == "All answers, 8 of 32 photos"


def test_several_labels_are_chosen_with_ctrl(
    rig: Rig, qtbot: QtBot, library: LibraryView, photos: PhotoList, many: list[Photo], fill: Fill
) -> None:
    fill("/x/30.jpg")
    give(photos, [*[None] * 30, answer("fly", 0.9)])
    rig.until(lambda: len(library.labels.labels) == 3)
    labels = library.labels
    for row, modifier in ((2, Qt.KeyboardModifier.NoModifier), (3, CTRL)):
        at = labels.visualRect(labels.model().index(row)).center()
        qtbot.mouseClick(labels.viewport(), LEFT, modifier, at)
    assert labels.chosen_labels == {"ant", "fly"}
    rig.until(lambda: library.model.rowCount() == 11)
    at = labels.visualRect(labels.model().index(0)).center()
    qtbot.mouseClick(labels.viewport(), LEFT, CTRL, at)  # all labels: the others no more
    assert labels.chosen_labels == frozenset()
    rig.until(lambda: library.model.rowCount() == 31)


def test_headings_sort(rig: Rig, qtbot: QtBot, library: LibraryView, many: list[Photo]) -> None:
    library.set_kind(TABLE)
    heads = library.table.horizontalHeader()
    at = QPoint(heads.sectionViewportPosition(2) + 20, heads.height() // 2)
    for expected in (list(range(30)), list(range(29, -1, -1)), list(range(30))):
        qtbot.mouseClick(heads.viewport(), LEFT, pos=at)
        settled(rig, library.model)
        assert numbers(list(library.model.photos())) == expected
    assert library.model.by is SortBy.ADDED  # the third click: as they came
    assert library.bar.sort.currentText() == SortBy.ADDED.value
    assert names(library.model)[0] == "00.jpg"


def test_a_filter_leaves_with_the_photos(
    rig: Rig, library: LibraryView, many: list[Photo], photos: PhotoList, fill: Fill
) -> None:
    """What is dropped into the empty list is shown."""
    library.bar.search.setText("bee")
    rig.until(lambda: library.model.rowCount() == 20)
    photos.clear()
    assert library.bar.search.text() == ""
    fill("/y/one.jpg", "/y/two.jpg")
    settled(rig, library.model)
    assert library.model.rowCount() == 2


def test_the_next_photo_is_the_one_in_the_removed_one_s_place(
    qtbot: QtBot, library: LibraryView, photos: PhotoList, fill: Fill
) -> None:
    """While the others are put in order, in turns, the list's own next photo does not count."""
    many = 20 * AT_ONCE  # not in one turn
    added = fill(*(f"/x/{n:05}.jpg" for n in range(many)))
    give(photos, [answer("ant", (n * 7919 % many) / many) for n in range(many)])
    qtbot.waitUntil(lambda: library.model.settled, timeout=20_000)
    library.model.set_order(SortBy.PROBABILITY, falling=True)
    qtbot.waitUntil(lambda: library.model.settled)
    library.grid.setCurrentIndex(library.model.index(10, 0))
    gone, following = (library.model.photo(row) for row in (10, 11))
    assert gone is not None
    assert following is not None
    photos.remove_many([gone])
    library.show_current(added[-1])  # as the page does, which knows the order of adding
    assert not library.model.settled
    qtbot.waitUntil(lambda: library.model.settled, timeout=20_000)
    assert library.current is following


def test_answers_that_come_while_all_are_counted_are_counted_too(
    qtbot: QtBot, library: LibraryView, photos: PhotoList, fill: Fill
) -> None:
    added = fill(*(f"/x/{n}.jpg" for n in range(20 * AT_ONCE)))
    qtbot.waitUntil(lambda: library.model.settled, timeout=20_000)
    photos.remove_many(added[:1])  # all are counted anew, in turns
    QApplication.processEvents()  # the first ones have been
    give(photos, [answer("bee", 0.9) for _ in range(500)])
    qtbot.waitUntil(lambda: library.model.settled and library.model.labels()["bee"] > 0)
    qtbot.wait(300)
    assert library.model.labels()["bee"] == 500
