"""Says before a folder is chosen that photos are in classes which a person made earlier."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import QEvent, QObject, Signal, Slot
from PySide6.QtWidgets import QWidget

from resnet_gui.core.dataset.summary import count_noun
from resnet_gui.jobs.lane import Job, JobLane, Priority


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
        beginning.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Show:
            if self._job is not None:
                self._job.let_go()
            self._job = self._io.submit(_look, Priority.INTERACTIVE)  # behind what is written
            self._job.progressed.connect(self._on_looked)
        return super().eventFilter(watched, event)

    @Slot(object)
    def _on_looked(self, events: list[str]) -> None:
        self.told.emit(events[-1])


def _look() -> Iterator[str]:
    from resnet_gui.core.dataset.collection.values import CollectionError, read_collection

    try:
        kept = read_collection()
    except CollectionError:  # said when it is opened
        kept = None
    sorted_photos = sum(len(item.photos) for item in kept.classes) if kept is not None else 0
    if kept is None or not (sorted_photos or kept.unsorted):
        yield ""
        return
    photos = count_noun(sorted_photos + len(kept.unsorted), "photo")
    classes = [item for item in kept.classes if item.photos]
    where = f" in {count_noun(len(classes), 'class', 'classes')}" if classes else ""
    yield f"Your {photos}{where} are kept: “Make classes…” goes on with them."
