"""What the library learns of photos beside their answers, in the io lane: dates, and what classes
are kinds of."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial

from PySide6.QtCore import QModelIndex, QObject, Slot

from resnet_gui.core.events import ImageSource
from resnet_gui.core.library.facts import read_facts
from resnet_gui.core.zoo.kinds import imagenet_kinds
from resnet_gui.core.zoo.providers.torchvision import imagenet_classes
from resnet_gui.jobs.lane import Job, JobLane, Priority
from resnet_gui.ui.library.model import LibraryModel
from resnet_gui.ui.widgets.photo_list import Photo

_AT_ONCE = 20  # photos of one step: thumbnails wait no longer than for them
_Dates = list[tuple[int, str]]


class Background(QObject):
    """Tells the model what it finds. Dates are looked for where they are shown or sorted by; a
    photo is looked at once."""

    def __init__(self, io: JobLane, model: LibraryModel, parent: QObject) -> None:
        super().__init__(parent)
        self._io, self._model = io, model
        self._wanted = self._asked_kinds = False
        self._known: set[Photo] = set()
        self._photos: list[Photo] = []  # of the job
        self._job: Job | None = None
        model.source.rowsInserted.connect(self._on_inserted)
        model.source.modelReset.connect(self._on_inserted)

    @Slot()
    def want_kinds(self) -> None:
        """Once: what to find a tabby by."""
        if not self._asked_kinds:
            self._asked_kinds = True
            job = self._io.submit(_kinds, Priority.NORMAL)
            job.progressed.connect(self._on_kinds)

    def want_dates(self, wanted: bool) -> None:
        """Look for dates of all photos, or leave it for now."""
        self._wanted = wanted
        if wanted:
            self._begin()
        elif self._job is not None:
            self._job.cancel()

    @Slot(QModelIndex, int, int)
    def _on_inserted(self, *_: object) -> None:
        if self._wanted:
            self._begin()

    def _begin(self) -> None:
        """One job at a time; at its end it is looked whether more came."""
        if self._job is not None:
            return
        there = self._model.source.photos()
        self._photos = [photo for photo in there if photo not in self._known]
        if not self._photos:
            return
        sources = [photo.source for photo in self._photos]
        job = self._io.submit(partial(_dates, sources), Priority.BACKGROUND)
        job.progressed.connect(self._on_dates)
        job.ended.connect(self._on_ended)
        self._job = job if job.active else None

    @Slot(object)
    def _on_dates(self, events: list[_Dates]) -> None:
        found = {self._photos[number]: date for event in events for number, date in event}
        self._known.update(found)
        self._model.add_dates({photo: date for photo, date in found.items() if date})

    @Slot()
    def _on_ended(self) -> None:
        self._job, self._photos = None, []
        there = set(self._model.source.photos())
        self._known &= there
        if self._wanted:
            self._begin()

    @Slot(object)
    def _on_kinds(self, events: list[dict[str, str]]) -> None:
        self._model.set_kinds(events[-1])


def _dates(sources: Sequence[ImageSource]) -> Iterator[_Dates]:
    """A job."""
    for first in range(0, len(sources), _AT_ONCE):
        some = range(first, min(first + _AT_ONCE, len(sources)))
        yield [(number, _date(sources[number])) for number in some]


def _date(source: ImageSource) -> str:
    """When it was taken; else when its file was changed; "" where nobody knows."""
    taken = read_facts(source).taken
    if taken:
        return taken[:16].replace("T", " ")
    try:
        changed = os.stat(source.name).st_mtime if source.data is None else None  # noqa: PTH116
        return f"{datetime.fromtimestamp(changed):%Y-%m-%d %H:%M}" if changed is not None else ""
    except (OSError, ValueError, OverflowError):
        return ""


def _kinds() -> Iterator[dict[str, str]]:
    """A job: by class, what it is a kind of."""
    classes = imagenet_classes()
    words: dict[str, list[str]] = {}
    for kind in imagenet_kinds():
        for index in kind.members:
            words.setdefault(classes[index], []).append(kind.name.casefold())
    yield {label: " ".join(names) for label, names in words.items()}
