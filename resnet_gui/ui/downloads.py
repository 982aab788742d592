"""The window's one queue of downloads: every page starts them here and listens here, so that one
download is shown in all places and two can never collide."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot

from resnet_gui.core.events import DownloadProgress
from resnet_gui.core.zoo import ModelEntry
from resnet_gui.jobs.lane import Job, JobLane, Priority
from resnet_gui.ui.widgets.words import kind_of, sentence


class Downloads(QObject):
    """One download at a time, the others wait in line.

    Attributes:
        running: what is being downloaded now, None if nothing is.
        progress: of the running one.
        stopping: whether it was cancelled and has not hung up yet.
        waiting: what comes next, in order.

    Signals:
        changed(): a download began, ended, joined the line or left it.
        progressed(str): new progress of the model of this id.
        finished(str): the model of this id can be used now.
        failed(str, str, str): id, what went wrong in words, and the kind of notice for it.
        cancelled(str): id; what has arrived is kept.
    """

    changed = Signal()
    progressed = Signal(str)
    finished = Signal(str)
    failed = Signal(str, object, str)
    cancelled = Signal(str)

    def __init__(
        self,
        download: Callable[[ModelEntry], Iterator[Any]],
        io: JobLane,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._download, self._io = download, io
        self._job: Job | None = None
        self.running: ModelEntry | None = None
        self.progress: DownloadProgress | None = None
        self.stopping = False
        self.waiting: list[ModelEntry] = []

    @property
    def busy(self) -> bool:
        return self.running is not None

    def is_running(self, model_id: str) -> bool:
        return self.running is not None and self.running.spec.id == model_id

    def is_waiting(self, model_id: str) -> bool:
        return any(entry.spec.id == model_id for entry in self.waiting)

    def has(self, model_id: str) -> bool:
        """Whether it is running or waiting."""
        return self.is_running(model_id) or self.is_waiting(model_id)

    def start(self, entry: ModelEntry) -> None:
        """Download a model's weights now, or after what is running. Asking twice changes
        nothing."""
        model_id = entry.spec.id
        if self.is_waiting(model_id) or (self.is_running(model_id) and not self.stopping):
            return
        self.waiting.append(entry)
        self._next()
        self.changed.emit()

    def cancel(self, model_id: str) -> None:
        """Hang up, keeping what has arrived, or leave the line."""
        if self.is_waiting(model_id):
            self.waiting = [entry for entry in self.waiting if entry.spec.id != model_id]
            self.cancelled.emit(model_id)
            self.changed.emit()
        elif self.is_running(model_id) and not self.stopping:
            self.stopping = True
            if self._job is not None:
                self._job.cancel()
            self.changed.emit()

    def _next(self) -> None:
        if self.running is not None or not self.waiting:
            return
        entry = self.waiting.pop(0)
        self.running = entry
        self.progress = DownloadProgress(entry.spec.title, 0, entry.spec.bytes, 0.0)
        # In the background: photos and thumbnails must not wait for the network.
        self._job = job = self._io.submit(partial(self._download, entry), Priority.BACKGROUND)
        job.progressed.connect(self._on_progressed)
        job.finished.connect(self._on_finished)
        job.failed.connect(self._on_failed)
        job.cancelled.connect(self._on_cancelled)

    def _end(self) -> str:
        assert self.running is not None
        model_id = self.running.spec.id
        self._job = self.running = self.progress = None
        self.stopping = False
        self._next()
        return model_id

    @Slot(object)
    def _on_progressed(self, events: list[object]) -> None:
        last = events[-1]
        assert isinstance(last, DownloadProgress)
        assert self.running is not None
        self.progress = last
        self.progressed.emit(self.running.spec.id)

    @Slot(object)
    def _on_finished(self, _: object) -> None:
        self.finished.emit(self._end())
        self.changed.emit()

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self.failed.emit(self._end(), sentence(error), kind_of(error))
        self.changed.emit()

    @Slot()
    def _on_cancelled(self) -> None:
        self.cancelled.emit(self._end())
        self.changed.emit()
