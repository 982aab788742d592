"""The settings and the run are made in turns, and not seen before they are whole."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QStackedWidget, QWidget
from pytestqt.qtbot import QtBot

from resnet_gui.ui.page import Lanes
from resnet_gui.ui.train import later_parts
from resnet_gui.ui.train.controller import TrainController
from resnet_gui.ui.train.later_parts import LaterParts
from resnet_gui.ui.train.run_view import TrainRunView
from resnet_gui.ui.train.setup import TrainSetup
from tests.helpers.fake_engine import Rig
from tests.ui.train.conftest import ready


@pytest.fixture
def stack(qtbot: QtBot) -> QStackedWidget:
    """With what is seen first."""
    stack = QStackedWidget()
    qtbot.addWidget(stack)
    stack.addWidget(QWidget())
    stack.resize(900, 600)
    return stack


@pytest.fixture
def parts(rig: Rig, controller: TrainController, stack: QStackedWidget) -> LaterParts:
    return LaterParts(controller, Lanes(rig.inference, rig.io, rig.training), stack)


def one_turn(stack: QStackedWidget) -> TrainSetup:
    """The settings as they are after the first turn."""
    while not (made := stack.findChildren(TrainSetup)):
        QApplication.processEvents()
    return made[0]


def test_they_are_made_one_in_each_turn(
    qtbot: QtBot, parts: LaterParts, stack: QStackedWidget
) -> None:
    parts.hurry()
    setup = one_turn(stack)
    assert (parts.setup, parts.run) == (None, None)
    with qtbot.waitSignal(parts.setup_made):
        pass
    assert parts.setup is setup
    assert parts.run is None
    assert not stack.findChildren(TrainRunView)
    with qtbot.waitSignal(parts.run_made):
        pass
    assert stack.count() == 3


def test_what_is_half_made_is_not_seen(
    qtbot: QtBot, parts: LaterParts, stack: QStackedWidget
) -> None:
    """Somebody shows the page between two turns."""
    parts.hurry()
    setup = one_turn(stack)
    stack.show()
    stack.resize(700, 500)
    assert not setup.isVisible()
    with qtbot.waitSignal(parts.run_made):
        pass
    assert stack.currentIndex() == 0
    assert not setup.isVisible()


def test_who_needs_one_between_two_turns_gets_it_whole(
    rig: Rig, controller: TrainController, parts: LaterParts, stack: QStackedWidget, folder: Path
) -> None:
    parts.hurry()
    setup = one_turn(stack)
    assert parts.needed_setup() is setup
    run = parts.needed_run()
    assert parts.needed_run() is run
    stack.setCurrentWidget(setup)
    stack.show()
    ready(rig, controller, folder)
    assert setup.folder.head.title.text() == "garden"
    assert setup.start.isEnabled()


@pytest.mark.timeout(30)
def test_a_part_that_cannot_be_made_does_not_freeze_the_window(
    parts: LaterParts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before, whoever needed it after that waited for ever."""

    def broken(*_: object) -> TrainRunView:
        raise OSError("no room")

    monkeypatch.setattr(later_parts, "TrainRunView", broken)
    parts.needed_setup()
    with pytest.raises(OSError, match="no room"):
        parts.needed_run()
    with pytest.raises(RuntimeError, match="could not be made"):
        parts.needed_run()
    assert parts.run is None
