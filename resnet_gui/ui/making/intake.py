"""One drop or paste on its way into a box: looked for, checked and kept in the io lane."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot

from resnet_gui.core.dataset.collection.take_in import TakenIn, keep_pasted, take_in
from resnet_gui.core.dataset.collection.values import CollectedPhoto, Collection
from resnet_gui.core.events import DownloadProgress, ImageSource
from resnet_gui.jobs.lane import JobLane, JobStart, Priority
from resnet_gui.ui.widgets.images import Dropped, encode_image
from resnet_gui.ui.widgets.words import sentence

Fetch = Callable[[str], Generator[DownloadProgress, None, ImageSource]]


class Intake(QObject):
    """Attributes:
        box: where the photos go. problems: what could not be used so far, in sentences.
        count, here: photos that came into the box, and that were in it already.
        elsewhere: (photo, class) of those that another class has.

    Signals:
        came(Intake, list[CollectedPhoto]): some photos. ended(Intake): no more come.
    """

    came = Signal(object, object)
    ended = Signal(object)

    def __init__(
        self,
        io: JobLane,
        start: JobStart,
        box: int,
        parent: QObject,
        paths: Sequence[Path] = (),
    ) -> None:
        super().__init__(parent)
        self.box = box
        self._paths = paths
        self.problems: list[str] = []
        self.count = self.here = 0
        self.elsewhere: list[Any] = []
        self._job = io.submit(start, Priority.INTERACTIVE)
        self._job.progressed.connect(self._on_progressed)
        self._job.failed.connect(self._on_failed)
        self._job.ended.connect(self._on_ended)

    def folder_of(self, photos: Sequence[CollectedPhoto]) -> str:
        """The name of the folder that was dropped, where it was that one alone: what the photos in
        it are, as a rule. "" for files. No disk is asked: photos lie in it or they do not."""
        if len(self._paths) != 1:
            return ""
        folder = self._paths[0].absolute()
        return folder.name if Path(photos[0].path).parent.is_relative_to(folder) else ""

    def stop(self) -> None:
        """What has come stays."""
        self._job.cancel()

    @Slot(object)
    def _on_progressed(self, events: list[TakenIn | DownloadProgress]) -> None:
        taken = [event for event in events if isinstance(event, TakenIn)]
        self.problems += [text for event in taken for text in event.problems]
        photos = [photo for event in taken for photo in event.photos]
        if photos:
            self.came.emit(self, photos)

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self.problems.append(sentence(error))

    @Slot()
    def _on_ended(self) -> None:
        self.ended.emit(self)
        self.deleteLater()


def start_of(dropped: Dropped, fetch: Fetch) -> JobStart:
    """The job for what a drop or the clipboard carried."""
    if dropped.all_paths:
        return partial(take_in, dropped.all_paths, guessed=not dropped.paths)
    return partial(_keep, dropped, fetch)


def in_two_classes(collection: Collection) -> list[str]:
    """Names of files whose content is in two classes."""
    where: dict[str, str] = {}
    return [
        Path(photo.path).name
        for item in collection.classes
        for photo in item.photos
        if photo.key and where.setdefault(photo.key, item.name) != item.name
    ]


def _keep(dropped: Dropped, fetch: Fetch) -> Iterator[TakenIn | DownloadProgress]:
    if dropped.encoded:
        yield from keep_pasted(ImageSource("The pasted picture", dropped.encoded))
    elif dropped.pixels is not None:
        for source in encode_image(dropped.pixels, "The pasted picture"):
            yield from keep_pasted(source)
    else:
        for url in dropped.urls:
            source = yield from fetch(url)
            yield from keep_pasted(source)
