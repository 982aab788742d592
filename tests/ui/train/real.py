"""The Train page on the real engine: what its tests begin and end with."""

from __future__ import annotations

from pathlib import Path

from pytestqt.qtbot import QtBot

from resnet_gui.app.main import WindowApp
from resnet_gui.ui.train.controller import TrainController, TrainState
from tests.ui.conftest import ANSWER_MS

RUN_MS = 90_000


def ready(qtbot: QtBot, app: WindowApp, folder: Path) -> TrainController:
    """Show the page with the folder scanned."""
    app.window.show_page("train")
    controller = app.window.train_controller
    controller.open_folder(folder)
    qtbot.waitUntil(
        lambda: controller.state is TrainState.READY and controller.config is not None,
        timeout=ANSWER_MS,
    )
    return controller


def finish(qtbot: QtBot, controller: TrainController) -> None:
    qtbot.waitUntil(lambda: controller.state is TrainState.ENDED, timeout=RUN_MS)
