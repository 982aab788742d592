"""Photos of a result in a grid: what each shows, and what the model said."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QRectF,
    QSize,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QColor, QContextMenuEvent, QFontMetricsF, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import (
    QListView,
    QMenu,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from resnet_gui.core.events import ImageSource
from resnet_gui.jobs.lane import JobLane
from resnet_gui.ui.evaluate.result import Result
from resnet_gui.ui.widgets.answer import percent
from resnet_gui.ui.widgets.class_names import class_words
from resnet_gui.ui.widgets.plain_text import one_line, tooltip
from resnet_gui.ui.widgets.theme import theme_colours
from resnet_gui.ui.widgets.thumbnails import Thumbnails

_Index = QModelIndex | QPersistentModelIndex
_CELL = QSize(136, 162)
_PICTURE = 112.0


class GalleryModel(QAbstractListModel):
    """The photos of a gallery, by their numbers in the result."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.result: Result | None = None
        self.photos: Sequence[int] = ()

    def show_photos(self, result: Result | None, photos: Sequence[int]) -> None:
        self.beginResetModel()
        self.result, self.photos = result, photos
        self.endResetModel()

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        return 0 if parent.isValid() else len(self.photos)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if self.result is None or not 0 <= index.row() < len(self.photos):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.line(index.row())
        if role == Qt.ItemDataRole.ToolTipRole:
            return tooltip(f"{self.path(index.row())}\n{self.line(index.row())}")
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return self.line(index.row())
        return None

    def path(self, row: int) -> Path:
        assert self.result is not None
        return self.result.predictions.path(self.photos[row])

    def names(self, row: int) -> tuple[str, str]:
        """What a photo shows and what was said."""
        assert self.result is not None
        index, labels = self.photos[row], self.result.predictions.facts.classes
        truth, answer = int(self.result.predictions.truth[index]), int(self.result.answers[index])
        return class_words(labels[truth]), class_words(labels[answer])

    def right(self, row: int) -> bool:
        assert self.result is not None
        return bool(self.result.right[self.photos[row]])

    def sureness(self, row: int) -> str:
        assert self.result is not None
        return percent(float(self.result.confidences[self.photos[row]]))

    def line(self, row: int) -> str:
        truth, answer = self.names(row)
        sure = self.sureness(row)
        if self.right(row):
            return f"{truth}, recognised ({sure})"
        return f"{truth}, taken for {answer} ({sure})"


class _PhotoDelegate(QStyledItemDelegate):
    def __init__(self, thumbnails: Thumbnails, parent: QWidget) -> None:
        super().__init__(parent)
        self._thumbnails = thumbnails

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return _CELL

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        model = index.model()
        assert isinstance(model, GalleryModel)
        colours, row = theme_colours(), index.row()
        rect = QRectF(option.rect)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        if option.state & QStyle.StateFlag.State_Selected:
            ground = QPainterPath()
            ground.addRoundedRect(rect.adjusted(1, 1, -1, -1), 8, 8)
            painter.fillPath(ground, QColor(colours.accent_ground))
            if option.state & QStyle.StateFlag.State_HasFocus:
                painter.strokePath(ground, QPen(QColor(colours.accent), 2))
        frame = QRectF(rect.center().x() - _PICTURE / 2, rect.top() + 6, _PICTURE, _PICTURE)
        image = self._thumbnails.get(ImageSource.file(model.path(row)))
        if image is None:
            painter.fillRect(frame, QColor(colours.track))
        else:
            size = image.size().scaled(frame.size().toSize(), Qt.AspectRatioMode.KeepAspectRatio)
            shown = QRectF(0, 0, size.width(), size.height())
            shown.moveCenter(frame.center())
            painter.drawImage(shown, image)
        right = model.right(row)
        truth, answer = model.names(row)
        said = f"{'✓' if right else '✗'} {model.sureness(row)} {answer}"
        metrics = QFontMetricsF(painter.font())
        line = QRectF(rect.left() + 6, frame.bottom() + 4, rect.width() - 12, metrics.height())
        below = "" if right else f"is {truth}"
        for text, colour in (
            (said, colours.accent if right else colours.danger),
            (below, colours.muted),
        ):
            painter.setPen(QColor(colour))
            cut = metrics.elidedText(text, Qt.TextElideMode.ElideRight, line.width())
            painter.drawText(line, Qt.AlignmentFlag.AlignHCenter, cut)
            line.moveTop(line.bottom())
        painter.restore()


class Gallery(QListView):
    """A grid of photos that makes thumbnails only of what is seen.

    Signals:
        opened(object): Path of a photo that was double-clicked, or Return was pressed on it.
        folder_requested(object): Path of a photo that should be shown in its folder.
    """

    opened = Signal(object)
    folder_requested = Signal(object)

    def __init__(self, io: JobLane, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.photos = GalleryModel(self)
        self.setModel(self.photos)
        self._thumbnails = Thumbnails(io, int(_PICTURE) * 2, self)
        self._thumbnails.made.connect(self._on_made)
        self.setItemDelegate(_PhotoDelegate(self._thumbnails, self))
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setMovement(QListView.Movement.Static)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setUniformItemSizes(True)
        self.setGridSize(_CELL)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setAccessibleName("Photos")
        self.activated.connect(self._on_activated)
        self.menu = QMenu(self)
        self.menu.addAction("Show on the Classify page").triggered.connect(self._on_open)
        self.menu.addAction("Show in folder").triggered.connect(self._on_folder)

    def show_photos(self, result: Result | None, photos: Sequence[int], name: str = "") -> None:
        """Show these photos of a result."""
        self.photos.show_photos(result, photos)
        self.setAccessibleName(one_line(f"Photos: {name}") if name else "Photos")
        self.scrollToTop()
        if photos:
            self.setCurrentIndex(self.photos.index(0))

    def current_path(self) -> Path | None:
        row = self.currentIndex().row()
        return self.photos.path(row) if 0 <= row < len(self.photos.photos) else None

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if self.current_path() is not None:
            self.menu.popup(event.globalPos())

    @Slot(object)
    def _on_made(self, photo: object) -> None:
        self.viewport().update()

    @Slot(QModelIndex)
    def _on_activated(self, index: QModelIndex) -> None:
        self.opened.emit(self.photos.path(index.row()))

    @Slot()
    def _on_open(self) -> None:
        if (path := self.current_path()) is not None:
            self.opened.emit(path)

    @Slot()
    def _on_folder(self) -> None:
        if (path := self.current_path()) is not None:
            self.folder_requested.emit(path)
