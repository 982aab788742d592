"""From what a person dropped (paths, folders, pixels, addresses) to sources for the classifier."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QImage

from resnet_gui.core.events import ImageSource
from resnet_gui.core.photos.endings import looks_like_image
from resnet_gui.core.zoo.storage.kit_folder import is_kit
from resnet_gui.jobs.lane import Job, JobLane, Priority
from resnet_gui.ui.widgets.images import Dropped, encode_image
from resnet_gui.ui.widgets.words import kind_of, sentence

_AT_ONCE = 4  # so few files need no search in the background


@dataclass(frozen=True, slots=True)
class _Sorted:
    """What the disk says about dropped paths."""

    kits: tuple[Path, ...]  # weights, made for a computer without internet
    photos: tuple[Path, ...]  # and folders of photos


@dataclass(frozen=True, slots=True)
class _Found:
    """As `PhotosFound`. first: of this drop no photo was found before."""

    sources: tuple[ImageSource, ...]
    problems: tuple[str, ...]
    first: bool


@dataclass(frozen=True, slots=True)
class LabelledFolder:
    """A folder whose photos lie in a folder per class. classes: how many."""

    path: Path
    classes: int


class PhotoIntake(QObject):
    """Searches folders, encodes pixels and fetches addresses in the io lane.

    Signals:
        found(tuple[ImageSource], bool first): photos; `first`: the first ones of what was dropped.
        opened(str): the first path of a drop that leads to photos.
        labelled(LabelledFolder): what was dropped is one, as far as names tell.
        kits_found(tuple[Path, ...]): folders of weights were among the paths.
        noticed(object text, str kind): what could not be taken, with the reason.
        began(str): something takes a while. ended(): nothing does any more.
    """

    found = Signal(object, bool)
    opened = Signal(object)
    labelled = Signal(object)
    kits_found = Signal(object)
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
        self._searches: list[Job] = []
        self._pasted = 0

    def open_paths(self, paths: Sequence[Path], *, guessed: bool = False) -> None:
        """A few files named like photos at once; all else is looked at in the background.

        Args:
            guessed: the paths come from a text; those that do not exist are left out.
        """
        if not guessed and len(paths) <= _AT_ONCE and all(map(looks_like_image, paths)):
            self.opened.emit(str(paths[0]))
            self.found.emit(tuple(ImageSource.file(path) for path in paths), True)
            return
        job = self._io.submit(partial(_look, paths, guessed), Priority.INTERACTIVE)
        job.progressed.connect(self._on_looked)
        self._searches.append(job)
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
            search.cancel()

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
    def _on_looked(self, events: list[_Sorted | _Found | LabelledFolder]) -> None:
        for event in events:
            if isinstance(event, LabelledFolder):
                self.labelled.emit(event)
                continue
            if isinstance(event, _Sorted):
                if event.kits:
                    self.kits_found.emit(event.kits)
                if event.photos:
                    self.opened.emit(str(event.photos[0]))
                continue
            for problem in event.problems:
                self.noticed.emit(problem, "warning")
            self.found.emit(event.sources, event.first)

    @Slot(object)
    def _on_finished(self, result: object) -> None:
        if isinstance(result, ImageSource):
            self.found.emit((result,), True)

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self.noticed.emit(sentence(error), kind_of(error))

    @Slot()
    def _on_ended(self) -> None:
        self._searches = [search for search in self._searches if search.active]
        self.ended.emit()


def _look(paths: Sequence[Path], guessed: bool) -> Iterator[_Sorted | _Found | LabelledFolder]:
    """A job: tell folders of weights from photos, then search for these."""
    from resnet_gui.core.dataset.labelled import class_folders
    from resnet_gui.core.photos.collect import collect_photos

    there = [path for path in paths if not guessed or os.path.exists(path)]  # noqa: PTH110 - “\0”
    kits = tuple(path for path in there if _is_kit(path))
    photos = tuple(path for path in there if path not in kits)
    yield _Sorted(kits, photos)
    if not there:
        yield _Found((), ("There is no photo at the path that the text names.",), False)
    first = True
    files: list[Path] = []
    for found in collect_photos(photos) if photos else ():
        yield _Found(found.sources, found.problems, first)
        first = first and not found.sources
        files += (Path(source.name) for source in found.sources)
    if len(photos) == 1 and photos[0] not in files and files:
        classes = class_folders(photos[0], files)
        if classes:
            yield LabelledFolder(photos[0], classes)


def _is_kit(path: Path) -> bool:
    try:
        return is_kit(path)
    except (OSError, ValueError):  # may not be looked at, or no possible name
        return False


def _encode(image: QImage, name: str) -> Generator[ImageSource, None, ImageSource]:
    """As `encode_image`, with the source as the job's result."""
    sources = list(encode_image(image, name))
    yield from sources
    return sources[0]
