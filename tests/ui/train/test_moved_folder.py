"""A run that cannot go on because its folder is gone: the notice asks where it is now."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QWidget
from pytestqt.qtbot import QtBot

from resnet_gui.core.errors import DatasetChangedError, DatasetError, RunError
from resnet_gui.core.runs.info import RunInfo
from resnet_gui.ui.train.controller import TrainController, TrainState
from resnet_gui.ui.train.moved_folder import MovedFolder
from resnet_gui.ui.widgets.notice_bar import NoticeBar
from tests.helpers.fake_engine import Rig, heard
from tests.ui.train.conftest import started, stopped
from tests.ui.train.test_earlier_runs import write_run


def known(rig: Rig, controller: TrainController) -> RunInfo:
    write_run("r")
    controller.earlier.refresh()
    rig.settle()
    [run] = controller.earlier.runs
    return run


def chosen(qtbot: QtBot, page: QWidget, folder: Path) -> None:
    """Choose a folder in the dialog that is open."""
    dialog = page.findChild(QFileDialog)
    assert dialog is not None
    dialog.fileSelected.emit(str(folder))
    dialog.close()


def test_the_folder_is_chosen_anew(
    qtbot: QtBot, rig: Rig, controller: TrainController, tmp_path: Path
) -> None:
    run = known(rig, controller)
    page = QWidget()
    qtbot.addWidget(page)
    notices = NoticeBar(page)
    moved = MovedFolder(controller, notices, page)
    said = heard(controller.run_noticed)
    rig.engine.script("resume", DatasetError("/photos", "The folder /photos is not there."))
    rig.engine.script("resume", DatasetChangedError("/o", "“other” is not the folder."))
    rig.engine.script("resume", started(), stopped())
    controller.resume(run)
    rig.settle()
    [text] = notices.texts
    assert text == "The folder /photos is not there."
    assert notices.shown[0].button.text() == "Choose the folder…"
    notices.shown[0].button.click()
    chosen(qtbot, page, tmp_path / "other")
    rig.settle()
    assert notices.texts == ["“other” is not the folder."]
    notices.shown[0].button.click()
    chosen(qtbot, page, tmp_path / "moved")
    rig.settle()
    assert controller.state is TrainState.ENDED
    asked = [rest for _, _, *rest in rig.engine.asked("resume")]
    assert asked == [[], [tmp_path / "other"], [tmp_path / "moved"]]
    assert not said
    moved.forget()
    assert not notices.texts


def test_what_else_is_wrong_asks_for_no_folder(rig: Rig, controller: TrainController) -> None:
    lost, said = heard(controller.folder_lost), heard(controller.run_noticed)
    rig.engine.script("resume", RunError("/runs/r", "It is damaged."))
    controller.resume(known(rig, controller))
    rig.settle()
    assert not lost
    assert said == ["It is damaged."]
