"""The photos of the window with their answers: a Qt list model, no widgets."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Any

from PySide6.QtCore import (
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    QTimer,
    Signal,
    Slot,
)
from PySide6.QtGui import QImage

from resnet_gui.core.events import INCOMPLETE, ImageSource, PhotoId, Prediction
from resnet_gui.core.system.visible_text import visible
from resnet_gui.jobs.lane import JobLane
from resnet_gui.ui.widgets.answer import answer_of, percent, unsure
from resnet_gui.ui.widgets.class_names import class_words
from resnet_gui.ui.widgets.plain_text import one_line, tooltip
from resnet_gui.ui.widgets.rows_model import RowsModel
from resnet_gui.ui.widgets.thumbnails import Thumbnails

THUMBNAIL_SIDE = 256  # pixels: sharp at 128 points on a 2x screen
_OTHERS = 5  # models whose answers are kept beside the one of now
_Index = QModelIndex | QPersistentModelIndex


class PhotoState(Enum):
    WAITING = auto()  # a job has it
    DONE = auto()
    FAILED = auto()  # it cannot be read; `problem` says why
    IDLE = auto()  # no job has it: stopped, or no model is here


@dataclass(slots=True, eq=False)
class Photo:
    """One photo of the window. Only the main thread touches it.

    Attributes:
        others: the answers of the models that were asked before `prediction`'s, one of each, the
            newest first.
        row: its place in the window's list, -1 if it is in none. Only the list writes it.
    """

    source: ImageSource
    state: PhotoState = PhotoState.IDLE
    owner: object = None
    prediction: Prediction | None = None
    problem: str = ""
    others: tuple[Prediction, ...] = ()
    row: int = -1

    def follow(self, path: str) -> None:
        """Its file is there now."""
        self.source = ImageSource.file(path)
        if self.prediction is not None:
            self.prediction = replace(self.prediction, path=path)

    def answer(self, prediction: Prediction) -> None:
        """A model's answer of now. What others said before is kept beside it."""
        before, model = self.prediction, prediction.model
        if before is not None and before.model != model:
            older = [p for p in self.others if p.model not in (model, before.model)]
            self.others = (before, *older[: _OTHERS - 1])
        elif self.others:
            self.others = tuple(p for p in self.others if p.model != model)
        self.state, self.prediction, self.problem = PhotoState.DONE, prediction, ""

    @property
    def stale(self) -> bool:
        """Whether the answer is one of before: a new one is waited for, or did not come."""
        return self.prediction is not None and self.state is not PhotoState.DONE

    @property
    def unsure(self) -> bool:
        """Whether the answer is the model's of now, and no more than a guess."""
        prediction = self.prediction
        return prediction is not None and self.state is PhotoState.DONE and unsure(prediction)


