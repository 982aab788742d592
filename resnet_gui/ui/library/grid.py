"""Photos as a grid of equal cells."""

from __future__ import annotations

from PySide6.QtCore import (
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QContextMenuEvent,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QRegion,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractItemView, QStyle, QStyleOptionViewItem

from resnet_gui.ui.library.model import LibraryModel
from resnet_gui.ui.library.table import ENTER, REMOVE, menu_place
from resnet_gui.ui.widgets.photo_delegate import PhotoDelegate

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
        self._delegate = PhotoDelegate(_CELL, _CELL_HEIGHT, self)
        self.setItemDelegate(self._delegate)
        self.setModel(model)
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
        width, height = self._delegate.width, self._delegate.height
        return QRect(place * width, line * height - self.verticalOffset(), width, height)

    def _row_at(self, point: QPoint) -> int:
        """The row of the cell there; the nearest cell of that line, if there is none."""
        place = min(max(0, point.x() // self._delegate.width), self.in_a_row - 1)
        line = (point.y() + self.verticalOffset()) // self._delegate.height
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
        self._delegate.width = max(_CELL, width)
        self._delegate.height = _CELL_HEIGHT + (self._delegate.width - _CELL) * 3 // 4
        high = -(-count // self.in_a_row) * self._delegate.height
        bar.setRange(0, max(0, high - room.height()))
        bar.setPageStep(room.height())
        bar.setSingleStep(self._delegate.height // 3)
        super().updateGeometries()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """What was on top stays there."""
        first = self._row_at(QPoint(0, 0))
        before = self.in_a_row, self._delegate.height
        super().resizeEvent(event)
        self.updateGeometries()
        if (self.in_a_row, self._delegate.height) != before:
            self.verticalScrollBar().setValue(first // self.in_a_row * self._delegate.height)

    def rowsInserted(self, parent: _Index, first: int, last: int) -> None:
        super().rowsInserted(parent, first, last)
        self.scheduleDelayedItemsLayout()

    def reset(self) -> None:
        super().reset()
        self.scheduleDelayedItemsLayout()

    # --- painting ---------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        option = QStyleOptionViewItem()
        self.initViewItemOption(option)
        usual, state = option.state, QStyle.StateFlag
        selection, current = self.selectionModel(), self.currentIndex().row()
        focused = self.hasFocus()
        first = max(0, self._row_at(event.rect().topLeft()))
        last = min(self._row_at(event.rect().bottomRight()) + 1, self.model().rowCount())
        for row in range(first, last):
            index = self.model().index(row, 0)
            option.rect = self._rect(row)
            option.state = usual & ~(state.State_HasFocus | state.State_Selected)
            if selection.isSelected(index):
                option.state |= state.State_Selected
            if focused and row == current:
                option.state |= state.State_HasFocus
            self._delegate.paint(painter, option, index)
        painter.end()

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
        page = max(1, self.viewport().height() // self._delegate.height) * self.in_a_row
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
