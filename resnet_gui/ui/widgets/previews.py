"""The photo on the screen, read in the io lane: one at a time, the last few kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QImage

from resnet_gui.core.errors import ImageReadError
from resnet_gui.core.events import ImageSource, PhotoId
from resnet_gui.core.preprocessing import Preprocessing
from resnet_gui.jobs.lane import Job, JobLane, Priority
from resnet_gui.ui.widgets.images import to_qimage

_SIDE = 1600  # pixels: the longer side of a photo on the screen
_KEPT = 4
_Key = tuple[PhotoId, Preprocessing | None]


class Preview(NamedTuple):
    """A photo for the screen; `image` is None if it cannot be read, `problem` says why. `width`,
    `height`: its own size, upright, in pixels. `preprocessing`: the image is what a network with
    this gets."""

    photo_id: PhotoId
    image: QImage | None
    width: int = 0
    height: int = 0
    preprocessing: Preprocessing | None = None
    problem: str = ""


class Previews(QObject):
    """Signals:
    made(Preview): what was asked for last.
    """

    made = Signal(object)

    def __init__(
        self, io: JobLane, parent: QObject | None = None, *, side: int = _SIDE, most: int = _KEPT
    ) -> None:
        """`side`: the longer side of what is read, in pixels; `most`: how many are kept."""
        super().__init__(parent)
        self._io, self._side, self._most = io, side, most
        self._kept: OrderedDict[_Key, Preview] = OrderedDict()
        self._job: Job | None = None
        self._asked: _Key = ("", None)  # what `_job` reads

    def get(
        self, source: ImageSource, preprocessing: Preprocessing | None = None
    ) -> Preview | None:
        """The photo, or what a network gets of it; None: then it is read, and `made` follows.
        Asking again while it is read changes nothing; asking for another lets it go."""
        key = source.id, preprocessing
        if key in self._kept and self._kept[key].image is None:
            del self._kept[key]  # it may be there again: a drive that was connected
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        if self._job is not None and self._job.active:
            if self._asked == key:
                return None
            self._job.let_go()
        self._asked = key
        read = partial(_read, source, preprocessing, self._side)
        self._job = self._io.submit(read, Priority.INTERACTIVE)
        self._job.progressed.connect(self._on_progressed)
        return None

    @Slot(object)
    def _on_progressed(self, events: list[Preview]) -> None:
        made = events[-1]
        self._job = None  # it has told all, even if its end has not come: what is asked now is new
        self._kept[made.photo_id, made.preprocessing] = made
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)
        self.made.emit(made)


def _read(source: ImageSource, preprocessing: Preprocessing | None, side: int) -> Iterator[Preview]:
    from resnet_gui.core.photos.decode import network_view, preview  # Pillow: not at the start

    try:
        image = network_view(source, preprocessing) if preprocessing else preview(source, side)
    except ImageReadError as error:
        yield Preview(source.id, None, preprocessing=preprocessing, problem=str(error))
        return
    size = image.full_width, image.full_height
    yield Preview(source.id, to_qimage(image), *size, preprocessing)
