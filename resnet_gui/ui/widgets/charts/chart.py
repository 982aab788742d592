"""A line chart: hovering reads values out, the wheel zooms, dragging moves."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import QEvent, QSize, QSizeF, Qt, Signal, Slot
from PySide6.QtGui import (
    QContextMenuEvent,
    QImage,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QFileDialog, QMenu, QPushButton, QWidget

from resnet_gui.ui.widgets.charts.model import Axes, Line, Range, full_x, zoomed_x
from resnet_gui.ui.widgets.charts.painter import ChartPainter
from resnet_gui.ui.widgets.charts.saving import write_picture, write_values
from resnet_gui.ui.widgets.plain_text import MessageBox
from resnet_gui.ui.widgets.theme import theme_colours

_ZOOM = 0.8  # of the axis, for one notch of the wheel
_PICTURE_SCALE = 2  # for print


class LineChart(QWidget):
    """A chart.

    The wheel, + and − zoom the x axis; a zoomed chart is dragged; a double click and 0 show all
    again. Hovering or the arrow keys read values out. Where the y axis has no fixed ends, it grows
    in steps while points arrive, and fits what is seen while the chart is zoomed.

    Attributes:
        zoom: the part of the x axis that is shown; None: all of it.
        scale: of type and lines.

    Signals:
        zoomed(object): the new `zoom`. pointed(object): the x that is read out, or None.
        save_requested(object): a job that writes a file the person chose and returns its path.
    """

    zoomed = Signal(object)
    pointed = Signal(object)
    save_requested = Signal(object)

    def __init__(self, axes: Axes, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.axes, self.lines = axes, ()
        self.scale = 1.0
        self.zoom: Range | None = None
        self._cursor: float | None = None
        self._held: Range | None = None
        self._grabbed: float | None = None  # x of the mouse when the drag began
        self._waiting: Callable[[], Iterator[object]] | None = None  # for leave to replace a file
        self.reset = QPushButton("Reset zoom", self)
        self.reset.setProperty("kind", "plain")
        self.reset.clicked.connect(self.reset_zoom)
        self.reset.hide()
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(200, 130)
        self.setAccessibleName(f"Chart: {axes.title}")

    axes: Axes
    lines: tuple[Line, ...]

    def sizeHint(self) -> QSize:
        return QSize(480, 320)

    def show_lines(self, axes: Axes, lines: Sequence[Line]) -> None:
        """Draw these instead; again, when their arrays have grown."""
        if axes.title != self.axes.title or not any(len(line.xs) for line in lines):
            self._held = None
        self.axes, self.lines = axes, tuple(lines)
        self.setAccessibleName(f"Chart: {axes.title}")
        self.setAccessibleDescription(
            "; ".join(
                f"{line.label}: {axes.value(line.ys[-1])} at the end"
                for line in lines
                if line.label and len(line.ys)
            )
        )
        self.set_zoom(self.zoom)  # perhaps the axis is shorter now
        self.update()

    def set_scale(self, scale: float) -> None:
        self.scale = scale
        font = self.font()
        font.setPointSizeF(font.pointSizeF() * scale)
        self.reset.setFont(font)
        self._place_reset()
        self.update()

    # --- zooming ----------------------------------------------------------------------------

    @Slot(object)
    def set_zoom(self, wanted: Range | None) -> None:
        """Show a part of the x axis, as far as it has one; None: all of it."""
        full = full_x(self.axes, self.lines)
        zoom = None if wanted is None else zoomed_x(self.axes, full, wanted)
        if zoom != self.zoom:
            self.zoom = zoom
            self.setCursor(
                Qt.CursorShape.ArrowCursor if zoom is None else Qt.CursorShape.OpenHandCursor
            )
            if self.reset.hasFocus():
                self.setFocus()  # the button goes away
            self.reset.setVisible(zoom is not None)
            self._place_reset()
            self.update()
            self.zoomed.emit(zoom)

    @Slot()
    def reset_zoom(self) -> None:
        self.set_zoom(None)

    def _zoom_by(self, factor: float, around: float) -> bool:
        """Whether that changed anything."""
        low, high = self._x()
        before = self.zoom
        self.set_zoom((around - (around - low) * factor, around + (high - around) * factor))
        return self.zoom != before

    def _x(self) -> Range:
        return self.zoom or full_x(self.axes, self.lines)

    def _place_reset(self) -> None:
        self.reset.adjustSize()
        self.reset.move(self.width() - self.reset.width() - 6, 4)

    # --- mouse and keys ---------------------------------------------------------------------

    def wheelEvent(self, event: QWheelEvent) -> None:
        turned = event.angleDelta()
        around = self._plan().frame.x_of(event.position().x())
        if abs(turned.x()) > abs(turned.y()) and self.zoom is not None:
            self._move_by(-turned.x() / 120 * (self.zoom[1] - self.zoom[0]) / 10)
        elif not self._zoom_by(_ZOOM ** (turned.y() / 120), around):
            event.ignore()  # there is nothing to zoom: the page below may scroll

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.zoom is not None:
            self._grabbed = self._plan().frame.x_of(event.position().x())
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
            self.point_at(None)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        frame = self._plan().frame
        if self._grabbed is not None:
            low, high = frame.x
            share = (event.position().x() - frame.area.left()) / max(1.0, frame.area.width())
            self._move_by(self._grabbed - (low + share * (high - low)))
        else:
            inside = frame.area.adjusted(-6, -6, 6, 6).contains(event.position())
            self.point_at(frame.x_of(event.position().x()) if inside else None)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._grabbed = None
        if self.zoom is not None:
            self.setCursor(Qt.CursorShape.OpenHandCursor)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self._grabbed = None
        self.set_zoom(None)

    def _move_by(self, distance: float) -> None:
        if self.zoom is not None:
            self.set_zoom((self.zoom[0] + distance, self.zoom[1] + distance))

    def leaveEvent(self, event: QEvent) -> None:
        self.point_at(None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        low, high = self._x()
        around = (low + high) / 2 if self._cursor is None else self._cursor
        if key in (Qt.Key.Key_Left, Qt.Key.Key_Right) and self.lines:
            self._step(1 if key == Qt.Key.Key_Right else -1)
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self._zoom_by(_ZOOM, around)
        elif key == Qt.Key.Key_Minus:
            self._zoom_by(1 / _ZOOM, around)
        elif key == Qt.Key.Key_0:
            self.set_zoom(None)
        elif key == Qt.Key.Key_Escape and self._cursor is not None:
            self.point_at(None)
        else:
            super().keyPressEvent(event)

    def _step(self, direction: int) -> None:
        """Read out the next x; a zoomed chart goes along."""
        low, high = self._x()
        stride = 1.0 if high - low >= 4 else (high - low) / 20
        start, end = full_x(self.axes, self.lines)
        x = low if self._cursor is None else (round(self._cursor / stride) + direction) * stride
        x = min(max(x, start), end)
        self._move_by(min(0.0, x - low) + max(0.0, x - high))
        self.point_at(x)

    @Slot(object)
    def point_at(self, x: float | None) -> None:
        """Read out what is at x; None: nothing."""
        if x != self._cursor:
            self._cursor = x
            self.update()
            self.pointed.emit(x)

    def readout(self) -> list[tuple[Line, str]]:
        """What is read out: each line with its text."""
        if self._cursor is None:
            return []
        plan = self._plan()
        return [(line, plan.row(line, number)) for line, number in plan.readout(self._cursor)]

    # --- menu -------------------------------------------------------------------------------

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        reset = menu.addAction("Reset zoom", QKeySequence(Qt.Key.Key_0), self.reset_zoom)
        reset.setEnabled(self.zoom is not None)
        menu.addSeparator()
        picture = menu.addAction("Save picture…", self._on_save_picture)
        values = menu.addAction("Save values…", self._on_save_values)
        for action in (picture, values):
            action.setEnabled(any(len(line.xs) for line in self.lines))
        menu.popup(event.globalPos())

    @Slot()
    def _on_save_picture(self) -> None:
        self._ask_where("Save picture", ".png", "Pictures", partial(write_picture, self.picture()))

    @Slot()
    def _on_save_values(self) -> None:
        # The lane's thread gets copies: the arrays of a running training go on growing.
        lines = [replace(n, xs=tuple(n.xs), ys=tuple(n.ys)) for n in self.lines]
        self._ask_where("Save values", ".csv", "Tables", partial(write_values, self.axes, lines))

    def _ask_where(
        self, title: str, suffix: str, kind: str, write: Callable[[Path], Iterator[object]]
    ) -> None:
        # The file dialog would ask about another file (without the suffix) and take its name for
        # HTML: the question before replacing is ours.
        name, _ = QFileDialog.getSaveFileName(
            self,
            title,
            str(Path.home() / f"{_file_name(self.axes.title)}{suffix}"),
            f"{kind} (*{suffix})",
            options=QFileDialog.Option.DontConfirmOverwrite,
        )
        if not name:
            return
        target = Path(name if name.lower().endswith(suffix) else name + suffix)
        if not target.exists():
            self.save_requested.emit(partial(write, target))
            return
        self._waiting = partial(write, target)
        box = MessageBox(
            self.window(),
            title,
            f"“{target.name}” is there already. Replace it?",
            f"It is in {target.parent}.",
        )
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setStandardButtons(MessageBox.StandardButton.Cancel | MessageBox.StandardButton.Save)
        box.button(MessageBox.StandardButton.Save).setText("Replace")
        box.setDefaultButton(MessageBox.StandardButton.Cancel)
        box.finished.connect(self._on_replace_answered)
        box.open()

    @Slot(int)
    def _on_replace_answered(self, answer: int) -> None:
        if answer == MessageBox.StandardButton.Save:
            self.save_requested.emit(self._waiting)
        self._waiting = None

    # --- painting ---------------------------------------------------------------------------

    def _plan(self) -> ChartPainter:
        held = self._held or ((0.0, 0.0) if self.axes.y_zero else None)
        plan = ChartPainter(
            self.axes,
            self.lines,
            self._x(),
            None if self.zoom else held,
            QSizeF(self.size()),
            self.font(),
            self.scale,
        )
        if self.zoom is None and any(len(line.xs) for line in self.lines):
            self._held = plan.frame.y
        return plan

    def paintEvent(self, event: QPaintEvent) -> None:
        colours, plan = theme_colours(), self._plan()
        painter = QPainter(self)
        room = self.reset.x() - plan.title.left() - 8 if self.zoom else plan.title.width()
        plan.paint(painter, colours.accent if self.hasFocus() else colours.border, room)
        if self._cursor is not None:
            plan.paint_readout(painter, self._cursor)

    def picture(self) -> QImage:
        """The chart as it is shown, without the readout, fine enough for print."""
        image = QImage(self.size() * _PICTURE_SCALE, QImage.Format.Format_ARGB32)
        image.setDevicePixelRatio(_PICTURE_SCALE)
        image.fill(Qt.GlobalColor.transparent)
        painter = QPainter(image)
        plan = self._plan()
        plan.paint(painter, theme_colours().border, plan.title.width())
        painter.end()
        return image

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_reset()


def _file_name(title: str) -> str:
    words = re.sub(r"[^\w ,.-]+", " ", title)
    return re.sub(r"[ ,]*\s+[ ,]*", " ", words).strip(" ,.") or "Chart"
