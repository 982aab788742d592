"""Paints a chart: title, axes, lines with their names at the ends, and the readout."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeAlias

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPainterPath, QPen

from resnet_gui.ui.widgets.charts.model import (
    TINY,
    Axes,
    Frame,
    Line,
    Range,
    fitted_y,
    log_ticks,
    multiples,
    nearest,
    pieces,
    plain_number,
    seen,
    strokes,
    thinned,
    x_ticks,
)
from resnet_gui.ui.widgets.theme import theme_colours

Label: TypeAlias = tuple[QRectF, str, Line]  # its place, its text, whose it is
_COLUMNS = 800  # finer ones are not seen, but take their time
_HAIRLINE = 1.6  # pixels; a thin line with many points is painted column by column
_LONGEST = 24  # letters of a name beside a line's end
_DOTS = 40  # fewer points are marked one by one
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class ChartPainter:
    """One picture of a chart.

    Attributes:
        frame: where values lie on it. title: the title's room.
    """

    def __init__(
        self,
        axes: Axes,
        lines: Sequence[Line],
        x: Range,
        held: Range | None,
        size: QSizeF,
        font: QFont,
        scale: float,
    ) -> None:
        """
        Args:
            x: the part of the axis to show.
            held: what y shows at least, where its ends are not fixed.
            scale: of type and lines; 1.45 for a projector.
        """
        self._axes, self._lines, self._size, self._scale = axes, lines, size, scale
        self._font = QFont(font)
        self._font.setPointSizeF(font.pointSizeF() * scale)
        self._bold = QFont(self._font)
        self._bold.setBold(True)
        self._metrics, self._wide = QFontMetricsF(self._font), QFontMetricsF(self._bold)
        self._high = high = self._metrics.height()
        most = max(2, int((size.height() - high * 5) / (high * 2.6)))
        y, step = fitted_y(axes, lines, x, held, min(6, most))
        self._ticks = (
            log_ticks(*y) if axes.log else [(v, axes.value(v)) for v in multiples(step, *y)]
        )
        # Without a line and ends of its own, nobody knows what would stand beside the axes.
        self._empty = not any(len(line.xs) for line in lines)
        self._blank = self._empty and axes.x_range is None
        if self._blank:
            self._ticks = []
        texts = [text for _, text in self._ticks]
        left = max(self._metrics.horizontalAdvance(text) for text in (*texts, "0.00")) + 20
        # Room for the names from the start: the axis would move when a line comes to its end.
        names = [
            self._wide.horizontalAdvance(self._label(line, self._wide, math.inf, figure=True))
            for line in lines
        ]
        right = min(max(names, default=0.0) + 24, size.width() * 0.45)
        area = QRectF(
            left, high * 2.3, max(40.0, size.width() - left - right), size.height() - high * 5.1
        )
        self.frame = Frame(area, x, y, axes.log)
        self.title = QRectF(14, high * 0.5, size.width() - 28, high * 1.2)

    def paint(
        self, painter: QPainter, outline: str, title_width: float, around: QColor | None = None
    ) -> None:
        """All but the readout.

        Args:
            around: what lies outside the rounded corners, where the painter's device is filled
                with the surface's colour already, which for millions of pixels is far quicker;
                None: nothing is filled.
        """
        colours = theme_colours()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ground = QRectF(QPointF(), self._size)
        if around is not None:
            corners = QPainterPath()
            corners.addRect(ground)
            corners.addRoundedRect(ground, 8, 8)  # by the odd-even rule this is cut out
            painter.fillPath(corners, around)
        else:
            painter.setBrush(QColor(colours.surface))
        painter.setPen(QPen(QColor(outline), 1))
        painter.drawRoundedRect(ground.adjusted(0.5, 0.5, -0.5, -0.5), 8, 8)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setFont(self._bold)
        painter.setPen(QColor(colours.text))
        text = self._wide.elidedText(self._axes.title, Qt.TextElideMode.ElideRight, title_width)
        painter.drawText(self.title, _LEFT, text)
        painter.setFont(self._font)
        self._paint_y_axis(painter)
        self._paint_x_axis(painter)
        for line in self._lines:
            self._paint_line(painter, line)
        for label in self.labels():
            self._paint_label(painter, *label)
        if self._empty:
            painter.setPen(QColor(colours.muted))
            wrapped = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.frame.area, wrapped, self._axes.hint)

    # --- axes -------------------------------------------------------------------------------

    def _paint_y_axis(self, painter: QPainter) -> None:
        colours, area, high = theme_colours(), self.frame.area, self._high
        last = math.inf
        for y, text in self._ticks:
            at = self.frame.point(self.frame.x[0], y).y()
            if not area.top() - 1 <= at <= area.bottom() + 1:
                continue
            painter.setPen(QPen(QColor(colours.track), 1))
            painter.drawLine(QPointF(area.left(), at), QPointF(area.right(), at))
            if last - at > high * 1.1:
                painter.setPen(QColor(colours.muted))
                box = QRectF(0, at - high / 2, area.left() - 8, high)
                painter.drawText(box, _RIGHT, text)
                last = at
        if self._axes.at_one and self.frame.y[0] < 1 < self.frame.y[1]:
            at = self.frame.point(self.frame.x[0], 1.0).y()
            painter.setPen(QPen(QColor(colours.muted), 1, Qt.PenStyle.DashLine))
            painter.drawLine(QPointF(area.left(), at), QPointF(area.right(), at))

    def _paint_x_axis(self, painter: QPainter) -> None:
        colours, area, high = theme_colours(), self.frame.area, self._high
        low, end = self.frame.x
        painter.setPen(QPen(QColor(colours.border), 1))
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        if self._axes.mark is not None and low <= self._axes.mark <= end:
            painter.setPen(QPen(QColor(colours.muted), 1, Qt.PenStyle.DotLine))
            at = self._column(self._axes.mark)
            painter.drawLine(QPointF(at, area.top()), QPointF(at, area.bottom()))
        painter.setPen(QColor(colours.muted))
        most = max(2, int(area.width() / self._metrics.horizontalAdvance("00000")))
        last = -math.inf
        for x in () if self._blank else x_ticks(low, end, min(9, most)):
            if end - low >= 2 and x != round(x):  # there is no half epoch, unless it fills the axis
                continue
            text = _plain_x(x)
            box = QRectF(0, area.bottom() + high * 0.25, 0, high * 1.1)
            box.setWidth(self._metrics.horizontalAdvance(text) + 4)
            box.moveLeft(self._column(x) - box.width() / 2)
            if box.left() > last and box.right() < self._size.width():
                painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
                last = box.right() + 4
        box = QRectF(area.left(), area.bottom() + high * 1.35, area.width(), high * 1.2)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, self._axes.x_label)

    def _column(self, x: float) -> float:
        return self.frame.point(x, 1.0).x()

    # --- lines ------------------------------------------------------------------------------

    def _paint_line(self, painter: QPainter, line: Line) -> None:
        xs, ys = seen(line, self.frame.x)
        if not len(xs):
            return
        # A dot at the line's end stands out of the axes; where only the view ends, nothing does.
        before, after = (4 if self._inside(x) else 0 for x in (xs[0], xs[-1]))
        painter.save()
        painter.setClipRect(self.frame.area.adjusted(-before, -4, after, 4))
        pen = QPen(QColor(line.colour), line.width * self._scale)
        # No line is below a pixel, and what is finer than the line is wide is not seen.
        columns = math.ceil(self.frame.area.width() / max(1.0, pen.widthF()))
        columns = min(columns, _COLUMNS)
        points = thinned(xs, ys, self.frame.x, columns)
        across, down = self.frame.pixels(*points)
        dash: Range | None = None
        if line.dashed or line.dotted:
            dash = ((2.0 if line.dotted else 9.0) * self._scale, 4.4 * self._scale)
        pen.setCapStyle(Qt.PenCapStyle.SquareCap if dash is None else Qt.PenCapStyle.FlatCap)
        painter.setPen(pen)
        if dash is None and len(points[0]) != len(xs) and pen.widthF() < _HAIRLINE:
            painter.drawLines(strokes(across, down))
        else:
            painter.drawLines(pieces(across, down, dash))
        alone = len(xs) == 1  # no line to see
        if alone or (len(xs) < _DOTS and not line.dashed):
            painter.setPen(QPen(QColor(line.colour), 1.5 * self._scale))
            hollow = line.dashed or line.dotted
            painter.setBrush(QColor(theme_colours().surface if hollow else line.colour))
            radius = (line.width * 0.7 + (1.6 if alone else 0.45)) * self._scale
            for x, y in zip(across.tolist(), down.tolist(), strict=True):
                painter.drawEllipse(QPointF(x, y), radius, radius)
        painter.restore()

    def _inside(self, x: float) -> bool:
        return self.frame.x[0] - TINY <= x <= self.frame.x[1] + TINY

    def labels(self) -> list[Label]:
        """Names at the lines' ends; those that would meet are moved apart."""
        found: list[Label] = []
        for line in self._lines:
            end = self._end(line)
            if end is not None:
                whole = line.xs[-1] <= self.frame.x[1]
                metrics = self._metrics if line.dashed else self._wide
                room = self._size.width() - end.x() - 14
                text = self._label(line, metrics, room, figure=whole)
                width = metrics.horizontalAdvance(text) + 4
                box = QRectF(end.x() + 8, end.y() - self._high / 2, width, self._high)
                found.append((box, text, line))
        found.sort(key=lambda item: item[0].left())
        groups: list[list[Label]] = []
        reached = -math.inf
        for item in found:
            if item[0].left() >= reached:
                groups.append([])
            groups[-1].append(item)
            reached = max(reached, item[0].right())
        return [label for group in groups for label in self._moved_apart(group)]

    def _label(self, line: Line, metrics: QFontMetricsF, room: float, *, figure: bool) -> str:
        """A name for so many pixels. It is cut once, and in the middle: ends tell runs apart."""
        behind = _figure(line) if figure else ""
        room = min(room - metrics.horizontalAdvance(behind), metrics.averageCharWidth() * _LONGEST)
        return metrics.elidedText(line.label, Qt.TextElideMode.ElideMiddle, max(0.0, room)) + behind

    def _end(self, line: Line) -> QPointF | None:
        """Where a line ends, or leaves the picture."""
        xs, ys = seen(line, self.frame.x)
        if not line.label or not len(xs) or xs[0] > self.frame.x[1] or xs[-1] < self.frame.x[0]:
            return None
        end, right = self.frame.point(xs[-1], ys[-1]), self.frame.area.right()
        if end.x() > right and len(xs) > 1:
            before = self.frame.point(xs[-2], ys[-2])
            share = (right - before.x()) / (end.x() - before.x())
            end = QPointF(right, before.y() + share * (end.y() - before.y()))
        return end

    def _moved_apart(self, group: list[Label]) -> list[Label]:
        high, area = self._high, self.frame.area
        top, bottom = area.top() - high / 2, area.bottom() + high / 5  # the axis's text is below
        room = max(1, int((bottom - top) / high))
        if len(group) > room:  # the dashed ones go first
            group = sorted(group, key=lambda item: item[2].dashed)[:room]
        group.sort(key=lambda item: item[0].top())
        for box, _, _ in group:
            box.moveTop(max(box.top(), top))
            top = box.bottom()
        for box, _, _ in reversed(group):
            box.moveBottom(min(box.bottom(), bottom))
            bottom = box.top()
        return group

    def _paint_label(self, painter: QPainter, box: QRectF, text: str, line: Line) -> None:
        if box.left() < self.frame.area.right():  # in the middle of the chart other lines pass
            ground = QColor(theme_colours().surface)
            ground.setAlpha(240)
            painter.fillRect(box, ground)
        painter.setFont(self._font if line.dashed else self._bold)
        painter.setPen(QColor(line.colour))
        painter.drawText(box, _LEFT, text)
        painter.setFont(self._font)

    # --- reading out ------------------------------------------------------------------------

    def readout(self, cursor: float) -> list[tuple[Line, int]]:
        """Each line that has a point at the x that is read out, with the point's number. That x
        is the one nearest to the cursor; of an epoch and its steps, the epoch's."""
        found = [
            (abs(line.xs[number] - cursor), line, number)
            for line in self._lines
            if (number := nearest(line.xs, cursor)) is not None and self._inside(line.xs[number])
        ]
        closest = min((distance for distance, _, _ in found), default=math.inf)
        if closest > max(1.0, (self.frame.x[1] - self.frame.x[0]) / 20):
            return []
        near = [item for item in found if item[0] <= max(0.5, closest)]
        _, anchor, number = min(near, key=lambda item: (len(item[1].xs), item[0]))
        x = anchor.xs[number]
        at_x = [(line, nearest(line.xs, x)) for _, line, _ in found]
        return [(line, n) for line, n in at_x if n is not None and abs(line.xs[n] - x) <= 0.5]

    def row(self, line: Line, number: int) -> str:
        """A point in words."""
        name = f" ({line.point_name(number)})" if line.point_name else ""
        return f"{line.name}: {self._axes.value(line.ys[number])}{name}"

    def paint_readout(self, painter: QPainter, cursor: float) -> None:
        found = self.readout(cursor)
        if not found:
            return
        colours, high, area = theme_colours(), self._high, self.frame.area
        painter.setFont(self._font)
        line, number = min(found, key=lambda item: len(item[0].xs))  # epochs rather than steps
        x = line.xs[number]
        at = self._column(x)
        painter.setPen(QPen(QColor(colours.muted), 1))
        painter.drawLine(QPointF(at, area.top()), QPointF(at, area.bottom()))
        points = [self.frame.point(line.xs[number], line.ys[number]) for line, number in found]
        painter.setPen(QPen(QColor(colours.surface), 1.5))
        for point, (line, _) in zip(points, found, strict=True):
            painter.setBrush(QColor(line.colour))
            if area.top() - 4 <= point.y() <= area.bottom() + 4:
                painter.drawEllipse(point, 4 * self._scale, 4 * self._scale)
        rows = [(line, self.row(line, number)) for line, number in found]
        head = f"{self._axes.x_name} {_plain_x(x)}"
        wide = max(self._metrics.horizontalAdvance(text) for text in (head, *(t for _, t in rows)))
        wide += 38
        # As many columns as it takes: a value that is not listed would be missed.
        most = max(1, int((self._size.height() - 20) / high) - 1)
        columns = min(math.ceil(len(rows) / most), max(1, int((self._size.width() - 8) / wide)))
        per_column = math.ceil(min(len(rows), most * columns) / columns)
        size = QSizeF(wide * columns, high * (per_column + 1) + 12)
        box = self._place(size, at, [p.y() for p in points])
        painter.setPen(QPen(QColor(colours.border), 1))
        painter.setBrush(QColor(colours.raised))
        painter.drawRoundedRect(box, 6, 6)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QColor(colours.muted))
        room = per_column * columns
        if len(rows) > room:
            head += f" ({room} of {len(rows)})"
        painter.drawText(QRectF(box.left() + 10, box.top() + 6, wide, high), _LEFT, head)
        for place, (line, text) in enumerate(rows[:room]):
            column, row = divmod(place, per_column)
            left, top = box.left() + column * wide, box.top() + 6 + (row + 1) * high
            pen = QPen(QColor(line.colour), min(4.0, line.width))
            if line.dashed or line.dotted:
                pen.setStyle(Qt.PenStyle.DotLine if line.dotted else Qt.PenStyle.DashLine)
            painter.setPen(pen)
            middle = top + high / 2
            painter.drawLine(QPointF(left + 8, middle), QPointF(left + 22, middle))
            painter.setPen(QColor(colours.text))
            painter.drawText(QRectF(left + 28, top, wide, high), _LEFT, text)

    def _place(self, size: QSizeF, at: float, heights: Sequence[float]) -> QRectF:
        """Beside the pointer's column `at`, up or down, away from the points and the axis's text
        where there is room."""
        area, whole = self.frame.area, QRectF(QPointF(), self._size).adjusted(4, 4, -4, -4)
        box = QRectF(QPointF(), size)
        top = area.top() + 4
        bottom = min(area.bottom() - 4, whole.bottom()) - size.height()
        above = min(heights) - (top + size.height())
        box.moveTop(top if above >= bottom - max(heights) else max(bottom, whole.top()))
        box.moveBottom(min(box.bottom(), whole.bottom()))
        after, before = at + 10, at - 10 - size.width()
        for left, room in ((after, area), (before, area), (after, whole), (before, whole)):
            if left >= room.left() and left + size.width() <= room.right():
                box.moveLeft(left)
                return box
        box.moveLeft(max(whole.left(), min(after, whole.right() - size.width())))
        return box


def _figure(line: Line) -> str:
    return f" {line.figure}" if line.figure else ""


def _plain_x(x: float) -> str:
    return f"{x:,.0f}" if abs(x - round(x)) < 1e-6 else plain_number(round(x, 4))
