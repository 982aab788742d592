"""A line chart painted by hand: lines named at their ends, type that grows for a projector.

pyqtgraph, which the Train page uses, takes 80 ms to build a chart and 40 to paint it; this one
takes a few, and the Lab needs no zooming.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetricsF,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
)
from PySide6.QtWidgets import QWidget

from resnet_gui.ui.widgets.theme import theme_colours

_TINY = 1e-12


@dataclass(frozen=True, slots=True)
class Line:
    """One line. Its names are written as they are: `one_line` has gone over them.

    Attributes:
        name: for the readout. label: written at its end; "" for nothing.
        points: (x, y), x ascending. names: of each point, for the readout; () for none.
        width: in pixels at normal size.
    """

    name: str
    label: str
    points: tuple[tuple[float, float], ...]
    colour: str
    width: float = 2.0
    dashed: bool = False
    dotted: bool = False
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Axes:
    """What the axes say.

    Attributes:
        log: logarithmic y.
        x_range, y_range: fixed ends; None: by the lines.
        value: how a y is written in the readout and beside the axis (linear axes).
        x_name: how an x is read out ("epoch").
        at_one: a line at y = 1, for ratios.
    """

    title: str
    x_label: str
    value: Callable[[float], str]
    x_name: str
    log: bool = False
    x_range: tuple[float, float] | None = None
    y_range: tuple[float, float] | None = None
    at_one: bool = False


class LineChart(QWidget):
    """A chart; hovering or the arrow keys read values out."""

    def __init__(self, axes: Axes, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.axes, self.lines = axes, ()
        self.scale = 1.0
        self._cursor: float | None = None
        self._area = QRectF()
        self._x = (0.0, 1.0)
        self._y = (0.0, 1.0)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(200, 130)
        self.setAccessibleName(f"Chart: {axes.title}")

    axes: Axes
    lines: tuple[Line, ...]

    def sizeHint(self) -> QSize:
        return QSize(480, 320)

    def show_lines(self, axes: Axes, lines: Sequence[Line]) -> None:
        """Draw these instead."""
        self.axes, self.lines = axes, tuple(lines)
        self.setAccessibleName(f"Chart: {axes.title}")
        self.setAccessibleDescription(
            "; ".join(
                f"{line.label}: {axes.value(line.points[-1][1])} at the end"
                for line in lines
                if line.label and line.points
            )
        )
        self.update()

    def set_scale(self, scale: float) -> None:
        self.scale = scale
        self.update()

    # --- reading out ------------------------------------------------------------------------

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        inside = self._area.adjusted(-6, -6, 6, 6).contains(event.position())
        self._set_cursor(self._to_x(event.position().x()) if inside else None)

    def leaveEvent(self, event: QEvent) -> None:
        self._set_cursor(None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        if event.key() == Qt.Key.Key_Escape and self._cursor is not None:
            self._set_cursor(None)
        elif step is None or not self.lines:
            super().keyPressEvent(event)
        else:
            self._fit()  # perhaps it was not painted yet
            start = self._x[0] if self._cursor is None else round(self._cursor) + step
            self._set_cursor(min(max(start, self._x[0]), self._x[1]))

    def _set_cursor(self, x: float | None) -> None:
        if x != self._cursor:
            self._cursor = x
            self.update()

    def readout(self) -> list[tuple[Line, str]]:
        """What is read out at the cursor: each line with its text."""
        if self._cursor is None:
            return []
        found = []
        for line in self.lines:
            number = _nearest(line.points, self._cursor)
            if number is None:
                continue
            x, y = line.points[number]
            if abs(x - self._cursor) > max(1.0, (self._x[1] - self._x[0]) / 20):
                continue
            name = f" ({line.names[number]})" if line.names else ""
            found.append((line, f"{line.name}: {self.axes.value(y)}{name}"))
        return found

    # --- painting ---------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        colours = theme_colours()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(colours.accent if self.hasFocus() else colours.border), 1))
        painter.setBrush(QColor(colours.surface))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 8, 8)
        font = QFont(self.font())
        font.setPointSizeF(font.pointSizeF() * self.scale)
        bold = QFont(font)
        bold.setBold(True)
        metrics = QFontMetricsF(font)
        self._fit()
        ticks = self._y_ticks(metrics)
        edge = self._x[1] - (self._x[1] - self._x[0]) * 0.15  # what ends before has room inside
        labels = [n.label for n in self.lines if n.label and n.points and n.points[-1][0] > edge]
        left = max((metrics.horizontalAdvance(text) for _, text in ticks), default=20) + 20
        right = max((QFontMetricsF(bold).horizontalAdvance(t) for t in labels), default=0) + 24
        right = min(right, self.width() * 0.45)
        high = metrics.height()
        self._area = QRectF(
            left, high * 2.1, max(40.0, self.width() - left - right), self.height() - high * 4.9
        )
        painter.setFont(bold)
        painter.setPen(QColor(colours.text))
        title = QRectF(14, high * 0.5, self.width() - 28, high * 1.2)
        text = QFontMetricsF(bold).elidedText(
            self.axes.title, Qt.TextElideMode.ElideRight, title.width()
        )
        painter.drawText(title, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)
        painter.setFont(font)
        self._paint_axes(painter, ticks, metrics)
        painter.save()
        painter.setClipRect(self._area.adjusted(-2, -4, 4, 4))
        for line in self.lines:
            self._paint_line(painter, line)
        painter.restore()
        painter.setFont(bold)
        self._paint_labels(painter, high)
        painter.setFont(font)
        self._paint_readout(painter, metrics)

    def _fit(self) -> None:
        """Ends of the axes."""
        xs = [x for line in self.lines for x, _ in line.points]
        ys = [y for line in self.lines for _, y in line.points]
        low, high = self.axes.x_range or (min(xs, default=0.0), max(xs, default=1.0))
        self._x = (low, high if high > low else low + 1)
        if self.axes.log:
            positive = [y for y in ys if y > 0]
            low, high = self.axes.y_range or (min(positive, default=0.1), max(positive, default=1))
            low, high = math.log10(max(low, _TINY)), math.log10(max(high, _TINY))
            middle, half = (low + high) / 2, max(0.5, (high - low) / 2 * 1.05)
            self._y = (middle - half, middle + half)
        else:
            low, high = self.axes.y_range or (0.0, max(ys, default=1.0) * 1.05)
            self._y = (low, high if high > low else low + 1)

    def _to_x(self, pixel: float) -> float:
        share = (pixel - self._area.left()) / max(1.0, self._area.width())
        return min(max(self._x[0] + share * (self._x[1] - self._x[0]), self._x[0]), self._x[1])

    def _point(self, x: float, y: float) -> QPointF:
        if self.axes.log:
            y = math.log10(max(y, _TINY))
        share_x = (x - self._x[0]) / (self._x[1] - self._x[0])
        share_y = (y - self._y[0]) / (self._y[1] - self._y[0])
        share_y = min(max(share_y, -1.0), 2.0)
        return QPointF(
            self._area.left() + share_x * self._area.width(),
            self._area.bottom() - share_y * self._area.height(),
        )

    def _y_ticks(self, metrics: QFontMetricsF) -> list[tuple[float, str]]:
        if self.axes.log:
            return _log_ticks(*self._y)
        most = max(2, int((self.height() - metrics.height() * 5) / (metrics.height() * 2.6)))
        return [(y, self.axes.value(y)) for y in _ticks(*self._y, min(7, most))]

    def _paint_axes(
        self, painter: QPainter, ticks: list[tuple[float, str]], metrics: QFontMetricsF
    ) -> None:
        colours, area, high = theme_colours(), self._area, metrics.height()
        grid = QPen(QColor(colours.track), 1)
        last = math.inf
        for y, text in ticks:
            at = self._point(self._x[0], y).y()
            if not area.top() - 1 <= at <= area.bottom() + 1:
                continue
            painter.setPen(grid)
            painter.drawLine(QPointF(area.left(), at), QPointF(area.right(), at))
            if abs(last - at) > high * 1.1:
                painter.setPen(QColor(colours.muted))
                box = QRectF(0, at - high, area.left() - 8, high * 2)
                painter.drawText(
                    box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text
                )
                last = at
        if self.axes.at_one and self._y[0] < 1 < self._y[1]:
            at = self._point(self._x[0], 1.0).y()
            painter.setPen(QPen(QColor(colours.muted), 1, Qt.PenStyle.DashLine))
            painter.drawLine(QPointF(area.left(), at), QPointF(area.right(), at))
        painter.setPen(QPen(QColor(colours.border), 1))
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        painter.setPen(QColor(colours.muted))
        most = max(2, int(area.width() / metrics.horizontalAdvance("00000")))
        for x in _ticks(*self._x, min(9, most)):
            if x != round(x):
                continue
            at = self._point(x, 1.0).x()
            box = QRectF(at - 40, area.bottom() + high * 0.25, 80, high * 1.1)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, f"{x:,.0f}")
        box = QRectF(area.left(), area.bottom() + high * 1.35, area.width(), high * 1.2)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, self.axes.x_label)

    def _paint_line(self, painter: QPainter, line: Line) -> None:
        if not line.points:
            return
        pen = QPen(QColor(line.colour), line.width * self.scale)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        if line.dashed or line.dotted:
            dash = 1.0 if line.dotted else 4.5
            pen.setDashPattern([v * 2 / line.width + 0.01 for v in (dash, 2.2)])
        painter.setPen(pen)
        points = [self._point(x, y) for x, y in line.points]
        painter.drawPolyline(QPolygonF(points))
        if len(points) < 40 and not line.dashed:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(line.colour))
            radius = (line.width * 0.7 + 1.2) * self.scale
            for point in points:
                painter.drawEllipse(point, radius, radius)
            painter.setBrush(Qt.BrushStyle.NoBrush)

    def _paint_labels(self, painter: QPainter, high: float) -> None:
        """Names at the lines' ends; those that end together are moved apart."""
        groups: dict[int, list[tuple[QPointF, Line]]] = {}
        for line in self.lines:
            if line.label and line.points:
                end = self._point(*line.points[-1])
                groups.setdefault(round(end.x() / 24), []).append((end, line))
        for found in groups.values():
            found.sort(key=lambda item: item[0].y())
            tops = [point.y() - high / 2 for point, _ in found]
            lowest = self._area.bottom() + high * 0.4
            for number in range(1, len(tops)):
                tops[number] = max(tops[number], tops[number - 1] + high)
            for number in reversed(range(len(tops))):
                limit = lowest - high if number == len(tops) - 1 else tops[number + 1] - high
                tops[number] = min(tops[number], limit)
            for top, (point, line) in zip(tops, found, strict=True):
                self._paint_label(painter, QRectF(point.x() + 8, top, 400, high), line)

    def _paint_label(self, painter: QPainter, box: QRectF, line: Line) -> None:
        font = QFont(painter.font())
        font.setBold(not line.dashed)
        painter.setFont(font)
        box.setWidth(QFontMetricsF(font).horizontalAdvance(line.label) + 6)
        if box.right() < self._area.right():  # in the middle of the chart other lines pass
            ground = QColor(theme_colours().surface)
            ground.setAlpha(190)
            painter.fillRect(box, ground)
        painter.setPen(QColor(line.colour))
        painter.drawText(
            box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, line.label
        )

    def _paint_readout(self, painter: QPainter, metrics: QFontMetricsF) -> None:
        rows = self.readout()
        if self._cursor is None or not rows:
            return
        colours, high = theme_colours(), metrics.height()
        number = _nearest(rows[0][0].points, self._cursor)
        x = rows[0][0].points[number][0] if number is not None else self._cursor
        at = self._point(x, 1.0).x()
        painter.setPen(QPen(QColor(colours.muted), 1))
        painter.drawLine(QPointF(at, self._area.top()), QPointF(at, self._area.bottom()))
        head = f"{self.axes.x_name} {x:,.0f}"
        texts = [head, *(text for _, text in rows[:10])]
        width = max(metrics.horizontalAdvance(text) for text in texts) + 34
        box = QRectF(at + 10, self._area.top() + 4, width, high * len(texts) + 12)
        if box.right() > self.width() - 4:
            box.moveRight(max(at - 10, box.width() + 4))
        painter.setPen(QPen(QColor(colours.border), 1))
        painter.setBrush(QColor(colours.raised))
        painter.drawRoundedRect(box, 6, 6)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for row, text in enumerate(texts):
            top = box.top() + 6 + row * high
            if row:
                line = rows[row - 1][0]
                pen = QPen(QColor(line.colour), min(4.0, line.width))
                if line.dashed:
                    pen.setStyle(Qt.PenStyle.DashLine)
                painter.setPen(pen)
                middle = top + high / 2
                painter.drawLine(QPointF(box.left() + 8, middle), QPointF(box.left() + 22, middle))
            painter.setPen(QColor(colours.text if row else colours.muted))
            painter.drawText(
                QRectF(box.left() + (28 if row else 10), top, width, high),
                Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter,
                text,
            )


