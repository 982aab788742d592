"""Save a model's file somewhere else: ask where, ask before replacing, copy in the io lane."""

from __future__ import annotations

import shutil
from collections.abc import Generator
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QWidget

from resnet_gui.core.system.atomic import replacing
from resnet_gui.jobs.lane import JobLane
from resnet_gui.ui.widgets.file_saver import FileSaver, ask_where

_SUFFIX = ".safetensors"


class ModelSaver(QObject):
    """Signals:
    told(object text, str kind): how it went; kind "notice" or "warning".
    """

    told = Signal(object, str)

    def __init__(self, io: JobLane, parent: QWidget) -> None:
        super().__init__(parent)
        self._page = parent
        self._saver = FileSaver(io, self)
        self._saver.saved.connect(self._on_saved)
        self._saver.failed.connect(self._on_failed)

    def ask(self, source: Path) -> None:
        """Let the person choose a place, then save."""
        name = source.name.removesuffix(_SUFFIX)
        write = partial(_copy, source)
        saving = ask_where(self._page, "Save model as", name, _SUFFIX, "Models", write)
        if saving is not None:
            self._saver.save(saving)

    @Slot(object)
    def _on_saved(self, path: Path) -> None:
        self.told.emit(f"The model is saved as {path}.", "notice")

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self.told.emit(f"The model could not be saved: {error}", "warning")


def _copy(source: Path, target: Path) -> Generator[None, None, Path]:
    yield None
    with replacing(target) as temporary:
        shutil.copyfile(source, temporary)
    return target
