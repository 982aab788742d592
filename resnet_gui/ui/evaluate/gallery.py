"""Photos of a result in a grid: what each shows, and what the model said."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import (
    QItemSelection,
    QModelIndex,
    QPersistentModelIndex,
    QRectF,
    QSize,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QFontMetricsF,
    QPainter,
    QPainterPath,
    QPen,
    QRegion,
)
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
from resnet_gui.ui.correcting.badge import draw_badge
from resnet_gui.ui.correcting.corrector import Corrector
from resnet_gui.ui.correcting.deciding import Deciding
from resnet_gui.ui.correcting.judged import Judged
from resnet_gui.ui.correcting.selection import choose_next, selected_region, selected_rows
from resnet_gui.ui.evaluate.result import Result
from resnet_gui.ui.widgets.answer import percent
from resnet_gui.ui.widgets.class_names import class_words
from resnet_gui.ui.widgets.plain_text import one_line, tooltip
from resnet_gui.ui.widgets.rows_model import RowsModel
from resnet_gui.ui.widgets.theme import theme_colours
from resnet_gui.ui.widgets.thumbnails import Thumbnails

_Index = QModelIndex | QPersistentModelIndex
_CELL = QSize(136, 162)
_PICTURE = 112.0


class GalleryModel(RowsModel):
    """The photos of a gallery, by their numbers in the result."""

    def __init__(self, corrector: Corrector, parent: QWidget) -> None:
        super().__init__(parent)
        self._corrector = corrector
        self.result: Result | None = None
        self.photos: Sequence[int] = ()
        self._folders: dict[int, str] = {}

    def show_photos(self, result: Result | None, photos: Sequence[int]) -> None:
        if result is not self.result:
            self._folders = _folders(result)
        self.result, self.photos = result, photos
        self.set_rows(len(photos))

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if self.result is None or not 0 <= index.row() < len(self.photos):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.line(index.row())
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            badge = self.badge(index.row())
            decided = f"\nDecided: {badge}" if badge else ""
            if role == Qt.ItemDataRole.ToolTipRole:
                return tooltip(f"{self.path(index.row())}\n{self.line(index.row())}{decided}")
            return (self.line(index.row()) + decided).replace("\n", "; ")
        return None

    def path(self, row: int) -> Path:
        """Where a photo is now."""
        return Path(self.judged(row).path)

    def judged(self, row: int) -> Judged:
        """A photo as something can be decided about it, where it is now."""
        assert self.result is not None
        predictions, index = self.result.predictions, self.photos[row]
        photo = Judged(
            str(predictions.path(index)),
            self.folder_name(int(predictions.truth[index])),
            self.folder_name(int(self.result.answers[index])),
            float(self.result.confidences[index]),
        )
        return self._corrector.now(predictions.facts.data, photo)

    def folder_name(self, number: int) -> str:
        """What the folder calls a class of the model, which may be spelled otherwise there."""
        assert self.result is not None
        return self._folders.get(number, self.result.predictions.facts.classes[number])

    @property
    def folder_names(self) -> list[str]:
        """Of the classes that the folder has, as far as the result knows."""
        return sorted(self._folders.values())

    def badge(self, row: int) -> str:
        """What was decided about a photo; "": nothing."""
        assert self.result is not None
        predictions = self.result.predictions
        return self._corrector.badge(
            predictions.facts.data, str(predictions.path(self.photos[row]))
        )

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


def _folders(result: Result | None) -> dict[int, str]:
    """The sub-folder of each class of which there is a photo, by the class's number."""
    if result is None:
        return {}
    found = {}
    predictions = result.predictions
    for number, first in zip(*np.unique(predictions.truth, return_index=True), strict=True):
        label = predictions.facts.classes[number]
        above = predictions.paths[first].split("/")[:-1]
        words = class_words(label).casefold()
        same = (name for name in above if class_words(name).casefold() == words)
        found[int(number)] = next(same, label)
    return found


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
        badge = model.badge(row)
        painter.setOpacity(0.5 if badge else 1.0)
        if image is None:
            painter.fillRect(frame, QColor(colours.track))
        else:
            size = image.size().scaled(frame.size().toSize(), Qt.AspectRatioMode.KeepAspectRatio)
            shown = QRectF(0, 0, size.width(), size.height())
            shown.moveCenter(frame.center())
            painter.drawImage(shown, image)
        painter.setOpacity(1.0)
        if badge:
            draw_badge(painter, frame, badge)
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
    """A grid of photos that makes thumbnails only of what is seen. What is wrong with their labels
    can be decided here.

    Attributes:
        deciding: by keys and in the menu.

    Signals:
        opened(object): Path of a photo that was double-clicked, or Return was pressed on it.
        folder_requested(object): Path of a photo that should be shown in its folder.
    """

    opened = Signal(object)
    folder_requested = Signal(object)

    def __init__(self, io: JobLane, corrector: Corrector, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._corrector = corrector
        self.photos = GalleryModel(corrector, self)
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
        self.setSelectionMode(QListView.SelectionMode.ExtendedSelection)
        self.activated.connect(self._on_activated)
        self.deciding = Deciding(corrector, self, self.chosen)
        self.deciding.decided.connect(self._on_decided)
        corrector.changed.connect(self._on_corrected)
        corrector.opened.connect(self._on_corrected)

    def show_photos(self, result: Result | None, photos: Sequence[int], name: str = "") -> None:
        """Show these photos of a result."""
        self.photos.show_photos(result, photos)
        self.deciding.root = result.predictions.facts.data if result is not None else ""
        self._show_classes()
        self.setAccessibleName(one_line(f"Photos: {name}") if name else "Photos")
        self.scrollToTop()
        if photos:
            self.setCurrentIndex(self.photos.index(0))

    def current_path(self) -> Path | None:
        row = self.currentIndex().row()
        return self.photos.path(row) if 0 <= row < len(self.photos.photos) else None

    def chosen(self) -> list[Judged]:
        """The selected photos, in order."""
        return [self.photos.judged(row) for row in selected_rows(self)]

    def menu(self) -> QMenu:
        """What can be done with the selected photos; it deletes itself when it closes."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("Show on the Classify page").triggered.connect(self._on_open)
        menu.addAction("Show in folder").triggered.connect(self._on_folder)
        menu.addSeparator()
        self.deciding.add_to(menu)
        return menu

    def visualRegionForSelection(self, selection: QItemSelection) -> QRegion:
        return selected_region(self, selection) or super().visualRegionForSelection(selection)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if self.current_path() is not None:
            self.menu().popup(event.globalPos())

    def _show_classes(self) -> None:
        """What photos can be moved to: the folder's classes as far as they are known here."""
        if self.photos.result is not None:
            root = self.photos.result.predictions.facts.data
            self.deciding.classes = self._corrector.classes(root, self.photos.folder_names)

    @Slot(object, object)
    def _on_corrected(self, root: str, paths: object = None) -> None:
        if root == self.deciding.root:
            self._show_classes()
            self.viewport().update()

    @Slot()
    def _on_decided(self) -> None:
        choose_next(self)

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
