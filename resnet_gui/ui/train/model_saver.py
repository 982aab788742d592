"""Save a model's file somewhere else: ask where, ask before replacing, copy in the io lane."""

from __future__ import annotations

import shutil
from collections.abc import Generator
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QFileDialog, QWidget

from resnet_gui.core.system.atomic import replacing
from resnet_gui.jobs.lane import JobLane, Priority
from resnet_gui.ui.widgets.questions import REPLACE, ask_to_replace

_SUFFIX = ".safetensors"


class ModelSaver(QObject):
    """One file at a time.

    Signals:
        told(object text, str kind): how it went; kind "notice" or "warning".
    """

    told = Signal(object, str)

    def __init__(self, io: JobLane, parent: QWidget) -> None:
        super().__init__(parent)
        self._io, self._page = io, parent
        self._asked = (Path(), Path())

    def ask(self, source: Path) -> None:
        """Let the person choose a place, then save."""
        # The file dialog would ask about another file (without the suffix) and take its name for
        # HTML: the question before replacing is ours.
        name, _ = QFileDialog.getSaveFileName(
            self._page,
            "Save model as",
            str(Path.home() / source.name),
            f"Models (*{_SUFFIX})",
            options=QFileDialog.Option.DontConfirmOverwrite,
        )
        if not name:
            return
        target = Path(name if name.endswith(_SUFFIX) else name + _SUFFIX)
        self._asked = (source, target)
        job = self._io.submit(partial(_copy, source, target, replace=False), Priority.INTERACTIVE)
        job.finished.connect(self._on_tried)
        job.failed.connect(self._on_failed)

    @Slot(object)
    def _on_tried(self, path: Path | None) -> None:
        """It is saved, or its name is taken: then the person is asked."""
        if path is not None:
            self._on_finished(path)
            return
        _, target = self._asked
        ask_to_replace(self._page, "Save model as", target, self._on_replace_answered)

    @Slot(int)
    def _on_replace_answered(self, answer: int) -> None:
        if answer == REPLACE:
            job = self._io.submit(partial(_copy, *self._asked, replace=True), Priority.INTERACTIVE)
            job.finished.connect(self._on_finished)
            job.failed.connect(self._on_failed)

    @Slot(object)
    def _on_finished(self, path: Path) -> None:
        self.told.emit(f"The model is saved as {path}.", "notice")

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self.told.emit(f"The model could not be saved: {error}", "warning")


def _copy(source: Path, target: Path, *, replace: bool) -> Generator[None, None, Path | None]:
    """Returns the target; None: something is there that was not to be replaced."""
    yield None
    if not replace and target.exists():
        return None
    with replacing(target) as temporary:
        shutil.copyfile(source, temporary)
    return target
