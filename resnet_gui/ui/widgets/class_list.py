"""The classes of a folder: name, number of photos as a bar, a few thumbnails."""

from __future__ import annotations

import heapq
from typing import Any

from PySide6.QtCore import (
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRectF,
    QSize,
    Qt,
    Slot,
)
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPainterPath
from PySide6.QtWidgets import QListView, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from resnet_gui.core.dataset.summary import ClassSummary, DatasetSummary, count_noun
from resnet_gui.core.events import ImageSource
from resnet_gui.jobs.lane import JobLane
from resnet_gui.ui.widgets.class_names import class_words
from resnet_gui.ui.widgets.plain_text import tooltip
from resnet_gui.ui.widgets.rows_model import RowsModel
from resnet_gui.ui.widgets.theme import theme_colours
from resnet_gui.ui.widgets.thumbnails import Thumbnails

_THUMBNAIL = 44
_ROW_HEIGHT = 60
_MEASURED = 40  # names
_Index = QModelIndex | QPersistentModelIndex


class ClassModel(RowsModel):
    """One row per class."""

    ClassRole = int(Qt.ItemDataRole.UserRole) + 1

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._classes: tuple[ClassSummary, ...] = ()
        self.largest = 1
        self._measured = ("", 0.0)

    def show_summary(self, summary: DatasetSummary) -> None:
        self._classes = summary.classes
        self._measured = ("", 0.0)
        self.largest = max((item.count for item in self._classes), default=1)
        self.set_rows(len(self._classes))

    def refresh(self) -> None:
        if self._classes:
            self.dataChanged.emit(self.index(0), self.index(len(self._classes) - 1))

    def widest(self, font: QFont) -> float:
        """Pixels that the longest name takes with its numbers: pictures leave it that room."""
        key = font.key()
        if self._measured[0] != key:
            bold = QFont(font)
            bold.setBold(True)
            names, numbers = QFontMetricsF(bold), QFontMetricsF(font)
            # Those with most letters: to measure 1,000 names takes a tenth of a second.
            texts = ((class_words(item.name), parts_text(item)) for item in self._classes)
            longest = heapq.nlargest(_MEASURED, texts, key=lambda two: len(two[0]) + len(two[1]))
            widths = (
                names.horizontalAdvance(name) + numbers.horizontalAdvance(count)
                for name, count in longest
            )
            self._measured = (key, max(widths, default=0.0) + 20)
        return self._measured[1]

    def data(self, index: _Index, role: int = int(Qt.ItemDataRole.DisplayRole)) -> Any:
        if not 0 <= index.row() < len(self._classes):
            return None
        item = self._classes[index.row()]
        if role == self.ClassRole:
            return item
        if role == Qt.ItemDataRole.DisplayRole:
            return class_words(item.name)
        text = f"{class_words(item.name)}: {parts_text(item)}"
        if role == Qt.ItemDataRole.ToolTipRole:
            return tooltip(text)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return text
        return None


def parts_text(item: ClassSummary) -> str:
    """ "120 photos" or "100 training, 20 validation" """
    if item.undivided:
        return count_noun(item.count, "photo")
    named = (("training", item.train), ("validation", item.val), ("test", item.test))
    return ", ".join(f"{count:,} {name}" for name, count in named if count)


def counts_in(item: ClassSummary, metrics: QFontMetricsF, width: float) -> str:
    """The photos of a class, in fewer words where there is less room: its name comes first."""
    total = f"{item.count:,}"
    for text in (parts_text(item), count_noun(item.count, "photo")):
        if metrics.horizontalAdvance(text) <= width:
            return text
    return total


class _ClassDelegate(QStyledItemDelegate):
    """Name and count above a bar, thumbnails on the right."""

    def __init__(self, view: QListView, thumbnails: Thumbnails) -> None:
        super().__init__(view)
        self._thumbnails = thumbnails

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return QSize(120, _ROW_HEIGHT)  # in a small window; what does not fit is left out

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        colours = theme_colours()
        item = index.data(ClassModel.ClassRole)
        model = index.model()
        assert isinstance(model, ClassModel)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        row = QRectF(option.rect).adjusted(10, 6, -10, -6)
        font = painter.font()
        wanted = min(row.width(), max(220.0, model.widest(font) + 12))
        pictures = min(len(item.samples), max(0, int((row.width() - wanted) // (_THUMBNAIL + 4))))
        text_width = row.width() - pictures * (_THUMBNAIL + 4) - 12
        font.setBold(True)
        painter.setFont(font)
        metrics = QFontMetricsF(font)
        line = QRectF(row.left(), row.top() + 2, text_width, metrics.height() + 2)
        words = class_words(item.name)
        font.setBold(False)
        room = text_width - metrics.horizontalAdvance(words) - 12
        count = counts_in(item, QFontMetricsF(font), room)
        count_width = QFontMetricsF(font).horizontalAdvance(count) + 4
        painter.setPen(QColor(colours.text))
        name = metrics.elidedText(words, Qt.TextElideMode.ElideRight, text_width - count_width - 8)
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, name)
        painter.setFont(font)
        painter.setPen(QColor(colours.muted))
        painter.drawText(line, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, count)
        share = item.count / model.largest
        for width, colour in ((text_width, colours.track), (text_width * share, colours.accent)):
            bar = QPainterPath()
            bar.addRoundedRect(QRectF(row.left(), line.bottom() + 7, max(2.0, width), 8), 4, 4)
            painter.fillPath(bar, QColor(colour))
        left = row.left() + text_width + 12
        for path in item.samples[:pictures]:
            self._paint_picture(painter, path, QRectF(left, row.top() + 2, _THUMBNAIL, _THUMBNAIL))
            left += _THUMBNAIL + 4
        painter.restore()

    def _paint_picture(self, painter: QPainter, path: str, frame: QRectF) -> None:
        image = self._thumbnails.get(ImageSource(path))
        clip = QPainterPath()
        clip.addRoundedRect(frame, 4, 4)
        painter.save()
        painter.setClipPath(clip)
        if image is None:
            painter.fillRect(frame, QColor(theme_colours().track))
        else:
            side = min(image.width(), image.height())
            part = QRectF((image.width() - side) / 2, (image.height() - side) / 2, side, side)
            painter.drawImage(frame, image, part)
        painter.restore()


class ClassList(QListView):
    """The classes of the chosen folder."""

    def __init__(self, io: JobLane, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._thumbnails = Thumbnails(io, _THUMBNAIL * 2, self)
        self._thumbnails.made.connect(self._on_thumbnail_made)
        self.classes = ClassModel(self)
        self.setModel(self.classes)
        self.setItemDelegate(_ClassDelegate(self, self._thumbnails))
        self.setUniformItemSizes(True)
        self.setSelectionMode(QListView.SelectionMode.NoSelection)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setProperty("kind", "bare")
        self.setAccessibleName("Classes")

    def show_summary(self, summary: DatasetSummary) -> None:
        self.classes.show_summary(summary)

    @Slot(object)
    def _on_thumbnail_made(self, path: str) -> None:
        self.viewport().update()
