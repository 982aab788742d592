"""Keeps on the disk what changes while a person works."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from PySide6.QtCore import QObject, Signal, Slot

from resnet_gui.core.errors import ResNetGuiError
from resnet_gui.jobs.lane import JobLane, Priority

T = TypeVar("T")


class Saver(QObject, Generic[T]):
    """Writes the newest value, one at a time, in the io lane.

    Signals:
        saved(object): a value is on the disk; what `store` returned.
        failed(ResNetGuiError): why it could not be written.
    """

    saved = Signal(object)
    failed = Signal(object)

    def __init__(self, io: JobLane, store: Callable[[T], object], parent: QObject) -> None:
        """store: writes a value; what it raises is a ResNetGuiError."""
        super().__init__(parent)
        self._io, self._store = io, store
        self._newest: T | None = None
        self._brief = threading.Lock()  # of `_newest`, never held while the disk is written
        self._writing = threading.Lock()
        self._busy = self._failed = False

    def save(self, value: T) -> None:
        with self._brief:
            self._newest = value
        self._begin()

    def _begin(self) -> None:
        if self._busy or self._newest is None:
            return
        job = self._io.submit(self._work, Priority.INTERACTIVE)
        self._busy, self._failed = job.active, False
        job.progressed.connect(self._on_saved)
        job.failed.connect(self._on_failed)
        job.ended.connect(self._on_ended)

    def _work(self) -> Iterator[object]:
        yield self.write()

    def write(self) -> object:
        """Write what is not written yet, in this thread; None: there was nothing. Raises what
        `store` does; what could not be written is tried again with the next change."""
        with self._writing:
            with self._brief:
                value, self._newest = self._newest, None
            if value is None:
                return None
            try:
                return self._store(value)
            except ResNetGuiError:
                with self._brief:
                    self._newest = self._newest or value
                raise

    @Slot(object)
    def _on_saved(self, results: list[object]) -> None:
        self.saved.emit(results[-1])

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self._failed = True
        self.failed.emit(error)

    @Slot()
    def _on_ended(self) -> None:
        self._busy = False
        if not self._failed:
            self._begin()  # what changed meanwhile
