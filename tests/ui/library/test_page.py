"""Many photos on the Classify page: looks, removing, menus, Pause, two models."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from resnet_gui.ui.classify.page import ClassifyPage
from resnet_gui.ui.library.arrangement import Which
from resnet_gui.ui.library.columns import BEFORE
from resnet_gui.ui.library.looks import MANY, PHOTO, TABLE
from resnet_gui.ui.memory import Memory
from resnet_gui.ui.widgets.photo_list import PhotoState
from tests.helpers.fake_engine import Rig, prediction
from tests.ui.library.conftest import names, settled
from tests.ui.library.pages import library_of, open_photos


def test_few_photos_have_one_look_many_have_three(
    rig: Rig, page: ClassifyPage, memory: Memory, tmp_path: Path
) -> None:
    open_photos(rig, page, tmp_path, MANY - 1)
    strip = page.strip
    assert not strip.looks.isVisible()
    page.look.set_look(TABLE)  # wished for, and remembered
    assert page.look.shown is None
    assert strip.view.isVisible()
    page.controller.open_paths([tmp_path / "more.png"])
    assert strip.looks.isVisible()
    library = page.look.shown
    assert library is not None
    assert library.table.isVisible()
    assert not strip.view.isVisible()
    assert memory.settings.photos_shown == TABLE
    rig.settle()
    # While photos are sorted out the table stays.
    page.controller.remove_many(page.controller.photos.photos()[3:])
    assert page.look.shown is library
    strip.looks.buttons[PHOTO].click()
    assert page.look.shown is None
    assert page.view.isVisible()
    assert memory.settings.photos_shown == PHOTO
    rig.settle()


def test_both_looks_have_one_current_photo(rig: Rig, page: ClassifyPage, tmp_path: Path) -> None:
    open_photos(rig, page, tmp_path, MANY)
    controller = page.controller
    controller.select(4)
    library = library_of(rig, page)
    assert library.current is controller.current
    library.view.setCurrentIndex(library.model.index(7, 0))
    assert controller.photos.row(controller.current) == 7  # type: ignore[arg-type]
    controller.show_next()
    assert library.selection.currentIndex().row() == 8
    page.look.show_photo()
    assert page.results.name.text() == "08.png"
    rig.settle()
    assert page.view.has_photo


def test_the_arrow_keys_go_on_from_photo_to_photo_in_another_look(
    qtbot: QtBot, rig: Rig, page: ClassifyPage, tmp_path: Path
) -> None:
    """Back in the Photo view the focus lay on the picture, where arrows do nothing."""
    open_photos(rig, page, tmp_path, 12)
    page.activateWindow()
    library = library_of(rig, page)
    rig.until(library.view.hasFocus)
    page.look.show_photo()
    rig.until(page.strip.view.hasFocus)
    before = page.controller.current
    qtbot.keyClick(page.strip.view, Qt.Key.Key_Right)
    assert page.controller.current is not before


def test_what_is_selected_is_removed_and_comes_back(
    rig: Rig, page: ClassifyPage, tmp_path: Path, qtbot: QtBot
) -> None:
    open_photos(rig, page, tmp_path, 15)
    library = library_of(rig, page)
    library.bar.search.setText("ant")
    rig.until(lambda: library.model.rowCount() == 5)
    library.view.selectAll()
    qtbot.keyClick(library.view, Qt.Key.Key_Delete)
    assert page.controller.photos.rowCount() == 10
    assert page.notices.texts == ["5 photos removed from the list."]
    page.controller.undo_removal()
    settled(rig, library.model)
    assert library.model.rowCount() == 5
    library.clear_filter()
    settled(rig, library.model)
    asked = len(rig.engine.asked("classify"))
    page.controller.clear()
    assert page.empty.isVisible()
    page.controller.undo_removal()
    settled(rig, library.model)
    assert names(library.model) == [f"{n:02d}.png" for n in range(15)]
    assert page.controller.photos.photos()[0].prediction is not None
    assert len(rig.engine.asked("classify")) == asked
    rig.settle()


def actions(menu: QMenu) -> list[str]:
    return [action.text() for action in menu.actions() if action.text()]


def test_menus_of_one_and_of_several(rig: Rig, page: ClassifyPage, tmp_path: Path) -> None:
    open_photos(rig, page, tmp_path, 13)
    library = library_of(rig, page)
    photos = list(library.model.photos())
    one, several = page.look.menu(photos[:1]), page.look.menu(photos[:3])
    assert actions(one) == [
        "Open large", "Copy answer", "Copy path", "Open", "Show in folder", "Remove from list",
    ]  # fmt: skip
    assert actions(several) == [
        "Copy as table", "Copy paths", "Export…", "Sort into folders…", "Remove 3 photos from list",
    ]  # fmt: skip
    several.actions()[1].trigger()
    assert QGuiApplication.clipboard().text().splitlines() == [p.source.name for p in photos[:3]]
    several.actions()[-1].trigger()
    assert library.model.rowCount() == 10
    one.close()
    several.close()


def test_pause_lets_nothing_begin(rig: Rig, page: ClassifyPage, tmp_path: Path) -> None:
    hold = rig.engine.hold()
    rig.engine.script("classify", prediction())
    rig.engine.script("classify", prediction(0), hold, *(prediction(n) for n in range(1, 14)))
    page.controller.open_paths([tmp_path / f"{n}.png" for n in range(15)])
    rig.until(hold.reached.is_set)
    strip = page.strip
    rig.until(lambda: "2 of 15" in strip.summary.text())
    strip.pause.click()
    assert strip.pause.text() == "Continue"
    assert strip.summary.text() == "2 of 15 · paused"
    hold.over.set()
    rig.until(lambda: not rig.io.busy)
    # What was under way is answered, and then nothing: only somebody's own photo is.
    page.controller.open_paths([tmp_path / "urgent.png"])
    urgent = page.controller.photos.photos()[-1]
    rig.until(lambda: urgent.state is PhotoState.DONE)
    waiting = sum(p.state is PhotoState.WAITING for p in page.controller.photos.photos())
    assert waiting >= 12
    strip.pause.click()
    rig.settle()
    assert all(p.state is PhotoState.DONE for p in page.controller.photos.photos())
    assert not strip.pause.isVisible()


def test_a_pause_ends_with_stop(rig: Rig, page: ClassifyPage, tmp_path: Path) -> None:
    hold = rig.engine.hold()
    rig.engine.script("classify", hold)
    page.controller.open_paths([tmp_path / f"{n}.png" for n in range(15)])
    rig.until(hold.reached.is_set)
    page.controller.set_paused(True)
    page.strip.stop.click()  # before the first answer
    hold.over.set()
    rig.settle()
    assert page.strip.go_on.isVisible()
    page.strip.go_on.click()
    rig.settle()
    assert all(p.state is PhotoState.DONE for p in page.controller.photos.photos())


def test_two_models_are_compared(rig: Rig, page: ClassifyPage, tmp_path: Path) -> None:
    open_photos(rig, page, tmp_path, 13)
    library = library_of(rig, page, TABLE)
    assert library.table.isColumnHidden(BEFORE)
    library.bar.which.setCurrentIndex(list(Which).index(Which.DISAGREE))
    library.bar.which.activated.emit(0)
    rig.until(lambda: library.nothing.isVisible())
    assert library.nothing.text().startswith("Only one model was asked so far.")
    second = [prediction(n, "bee", "b") for n in range(13)]
    current, *others = second
    rig.engine.script("classify", current)
    rig.engine.script(
        "classify", *(dataclasses.replace(p, position=p.position - 1) for p in others)
    )
    page.controller.set_model("b")
    rig.settle()
    settled(rig, library.model)
    rig.until(lambda: not library.table.isColumnHidden(BEFORE))
    # The bees are bees to both; about the last one the first model said nothing.
    assert names(library.model) == [f"{n:02d}.png" for n in range(12) if n % 3 != 1]
    assert library.model.index(0, BEFORE).data() == "ant 90.0%"
    assert library.model.index(0, 1).data() == "bee"
    # A third one: all three stand beside each other, and a tip says which said what.
    rig.engine.script("classify", prediction(0, "wasp", "c"))
    rig.engine.script("classify", *(prediction(n, "bee", "c") for n in range(12)))
    page.controller.set_model("c")
    rig.settle()
    settled(rig, library.model)
    row = library.model.index(0, BEFORE)
    assert library.model.index(0, 1).data() == "wasp"
    assert row.data() == "bee 90.0% · ant 90.0%"
    assert row.data(Qt.ItemDataRole.ToolTipRole).splitlines() == [
        "Model b: bee 90.0%",
        "Model a: ant 90.0%",
    ]
    # The first one again: it is not named twice.
    rig.engine.script("classify", prediction(0, "ant", "a"))
    rig.engine.script("classify", *(prediction(n, "bee", "a") for n in range(12)))
    page.controller.set_model("a")
    rig.settle()
    settled(rig, library.model)
    assert library.model.index(0, BEFORE).data() == "wasp 90.0% · bee 90.0%"


def test_the_grid_shows_the_photo_that_is_in_front_though_its_own_was_removed(
    qtbot: QtBot, rig: Rig, page: ClassifyPage, tmp_path: Path
) -> None:
    """It took what stands in the removed photo's place, and Del would have hit that."""
    controller = page.controller
    open_photos(rig, page, tmp_path, 20)
    library = library_of(rig, page)
    library.view.setCurrentIndex(library.model.index(7, 0))
    page.look.show_photo()
    controller.remove_current()
    controller.select(15)
    front = controller.current
    page.look.show_grid()
    settled(rig, library.model)
    assert controller.current is front
    assert library.current is front
