"""The photos of the window with their answers: a Qt list model, no widgets."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    QTimer,
    Signal,
    Slot,
)
from PySide6.QtGui import QImage

from resnet_gui.core.errors import ImageReadError
from resnet_gui.core.imaging import preview
from resnet_gui.core.types import ImageSource, Prediction
from resnet_gui.jobs.lane import JobLane, Priority
from resnet_gui.ui.images import to_qimage

THUMBNAIL_SIDE = 192  # pixels: sharp at 96 points on a 2x screen
_THUMBNAILS_KEPT = 600
_Index = QModelIndex | QPersistentModelIndex


class PhotoState(Enum):
    WAITING = auto()  # a job has it
    DONE = auto()
    FAILED = auto()  # it cannot be read; `problem` says why
    IDLE = auto()  # no job has it: stopped, or no model is here


@dataclass(slots=True, eq=False)
class Photo:
    """One photo of the window. Only the main thread touches it."""

    source: ImageSource
    state: PhotoState = PhotoState.IDLE
    job: int = 0
    prediction: Prediction | None = None
    problem: str = ""


class PhotoList(QAbstractListModel):
    """Photos in the order in which they came. Thumbnails are made when a view asks for them.

    Signals:
        counted(): a photo was added, removed or changed its state.
    """

    PhotoRole = int(Qt.ItemDataRole.UserRole) + 1
    counted = Signal()

    def __init__(self, io: JobLane, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._photos: list[Photo] = []
        self._rows: dict[str, Photo] = {}
        self._row_of: dict[int, int] = {}
        self._thumbnails: OrderedDict[str, QImage | None] = OrderedDict()
        self._wanted: OrderedDict[str, ImageSource] = OrderedDict()
        self._io = io
        self._job = 0
        self._request = QTimer(self)
        self._request.setSingleShot(True)
        self._request.setInterval(0)
        self._request.timeout.connect(self._make_thumbnails)
        io.progressed.connect(self._on_progressed)
        for signal in (io.finished, io.failed):
            signal.connect(self._on_ended)
        io.cancelled.connect(self._on_cancelled)

    # --- photos -----------------------------------------------------------------------------

    def photo(self, row: int) -> Photo | None:
        return self._photos[row] if 0 <= row < len(self._photos) else None

    def photos(self) -> Sequence[Photo]:
        return self._photos

    def row(self, photo: Photo) -> int:
        """The photo's row, -1 if it was removed."""
        return self._row_of.get(id(photo), -1)

    def find(self, source: ImageSource) -> Photo | None:
        """The photo of the same file, if it is in the list. Pasted images are never the same."""
        return self._rows.get(source.name) if source.data is None else None

    def add(self, sources: Sequence[ImageSource]) -> list[Photo]:
        """Append photos."""
        if not sources:
            return []
        first = len(self._photos)
        added = [Photo(source) for source in sources]
        self.beginInsertRows(QModelIndex(), first, first + len(added) - 1)
        self._photos += added
        for row, photo in enumerate(added, first):
            self._row_of[id(photo)] = row
            self._rows[photo.source.name] = photo
        self.endInsertRows()
        self.counted.emit()
        return added

    def remove(self, row: int) -> Photo | None:
        photo = self.photo(row)
        if photo is None:
            return None
        self.beginRemoveRows(QModelIndex(), row, row)
        del self._photos[row]
        self._rows.pop(photo.source.name, None)
        self._row_of = {id(kept): number for number, kept in enumerate(self._photos)}
        self.endRemoveRows()
        self.counted.emit()
        return photo

    def clear(self) -> None:
        self.beginResetModel()
        self._photos.clear()
        self._rows.clear()
        self._row_of.clear()
        self._thumbnails.clear()
        self._wanted.clear()
        self.endResetModel()
        self.counted.emit()

    def touch(self, photo: Photo) -> None:
        """Tell the views that a photo changed."""
        row = self.row(photo)
        if row >= 0:
            index = self.index(row)
            self.dataChanged.emit(index, index)
            self.counted.emit()

    def touch_all(self) -> None:
        if self._photos:
            self.dataChanged.emit(self.index(0), self.index(len(self._photos) - 1))
            self.counted.emit()

    # --- Qt's model -------------------------------------------------------------------------

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self._photos)

    def data(self, index: _Index, role: int = int(Qt.ItemDataRole.DisplayRole)) -> Any:
        photo = self.photo(index.row())
        if photo is None:
            return None
        if role == self.PhotoRole:
            return photo
        if role == Qt.ItemDataRole.DisplayRole:
            return caption(photo)
        if role == Qt.ItemDataRole.DecorationRole:
            return self._thumbnail(photo)
        if role == Qt.ItemDataRole.ToolTipRole:
            lines = [photo.source.name, photo.problem or caption(photo)]
            return "\n".join(line for line in lines if line)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{photo.source.short_name}: {caption(photo)}"
        return None

    # --- thumbnails -------------------------------------------------------------------------

    def _thumbnail(self, photo: Photo) -> QImage | None:
        name = photo.source.name
        if name in self._thumbnails:
            self._thumbnails.move_to_end(name)
            return self._thumbnails[name]
        if photo.state is not PhotoState.FAILED:
            self._wanted[name] = photo.source
            self._wanted.move_to_end(name)
            if not self._request.isActive():
                self._request.start()
        return None

    @Slot()
    def _make_thumbnails(self) -> None:
        """One job at a time, for what was asked for last: that is what is on the screen."""
        if self._job or not self._wanted:
            return
        newest = [self._wanted.popitem()[1] for _ in range(min(24, len(self._wanted)))]
        self._job = self._io.submit(lambda: _thumbnails(newest), Priority.NORMAL)

    @Slot(object, object)
    def _on_progressed(self, job_id: int, events: list[tuple[str, QImage | None]]) -> None:
        if job_id != self._job:
            return
        for name, image in events:
            self._thumbnails[name] = image
            photo = self._rows.get(name)
            if photo is not None:
                index = self.index(self.row(photo))
                self.dataChanged.emit(index, index, [int(Qt.ItemDataRole.DecorationRole)])
        while len(self._thumbnails) > _THUMBNAILS_KEPT:
            self._thumbnails.popitem(last=False)

    @Slot(object, object)
    def _on_ended(self, job_id: int, _: object) -> None:
        self._on_cancelled(job_id)

    @Slot(object)
    def _on_cancelled(self, job_id: int) -> None:
        if job_id == self._job:
            self._job = 0
            self._request.start()


def caption(photo: Photo) -> str:
    """What stands below a photo's thumbnail."""
    if photo.state is PhotoState.FAILED:
        return photo.source.short_name  # three times "could not be read" would tell less
    if photo.prediction is not None:
        return f"{photo.prediction.top.label} {percent(photo.prediction.top.probability)}"
    return "…" if photo.state is PhotoState.WAITING else ""


def percent(probability: float) -> str:
    """0.331 -> "33.1%". What is not certain never reads 100%."""
    shown = min(probability * 100, 99.9) if probability < 1 else 100.0
    return f"{shown:.1f}%"


def _thumbnails(sources: Sequence[ImageSource]) -> Iterator[tuple[str, QImage | None]]:
    for source in sources:
        try:
            yield source.name, to_qimage(preview(source, THUMBNAIL_SIDE))
        except ImageReadError:
            yield source.name, None
