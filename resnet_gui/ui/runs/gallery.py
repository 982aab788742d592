"""Photos of a comparison as a wall of thumbnails, each with what the two models said."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import (
    QItemSelection,
    QModelIndex,
    QObject,
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
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPen,
    QRegion,
)
from PySide6.QtWidgets import QListView, QMenu, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from resnet_gui.core.evaluation.paired import Compared, PairedPhoto
from resnet_gui.core.events import ImageSource
from resnet_gui.jobs.lane import JobLane
from resnet_gui.ui.correcting.badge import draw_badge
from resnet_gui.ui.correcting.corrector import Corrector
from resnet_gui.ui.correcting.deciding import Deciding
from resnet_gui.ui.correcting.judged import Judged
from resnet_gui.ui.correcting.selection import choose_next, selected_region, selected_rows
from resnet_gui.ui.widgets.class_names import class_words
from resnet_gui.ui.widgets.icons import draw_icon
from resnet_gui.ui.widgets.plain_text import one_line, tooltip
from resnet_gui.ui.widgets.rows_model import RowsModel
from resnet_gui.ui.widgets.theme import theme_colours
from resnet_gui.ui.widgets.thumbnails import Thumbnails

_SIDE = 256  # pixels of a thumbnail: sharp at 128 points on a 2x screen
_WIDTH, _PICTURE = 150, 104  # points
_Index = QModelIndex | QPersistentModelIndex


def answer_texts(photo: PairedPhoto) -> tuple[str, str, str]:
    """The lines below a photo: what it shows, and what the two said of it."""
    truth, first, second = (class_words(n) for n in (photo.truth, photo.first, photo.second))
    marks = ("✓" if said == photo.truth else "✗" for said in (photo.first, photo.second))
    one, other = (f"{letter} {mark} " for letter, mark in zip("AB", marks, strict=True))
    return (
        one_line(truth, 60),
        f"{one}{one_line(first, 40)} {photo.first_probability:.0%}",
        f"{other}{one_line(second, 40)} {photo.second_probability:.0%}",
    )


def in_folder(path: str, name: str) -> str:
    """What the folder above a photo is called where that is this class, perhaps spelled otherwise
    there; else the name itself."""
    words = class_words(name).casefold()
    above = (parent.name for parent in Path(path).parents)
    return next((found for found in above if class_words(found).casefold() == words), name)


class PairedPhotos(RowsModel):
    """The photos of one cell.

    Attributes:
        root: the folder that was compared on.
    """

    PhotoRole = int(Qt.ItemDataRole.UserRole) + 1
    BadgeRole = int(Qt.ItemDataRole.UserRole) + 2

    def __init__(self, io: JobLane, corrector: Corrector, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._corrector = corrector
        self.root = ""
        self._names: dict[str, str] = {}
        self._photos: Sequence[PairedPhoto] = ()
        self._rows: dict[object, int] = {}
        self._thumbnails = Thumbnails(io, _SIDE, self)
        self._thumbnails.made.connect(self._on_made)

    def show_photos(self, photos: Sequence[PairedPhoto]) -> None:
        self._photos = photos
        self._rows = {_source(photo).id: row for row, photo in enumerate(photos)}
        self.set_rows(len(photos))

    def show_result(self, result: Compared) -> None:
        """The folder is another one, perhaps."""
        self.root = result.data
        first = {photo.truth: photo.path for photo in reversed(result.photos)}
        self._names = {name: in_folder(path, name) for name, path in first.items()}

    @property
    def folder_names(self) -> list[str]:
        """Of the classes that the folder has, as far as the result knows."""
        return sorted(self._names.values())

    def judged(self, row: int) -> Judged:
        """A photo as something can be decided about it, where it is now. The guess is the class
        that only one of the two models, or both of them, say instead of its own."""
        photo = self._photos[row]
        said = {photo.first: photo.first_probability}
        said[photo.second] = max(photo.second_probability, said.get(photo.second, 0.0))
        said.pop(photo.truth, None)
        guess, sure = next(iter(said.items())) if len(said) == 1 else ("", 0.0)
        names = self._names
        found = Judged(photo.path, names[photo.truth], names.get(guess, guess), sure)
        return self._corrector.now(self.root, found)

    def data(self, index: _Index, role: int = int(Qt.ItemDataRole.DisplayRole)) -> Any:
        if not index.isValid() or index.row() >= len(self._photos):
            return None
        photo = self._photos[index.row()]
        if role == self.PhotoRole:
            return photo
        badge = self._corrector.badge(self.root, photo.path)
        if role == self.BadgeRole:
            return badge
        decided = f"\nDecided: {badge}" if badge else ""
        if role == Qt.ItemDataRole.DisplayRole:
            return ", ".join(answer_texts(photo))
        if role == Qt.ItemDataRole.DecorationRole:
            return self._thumbnails.get(_source(photo))
        if role == Qt.ItemDataRole.ToolTipRole:
            truth, first, second = answer_texts(photo)
            return tooltip(f"{photo.path}\nIt is: {truth}\n{first}\n{second}{decided}")
        if role == Qt.ItemDataRole.AccessibleTextRole:
            said = f"{one_line(Path(photo.path).name)}: {', '.join(answer_texts(photo))}"
            return said + decided.replace("\n", "; ")
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
            painter.setOpacity(0.5 if index.data(PairedPhotos.BadgeRole) else 1.0)
            painter.drawImage(size, image)
        painter.restore()
        if badge := index.data(PairedPhotos.BadgeRole):
            draw_badge(painter, frame, badge)
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
    """A wall of photos. Enter and a double click open one; what is wrong with their labels can be
    decided here.

    Attributes:
        deciding: by keys and in the menu.

    Signals:
        open_requested(object): Path of a photo.
    """

    open_requested = Signal(object)

    def __init__(self, io: JobLane, corrector: Corrector) -> None:
        super().__init__()
        self._corrector = corrector
        self.photos = PairedPhotos(io, corrector, self)
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
        self.setSelectionMode(QListView.SelectionMode.ExtendedSelection)
        self.deciding = Deciding(corrector, self, self.chosen)
        self.deciding.decided.connect(self._on_decided)
        corrector.changed.connect(self._on_corrected)
        corrector.opened.connect(self._on_corrected)

    def show_result(self, result: Compared) -> None:
        """Its photos come by `photos.show_photos`, a cell at a time."""
        self.photos.show_result(result)
        self.deciding.root = result.data
        self._show_classes()

    def chosen(self) -> list[Judged]:
        """The selected photos, in order."""
        return [self.photos.judged(row) for row in selected_rows(self)]

    def menu(self) -> QMenu:
        """What can be done with the selected photos; it deletes itself when it closes."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("Show on the Classify page").triggered.connect(self._on_open)
        menu.addSeparator()
        self.deciding.add_to(menu)
        return menu

    def visualRegionForSelection(self, selection: QItemSelection) -> QRegion:
        return selected_region(self, selection) or super().visualRegionForSelection(selection)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if self.chosen():
            self.menu().popup(event.globalPos())

    def _show_classes(self) -> None:
        root = self.photos.root
        self.deciding.classes = self._corrector.classes(root, self.photos.folder_names)

    @Slot(object, object)
    def _on_corrected(self, root: str, paths: object = None) -> None:
        if root and root == self.photos.root:
            self._show_classes()
            self.viewport().update()

    @Slot()
    def _on_decided(self) -> None:
        """On to the next one."""
        choose_next(self)

    @Slot()
    def _on_open(self) -> None:
        self._open(self.currentIndex())

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
