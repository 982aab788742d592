"""Runs that another program made while the window was open, on a made-up engine."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from resnet_gui.ui.train.controller import TrainController
from resnet_gui.ui.train.runs_watch import RunsWatch
from tests.helpers.fake_engine import Rig, heard
from tests.ui.train.conftest import ready
from tests.ui.train.test_earlier_runs import write_run


def test_a_name_that_another_program_took_is_not_proposed(
    qtbot: QtBot, rig: Rig, controller: TrainController, folder: Path
) -> None:
    window, page = QWidget(), QWidget()
    qtbot.addWidget(window)
    QVBoxLayout(window).addWidget(page)
    RunsWatch(controller, page)
    page.hide()
    window.show()
    ready(rig, controller, folder)
    rig.settle()
    assert controller.config is not None
    name = controller.config.title
    changed = heard(controller.earlier.changed)
    page.show()
    rig.settle()
    assert not changed  # nothing is said where nothing is new
    write_run("one", title=name)
    # The person comes back from the terminal.
    QApplication.sendEvent(window, QEvent(QEvent.Type.WindowActivate))
    rig.until(lambda: controller.config is not None and controller.config.title == f"{name} (2)")
    page.hide()
    write_run("two", title=f"{name} (2)")
    QApplication.sendEvent(window, QEvent(QEvent.Type.WindowActivate))
    rig.settle()
    assert len(controller.earlier.runs) == 1  # another page is in front
    page.show()
    rig.until(lambda: controller.config is not None and controller.config.title == f"{name} (3)")
    write_run("three", title=f"{name} (3)")
    ready(rig, controller, folder)
    rig.until(lambda: controller.config is not None and controller.config.title == f"{name} (4)")
