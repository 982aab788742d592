"""Says before a folder is chosen that photos are in classes which a person made earlier."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from PySide6.QtCore import QEvent, QObject, Signal, Slot
from PySide6.QtWidgets import QWidget

from resnet_gui.core.dataset.summary import count_noun
from resnet_gui.jobs.lane import Job, JobLane, Priority

# What the file was like (time in ns, bytes; None: not there), and what it made to be said.
_Told = tuple[tuple[int, int] | None, str]


class KeptClasses(QObject):
    """Looks when the page's beginning is shown: what is kept changes while it is not.

    Signals:
        told(str): a sentence; "" where nothing is kept.
    """

    told = Signal(str)

    def __init__(self, io: JobLane, beginning: QWidget) -> None:
        super().__init__(beginning)
        self._io = io
        self._job: Job | None = None
        self._told: _Told = (None, "")
        beginning.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Show and not event.spontaneous():
            if self._job is not None:
                self._job.let_go()
            self._job = self._io.submit(
                partial(_look, self._told), Priority.INTERACTIVE
            )  # behind what is written
            self._job.progressed.connect(self._on_looked)
        return super().eventFilter(watched, event)

    @Slot(object)
    def _on_looked(self, events: list[_Told]) -> None:
        self._told = events[-1]
        self.told.emit(self._told[1])


def _look(before: _Told) -> Iterator[_Told]:
    """Read the file only if it is another than before: it is long where photos are many, and is
    parsed with the interpreter's lock held."""
    from resnet_gui.core.dataset.collection.values import collection_path

    try:
        status = collection_path().stat()
        state = (status.st_mtime_ns, status.st_size)
    except OSError:
        state = None
    yield before if state is not None and state == before[0] else (state, _sentence())


def _sentence() -> str:
    from resnet_gui.core.dataset.collection.values import CollectionError, read_collection

    try:
        kept = read_collection()
    except CollectionError:  # said when it is opened
        kept = None
    sorted_photos = sum(len(item.photos) for item in kept.classes) if kept is not None else 0
    if kept is None or not (sorted_photos or kept.unsorted):
        return ""
    photos = count_noun(sorted_photos + len(kept.unsorted), "photo")
    classes = [item for item in kept.classes if item.photos]
    where = f" in {count_noun(len(classes), 'class', 'classes')}" if classes else ""
    one = sorted_photos + len(kept.unsorted) == 1
    rest = (
        "is kept: “Make classes…” goes on with it"
        if one
        else ("are kept: “Make classes…” goes on with them")
    )
    return f"Your {photos}{where} {rest}."
