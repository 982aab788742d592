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
from resnet_gui.ui.widgets.images import encoded_jpeg, to_qimage

_KEPT, _KEPT_BYTES = 400, 30_000_000  # the list of photos also keeps what it has drawn
_AT_ONCE = 24
_WAITING = 400  # more than a large screen shows: what was asked for before has left it
_QUALITY = 88  # of JPEG on the disk


class Thumbnails(QObject):
    """A cache of small pictures. Views ask while they paint; only what is on the screen is made.

    Signals:
        made(PhotoId): the thumbnail of this source is there (or known to be impossible).
        some_made(list[PhotoId]): the same of several at once, after `made` of each.
    """

    made = Signal(object)
    some_made = Signal(object)

    def __init__(
        self, io: JobLane, side: int, parent: QObject | None = None, *, on_disk: bool = False
    ) -> None:
        """`side`: length of the longer side, in pixels; `on_disk`: they are kept there, too."""
        super().__init__(parent)
        self._io, self._side, self._on_disk = io, side, on_disk
        self._kept: OrderedDict[PhotoId, QImage | None] = OrderedDict()
        self._bytes = 0
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
        if len(self._wanted) > _WAITING:
            self._wanted.popitem(last=False)
        if not self._request.isActive():
            self._request.start()
        return None

    def follow(self, before: PhotoId, now: PhotoId) -> None:
        """A file has another path now; it looks as before."""
        if before in self._kept:
            self._bytes -= _bytes(self._kept.get(now))
            self._kept[now] = self._kept.pop(before)

    def clear(self) -> None:
        self._kept.clear()
        self._bytes = 0
        self._wanted.clear()

    @Slot()
    def _make(self) -> None:
        """One job at a time, for what was asked for last: that is what is on the screen."""
        if self._busy or not self._wanted:
            return
        newest = [self._wanted.popitem()[1] for _ in range(min(_AT_ONCE, len(self._wanted)))]
        make = _kept_thumbnails if self._on_disk else _thumbnails
        job = self._io.submit(partial(make, newest, self._side), Priority.NORMAL)
        self._busy = job.active
        job.progressed.connect(self._on_progressed)
        job.ended.connect(self._on_ended)

    @Slot(object)
    def _on_progressed(self, events: list[tuple[PhotoId, QImage | None]]) -> None:
        for photo_id, image in events:
            self._bytes += _bytes(image) - _bytes(self._kept.get(photo_id))
            self._kept[photo_id] = image
            self.made.emit(photo_id)
        self.some_made.emit([photo_id for photo_id, _ in events])
        while len(self._kept) > _KEPT or self._bytes > _KEPT_BYTES:
            self._bytes -= _bytes(self._kept.popitem(last=False)[1])

    @Slot()
    def _on_ended(self) -> None:
        self._busy = False
        self._request.start()


def _bytes(image: QImage | None) -> int:
    return 0 if image is None else image.sizeInBytes()


def _thumbnails(
    sources: Sequence[ImageSource], side: int
) -> Iterator[tuple[PhotoId, QImage | None]]:
    from resnet_gui.core.photos.decode import preview  # Pillow: not at the window's start

    for source in sources:
        try:
            yield source.id, to_qimage(preview(source, side))
        except ImageReadError:
            yield source.id, None


def _kept_thumbnails(
    sources: Sequence[ImageSource], side: int
) -> Iterator[tuple[PhotoId, QImage | None]]:
    """As `_thumbnails`; what is on the disk is not made again."""
    # Not before the window is up: SQLite takes a few milliseconds.
    from resnet_gui.core.library.thumbnails import find_thumbnails, keep_thumbnails, thumbnail_key

    keys = {source.id: thumbnail_key(source, side) for source in sources}
    found = find_thumbnails([key for key in keys.values() if key is not None])
    missing: list[ImageSource] = []
    for source in sources:
        image = QImage.fromData(found.get(keys[source.id] or b"", b""))
        if image.isNull():
            missing.append(source)
        else:
            yield source.id, image.convertToFormat(QImage.Format.Format_RGB32)
    fresh: dict[bytes, bytes] = {}
    try:
        for photo_id, made in _thumbnails(missing, side):
            key = keys[photo_id]
            if key is not None and made is not None:
                fresh[key] = encoded_jpeg(made, _QUALITY)
            yield photo_id, made
    finally:
        keep_thumbnails(fresh)
