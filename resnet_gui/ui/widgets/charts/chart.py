"""A line chart: hovering reads values out, the wheel zooms, dragging moves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from PySide6.QtCore import QEvent, QRectF, QSize, QSizeF, Qt, Signal, Slot
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QHelpEvent,
    QImage,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QMenu, QPushButton, QWidget

from resnet_gui.ui.widgets.charts.model import Axes, Line, Range, full_x, zoomed_x
from resnet_gui.ui.widgets.charts.painter import ChartPainter
from resnet_gui.ui.widgets.charts.saving import write_picture, write_values
from resnet_gui.ui.widgets.file_saver import Write, ask_where, file_name
from resnet_gui.ui.widgets.glossary import explained
from resnet_gui.ui.widgets.plain_text import set_tooltip, show_tooltip
from resnet_gui.ui.widgets.theme import theme_colours

_ZOOM = 0.8  # of the axis, for one notch of the wheel
_PICTURE_SCALE = 2  # for print
_SHORTEST_DRAG = 8  # pixels; less is a click with an unsteady hand
_REPAINTING = (QEvent.Type.FontChange, QEvent.Type.PaletteChange, QEvent.Type.StyleChange)


class LineChart(QWidget):
    """A chart.

    The wheel, + and − zoom the x axis, and so does dragging over a part of it; once zoomed, the
    chart itself is dragged (with Shift a part is chosen again). A double click and 0 show all.
    Hovering or the arrow keys read values out. Where the y axis has no fixed ends, it grows in
    steps while points arrive, and fits what is seen while the chart is zoomed.

    The curves are painted once and kept as a picture: only the readout moves with the pointer.

    Attributes:
        zoom: the part of the x axis that is shown; None: all of it.
        scale: of type and lines.

    Signals:
        zoomed(object): the new `zoom`. pointed(object): the x that is read out, or None.
        save_requested(object): a Saving, of which a FileSaver makes the file; returns its path.
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
        self._band: Range | None = None  # the part that a drag is choosing: from, to
        self._kept_plan: ChartPainter | None = None
        self._picture: QPixmap | None = None
        self._pictured: object = None  # what else `_picture` depends on
        self.reset = QPushButton("Reset zoom", self)
        self.reset.setProperty("kind", "plain")
        set_tooltip(self.reset, "Show all of it again (0, or a double click)")
        self.reset.clicked.connect(self.reset_zoom)
        self.reset.hide()
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(200, 130)
        self.setAccessibleName(f"Chart: {axes.title}")
        set_tooltip(
            self,
            "The arrow keys read values out; + and − or the wheel zoom, 0 shows all. A right click "
            "saves it.",
        )

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
        drawn = [line for line in lines if len(line.ys)]
        named = [line for line in drawn if line.label] or drawn
        self.setAccessibleDescription("; ".join(_told(axes, line) for line in named))
        self.set_zoom(self.zoom)  # perhaps the axis is shorter now
        self._forget()

    def set_scale(self, scale: float) -> None:
        self.scale = scale
        font = self.font()
        font.setPointSizeF(font.pointSizeF() * scale)
        self.reset.setFont(font)
        self._place_reset()
        self._forget()

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
            self._forget()
            self.zoomed.emit(zoom)

    @Slot()
    def reset_zoom(self) -> None:
        self.set_zoom(None)

    @Slot()
    def zoom_in(self) -> None:
        """A step, around what is read out."""
        self._zoom_by(_ZOOM)

    @Slot()
    def zoom_out(self) -> None:
        self._zoom_by(1 / _ZOOM)

    def _zoom_by(self, factor: float, around: float | None = None) -> bool:
        """Whether that changed anything."""
        low, high = self._x()
        if around is None:
            around = (low + high) / 2 if self._cursor is None else self._cursor
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
        around = self.plan().frame.x_of(event.position().x())
        if abs(turned.x()) > abs(turned.y()) and self.zoom is not None:
            self._move_by(-turned.x() / 120 * (self.zoom[1] - self.zoom[0]) / 10)
        elif not self._zoom_by(_ZOOM ** (turned.y() / 120), around):
            event.ignore()  # there is nothing to zoom: the page below may scroll

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton or not self.lines:
            return
        x = self.plan().frame.x_of(event.position().x())
        if self.zoom is None or event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self._band = (x, x)
        else:
            self._grabbed = x
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
            self.point_at(None)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        frame = self.plan().frame
        if self._band is not None:
            self._band = (self._band[0], frame.x_of(event.position().x()))
            self.point_at(self._band[1])
            self.update()
        elif self._grabbed is not None:
            low, high = frame.x
            share = (event.position().x() - frame.area.left()) / max(1.0, frame.area.width())
            self._move_by(self._grabbed - (low + share * (high - low)))
        else:
            inside = frame.area.adjusted(-6, -6, 6, 6).contains(event.position())
            self.point_at(frame.x_of(event.position().x()) if inside else None)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        band, self._band, self._grabbed = self._band, None, None
        if band is not None:
            frame = self.plan().frame
            if abs(frame.point(band[1], 1.0).x() - frame.point(band[0], 1.0).x()) > _SHORTEST_DRAG:
                self.set_zoom((min(band), max(band)))
            self.update()
        if self.zoom is not None:
            self.setCursor(Qt.CursorShape.OpenHandCursor)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self._grabbed = self._band = None
        self.set_zoom(None)

    def _move_by(self, distance: float) -> None:
        if self.zoom is not None:
            self.set_zoom((self.zoom[0] + distance, self.zoom[1] + distance))

    def event(self, event: QEvent) -> bool:
        """The title explains its words; below it values are read out."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            titled = self.plan().title.contains(event.pos())
            show_tooltip(self, event.globalPos(), explained(self.axes.title) if titled else "")
            return True
        return super().event(event)

    def leaveEvent(self, event: QEvent) -> None:
        self.point_at(None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key in (Qt.Key.Key_Left, Qt.Key.Key_Right) and self.lines:
            self._step(1 if key == Qt.Key.Key_Right else -1)
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom_in()
        elif key == Qt.Key.Key_Minus:
            self.zoom_out()
        elif key == Qt.Key.Key_0:
            self.set_zoom(None)
        elif key == Qt.Key.Key_Escape and self._band is not None:
            self._band = None
            self.update()
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
        plan = self.plan()
        return [(line, plan.row(line, number)) for line, number in plan.readout(self._cursor)]

    # --- menu -------------------------------------------------------------------------------

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.setFont(self.reset.font())  # as large as the chart's type
        some = any(len(line.xs) for line in self.lines)
        zoom_in = menu.addAction("Zoom in", QKeySequence(Qt.Key.Key_Plus), self.zoom_in)
        zoom_in.setEnabled(some)
        zoom_out = menu.addAction("Zoom out", QKeySequence(Qt.Key.Key_Minus), self.zoom_out)
        reset = menu.addAction("Reset zoom", QKeySequence(Qt.Key.Key_0), self.reset_zoom)
        for action in (zoom_out, reset):
            action.setEnabled(self.zoom is not None)
        menu.addSeparator()
        picture = menu.addAction("Save picture…", self._on_save_picture)
        values = menu.addAction("Save values…", self._on_save_values)
        for action in (picture, values):
            action.setEnabled(some)
        menu.popup(event.globalPos())

    @Slot()
    def _on_save_picture(self) -> None:
        self._save("Save picture", ".png", "Pictures", partial(write_picture, self.picture()))

    @Slot()
    def _on_save_values(self) -> None:
        # The lane's thread gets copies: the arrays of a running training go on growing.
        lines = [replace(n, xs=tuple(n.xs), ys=tuple(n.ys)) for n in self.lines]
        self._save("Save values", ".csv", "Tables", partial(write_values, self.axes, lines))

    def _save(self, title: str, suffix: str, kind: str, write: Write) -> None:
        saving = ask_where(self, title, file_name(self.axes.title), suffix, kind, write)
        if saving is not None:
            self.save_requested.emit(saving)

    # --- painting ---------------------------------------------------------------------------

    def _forget(self) -> None:
        """What was painted is not true any more."""
        self._kept_plan = self._picture = None
        self.update()

    def plan(self) -> ChartPainter:
        """Where all of it is, as it is shown now."""
        if self._kept_plan is None:
            held = self._held or ((0.0, 0.0) if self.axes.y_zero else None)
            self._kept_plan = plan = ChartPainter(
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
        return self._kept_plan

    def paintEvent(self, event: QPaintEvent) -> None:
        plan = self.plan()
        self._paint_picture(plan)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        assert self._picture is not None
        painter.drawPixmap(0, 0, self._picture)
        if self._band is not None:
            frame = plan.frame
            left, right = (frame.point(x, 1.0).x() for x in self._band)
            ground = QColor(theme_colours().accent)
            ground.setAlpha(50)
            area = QRectF(left, frame.area.top(), right - left, frame.area.height())
            painter.fillRect(area.normalized(), ground)
        if self._cursor is not None:
            plan.paint_readout(painter, self._cursor)

    def _paint_picture(self, plan: ChartPainter) -> None:
        """All that stays while the pointer moves: thousands of pieces, painted only when they
        change."""
        colours, ratio = theme_colours(), self.devicePixelRatioF()
        room = self.reset.x() - plan.title.left() - 8 if self.zoom else plan.title.width()
        pictured = (ratio, colours.dark, self.hasFocus(), room)
        if self._picture is not None and self._pictured == pictured:
            return
        self._pictured = pictured
        self._picture = QPixmap(self.size() * ratio)
        self._picture.setDevicePixelRatio(ratio)
        self._picture.fill(colours.surface)
        painter = QPainter(self._picture)
        outline = colours.accent if self.hasFocus() else colours.border
        plan.paint(painter, outline, room, QColor(colours.window))
        painter.end()

    def picture(self) -> QImage:
        """The chart as it is shown, without the readout, fine enough for print."""
        image = QImage(self.size() * _PICTURE_SCALE, QImage.Format.Format_ARGB32)
        image.setDevicePixelRatio(_PICTURE_SCALE)
        image.fill(Qt.GlobalColor.transparent)
        painter = QPainter(image)
        plan = self.plan()
        plan.paint(painter, theme_colours().border, plan.title.width())
        painter.end()
        return image

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_reset()
        self._forget()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in _REPAINTING:
            self._forget()


def _told(axes: Axes, line: Line) -> str:
    """What the line does, in words for who does not see it."""
    first, last = axes.value(line.ys[0]), axes.value(line.ys[-1])
    began = f"{first} at the start, " if len(line.ys) > 1 else ""
    return f"{line.name}: {began}{last} at the end"
