"""The photos of one box as a Qt list, the newest first, and how one is painted."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QMimeData,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRectF,
    QSize,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from resnet_gui.core.dataset.collection.values import CollectedPhoto
from resnet_gui.core.events import ImageSource
from resnet_gui.core.system.visible_text import visible
from resnet_gui.ui.widgets.icons import draw_icon
from resnet_gui.ui.widgets.plain_text import one_line, tooltip
from resnet_gui.ui.widgets.theme import theme_colours
from resnet_gui.ui.widgets.thumbnails import Thumbnails

PHOTOS_MIME = "application/x-resnet-gui-photos"  # the paths, with a zero byte between two
THUMBNAIL = 66  # points
_CELL = THUMBNAIL + 6
_FEW = 40  # rows that are taken out one by one
_Index = QModelIndex | QPersistentModelIndex


class BoxModel(QAbstractListModel):
    """Photos in a box; thumbnails are made when a view asks for them.

    Signals:
        pictured(int): the thumbnail of this row is there. Not `dataChanged`, for which a view lays
            all its rows out anew: 20 ms for 10,000 photos.
    """

    pictured = Signal(int)
    PathRole = int(Qt.ItemDataRole.UserRole) + 1

    def __init__(self, thumbnails: Thumbnails, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._photos: list[CollectedPhoto] = []
        self._thumbnails = thumbnails
        self._rows: dict[str, int] = {}
        thumbnails.made.connect(self._on_made)

    def path(self, row: int) -> str:
        return self._photos[len(self._photos) - 1 - row].path

    def show_photos(self, photos: Sequence[CollectedPhoto]) -> None:
        """Show these, given in the order in which they came. What stays keeps its selection."""
        old, new = self._photos, list(photos)
        none = QModelIndex()
        if len(new) > len(old) and new[: len(old)] == old:
            self.beginInsertRows(none, 0, len(new) - len(old) - 1)
            self._have(new)
            self.endInsertRows()
            return
        stay = {photo.path for photo in new}
        gone = [n for n, photo in enumerate(old) if photo.path not in stay]
        if len(gone) <= _FEW and [p for p in old if p.path in stay] == new:
            for number in reversed(gone):
                row = len(self._photos) - 1 - number
                self.beginRemoveRows(none, row, row)
                self._have([*self._photos[:number], *self._photos[number + 1 :]])
                self.endRemoveRows()
            return
        self.beginResetModel()
        self._have(new)
        self.endResetModel()

    def _have(self, photos: list[CollectedPhoto]) -> None:
        self._photos = photos
        self._rows = {}

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self._photos)

    def data(self, index: _Index, role: int = int(Qt.ItemDataRole.DisplayRole)) -> Any:
        if not 0 <= index.row() < len(self._photos):
            return None
        path = self.path(index.row())
        if role == self.PathRole:
            return path
        if role == Qt.ItemDataRole.DecorationRole:
            return self._thumbnails.get(ImageSource(path))
        if role == Qt.ItemDataRole.ToolTipRole:
            return tooltip(visible(path))
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return one_line(Path(path).name)
        return None

    def flags(self, index: _Index) -> Qt.ItemFlag:
        return super().flags(index) | Qt.ItemFlag.ItemIsDragEnabled

    def mimeTypes(self) -> list[str]:
        return [PHOTOS_MIME]

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        mime = QMimeData()
        paths = [os.fsencode(self.path(index.row())) for index in indexes]
        mime.setData(PHOTOS_MIME, b"\0".join(paths))
        return mime

    def supportedDragActions(self) -> Qt.DropAction:
        return Qt.DropAction.MoveAction

    @Slot(object)
    def _on_made(self, path: str) -> None:
        if not self._rows and self._photos:
            last = len(self._photos) - 1
            self._rows = {photo.path: last - n for n, photo in enumerate(self._photos)}
        row = self._rows.get(path)
        if row is not None:
            self.pictured.emit(row)


def paths_of(mime: QMimeData) -> list[str]:
    """The photos that are dragged from a box."""
    data = bytes(mime.data(PHOTOS_MIME).data())
    return [os.fsdecode(path) for path in data.split(b"\0") if path]


class PhotoDelegate(QStyledItemDelegate):
    """A square of the photo's middle; a frame and a sign say that it is selected."""

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return QSize(_CELL, _CELL)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        colours = theme_colours()
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        centre = QRectF(option.rect).center()
        frame = QRectF(centre.x() - THUMBNAIL / 2, centre.y() - THUMBNAIL / 2, THUMBNAIL, THUMBNAIL)
        clip = QPainterPath()
        clip.addRoundedRect(frame, 5, 5)
        painter.save()
        painter.setClipPath(clip)
        image = index.data(Qt.ItemDataRole.DecorationRole)
        if image is None:
            painter.fillRect(frame, QColor(colours.track))
            mark = QRectF(centre.x() - 10, centre.y() - 10, 20, 20)
            draw_icon(painter, "photo", mark, colours.muted)
        else:
            side = min(image.width(), image.height())
            part = QRectF((image.width() - side) / 2, (image.height() - side) / 2, side, side)
            painter.drawImage(frame, image, part)
        painter.restore()
        if option.state & QStyle.StateFlag.State_Selected:
            tint = QColor(colours.accent)
            tint.setAlpha(70)
            painter.fillPath(clip, tint)
            painter.setPen(QPen(QColor(colours.accent), 3))
            painter.drawPath(clip)
            self._tick(painter, frame)
        elif option.state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(QPen(QColor(colours.accent), 2, Qt.PenStyle.DotLine))
            painter.drawPath(clip)
        painter.restore()

    def _tick(self, painter: QPainter, frame: QRectF) -> None:
        colours = theme_colours()
        disc = QRectF(frame.right() - 20, frame.top() + 3, 17, 17)
        painter.setPen(QPen(QColor(colours.on_accent), 1))
        painter.setBrush(QColor(colours.accent))
        painter.drawEllipse(disc)
        painter.setPen(QPen(QColor(colours.on_accent), 1.8))
        painter.drawText(disc, Qt.AlignmentFlag.AlignCenter, "✓")
