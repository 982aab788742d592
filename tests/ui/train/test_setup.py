"""The folder and the settings side by side, in large windows and in small ones."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QSize
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from resnet_gui.core.errors import DatasetError
from resnet_gui.ui.train.controller import TrainController
from resnet_gui.ui.train.setup import TrainSetup
from resnet_gui.ui.widgets.theme import ThemeManager
from resnet_gui.ui.window.place import Place
from tests.helpers.fake_engine import Rig, heard
from tests.ui.train.conftest import ready

SMALL = QSize(579, 390)  # what a window of 675 x 440 leaves beside rail and margins


@pytest.fixture
def place(qtbot: QtBot, qapp: QApplication, rig: Rig, controller: TrainController) -> Place:
    theme = ThemeManager(qapp)  # its sheet decides how large everything is
    theme.setParent(rig.parent)
    theme.choose("light")
    setup = TrainSetup(controller, rig.io)
    list(setup.add_settings())
    place = Place(setup)
    qtbot.addWidget(place)
    place.resize(1000, 700)
    place.show()
    return place


def test_half_made_it_can_be_drawn(qtbot: QtBot, rig: Rig, controller: TrainController) -> None:
    """A picture of the whole window gives hidden parts their size, too."""
    setup = TrainSetup(controller, rig.io)
    qtbot.addWidget(setup)
    setup.resize(1000, 700)
    setup.grab()
    list(setup.add_settings())
    assert not setup.grab().isNull()


def setup_in(place: Place) -> TrainSetup:
    setup = place.widget()
    assert isinstance(setup, TrainSetup)
    return setup


@pytest.mark.parametrize("unfolded", [False, True])
def test_a_small_window_is_not_scrolled_sideways(
    qtbot: QtBot, rig: Rig, place: Place, controller: TrainController, folder: Path, unfolded: bool
) -> None:
    setup = setup_in(place)
    ready(rig, controller, folder)
    head = setup.folder.head
    setup.fold.setChecked(unfolded)
    assert not head.more.isVisible()
    place.resize(SMALL)
    assert not place.horizontalScrollBar().maximum()
    assert setup.width() <= SMALL.width()
    assert [head.change.isVisible(), head.more.isVisible()] == [False, True]
    card = setup.start.parentWidget()
    assert card is not None
    qtbot.waitUntil(lambda: setup.rect().contains(card.geometry()))
    assert not setup.folder.classes.horizontalScrollBar().maximum()
    assert head.parentWidget().rect().contains(head.geometry())
    place.resize(1000, 700)
    assert [head.change.isVisible(), head.more.isVisible()] == [True, False]


def test_the_menu_does_what_the_buttons_do(place: Place) -> None:
    place.resize(SMALL)
    setup = setup_in(place)
    menu = setup.folder.head.more.menu()
    asked = [
        heard(signal)
        for signal in (setup.folder_requested, setup.classes_requested, setup.improve_requested)
    ]
    names = [action.text() for action in menu.actions()]
    assert names == ["Other folder…", "Make classes…", "Improve…"]
    for action in menu.actions():
        action.trigger()
    assert [len(times) for times in asked] == [1, 1, 1]


def test_loose_photos_in_a_small_window(
    qtbot: QtBot, rig: Rig, place: Place, controller: TrainController, folder: Path
) -> None:
    setup = setup_in(place)
    ready(rig, controller, folder / "ant")
    for size in (QSize(1000, 700), SMALL):
        place.resize(size)
        assert not place.horizontalScrollBar().maximum()
        qtbot.waitUntil(setup.folder.sort.isVisible)
        qtbot.waitUntil(lambda: setup.folder.rect().contains(setup.folder.sort.geometry()))
        assert not setup.folder.classes.isVisible()
    names = [a.text() for a in setup.folder.head.more.menu().actions() if a.isVisible()]
    assert names == ["Other folder…"]


def test_after_a_run_that_never_began_its_settings_are_measured(
    rig: Rig, place: Place, controller: TrainController, folder: Path
) -> None:
    """Before, "Measuring how long it will take…" stayed for good."""
    setup = setup_in(place)
    ready(rig, controller, folder)
    rig.engine.script("resume", DatasetError(folder, "The folder is not what it was.", ""))
    controller.resume_path("/runs/r")
    assert setup.estimate.text().startswith("Measuring")
    rig.until(lambda: setup.estimate.text() == "About a minute.")
