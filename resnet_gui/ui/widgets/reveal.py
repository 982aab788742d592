"""Show a file in the system's file manager."""

from __future__ import annotations

import sys
from collections.abc import Generator
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QProcess, QUrl, Signal, Slot
from PySide6.QtGui import QDesktopServices

from resnet_gui.jobs.lane import JobLane, Priority


def folder_of(path: Path) -> Generator[None, None, tuple[Path, Path | None]]:
    """A job: `path`, and the folder that it is or is in; None if it is not there."""
    yield None
    if not path.exists():
        return path, None
    return path, path if path.is_dir() else path.parent


def reveal(path: Path, folder: Path) -> bool:
    """Open `folder`, with the file `path` selected where the system can do that.

    Returns:
        False: this system has no file manager that answers.
    """
    if sys.platform == "win32":
        return bool(QProcess.startDetached("explorer", ["/select,", str(path)])[0])
    if sys.platform == "darwin":
        return bool(QProcess.startDetached("open", ["-R", str(path)])[0])
    return QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))


class Revealer(QObject):
    """Shows files in their folder; the disk is looked at in the io lane.

    Signals:
        told(object text, str kind): it is not there, or no file manager answers.
    """

    told = Signal(object, str)

    def __init__(
        self, io: JobLane, parent: QObject, missing: str = "is not there any more."
    ) -> None:
        super().__init__(parent)
        self._io, self._missing = io, missing

    @Slot(object)
    def show(self, path: Path) -> None:
        job = self._io.submit(partial(folder_of, path), Priority.INTERACTIVE)
        job.finished.connect(self._on_looked_for)

    @Slot(object)
    def _on_looked_for(self, result: tuple[Path, Path | None]) -> None:
        path, folder = result
        if folder is None:
            self.told.emit(f"{path} {self._missing}", "notice")
        elif not reveal(path, folder):
            self.told.emit(f"No file manager answered. It is here: {path}", "notice")
