"""The photos of the window with their answers: a Qt list model, no widgets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
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

from resnet_gui.core.events import INCOMPLETE, ImageSource, PhotoId, Prediction
from resnet_gui.core.system.visible_text import visible
from resnet_gui.jobs.lane import JobLane
from resnet_gui.ui.widgets.answer import answer_of, percent, unsure
from resnet_gui.ui.widgets.class_names import class_words
from resnet_gui.ui.widgets.plain_text import one_line, tooltip
from resnet_gui.ui.widgets.thumbnails import Thumbnails

THUMBNAIL_SIDE = 192  # pixels: sharp at 96 points on a 2x screen
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
    owner: object = None
    prediction: Prediction | None = None
    problem: str = ""

    def follow(self, path: str) -> None:
        """Its file is there now."""
        self.source = ImageSource.file(path)
        if self.prediction is not None:
            self.prediction = replace(self.prediction, path=path)

    @property
    def stale(self) -> bool:
        """Whether the answer is one of before: a new one is waited for, or did not come."""
        return self.prediction is not None and self.state is not PhotoState.DONE

    @property
    def unsure(self) -> bool:
        """Whether the answer is the model's of now, and no more than a guess."""
        prediction = self.prediction
        return prediction is not None and self.state is PhotoState.DONE and unsure(prediction)


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
        self._rows: dict[PhotoId, Photo] = {}
        self._row_of: dict[int, int] = {}
        self._thumbnails = Thumbnails(io, THUMBNAIL_SIDE, self)
        self._thumbnails.made.connect(self._on_thumbnail_made)
        self._followed: list[Photo] = []
        self._told_soon = QTimer(self)
        self._told_soon.setSingleShot(True)
        self._told_soon.setInterval(1000)
        self._told_soon.timeout.connect(self._tell_of_followed)

    # --- photos -----------------------------------------------------------------------------

    def photo(self, row: int) -> Photo | None:
        return self._photos[row] if 0 <= row < len(self._photos) else None

    def photos(self) -> Sequence[Photo]:
        return self._photos

    def row(self, photo: Photo) -> int:
        """The photo's row, -1 if it was removed."""
        return self._row_of.get(id(photo), -1)

    def find(self, source: ImageSource) -> Photo | None:
        """The photo of the same file or the same bytes, if it is in the list."""
        return self._rows.get(source.id)

    def next_unsure(self, row: int) -> int:
        """The row of the next photo after this one of which the model is not sure, going on at the
        beginning; this one if it is the only one, -1 if there is none."""
        rows = [*range(row + 1, len(self._photos)), *range(row + 1)]
        return next((number for number in rows if self._photos[number].unsure), -1)

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
            self._rows[photo.source.id] = photo
        self.endInsertRows()
        self.counted.emit()
        return added

    def restore(self, removed: Sequence[tuple[int, Photo]]) -> list[Photo]:
        """Put photos back into the rows that they had, but for those that came again since.

        Args:
            removed: (row, photo), in rising order of the rows.
        """
        back = [(row, photo) for row, photo in removed if self.find(photo.source) is None]
        self.beginResetModel()
        for row, photo in back:
            self._photos.insert(row, photo)
            self._rows[photo.source.id] = photo
        self._row_of = {id(photo): row for row, photo in enumerate(self._photos)}
        self.endResetModel()
        self.counted.emit()
        return [photo for _, photo in back]

    def remove(self, row: int) -> Photo | None:
        photo = self.photo(row)
        if photo is None:
            return None
        self.beginRemoveRows(QModelIndex(), row, row)
        del self._photos[row]
        self._rows.pop(photo.source.id, None)
        self._row_of = {id(kept): number for number, kept in enumerate(self._photos)}
        self.endRemoveRows()
        self.counted.emit()
        return photo

    @Slot(object)
    def follow(self, moved: Sequence[tuple[str, str]]) -> None:
        """Files have other paths now: their photos keep their answers.

        Args:
            moved: (from, to).
        """
        for before, now in moved:
            photo = self._rows.pop(before, None)
            if photo is not None:
                photo.follow(now)
                self._rows[now] = photo
                self._thumbnails.follow(before, now)
                self._followed.append(photo)
        if self._followed and not self._told_soon.isActive():
            self._told_soon.start()

    @Slot()
    def _tell_of_followed(self) -> None:
        """Views arrange all their photos anew when they hear of it, and it changes little."""
        rows = [row for photo in self._followed if (row := self.row(photo)) >= 0]
        self._followed.clear()
        if rows:
            self.dataChanged.emit(self.index(min(rows)), self.index(max(rows)))

    def clear(self) -> None:
        self.beginResetModel()
        self._photos.clear()
        self._rows.clear()
        self._row_of.clear()
        self._thumbnails.clear()
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
            failed = photo.state is PhotoState.FAILED
            return None if failed else self._thumbnails.get(photo.source)
        if role == Qt.ItemDataRole.ToolTipRole:
            lines = [visible(photo.source.name), photo.problem or caption(photo)]
            if photo.prediction is not None and photo.prediction.incomplete:
                lines.append(INCOMPLETE)
            if photo.stale:
                lines.append("Earlier answer")
            return tooltip("\n".join(line for line in lines if line))
        if role == Qt.ItemDataRole.AccessibleTextRole:
            earlier = ", earlier answer" if photo.stale else ""
            return f"{one_line(photo.source.short_name)}: {caption(photo)}{earlier}"
        return None

    @Slot(object)
    def _on_thumbnail_made(self, photo_id: PhotoId) -> None:
        photo = self._rows.get(photo_id)
        if photo is not None:
            index = self.index(self.row(photo))
            self.dataChanged.emit(index, index, [int(Qt.ItemDataRole.DecorationRole)])


def caption(photo: Photo) -> str:
    """What stands below a photo's thumbnail, in one line."""
    return " ".join(part for part in caption_lines(photo) if part)


def caption_lines(photo: Photo) -> tuple[str, str]:
    """What stands below a photo's thumbnail: the class, and how sure that is."""
    if photo.state is PhotoState.FAILED:
        # Three times "could not be read" would tell less.
        return one_line(photo.source.short_name), ""
    if photo.prediction is not None:
        answer = answer_of(photo.prediction)
        mark = " · incomplete" if photo.prediction.incomplete else ""
        return class_words(answer.name), f"{percent(answer.probability)}{mark}"
    return ("…" if photo.state is PhotoState.WAITING else ""), ""
