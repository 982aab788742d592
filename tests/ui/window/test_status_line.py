"""The line at the window's lower edge."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QStatusBar
from pytestqt.qtbot import QtBot

from resnet_gui.ui.classify.controller import ClassifyController
from resnet_gui.ui.downloads import Downloads
from resnet_gui.ui.imports import Imports
from resnet_gui.ui.widgets.status import Status
from resnet_gui.ui.window import status_line
from resnet_gui.ui.window.status_line import StatusLine
from tests.helpers.fake_engine import Rig


@pytest.fixture
def controller(rig: Rig) -> ClassifyController:
    downloads = Downloads(rig.engine.download, rig.io, rig.parent)
    imports = Imports(rig.engine.import_weights, rig.io, rig.parent)
    return ClassifyController(rig.means, downloads, imports, rig.parent)


def test_what_was_done_is_said_for_a_while(
    qtbot: QtBot, controller: ClassifyController, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(status_line, "PASSING_MS", 50)
    bar = QStatusBar()
    qtbot.addWidget(bar)
    line = StatusLine(bar, controller)
    controller.status_changed.emit(Status("Ready.", "CPU"))
    controller.tell("Copied: cat 98.0%")
    assert line.text.text() == "Copied: cat 98.0%"
    qtbot.waitUntil(lambda: line.text.text() == "Ready.")
    controller.tell("Copied: cat 98.0%")
    controller.status_changed.emit(Status("Classifying…", "CPU"))  # what goes on comes first
    qtbot.wait(100)
    assert line.text.text() == "Classifying…"
