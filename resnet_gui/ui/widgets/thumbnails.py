"""Thumbnails on request, made in the io lane, the newest request first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from functools import partial

from PySide6.QtCore import QObject, QTimer, Signal, Slot
from PySide6.QtGui import QImage

from resnet_gui.core.errors import ImageReadError
from resnet_gui.core.events import ImageSource, PhotoId
from resnet_gui.jobs.lane import JobLane, Priority
from resnet_gui.ui.widgets.images import to_qimage

_KEPT = 600
_AT_ONCE = 24


class Thumbnails(QObject):
    """A cache of small pictures. Views ask while they paint; only what is on the screen is made.

    Signals:
        made(PhotoId): the thumbnail of this source is there (or known to be impossible).
    """

    made = Signal(object)

    def __init__(self, io: JobLane, side: int, parent: QObject | None = None) -> None:
        """`side`: length of the longer side, in pixels."""
        super().__init__(parent)
        self._io, self._side = io, side
        self._kept: OrderedDict[PhotoId, QImage | None] = OrderedDict()
        self._wanted: OrderedDict[PhotoId, ImageSource] = OrderedDict()
        self._busy = False
        self._request = QTimer(self)
        self._request.setSingleShot(True)
        self._request.setInterval(0)
        self._request.timeout.connect(self._make)

    def get(self, source: ImageSource) -> QImage | None:
        """The thumbnail, or None: then it is made and `made` follows."""
        if source.id in self._kept:
            self._kept.move_to_end(source.id)
            return self._kept[source.id]
        self._wanted[source.id] = source
        self._wanted.move_to_end(source.id)
        if not self._request.isActive():
            self._request.start()
        return None

    def clear(self) -> None:
        self._kept.clear()
        self._wanted.clear()

    @Slot()
    def _make(self) -> None:
        """One job at a time, for what was asked for last: that is what is on the screen."""
        if self._busy or not self._wanted:
            return
        newest = [self._wanted.popitem()[1] for _ in range(min(_AT_ONCE, len(self._wanted)))]
        job = self._io.submit(partial(_thumbnails, newest, self._side), Priority.NORMAL)
        self._busy = job.active
        job.progressed.connect(self._on_progressed)
        job.ended.connect(self._on_ended)

    @Slot(object)
    def _on_progressed(self, events: list[tuple[PhotoId, QImage | None]]) -> None:
        for photo_id, image in events:
            self._kept[photo_id] = image
            self.made.emit(photo_id)
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)

    @Slot()
    def _on_ended(self) -> None:
        self._busy = False
        self._request.start()


def _thumbnails(
    sources: Sequence[ImageSource], side: int
) -> Iterator[tuple[PhotoId, QImage | None]]:
    from resnet_gui.core.photos.decode import preview  # Pillow: not at the window's start

    for source in sources:
        try:
            yield source.id, to_qimage(preview(source, side))
        except ImageReadError:
            yield source.id, None
