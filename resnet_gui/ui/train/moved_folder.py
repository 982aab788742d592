"""A run whose folder was moved or renamed: where is it now?"""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QFileDialog, QWidget

from resnet_gui.ui.train.controller import TrainController
from resnet_gui.ui.widgets.notice_bar import NoticeBar, NoticeLine


class MovedFolder(QObject):
    """What is said of a run that cannot go on for want of its folder, with the way on."""

    def __init__(self, controller: TrainController, notices: NoticeBar, page: QWidget) -> None:
        super().__init__(page)
        self._controller, self._notices, self._page = controller, notices, page
        self._run_dir = ""
        self._notice: NoticeLine | None = None
        controller.folder_lost.connect(self._on_folder_lost)

    @Slot(str, object)
    def _on_folder_lost(self, run_dir: str, text: str) -> None:
        self.forget()
        self._run_dir = run_dir
        self._notice = self._notices.add(text, "warning", "Choose the folder…")
        self._notice.acted.connect(self._on_acted)
        self._notice.left.connect(self._on_left)

    @Slot()
    def _on_acted(self) -> None:
        ask_for_folder(self._page, self._controller, self._run_dir)

    @Slot(object)
    def _on_left(self, notice: NoticeLine) -> None:
        self._notice = None

    def forget(self) -> None:
        """Another run or folder is looked at."""
        if self._notice is not None:
            self._notices.remove(self._notice)
        self._notice = None


def ask_for_folder(parent: QWidget, controller: TrainController, run_dir: str) -> None:
    """Let a person choose where the photos of a run are now, and go on with it. The window stays
    alive behind the dialog."""
    dialog = QFileDialog(parent.window(), "Where are the photos of this training now?")
    dialog.setFileMode(QFileDialog.FileMode.Directory)
    dialog.setOption(QFileDialog.Option.ShowDirsOnly)

    def go_on(name: str) -> None:
        run = next((run for run in controller.earlier.runs if run.path == run_dir), None)
        if run is not None:
            controller.resume(run, Path(name))

    dialog.fileSelected.connect(go_on)
    dialog.finished.connect(dialog.deleteLater)
    dialog.open()
