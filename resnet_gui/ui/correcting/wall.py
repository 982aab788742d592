"""A wall of labelled photos: each with what the folder says, what the model says, and what a person
has decided about it."""

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
    QFontMetricsF,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QPainterPath,
    QPen,
    QRegion,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
)

from resnet_gui.core.events import ImageSource, PhotoId
from resnet_gui.jobs.lane import JobLane
from resnet_gui.ui.correcting.badge import draw_badge
from resnet_gui.ui.correcting.corrector import Corrector
from resnet_gui.ui.correcting.judged import Judged, paths_of
from resnet_gui.ui.correcting.selection import selected_region, selected_rows
from resnet_gui.ui.widgets.answer import percent
from resnet_gui.ui.widgets.class_names import class_words
from resnet_gui.ui.widgets.menu_list_view import MenuListView
from resnet_gui.ui.widgets.photo_delegate import draw_thumbnail
from resnet_gui.ui.widgets.photo_list import THUMBNAIL_SIDE
from resnet_gui.ui.widgets.plain_text import one_line, tooltip
from resnet_gui.ui.widgets.rows_model import RowsModel
from resnet_gui.ui.widgets.theme import theme_colours
from resnet_gui.ui.widgets.thumbnails import Thumbnails

_PICTURE = 128.0  # points
_CELL_WIDTH = 148
_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
_Index = QModelIndex | QPersistentModelIndex


