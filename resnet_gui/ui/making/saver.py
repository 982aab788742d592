"""Keeps the collection on the disk while it changes."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from PySide6.QtCore import QObject, Signal, Slot

from resnet_gui.core.dataset.collection.values import (
    Collection,
    CollectionError,
    store_collection,
)
from resnet_gui.jobs.lane import JobLane, Priority


class Saver(QObject):
    """Writes the newest collection, one at a time, in the io lane.

    Signals:
        failed(CollectionError).
    """

    failed = Signal(object)

    def __init__(self, io: JobLane, parent: QObject) -> None:
        super().__init__(parent)
        self._io = io
        self._newest: Collection | None = None
        self._brief = threading.Lock()  # of `_newest`, never held while the disk is written
        self._writing = threading.Lock()
        self._busy = self._failed = False

    def save(self, collection: Collection) -> None:
        with self._brief:
            self._newest = collection
        self._begin()

    def _begin(self) -> None:
        if self._busy or self._newest is None:
            return
        job = self._io.submit(self._work, Priority.INTERACTIVE)
        self._busy, self._failed = job.active, False
        job.failed.connect(self._on_failed)
        job.ended.connect(self._on_ended)

    def _work(self) -> Iterator[None]:
        self.write()
        yield None

    def write(self) -> None:
        """Raises CollectionError; what could not be written is tried again with the next change."""
        with self._writing:
            with self._brief:
                collection, self._newest = self._newest, None
            if collection is None:
                return
            try:
                store_collection(collection)
            except CollectionError:
                with self._brief:
                    self._newest = self._newest or collection
                raise

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self._failed = True
        self.failed.emit(error)

    @Slot()
    def _on_ended(self) -> None:
        self._busy = False
        if not self._failed:
            self._begin()  # what changed meanwhile
