"""Photos of a comparison as a wall of thumbnails, each with what the two models said."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRectF,
    QSize,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from resnet_gui.core.evaluation.paired import PairedPhoto
from resnet_gui.core.events import ImageSource
from resnet_gui.jobs.lane import JobLane
from resnet_gui.ui.widgets.class_names import class_words
from resnet_gui.ui.widgets.icons import draw_icon
from resnet_gui.ui.widgets.plain_text import one_line, tooltip
from resnet_gui.ui.widgets.theme import theme_colours
from resnet_gui.ui.widgets.thumbnails import Thumbnails

_SIDE = 256  # pixels of a thumbnail: sharp at 128 points on a 2x screen
_WIDTH, _PICTURE = 150, 104  # points
_Index = QModelIndex | QPersistentModelIndex


def answer_texts(photo: PairedPhoto) -> tuple[str, str, str]:
    """The lines below a photo: what it shows, and what the two said of it."""
    truth, first, second = (class_words(n) for n in (photo.truth, photo.first, photo.second))
    return (
        one_line(truth, 60),
        f"A: {one_line(first, 40)} {photo.first_probability:.0%}",
        f"B: {one_line(second, 40)} {photo.second_probability:.0%}",
    )


class PairedPhotos(QAbstractListModel):
    """The photos of one cell."""

    PhotoRole = int(Qt.ItemDataRole.UserRole) + 1

    def __init__(self, io: JobLane, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._photos: Sequence[PairedPhoto] = ()
        self._rows: dict[object, int] = {}
        self._thumbnails = Thumbnails(io, _SIDE, self)
        self._thumbnails.made.connect(self._on_made)

    def show_photos(self, photos: Sequence[PairedPhoto]) -> None:
        self.beginResetModel()
        self._photos = photos
        self._rows = {_source(photo).id: row for row, photo in enumerate(photos)}
        self.endResetModel()

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self._photos)

    def data(self, index: _Index, role: int = int(Qt.ItemDataRole.DisplayRole)) -> Any:
        if not index.isValid() or index.row() >= len(self._photos):
            return None
        photo = self._photos[index.row()]
        if role == self.PhotoRole:
            return photo
        if role == Qt.ItemDataRole.DisplayRole:
            return ", ".join(answer_texts(photo))
        if role == Qt.ItemDataRole.DecorationRole:
            return self._thumbnails.get(_source(photo))
        if role == Qt.ItemDataRole.ToolTipRole:
            truth, first, second = answer_texts(photo)
            return tooltip(f"{photo.path}\nIt is: {truth}\n{first}\n{second}")
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{one_line(Path(photo.path).name)}: {', '.join(answer_texts(photo))}"
        return None

    @Slot(object)
    def _on_made(self, photo_id: object) -> None:
        row = self._rows.get(photo_id)
        if row is not None:
            index = self.index(row)
            self.dataChanged.emit(index, index, [int(Qt.ItemDataRole.DecorationRole)])


def _source(photo: PairedPhoto) -> ImageSource:
    return ImageSource.file(Path(photo.path))


class _Delegate(QStyledItemDelegate):
    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return QSize(_WIDTH, _PICTURE + 3 * option.fontMetrics.height() + 14)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        colours = theme_colours()
        photo = index.data(PairedPhotos.PhotoRole)
        painter.save()
        painter.setRenderHints(
            QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform
        )
        cell = QRectF(option.rect).adjusted(2, 2, -2, -2)
        if option.state & QStyle.StateFlag.State_Selected:
            ground = QPainterPath()
            ground.addRoundedRect(cell, 8, 8)
            painter.fillPath(ground, QColor(colours.accent_ground))
            painter.setPen(QPen(QColor(colours.accent), 2))
            painter.drawPath(ground)
        frame = QRectF(cell.left() + 6, cell.top() + 5, cell.width() - 12, _PICTURE - 6)
        clip = QPainterPath()
        clip.addRoundedRect(frame, 5, 5)
        painter.save()
        painter.setClipPath(clip)
        painter.fillRect(frame, QColor(colours.track))
        image = index.data(Qt.ItemDataRole.DecorationRole)
        if image is None:
            mark = QRectF(frame.center().x() - 12, frame.center().y() - 12, 24, 24)
            draw_icon(painter, "photo", mark, colours.muted)
        else:  # whole: what a model saw at the edge counts
            scale = min(frame.width() / image.width(), frame.height() / image.height())
            size = QRectF(0, 0, image.width() * scale, image.height() * scale)
            size.moveCenter(frame.center())
            painter.drawImage(size, image)
        painter.restore()
        font = painter.font()
        font.setPointSizeF(max(7.0, font.pointSizeF() * 0.88))
        metrics = option.fontMetrics
        top = frame.bottom() + 3
        for number, text in enumerate(answer_texts(photo)):
            font.setBold(number == 0)
            painter.setFont(font)
            wrong = number > 0 and (photo.first, photo.second)[number - 1] != photo.truth
            painter.setPen(QColor(colours.danger if wrong else colours.text))
            line = QRectF(cell.left() + 6, top, cell.width() - 12, metrics.height())
            shown = painter.fontMetrics().elidedText(
                text, Qt.TextElideMode.ElideMiddle, int(line.width())
            )
            painter.drawText(line, Qt.AlignmentFlag.AlignLeft, shown)
            top += metrics.height()
        painter.restore()


class PairedGallery(QListView):
    """A wall of photos. Enter and a double click open one.

    Signals:
        open_requested(object): Path of a photo.
    """

    open_requested = Signal(object)

    def __init__(self, io: JobLane) -> None:
        super().__init__()
        self.photos = PairedPhotos(io, self)
        self.setModel(self.photos)
        self.setItemDelegate(_Delegate(self))
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setMovement(QListView.Movement.Static)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setUniformItemSizes(True)
        self.setLayoutMode(QListView.LayoutMode.Batched)
        self.setSpacing(2)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setMinimumHeight(120)
        self.setAccessibleName("Photos")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._open(self.currentIndex())
        else:
            super().keyPressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton:
            self._open(self.indexAt(event.position().toPoint()))

    def _open(self, index: _Index) -> None:
        photo = index.data(PairedPhotos.PhotoRole)
        if photo is not None:
            self.open_requested.emit(Path(photo.path))