class PhotoList(RowsModel):
    """Photos in the order in which they came. Thumbnails are made when a view asks for them.

    Signals:
        counted(): a photo was added, removed or changed its state.
        changed(list[Photo]): these changed; `dataChanged` is told of all from the first to the
            last of them.
        pictured(list[Photo]): their thumbnails are there (or known to be impossible).
    """

    PhotoRole = int(Qt.ItemDataRole.UserRole) + 1
    counted = Signal()
    changed = Signal(object)
    pictured = Signal(object)

    def __init__(self, io: JobLane, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._photos: list[Photo] = []
        self._rows: dict[PhotoId, Photo] = {}
        self._failed: set[Photo] = set()
        self._thumbnails = Thumbnails(io, THUMBNAIL_SIDE, self, on_disk=True)
        self._thumbnails.some_made.connect(self._on_thumbnails_made)
        self._followed: list[Photo] = []
        self._leaves: Photo | None = None
        # Before any view hears of it, and after all were told that it is going to be.
        self.rowsRemoved.connect(self._on_row_removed)
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
        return photo.row

    def failed(self) -> list[Photo]:
        """Those that cannot be read, in the order of the list."""
        return sorted(self._failed, key=lambda photo: photo.row)

    def thumbnail(self, photo: Photo) -> QImage | None:
        """None: there is none, or it is made now, and the photo's row is told of."""
        return None if photo.state is PhotoState.FAILED else self._thumbnails.get(photo.source)

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
        self._photos += added
        for row, photo in enumerate(added, first):
            photo.row = row
            self._rows[photo.source.id] = photo
        self.insertRows(first, len(added))
        self.counted.emit()
        return added

    def restore(self, removed: Sequence[tuple[int, Photo]]) -> list[Photo]:
        """Put photos back into the rows that they had, but for those that came again since.

        Args:
            removed: (row, photo), in rising order of the rows.
        """
        known = self._rows
        back = [(row, photo) for row, photo in removed if photo.source.id not in known]
        self._rows.update((photo.source.id, photo) for _, photo in back)
        # In one pass: to insert each by itself would move all that follow, 20,000 times.
        there, merged = iter(self._photos), list[Photo]()
        for row, photo in back if self._photos else ():
            merged += itertools.islice(there, max(0, row - len(merged)))
            merged.append(photo)
        self._photos = [*merged, *there] if self._photos else [photo for _, photo in back]
        self._number()
        self._failed.update(photo for _, photo in back if photo.state is PhotoState.FAILED)
        self.set_rows(len(self._photos))
        self.counted.emit()
        return [photo for _, photo in back]

    def remove(self, row: int) -> Photo | None:
        photo = self.photo(row)
        if photo is not None:
            self.remove_many([photo])
        return photo

    def remove_many(self, photos: Iterable[Photo]) -> list[tuple[int, Photo]]:
        """Take photos out at once.

        Returns:
            those that were there, each with the row that it had, in rising order.
        """
        rows = sorted({photo.row for photo in photos} - {-1})
        gone = [(row, self._photos[row]) for row in rows]
        if not gone:
            return []
        if len(gone) == 1:  # views stay where they are
            self._leaves = gone[0][1]
            self.removeRows(rows[0], 1)
        else:
            self._take_out([photo for _, photo in gone])
            self.set_rows(len(self._photos))
        self.counted.emit()
        return gone

    @Slot()
    def _on_row_removed(self) -> None:
        photo, self._leaves = self._leaves, None
        if photo is not None:
            self._take_out([photo])

    def _take_out(self, photos: Sequence[Photo]) -> None:
        for photo in photos:
            photo.row = -1
            self._rows.pop(photo.source.id, None)
        self._failed.difference_update(photos)
        self._photos = [photo for photo in self._photos if photo.row >= 0]
        self._number()

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
        followed, self._followed = self._followed, []
        self._tell([photo for photo in followed if photo.row >= 0])

    def _tell(self, photos: list[Photo]) -> None:
        """Each by itself would be 20,000 signals where many changed here and there."""
        if photos:
            self.changed.emit(photos)
            rows = [photo.row for photo in photos]
            self.dataChanged.emit(self.index(min(rows)), self.index(max(rows)))

    def clear(self) -> None:
        for photo in self._photos:
            photo.row = -1
        self._photos = []  # whoever has the old list keeps it
        self._rows.clear()
        self._failed.clear()
        self._thumbnails.clear()
        self.set_rows(0)
        self.counted.emit()

    def _number(self) -> None:
        for row, photo in enumerate(self._photos):
            photo.row = row

    def touch(self, photos: Iterable[Photo]) -> None:
        """Tell the views that photos changed."""
        there = [photo for photo in photos if photo.row >= 0]
        self._failed.difference_update(there)
        self._failed.update(photo for photo in there if photo.state is PhotoState.FAILED)
        if there:
            self._tell(there)
            self.counted.emit()

    # --- Qt's model -------------------------------------------------------------------------

    def data(self, index: _Index, role: int = int(Qt.ItemDataRole.DisplayRole)) -> Any:
        photo = self.photo(index.row())
        if photo is None:
            return None
        if role == self.PhotoRole:
            return photo
        if role == Qt.ItemDataRole.DisplayRole:
            return caption(photo)
        if role == Qt.ItemDataRole.DecorationRole:
            return self.thumbnail(photo)
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
    def _on_thumbnails_made(self, made: Sequence[PhotoId]) -> None:
        photos = [photo for name in made if (photo := self._rows.get(name)) is not None]
        if photos:
            self.pictured.emit(photos)
            first, last = (self.index(end(p.row for p in photos)) for end in (min, max))
            self.dataChanged.emit(first, last, [int(Qt.ItemDataRole.DecorationRole)])


def runs(rows: Sequence[int]) -> list[tuple[int, int]]:
    """First and last of each unbroken run of numbers that rise."""
    ends = [number for number, row in enumerate(rows[1:]) if row > rows[number] + 1]
    first = [0, *(end + 1 for end in ends)] if rows else []
    last = [*ends, len(rows) - 1] if rows else []
    return [(rows[a], rows[b]) for a, b in zip(first, last, strict=True)]


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
