"""The confusion matrix, painted: from two classes to a thousand."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetricsF,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QWidget

from resnet_gui.ui.evaluate.matrix_cells import Cell, MatrixCells
from resnet_gui.ui.evaluate.result import Result
from resnet_gui.ui.widgets.plain_text import show_tooltip, widest
from resnet_gui.ui.widgets.theme import theme_colours

_LARGEST, _SMALLEST = 110.0, 15.0  # pixels of a cell
_WITH_TEXT = 24.0  # from here on a cell holds its number
_LONGEST_LABEL = 130.0
_ZOOM = 1.25
_WRONG = ("#c05000", "#e69f00")  # light, dark: told from blue without colours, too
_STRONGEST = (0.62, 0.5)  # light, dark: the number on it keeps a contrast of 4.5


class MatrixView(QAbstractScrollArea):
    """Rows: what a photo shows. Columns: what the model said. Blue is right, orange wrong; the
    stronger, the larger the share of the row.

    A click on a cell, or Return, asks for its photos; arrows move; + and − or Ctrl and the wheel
    change the size, 0 fits it to the window; N goes to the next larger confusion.

    Attributes:
        cells: what it shows.
        percent: whether cells hold the share of their row instead of photos.
        current: row and column of the cell that the keys act on, as shown.

    Signals:
        cell_chosen(int truth, int answer): a cell with photos was clicked.
        pointed(object): the cell under the pointer or the keys, in words; "" for none.
    """

    cell_chosen = Signal(int, int)
    pointed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._result: Result | None = None
        self.cells = MatrixCells()
        self._side, self._wished = _LARGEST, 0.0
        self._left = self._top = 0.0
        self.percent = False
        self.current: Cell | None = None
        self._hover: Cell | None = None
        self.setAccessibleName("Confusion matrix")
        self.setMinimumSize(200, 110)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.viewport().setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def sizeHint(self) -> QSize:
        return QSize(560, 460)

    # --- what is shown ----------------------------------------------------------------------

    def show_result(self, result: Result, *, by_confusion: bool) -> None:
        """Show a result's matrix, its classes in the order of confusion or of their names."""
        order = result.order if by_confusion else tuple(sorted(result.order))
        chosen = self.chosen() if self._result is result else None
        self._result, self.cells = result, MatrixCells(result, order)
        place = {index: row for row, index in enumerate(order)}
        self.current = (place[chosen[0]], place[chosen[1]]) if chosen else None
        self._hover = None
        self._arrange()

    def set_percent(self, percent: bool) -> None:
        self.percent = percent
        self._arrange()

    def chosen(self) -> Cell | None:
        """Truth and answer of the current cell."""
        if self.current is None:
            return None
        row, column = self.current
        return self.cells.order[row], self.cells.order[column]

    def select(self, truth: int, answer: int) -> None:
        """Make a cell the current one."""
        order = self.cells.order
        if truth in order and answer in order:
            self._move_to((order.index(truth), order.index(answer)))

    # --- where things are -------------------------------------------------------------------

    def _arrange(self) -> None:
        """Sizes of cells and labels, and how far it can be scrolled."""
        n = max(1, len(self.cells))
        font = self.font()
        font.setBold(True)  # as the labels of the cell under the pointer or the keys are
        metrics = QFontMetricsF(font)
        longest = widest(self.cells.labels, metrics)
        view = self.viewport().size()
        self._left = min(longest, _LONGEST_LABEL, view.width() * 0.3) + 26
        upright = min(longest, _LONGEST_LABEL, view.height() * 0.3)
        room = min(view.width() - self._left - 2, (view.height() - metrics.height() * 2 - 14))
        flat = longest + 8 <= min(_LARGEST, max(_SMALLEST, room / n))
        self._flat = flat
        self._top = (metrics.height() if flat else upright) + metrics.height() + 12
        fitted = min(view.width() - self._left - 2, view.height() - self._top - 2) / n
        fitted = min(_LARGEST, max(_SMALLEST, fitted))
        self._side = min(_LARGEST, max(_SMALLEST, self._wished)) if self._wished else fitted
        if self._flat and longest + 8 > self._side:
            self._flat = False
            self._top = upright + metrics.height() + 12
        for bar, whole, shown in (
            (self.horizontalScrollBar(), self._left + n * self._side + 2, view.width()),
            (self.verticalScrollBar(), self._top + n * self._side + 2, view.height()),
        ):
            bar.setRange(0, max(0, int(whole - shown)))
            bar.setPageStep(shown)
            bar.setSingleStep(int(self._side))
        self._describe()
        self.viewport().update()

    def cell_rect(self, cell: Cell) -> QRectF:
        """Where a cell is painted."""
        row, column = cell
        x = self._left + column * self._side - self.horizontalScrollBar().value()
        y = self._top + row * self._side - self.verticalScrollBar().value()
        return QRectF(x, y, self._side, self._side)

    def cell_at(self, place: QPoint) -> Cell | None:
        if self._result is None or place.x() < self._left or place.y() < self._top:
            return None
        across = place.x() - self._left + self.horizontalScrollBar().value()
        down = place.y() - self._top + self.verticalScrollBar().value()
        row, column = int(down // self._side), int(across // self._side)
        n = len(self.cells)
        return (row, column) if row < n and column < n else None

    # --- painting ---------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        colours = theme_colours()
        view = self.viewport().rect()
        painter.fillRect(view, QColor(colours.surface))
        if self._result is None:
            return
        rows, columns = self._seen(view.height(), self._top), self._seen_across(view.width())
        cells = QRectF(self._left, self._top, view.width(), view.height())
        painter.save()
        painter.setClipRect(cells)
        self._paint_cells(painter, rows, columns)
        painter.restore()
        self._paint_rows(painter, rows)
        self._paint_columns(painter, columns)
        painter.setPen(QColor(colours.muted))
        metrics = painter.fontMetrics()
        above = QRectF(self._left, 2, max(0.0, view.width() - self._left), metrics.height())
        painter.drawText(above, Qt.AlignmentFlag.AlignLeft, "the model said →")
        painter.save()
        painter.translate(2, view.height())
        painter.rotate(-90)
        below = QRectF(4, 0, max(0.0, view.height() - self._top), metrics.height())
        painter.drawText(below, Qt.AlignmentFlag.AlignRight, "← the photo shows")
        painter.restore()

    def _seen(self, room: int, before: float) -> range:
        first = int(self.verticalScrollBar().value() // self._side)
        last = int((self.verticalScrollBar().value() + room - before) // self._side) + 1
        return range(first, min(len(self.cells), last))

    def _seen_across(self, room: int) -> range:
        first = int(self.horizontalScrollBar().value() // self._side)
        last = int((self.horizontalScrollBar().value() + room - self._left) // self._side) + 1
        return range(first, min(len(self.cells), last))

    def _paint_cells(self, painter: QPainter, rows: range, columns: range) -> None:
        colours = theme_colours()
        right, wrong = QColor(colours.accent), QColor(_WRONG[colours.dark])
        text, grid = QColor(colours.text), QColor(colours.track)
        with_text, strongest = self._side >= _WITH_TEXT, _STRONGEST[colours.dark]
        if with_text:
            font = painter.font()
            figures = [self._figure((row, column)) for row in rows for column in columns]
            room = (self._side - 4) / max(1, *map(len, figures), 1)
            font.setPixelSize(int(min(15, max(8, room * 1.7))))
            painter.setFont(font)
        for row in rows:
            for column in columns:
                cell = (row, column)
                rect = self.cell_rect(cell)
                count = self.cells.count(cell)
                if count:
                    colour = QColor(right if row == column else wrong)
                    share = self.cells.share(cell)
                    least = 0.12 if row == column else 0.22  # one of thousands is seen, too
                    colour.setAlphaF(least + (strongest - least) * share)
                    painter.fillRect(rect, colour)
                    if with_text:
                        painter.setPen(text)
                        painter.drawText(
                            rect,
                            Qt.AlignmentFlag.AlignCenter,
                            self.cells.figure(cell, percent=self.percent),
                        )
                elif row == column:
                    painter.fillRect(rect, grid)
        painter.setPen(QPen(grid, 1))
        if with_text:
            right_end, low_end = self.cell_rect((rows.stop, columns.stop)).topLeft().toTuple()
            for row in (*rows, rows.stop):
                y = self.cell_rect((row, 0)).top()
                painter.drawLine(QPointF(self._left, y), QPointF(right_end, y))
            for column in (*columns, columns.stop):
                x = self.cell_rect((0, column)).left()
                painter.drawLine(QPointF(x, self._top), QPointF(x, low_end))
        for marked, width in ((self._hover, 1.5), (self.current, 2.5)):
            if marked is not None:
                painter.setPen(QPen(text, width))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawRect(self.cell_rect(marked).adjusted(1, 1, -1, -1))

    def _figure(self, cell: Cell) -> str:
        return self.cells.figure(cell, percent=self.percent)

    def _marked(self, number: int, axis: int) -> bool:
        """Whether a row (0) or column (1) is that of the pointer or the keys."""
        return any(
            cell is not None and cell[axis] == number for cell in (self._hover, self.current)
        )

    def _paint_rows(self, painter: QPainter, rows: range) -> None:
        painter.save()
        painter.setClipRect(QRectF(0, self._top, self._left, self.viewport().height()))
        for row in rows:
            rect = self.cell_rect((row, 0))
            rect.setLeft(20)
            rect.setRight(self._left - 5)
            self._pen(painter, self._marked(row, 0))
            shown = painter.fontMetrics().elidedText(
                self.cells.labels[row], Qt.TextElideMode.ElideRight, int(rect.width())
            )
            painter.drawText(
                rect, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, shown
            )
        painter.restore()

    def _paint_columns(self, painter: QPainter, columns: range) -> None:
        painter.save()
        painter.setClipRect(QRectF(self._left, 0, self.viewport().width(), self._top))
        for column in columns:
            rect = self.cell_rect((0, column))
            self._pen(painter, self._marked(column, 1))
            metrics = painter.fontMetrics()
            if self._flat:
                place = QRectF(
                    rect.left(), self._top - metrics.height() - 4, self._side, metrics.height()
                )
                painter.drawText(place, Qt.AlignmentFlag.AlignCenter, self.cells.labels[column])
                continue
            painter.save()
            painter.translate(rect.left(), self._top - 5)
            painter.rotate(-90)
            room = self._top - metrics.height() - 8
            shown = metrics.elidedText(
                self.cells.labels[column], Qt.TextElideMode.ElideRight, int(room)
            )
            place = QRectF(0, 0, room, self._side)
            painter.drawText(
                place, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown
            )
            painter.restore()
        painter.restore()

    def _pen(self, painter: QPainter, marked: bool) -> None:
        colours = theme_colours()
        font = self.font()
        if self._side < 18:
            font.setPixelSize(int(self._side) - 3)
        font.setBold(marked)
        painter.setFont(font)
        painter.setPen(QColor(colours.text if marked else colours.muted))

    # --- pointer and keys -------------------------------------------------------------------

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        cell = self.cell_at(event.position().toPoint())
        if cell != self._hover:
            self._hover = cell
            full = cell is not None and self.cells.count(cell) > 0
            shape = Qt.CursorShape.PointingHandCursor if full else Qt.CursorShape.ArrowCursor
            self.viewport().setCursor(shape)
            self._describe()
            self.viewport().update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        cell = self.cell_at(event.position().toPoint())
        if cell is not None and event.button() is Qt.MouseButton.LeftButton:
            self._move_to(cell)
            self._choose()

    def viewportEvent(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            cell = self.cell_at(event.pos())
            show_tooltip(self, event.globalPos(), self.cells.words(cell) if cell else "")
            return True
        if event.type() == QEvent.Type.Leave and self._hover is not None:
            self._hover = None
            self._describe()
            self.viewport().update()
        return super().viewportEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._zoom(_ZOOM if event.angleDelta().y() > 0 else 1 / _ZOOM)
        else:
            super().wheelEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        n = len(self.cells)
        moves = {
            Qt.Key.Key_Left: (0, -1), Qt.Key.Key_Right: (0, 1),
            Qt.Key.Key_Up: (-1, 0), Qt.Key.Key_Down: (1, 0),
        }  # fmt: skip
        key = Qt.Key(event.key())
        if not n:
            super().keyPressEvent(event)
        elif key in moves:
            row, column = self.current or (0, 0)
            by = moves[key] if self.current is not None else (0, 0)
            self._move_to((min(max(row + by[0], 0), n - 1), min(max(column + by[1], 0), n - 1)))
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self._choose()
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Minus):
            self._zoom(_ZOOM if key == Qt.Key.Key_Plus else 1 / _ZOOM)
        elif key == Qt.Key.Key_0:
            self._wished = 0.0
            self._arrange()
        elif key == Qt.Key.Key_N:
            self.next_confusion()
        else:
            super().keyPressEvent(event)

    def next_confusion(self) -> None:
        """Go to the confusion that has the next fewer photos after the current one; after the last
        one to the largest again."""
        cells = self.cells.confusions()
        if not cells:
            return
        place = cells.index(self.current) if self.current in cells else -1
        self._move_to(cells[(place + 1) % len(cells)])
        self._choose()

    def _zoom(self, factor: float) -> None:
        self._wished = min(_LARGEST, max(_SMALLEST, self._side * factor))
        self._arrange()

    def _move_to(self, cell: Cell) -> None:
        self.current = cell
        rect = self.cell_rect(cell)
        view = self.viewport().size()
        for bar, near, far, first, last in (
            (self.horizontalScrollBar(), rect.left(), rect.right(), self._left, view.width()),
            (self.verticalScrollBar(), rect.top(), rect.bottom(), self._top, view.height()),
        ):
            if near < first:
                bar.setValue(int(bar.value() + near - first))
            elif far > last:
                bar.setValue(int(bar.value() + far - last) + 1)
        self._describe()
        self.viewport().update()

    def _choose(self) -> None:
        chosen = self.chosen()
        if chosen is not None and self.current is not None and self.cells.count(self.current):
            self.cell_chosen.emit(*chosen)

    def _describe(self) -> None:
        text = self.cells.words(self.current) if self.current is not None else ""
        self.setAccessibleDescription(text or f"{len(self.cells)} classes. Arrow keys move.")
        self.pointed.emit(self.cells.words(self._hover) if self._hover is not None else text)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._arrange()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._arrange()
