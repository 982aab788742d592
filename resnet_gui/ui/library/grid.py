"""Photos as a grid of equal cells."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from PySide6.QtCore import (
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import (
    QContextMenuEvent,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QRegion,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractItemView

from resnet_gui.ui.library.drawn import Drawn
from resnet_gui.ui.library.model import LibraryModel
from resnet_gui.ui.library.table import ENTER, REMOVE, menu_place
from resnet_gui.ui.widgets.photo_delegate import draw_photo
from resnet_gui.ui.widgets.photo_list import Photo, PhotoState
from resnet_gui.ui.widgets.theme import theme_colours

_CELL, _CELL_HEIGHT = 132, 142  # points; cells grow to fill a row
_Index = QModelIndex | QPersistentModelIndex


class Grid(QAbstractItemView):
    """Where a cell is, is computed. Qt's QListView asks the model for every row at each change of
    its size or rows, which takes 30 ms of Python for 20,000.

    Signals:
        opened(): the current photo is wanted large. remove_requested(): what is selected.
        menu_requested(QPoint): for what is selected; where on the screen.
    """

    opened = Signal()
    remove_requested = Signal()
    menu_requested = Signal(QPoint)

    def __init__(self, model: LibraryModel) -> None:
        super().__init__()
        self._photos = model
        self._drawn = Drawn(self._draw)
        self._width, self._height = _CELL, _CELL_HEIGHT
        self.setModel(model)
        model.pictured.connect(self._on_pictured)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setAccessibleName("Photos as a grid")
        self.doubleClicked.connect(self.opened)

    # --- where things are -------------------------------------------------------------------

    @property
    def in_a_row(self) -> int:
        """How many cells stand beside each other."""
        return max(1, self.viewport().width() // _CELL)

    def _rect(self, row: int) -> QRect:
        """A photo's cell, in points of the viewport."""
        line, place = divmod(row, self.in_a_row)
        width, height = self._width, self._height
        return QRect(place * width, line * height - self.verticalOffset(), width, height)

    def _row_at(self, point: QPoint) -> int:
        """The row of the cell there; the nearest cell of that line, if there is none."""
        place = min(max(0, point.x() // self._width), self.in_a_row - 1)
        line = (point.y() + self.verticalOffset()) // self._height
        return line * self.in_a_row + place

    def visualRect(self, index: _Index) -> QRect:
        return self._rect(index.row()) if index.isValid() else QRect()

    def indexAt(self, point: QPoint) -> QModelIndex:
        row = self._row_at(point)
        inside = 0 <= row < self.model().rowCount() and self._rect(row).contains(point)
        return self.model().index(row, 0) if inside else QModelIndex()

    def horizontalOffset(self) -> int:
        return 0

    def verticalOffset(self) -> int:
        return self.verticalScrollBar().value()

    def isIndexHidden(self, index: _Index) -> bool:
        return False

    def scrollTo(
        self,
        index: _Index,
        hint: QAbstractItemView.ScrollHint = QAbstractItemView.ScrollHint.EnsureVisible,
    ) -> None:
        if not index.isValid():
            return
        rect, room, bar = (
            self._rect(index.row()),
            self.viewport().height(),
            self.verticalScrollBar(),
        )
        if hint == QAbstractItemView.ScrollHint.PositionAtCenter:
            bar.setValue(bar.value() + rect.center().y() - room // 2)
        elif rect.top() < 0 or hint == QAbstractItemView.ScrollHint.PositionAtTop:
            bar.setValue(bar.value() + rect.top())
        elif rect.bottom() > room:
            bar.setValue(bar.value() + rect.bottom() - room + 1)

    def updateGeometries(self) -> None:
        count, bar, room = self.model().rowCount(), self.verticalScrollBar(), self.viewport()
        width = room.width() // self.in_a_row
        self._width = max(_CELL, width)
        self._height = _CELL_HEIGHT + (self._width - _CELL) * 3 // 4
        high = -(-count // self.in_a_row) * self._height
        bar.setRange(0, max(0, high - room.height()))
        bar.setPageStep(room.height())
        bar.setSingleStep(self._height // 3)
        super().updateGeometries()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """What was on top stays there."""
        first = self._row_at(QPoint(0, 0))
        before = self.in_a_row, self._height
        super().resizeEvent(event)
        self.updateGeometries()
        if (self.in_a_row, self._height) != before:
            self.verticalScrollBar().setValue(first // self.in_a_row * self._height)

    def rowsInserted(self, parent: _Index, first: int, last: int) -> None:
        super().rowsInserted(parent, first, last)
        self.scheduleDelayedItemsLayout()

    def reset(self) -> None:
        super().reset()
        self.scheduleDelayedItemsLayout()

    # --- painting ---------------------------------------------------------------------------

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        """What stays on the screen is moved, not painted again."""
        if abs(dy) < self.viewport().height():
            self.viewport().scroll(0, dy)
        else:
            self.viewport().update()

    def _rows_in(self, rect: QRect) -> range:
        """The rows of the lines that a part of the viewport shows."""
        line = max(0, rect.top() + self.verticalOffset()) // self._height
        end = (rect.bottom() + self.verticalOffset()) // self._height + 1
        return range(line * self.in_a_row, min(end * self.in_a_row, self._photos.rowCount()))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        photos, selection = self._photos, self.selectionModel()
        some = selection.hasSelection()
        font, ratio = self.font(), self.devicePixelRatioF()
        style = (self._width, self._height, ratio, theme_colours().dark, font.key())
        self._drawn.begin(style, QSize(self._width, self._height), ratio)
        columns, offset = self.in_a_row, self.verticalOffset()
        missing: list[int] = []
        for row in self._rows_in(event.rect()):
            photo = photos.photo(row)
            if photo is None:
                break
            selected = some and selection.isSelected(photos.index(row, 0))
            line, place = divmod(row, columns)
            at = QPoint(place * self._width, line * self._height - offset)
            look = photo.state, photo.prediction, selected
            if not self._drawn.paint(painter, at, photo, look, selected):
                missing.append(row)
        painter.end()
        self._drawn.end(len(self._rows_in(self.viewport().rect())))
        if missing:
            self._repaint(missing)

    def _draw(self, painter: QPainter, photo: Photo | None, selected: bool) -> bool:
        image = None if photo is None else self._photos.source.thumbnail(photo)
        painter.setFont(self.font())
        room = QRectF(0, 0, self._width, self._height)
        draw_photo(painter, room, photo, image, selected=selected, kept=False)
        return image is not None or photo is None or photo.state is PhotoState.FAILED

    def _repaint(self, rows: Iterable[int]) -> None:
        """In the next round of events: the lines from the first to the last of these."""
        lines = {row // self.in_a_row for row in rows}
        if lines:
            first, last = min(lines), max(lines)
            top = first * self._height - self.verticalOffset()
            self.viewport().update(
                0, top, self.viewport().width(), (last - first + 1) * self._height
            )

    @Slot(object)
    def _on_pictured(self, rows: Sequence[int]) -> None:
        if self.isVisible():
            seen = self._rows_in(self.viewport().rect())
            self._repaint(row for row in rows if row in seen)

    def dataChanged(self, first: _Index, last: _Index, roles: Sequence[int] = ()) -> None:
        """Only what is seen is painted. Qt would ask for the place of each cell that changed."""
        if first.row() == last.row():
            index = self._photos.index(first.row(), 0)
            super().dataChanged(index, index, roles)
        elif self.isVisible():
            seen = self._rows_in(self.viewport().rect())
            self._repaint(range(max(first.row(), seen.start), min(last.row() + 1, seen.stop)))

    @property
    def selecting(self) -> bool:
        """Whether a person is dragging over photos."""
        return self.state() == QAbstractItemView.State.DragSelectingState

    def visualRegionForSelection(self, selection: QItemSelection) -> QRegion:
        """What is painted anew when the selection changes."""
        return QRegion(self.viewport().rect())

    # --- keys and mouse ---------------------------------------------------------------------

    def moveCursor(
        self, action: QAbstractItemView.CursorAction, modifiers: Qt.KeyboardModifier
    ) -> QModelIndex:
        moves, count = QAbstractItemView.CursorAction, self.model().rowCount()
        page = max(1, self.viewport().height() // self._height) * self.in_a_row
        step = {
            moves.MoveLeft: -1,
            moves.MovePrevious: -1,
            moves.MoveRight: 1,
            moves.MoveNext: 1,
            moves.MoveUp: -self.in_a_row,
            moves.MoveDown: self.in_a_row,
            moves.MovePageUp: -page,
            moves.MovePageDown: page,
            moves.MoveHome: -count,
            moves.MoveEnd: count,
        }[action]
        row = self.currentIndex().row()
        if not count:
            return QModelIndex()
        if row < 0:
            return self.model().index(0, 0)
        wanted = row + step
        if action in (moves.MoveUp, moves.MoveDown) and not 0 <= wanted < count:
            # In the last line but one, down leads to the last photo, if there is none below.
            more = action == moves.MoveDown and row // self.in_a_row < (count - 1) // self.in_a_row
            wanted = count - 1 if more else row
        return self.model().index(min(max(wanted, 0), count - 1), 0)

    def setSelection(self, rect: QRect, command: QItemSelectionModel.SelectionFlag) -> None:
        """Called by Qt with the two ends of what a person selects, or with a rectangle that was
        dragged over the photos."""
        count, last = self.model().rowCount(), self.model().columnCount() - 1
        selection = QItemSelection()

        def add(first: int, end: int) -> None:
            first, end = max(0, first), min(end, count - 1)
            if first <= end:
                model = self.model()
                selection.select(model.index(first, 0), model.index(end, last))

        if self.state() == QAbstractItemView.State.DragSelectingState:
            rect = rect.normalized()
            left, right = self._row_at(rect.topLeft()), self._row_at(rect.bottomRight())
            width = right % self.in_a_row - left % self.in_a_row
            for first in range(left, right + 1, self.in_a_row):
                add(first, first + width)
        else:
            ends = self._row_at(rect.topLeft()), self.currentIndex().row()
            add(min(ends), max(ends))
        self.selectionModel().select(selection, command)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in ENTER and self.currentIndex().isValid():
            self.opened.emit()
        elif event.key() in REMOVE:
            self.remove_requested.emit()
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        place = menu_place(self, event)
        if place is not None:
            self.menu_requested.emit(place)
