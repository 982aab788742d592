"""Thumbnails on request, made in the io lane, the newest request first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from functools import partial

from PySide6.QtCore import QObject, QTimer, Signal, Slot
from PySide6.QtGui import QImage

from resnet_gui.core.errors import ImageReadError
from resnet_gui.core.events import ImageSource
from resnet_gui.core.photos.decode import preview
from resnet_gui.jobs.lane import JobLane, Priority
from resnet_gui.ui.widgets.images import to_qimage

_KEPT = 600
_AT_ONCE = 24


class Thumbnails(QObject):
    """A cache of small pictures. Views ask while they paint; only what is on the screen is made.

    Signals:
        made(str): the thumbnail of the source of this name is there (or known to be impossible).
    """

    made = Signal(object)  # a str would lose what is no UTF-8 in a file name

    def __init__(self, io: JobLane, side: int, parent: QObject | None = None) -> None:
        """`side`: length of the longer side, in pixels."""
        super().__init__(parent)
        self._io, self._side = io, side
        self._kept: OrderedDict[str, QImage | None] = OrderedDict()
        self._wanted: OrderedDict[str, ImageSource] = OrderedDict()
        self._busy = False
        self._request = QTimer(self)
        self._request.setSingleShot(True)
        self._request.setInterval(0)
        self._request.timeout.connect(self._make)

    def get(self, source: ImageSource) -> QImage | None:
        """The thumbnail, or None: then it is made and `made` follows."""
        name = source.name
        if name in self._kept:
            self._kept.move_to_end(name)
            return self._kept[name]
        self._wanted[name] = source
        self._wanted.move_to_end(name)
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
    def _on_progressed(self, events: list[tuple[str, QImage | None]]) -> None:
        for name, image in events:
            self._kept[name] = image
            self.made.emit(name)
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)

    @Slot()
    def _on_ended(self) -> None:
        self._busy = False
        self._request.start()


def _thumbnails(sources: Sequence[ImageSource], side: int) -> Iterator[tuple[str, QImage | None]]:
    for source in sources:
        try:
            yield source.name, to_qimage(preview(source, side))
        except ImageReadError:
            yield source.name, None
