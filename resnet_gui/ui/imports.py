"""The window's one queue of files to take in: model files, weights from elsewhere, offline kits."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot

from resnet_gui.core.events import DownloadProgress
from resnet_gui.core.zoo.spec import Imported, ModelSpec
from resnet_gui.core.zoo.storage.kit_folder import MANIFEST
from resnet_gui.core.zoo.weights.model_file import SUFFIX
from resnet_gui.jobs.lane import Job, JobLane
from resnet_gui.ui.widgets.words import sentence

WEIGHTS_SUFFIXES = (SUFFIX, ".pth", ".pt", ".h5", ".hdf5")


def looks_like_weights(path: Path) -> bool:
    """Whether a dropped path is weights rather than photos, by its name. (A folder may be a kit,
    too: only the disk says so.)"""
    return path.suffix.lower() in WEIGHTS_SUFFIXES or path.name == MANIFEST


class Imports(QObject):
    """One file after the other.

    Attributes:
        running: the file that is being taken in, None if none is.
        progress: of that.

    Signals:
        changed(): `running` or `progress` changed.
        imported(int, object, bool): the request's number, the ModelSpec that can be used now, and
            whether it was here already.
        failed(int, str): the request's number and what went wrong in words.
        cancelled(int).
    """

    changed = Signal()
    imported = Signal(int, object, bool)
    failed = Signal(int, object)
    cancelled = Signal(int)

    def __init__(
        self,
        import_weights: Callable[[Path], Iterator[Any]],
        io: JobLane,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._import, self._io = import_weights, io
        self._requests = itertools.count(1)
        self._waiting: list[tuple[int, Path]] = []
        self._job: Job | None = None
        self._request = 0
        self.running: Path | None = None
        self.progress: DownloadProgress | None = None

    def start(self, paths: Iterable[Path]) -> list[int]:
        """Take in files now, or after what is running; the sources stay as they are.

        Returns:
            the number of each request, to tell one's own from others'.
        """
        numbers = []
        for path in paths:
            number = next(self._requests)
            self._waiting.append((number, path))
            numbers.append(number)
        self._next()
        return numbers

    def cancel(self) -> None:
        """Stop the running one and forget the rest."""
        dropped, self._waiting = self._waiting, []
        for number, _ in dropped:
            self.cancelled.emit(number)
        if self._job is not None:
            self._job.cancel()

    def _next(self) -> None:
        if self.running is None and self._waiting:
            self._request, self.running = self._waiting.pop(0)
            self.progress = DownloadProgress(self.running.name, 0, 0, 0.0)
            self._job = job = self._io.submit(partial(self._import, self.running))
            job.progressed.connect(self._on_progressed)
            job.finished.connect(self._on_finished)
            job.failed.connect(self._on_failed)
            job.cancelled.connect(self._on_cancelled)
            self.changed.emit()

    def _end(self) -> int:
        number = self._request
        self._job = self.running = self.progress = None
        self._request = 0
        self._next()
        self.changed.emit()
        return number

    @Slot(object)
    def _on_progressed(self, events: list[DownloadProgress | Imported]) -> None:
        for event in events:
            if isinstance(event, DownloadProgress):
                self.progress = event
            else:
                self.imported.emit(self._request, event.spec, event.already)
        self.changed.emit()

    @Slot(object)
    def _on_finished(self, _: object) -> None:
        self._end()

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self.failed.emit(self._end(), sentence(error))

    @Slot()
    def _on_cancelled(self) -> None:
        self.cancelled.emit(self._end())


class PageImports(QObject):
    """What one page asked the window's queue for.

    Signals:
        imported(object, bool): the ModelSpec that can be used now, and whether it was here already.
        failed(str): what went wrong, in words.
        ended(): a request of this page's is over, well or not.
        others_imported(object): a ModelSpec that another page asked for.
    """

    imported = Signal(object, bool)
    failed = Signal(object)
    ended = Signal()
    others_imported = Signal(object)

    def __init__(self, imports: Imports, parent: QObject) -> None:
        super().__init__(parent)
        self._imports = imports
        self._own: set[int] = set()
        imports.imported.connect(self._on_imported)
        imports.failed.connect(self._on_failed)
        imports.cancelled.connect(self._on_cancelled)

    def start(self, paths: Iterable[Path]) -> None:
        """As `Imports.start`."""
        self._own.update(self._imports.start(paths))

    @Slot(int, object, bool)
    def _on_imported(self, request: int, spec: ModelSpec, already: bool) -> None:
        if request in self._own:  # and stays: a kit holds several models
            self.imported.emit(spec, already)
            self.ended.emit()
        else:
            self.others_imported.emit(spec)

    @Slot(int, object)
    def _on_failed(self, request: int, message: str) -> None:
        if request in self._own:
            self._own.discard(request)
            self.ended.emit()
            self.failed.emit(message)

    @Slot(int)
    def _on_cancelled(self, request: int) -> None:
        if request in self._own:
            self._own.discard(request)
            self.ended.emit()
