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
from resnet_gui.core.photos.decode import preview
from resnet_gui.jobs.lane import Job, JobLane, Priority
from resnet_gui.ui.widgets.images import to_qimage

_SIDE = 1600  # pixels: the longer side of a photo on the screen
_KEPT = 4


class Preview(NamedTuple):
    """A photo for the screen; `image` is None if it cannot be read. `width`, `height`: its own
    size, upright, in pixels."""

    photo_id: PhotoId
    image: QImage | None
    width: int = 0
    height: int = 0


class Previews(QObject):
    """Signals:
    made(Preview): what was asked for last.
    """

    made = Signal(object)

    def __init__(self, io: JobLane, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._io = io
        self._kept: OrderedDict[PhotoId, Preview] = OrderedDict()
        self._job: Job | None = None
        self._asked: PhotoId = ""  # what `_job` reads

    def get(self, source: ImageSource) -> Preview | None:
        """The photo, or None: then it is read, and `made` follows. Asking again while it is read
        changes nothing; asking for another photo lets it go."""
        if source.id in self._kept:
            self._kept.move_to_end(source.id)
            return self._kept[source.id]
        if self._job is not None and self._job.active:
            if self._asked == source.id:
                return None
            self._job.let_go()
        self._asked = source.id
        self._job = self._io.submit(partial(_read, source), Priority.INTERACTIVE)
        self._job.progressed.connect(self._on_progressed)
        return None

    @Slot(object)
    def _on_progressed(self, events: list[Preview]) -> None:
        made = events[-1]
        self._kept[made.photo_id] = made
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        self.made.emit(made)


def _read(source: ImageSource) -> Iterator[Preview]:
    try:
        image = preview(source, _SIDE)
    except ImageReadError:  # the classifier's error for the same photo says why
        yield Preview(source.id, None)
        return
    yield Preview(source.id, to_qimage(image), image.full_width, image.full_height)