class WallModel(RowsModel):
    """Photos in an order of somebody else's.

    Attributes:
        root: the labelled folder whose decisions count.
        photos: as they were listed; `now` says where one is since.
    """

    JudgedRole = int(Qt.ItemDataRole.UserRole) + 1
    BadgeRole = JudgedRole + 1

    def __init__(self, io: JobLane, corrector: Corrector, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._corrector = corrector
        self.root = ""
        self.photos: Sequence[Judged] = ()
        self._row_of: dict[str, int] | None = None  # made when something is decided
        self._row_of_id: dict[PhotoId, int] = {}
        self._thumbnails = Thumbnails(io, THUMBNAIL_SIDE, self, on_disk=True)
        self._thumbnails.made.connect(self._on_made)
        corrector.changed.connect(self._on_changed)

    def show_photos(self, root: str, photos: Sequence[Judged]) -> None:
        self.root, self.photos = root, photos
        self._row_of = None
        self._row_of_id = {}
        self.set_rows(len(photos))

    def now(self, row: int) -> Judged:
        """A photo where it is now."""
        return self._corrector.now(self.root, self.photos[row])

    @Slot(object, object)
    def _on_changed(self, root: str, paths: frozenset[str]) -> None:
        """One that is somewhere else now is not known by its path: all are looked at then."""
        if root != self.root or not self.photos:
            return
        if self._row_of is None:
            self._row_of = {path: row for row, path in enumerate(paths_of(self.photos))}
        rows = [self._row_of.get(path, -1) for path in paths]
        if not rows or -1 in rows:
            rows = [0, len(self.photos) - 1]
        self.dataChanged.emit(self.index(min(rows)), self.index(max(rows)))

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = index.row()
        if not 0 <= row < len(self.photos):
            return None
        if role == self.BadgeRole:
            return self._corrector.badge(self.root, self.photos[row].path)
        photo = self.now(row)
        if role == self.JudgedRole:
            return photo
        if role == Qt.ItemDataRole.DisplayRole:
            return photo.words
        if role == Qt.ItemDataRole.DecorationRole:
            source = ImageSource.file(photo.path)
            self._row_of_id[source.id] = row
            return self._thumbnails.get(source)
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            badge = self._corrector.badge(self.root, self.photos[row].path)
            decided = f"Decided: {badge}" if badge else ""
            if role == Qt.ItemDataRole.ToolTipRole:
                rows = (photo.path, photo.words, decided)
                return tooltip("\n".join(text for text in rows if text))
            words = [one_line(Path(photo.path).name), photo.words, decided]
            return "; ".join(text for text in words if text)
        return None

    @Slot(object)
    def _on_made(self, photo_id: PhotoId) -> None:
        row = self._row_of_id.get(photo_id, -1)
        if 0 <= row < len(self.photos):
            index = self.index(row)
            self.dataChanged.emit(index, index, [int(Qt.ItemDataRole.DecorationRole)])


class _Delegate(QStyledItemDelegate):
    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return cell_size(option.fontMetrics.height())

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        photo: Judged = index.data(WallModel.JudgedRole)
        badge = str(index.data(WallModel.BadgeRole))
        colours = theme_colours()
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        cell = QRectF(option.rect).adjusted(2, 2, -2, -2)
        if option.state & QStyle.StateFlag.State_Selected:
            ground = QPainterPath()
            ground.addRoundedRect(cell, 8, 8)
            painter.fillPath(ground, QColor(colours.accent_ground))
            width = 2.5 if option.state & QStyle.StateFlag.State_HasFocus else 1.0
            painter.strokePath(ground, QPen(QColor(colours.accent), width))
        frame = QRectF(cell.center().x() - _PICTURE / 2, cell.top() + 6, _PICTURE, _PICTURE)
        painter.setOpacity(0.5 if badge else 1.0)
        image = index.data(Qt.ItemDataRole.DecorationRole)
        draw_thumbnail(painter, frame, image, failed=False, whole=True)
        painter.setOpacity(1.0)
        if badge:
            draw_badge(painter, frame, badge)
        metrics = QFontMetricsF(painter.font())
        line = QRectF(cell.left() + 5, frame.bottom() + 4, cell.width() - 10, metrics.height())
        moved = bool(photo.guess) and photo.guess == photo.label  # to where the model saw it
        said = "fits" if photo.fits or moved else "like" if photo.guess else ""
        sure = f" {percent(photo.probability if photo.guess else photo.fits)}" if said else ""
        room = line.width() - metrics.horizontalAdvance(sure)
        label, guess = class_words(photo.label), "" if moved else class_words(photo.guess)
        for words, behind, colour in (
            (f"in {label}" if photo.label else "in no class yet", "", colours.muted),
            (f"{said} {guess}".strip(), sure, colours.text),
        ):
            painter.setPen(QColor(colour))
            cut = metrics.elidedText(
                words, Qt.TextElideMode.ElideRight, room if behind else line.width()
            )
            painter.drawText(line, Qt.AlignmentFlag.AlignHCenter, cut + behind)
            line.moveTop(line.bottom())
        painter.restore()


def cell_size(line_height: int) -> QSize:
    return QSize(_CELL_WIDTH, int(_PICTURE) + 2 * line_height + 18)


class Wall(MenuListView):
    """Arrow keys go from photo to photo; several can be selected. Thumbnails are made of what is on
    the screen only.

    Signals:
        large_requested(): Space, or a double click.
        current_changed(): the photo that the person is at is another.
    """

    large_requested = Signal()
    current_changed = Signal()

    def __init__(self, io: JobLane, corrector: Corrector) -> None:
        super().__init__()
        self.photos = WallModel(io, corrector, self)
        self.setModel(self.photos)
        self.setItemDelegate(_Delegate(self))
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setMovement(QListView.Movement.Static)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setUniformItemSizes(True)
        self.setGridSize(cell_size(self.fontMetrics().height()))
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setSelectionRectVisible(True)
        self.setMinimumSize(_CELL_WIDTH + 30, 120)
        self.setAccessibleName("Photos")
        self.doubleClicked.connect(self.large_requested)
        self.selectionModel().currentChanged.connect(self._on_current_changed)

    def show_photos(self, root: str, photos: Sequence[Judged], row: int = 0) -> None:
        """Show other photos, with the one of this row as the current one."""
        self.photos.show_photos(root, photos)
        self.scrollToTop()
        if photos:
            self.go_to(min(row, len(photos) - 1))
        self.current_changed.emit()

    def go_to(self, row: int) -> None:
        """Make one photo the current one, and the only one that is selected."""
        if 0 <= row < self.photos.rowCount():
            self.setCurrentIndex(self.photos.index(row))

    @property
    def current(self) -> Judged | None:
        row = self.currentIndex().row()
        return self.photos.now(row) if 0 <= row < self.photos.rowCount() else None

    @property
    def badge(self) -> str:
        """What was decided about the current photo."""
        return str(self.currentIndex().data(WallModel.BadgeRole) or "")

    @property
    def all_decided(self) -> bool:
        model = self.photos
        rows = range(model.rowCount())
        return all(model.index(row).data(WallModel.BadgeRole) for row in rows)

    @property
    def chosen_rows(self) -> list[int]:
        """Of what is selected, from top to bottom; else of the current photo."""
        rows = selected_rows(self)
        if not rows and self.currentIndex().isValid():
            return [self.currentIndex().row()]
        return rows

    def chosen(self) -> list[Judged]:
        """What is selected, in the wall's order; else the current photo."""
        return [self.photos.now(row) for row in self.chosen_rows]

    def step_on(self) -> None:
        """To the photo behind what is selected; at the end it stays."""
        spans = self.selectionModel().selection().toList()
        last = max((span.bottom() for span in spans), default=self.currentIndex().row())
        self.go_to(min(last + 1, self.photos.rowCount() - 1))

    def visualRegionForSelection(self, selection: QItemSelection) -> QRegion:
        return selected_region(self, selection) or super().visualRegionForSelection(selection)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space:
            self.large_requested.emit()
        elif event.matches(QKeySequence.StandardKey.SelectAll):
            self.selectAll()  # it has a text, too
        elif event.key() in _ENTER or event.text().strip():
            event.ignore()  # not Qt's search by letters: they are keys for decisions
        else:
            super().keyPressEvent(event)

    @Slot(QModelIndex, QModelIndex)
    def _on_current_changed(self, current: QModelIndex, previous: QModelIndex) -> None:
        self.current_changed.emit()