def _nearest(points: tuple[tuple[float, float], ...], x: float) -> int | None:
    if not points:
        return None
    right = bisect.bisect_left(points, (x, -math.inf))
    candidates = [n for n in (right - 1, right) if 0 <= n < len(points)]
    return min(candidates, key=lambda n: abs(points[n][0] - x))


def _ticks(low: float, high: float, most: int) -> list[float]:
    """Round values from low to high, at most `most` steps."""
    span = max(high - low, _TINY)
    rough = span / max(1, most)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [n * step for n in range(first, math.floor(high / step + 1e-9) + 1)]


def _log_ticks(low: float, high: float) -> list[tuple[float, str]]:
    """Powers of ten; with few of them 2 and 5, too."""
    span = high - low
    factors = (1, 2, 5) if span < 2.2 else (1,)
    step = max(1, math.ceil(span / 7))
    powers = range(math.floor(low), math.ceil(high) + 1)
    values = [f * 10.0**p for p in powers if p % step == 0 for f in factors]
    return [(v, _plain_number(v)) for v in values if low - 0.01 <= math.log10(v) <= high + 0.01]


def _plain_number(value: float) -> str:
    if 0.0009 < value < 99_999:
        return f"{value:,.0f}" if value >= 1 else f"{value:.4f}".rstrip("0")
    exponent = round(math.log10(value))
    return "10" + str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
