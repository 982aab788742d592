"""From what a person dropped (paths, folders, pixels, addresses) to sources for the classifier."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QImage

from resnet_gui.core.events import ImageSource
from resnet_gui.core.photos.collect import PhotosFound, collect_photos
from resnet_gui.jobs.lane import Job, JobLane, Priority
from resnet_gui.ui.widgets.images import Dropped, encode_image
from resnet_gui.ui.widgets.words import sentence

_AT_ONCE = 4  # so few files need no search in the background


class PhotoIntake(QObject):
    """Searches folders, encodes pixels and fetches addresses in the io lane.

    Signals:
        found(tuple[ImageSource], bool first): photos; `first`: the first ones of what was dropped.
        noticed(object text, str kind): what could not be taken, with the reason.
        began(str): something takes a while. ended(): nothing does any more.
    """

    found = Signal(object, bool)
    noticed = Signal(object, str)
    began = Signal(object)
    ended = Signal()

    def __init__(
        self,
        io: JobLane,
        fetch_image: Callable[[str], Iterator[Any]],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._io, self._fetch_image = io, fetch_image
        self._searches: list[_Search] = []
        self._pasted = 0

    def open_paths(self, paths: Sequence[Path]) -> None:
        """A few files at once; folders and many files are gone through in the background."""
        if len(paths) <= _AT_ONCE and not any(path.is_dir() for path in paths):
            self.found.emit(tuple(ImageSource.file(path) for path in paths), True)
            return
        job = self._io.submit(partial(collect_photos, paths), Priority.INTERACTIVE)
        search = _Search(job, self)
        search.found.connect(self.found)
        search.noticed.connect(self.noticed)
        self._searches.append(search)
        self._watch(job)
        self.began.emit("Looking for photos…")

    def open_content(self, dropped: Dropped) -> None:
        """What a drop or the clipboard carried besides paths."""
        if dropped.encoded:
            self.found.emit((ImageSource(self._pasted_name(), dropped.encoded),), True)
        elif dropped.pixels is not None:
            self._open_pixels(dropped.pixels)
        else:
            for url in dropped.urls:
                self._fetch(url)

    def stop(self) -> None:
        """End the searches; what was found stays."""
        for search in self._searches:
            search.job.cancel()

    def _open_pixels(self, image: QImage) -> None:
        name = self._pasted_name()
        self._watch(self._io.submit(partial(_encode, image, name), Priority.INTERACTIVE))

    def _fetch(self, url: str) -> None:
        self._watch(self._io.submit(partial(self._fetch_image, url)))
        self.began.emit(f"Fetching {url}")

    def _pasted_name(self) -> str:
        self._pasted += 1
        return "Pasted image" if self._pasted == 1 else f"Pasted image {self._pasted}"

    def _watch(self, job: Job) -> None:
        job.finished.connect(self._on_finished)
        job.failed.connect(self._on_failed)
        job.ended.connect(self._on_ended)

    @Slot(object)
    def _on_finished(self, result: object) -> None:
        if isinstance(result, ImageSource):
            self.found.emit((result,), True)

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self.noticed.emit(sentence(error), "warning")

    @Slot()
    def _on_ended(self) -> None:
        for search in self._searches:
            if not search.job.active:
                search.deleteLater()
        self._searches = [search for search in self._searches if search.job.active]
        self.ended.emit()


class _Search(QObject):
    """One search through folders: tells its first photos from the others."""

    found = Signal(object, bool)
    noticed = Signal(object, str)

    def __init__(self, job: Job, parent: QObject) -> None:
        super().__init__(parent)
        self.job = job
        self._first = True
        job.progressed.connect(self._on_progressed)

    @Slot(object)
    def _on_progressed(self, events: list[object]) -> None:
        for event in events:
            assert isinstance(event, PhotosFound)
            for problem in event.problems:
                self.noticed.emit(problem, "warning")
            self.found.emit(event.sources, self._first)
            if event.sources:
                self._first = False


def _encode(image: QImage, name: str) -> Generator[ImageSource, None, ImageSource]:
    """As `encode_image`, with the source as the job's result."""
    sources = list(encode_image(image, name))
    yield from sources
    return sources[0]
