"""What a chart shows, the ends of its axes, and where a value lies on the picture."""

from __future__ import annotations

import bisect
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QLineF, QPointF, QRectF

Range: TypeAlias = tuple[float, float]
Array: TypeAlias = npt.NDArray[np.float64]
_Number = TypeVar("_Number", bound=np.generic)
TINY = 1e-12
_DASHES = 400  # at most in a line
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True, slots=True)
class Line:
    """One line. Its names are written as they are: `one_line` has gone over them.

    Attributes:
        name: for the readout. label: written at its end; "" for nothing. figure: written after
            the label while the end is in view.
        xs, ys: its points, finite, xs ascending. An array("d") may grow meanwhile and is read
            without a copy.
        width: in pixels at normal size.
        point_name: what the readout says of the point with this number.
    """

    name: str
    label: str
    xs: Sequence[float]
    ys: Sequence[float]
    colour: str
    width: float = 2.0
    dashed: bool = False
    dotted: bool = False
    figure: str = ""
    point_name: Callable[[int], str] | None = None


@dataclass(frozen=True, slots=True)
class Axes:
    """What the axes say.

    Attributes:
        value: how a y is written in the readout and beside the axis (linear axes).
        x_name: how an x is read out ("epoch").
        log: logarithmic y.
        x_range, y_range: fixed ends; None: by the lines.
        y_zero: the y axis begins at 0, unless the chart is zoomed. y_least: it shows at least this
            much. y_limits: it never leaves them.
        x_least: zooming stops here.
        at_one: a line at y = 1, for ratios. mark: a dotted line at this x.
        hint: written in the middle while there is no point.
    """

    title: str
    x_label: str
    value: Callable[[float], str]
    x_name: str
    log: bool = False
    x_range: Range | None = None
    y_range: Range | None = None
    y_zero: bool = False
    y_least: float = 0.0
    y_limits: Range = (-math.inf, math.inf)
    x_least: float = 4.0
    at_one: bool = False
    mark: float | None = None
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Frame:
    """The rectangle between the axes, and what its sides stand for; with `log`, y is an exponent
    of ten."""

    area: QRectF
    x: Range
    y: Range
    log: bool

    def x_of(self, pixel: float) -> float:
        """The x below a pixel's column, held inside the axis."""
        share = (pixel - self.area.left()) / max(1.0, self.area.width())
        return self.x[0] + min(max(share, 0.0), 1.0) * (self.x[1] - self.x[0])

    def point(self, x: float, y: float) -> QPointF:
        across, down = self.pixels(np.array([x]), np.array([y]))
        return QPointF(float(across[0]), float(down[0]))

    def pixels(self, xs: Array, ys: Array) -> tuple[Array, Array]:
        """Points on the picture, right and down; far outside, they are held a height away."""
        if self.log:
            ys = np.log10(np.maximum(ys, TINY))
        across = (xs - self.x[0]) * (self.area.width() / (self.x[1] - self.x[0]))
        up = np.clip((ys - self.y[0]) / (self.y[1] - self.y[0]), -1.0, 2.0) * self.area.height()
        return self.area.left() + across, self.area.bottom() - up


def full_x(axes: Axes, lines: Sequence[Line]) -> Range:
    """The whole x axis."""
    low, high = axes.x_range or (
        min((line.xs[0] for line in lines if len(line.xs)), default=0.0),
        max((line.xs[-1] for line in lines if len(line.xs)), default=1.0),
    )
    return low, high if high > low else low + 1


def fitted_y(
    axes: Axes, lines: Sequence[Line], x: Range, held: Range | None, most: int
) -> tuple[Range, float]:
    """The y axis for the points between the ends `x`: at least `held`, and rounded out to whole
    steps, so that it does not move with each new point.

    Returns:
        its ends, as exponents of ten where it is logarithmic, and the step from tick to tick.
    """
    if axes.y_range is not None:
        low, high = axes.y_range
    else:
        parts = [ys for line in lines if len(ys := seen(line, x)[1])]
        low = min((float(ys.min()) for ys in parts), default=0.0)
        high = max((float(ys.max()) for ys in parts), default=1.0)
    if axes.log:
        low, high = math.log10(max(low, TINY)), math.log10(max(high, TINY))
        middle, half = (low + high) / 2, max(0.5, (high - low) / 2 * 1.05)
        return (middle - half, middle + half), 1.0
    if axes.y_range is not None:
        high = high if high > low else low + 1
        return (low, high), _step(high - low, most)
    if held is not None:
        low, high = min(low, held[0]), max(high, held[1])
    if high - low < axes.y_least:
        low = max(axes.y_limits[0], (low + high - axes.y_least) / 2)
        high = min(axes.y_limits[1], low + axes.y_least)
        low = high - axes.y_least
    elif high - low <= 1e-6 * abs(high):  # a level line
        low, high = min(0.0, low * 1.25), max(0.0, high * 1.25) or 1.0
    step = _step(high - low, most)
    low, high = math.floor(low / step + 1e-6) * step, math.ceil(high / step - 1e-6) * step
    return (max(low, axes.y_limits[0]), min(high, axes.y_limits[1])), step


def zoomed_x(axes: Axes, full: Range, wanted: Range) -> Range | None:
    """The part of the axis to show, of the width of `wanted` where that can be; None: all of it.
    What it once returned it returns again, to the last bit: linked charts hand it round."""
    slack = (full[1] - full[0]) * 1e-9
    span = max(wanted[1] - wanted[0], axes.x_least)
    if span >= (full[1] - full[0]) * 0.999:
        return None
    if (
        wanted[0] >= full[0] - slack
        and wanted[1] <= full[1] + slack
        and span - slack <= wanted[1] - wanted[0]
    ):
        return wanted
    low = min(max((wanted[0] + wanted[1] - span) / 2, full[0]), full[1] - span)
    return low, low + span


def seen(line: Line, x: Range) -> tuple[Array, Array]:
    """The points between two ends, and one more on each side, as the line comes from there."""
    xs, ys = np.asarray(line.xs, np.float64), np.asarray(line.ys, np.float64)
    part = slice(
        max(0, int(np.searchsorted(xs, x[0])) - 1), int(np.searchsorted(xs, x[1], "right")) + 1
    )
    return xs[part], ys[part]


def thinned(xs: Array, ys: Array, x: Range, columns: int) -> tuple[Array, Array]:
    """The lowest and the highest point of each of the picture's columns: with many points the
    line looks the same, and a hundred thousand are painted like a thousand."""
    if len(xs) <= 2 * columns:
        return xs, ys
    edges = np.searchsorted(xs, np.linspace(x[0], x[1], columns + 1))
    starts = _distinct(np.concatenate(([0], edges)))
    starts = starts[starts < len(xs)]
    pairs = np.column_stack((np.minimum.reduceat(ys, starts), np.maximum.reduceat(ys, starts)))
    falling = ys[starts] > ys[np.append(starts[1:], len(xs)) - 1]
    pairs[falling] = pairs[falling, ::-1]
    return np.repeat(xs[starts], 2), pairs.ravel()


def _distinct(values: npt.NDArray[_Number]) -> npt.NDArray[_Number]:
    """np.unique, which imports numpy.ma at its first call: 15 ms in the middle of painting."""
    ordered = np.sort(values)
    return ordered[np.concatenate(([True], ordered[1:] != ordered[:-1]))]


def pieces(across: Array, down: Array, dash: Range | None) -> list[QLineF]:
    """A path cut into straight pieces; `dash`: lengths of dashes and gaps.

    Qt paints pieces one by one in no time, but takes up to a second for a thick path, or a dashed
    one, that goes up and down a thousand times, as it looks for where it crosses itself.
    """
    if dash is not None:
        reached = np.concatenate(([0.0], np.cumsum(np.hypot(np.diff(across), np.diff(down)))))
        longer = max(1.0, reached[-1] / (_DASHES * sum(dash)))
        on, period = dash[0] * longer, sum(dash) * longer
        starts = np.arange(0.0, reached[-1], period)
        cuts = _distinct(np.concatenate((reached, starts, starts + on)))
        cuts = cuts[cuts <= reached[-1]]
        across, down = np.interp(cuts, reached, across), np.interp(cuts, reached, down)
        drawn = (cuts[:-1] + cuts[1:]) / 2 % period < on
    else:
        drawn = np.ones(len(across) - 1, bool)
    ends = np.column_stack((across[:-1], down[:-1], across[1:], down[1:]))[drawn]
    return [QLineF(*end) for end in ends.tolist()]


def strokes(across: Array, down: Array) -> list[QLineF]:
    """What `thinned` returned, in pixels, as one upright stroke for each column, long enough to
    meet the one before it: half as many pieces as the path, and upright ones are painted fast."""
    pairs = down.reshape(-1, 2)
    top, bottom = pairs.min(axis=1), pairs.max(axis=1)
    above, below = top.copy(), bottom.copy()
    above[1:] = np.minimum(top[1:], bottom[:-1])
    below[1:] = np.maximum(bottom[1:], top[:-1])
    ends = np.column_stack((across[::2], above, across[::2], below))
    return [QLineF(*end) for end in ends.tolist()]


def nearest(xs: Sequence[float], x: float) -> int | None:
    """Number of the point closest to an x."""
    right = bisect.bisect_left(xs, x)
    candidates = [n for n in (right - 1, right) if 0 <= n < len(xs)]
    return min(candidates, key=lambda n: abs(xs[n] - x), default=None)


def x_ticks(low: float, high: float, most: int) -> list[float]:
    """Round values, at most `most` steps apart."""
    return multiples(_step(high - low, most), low, high)


def multiples(step: float, low: float, high: float) -> list[float]:
    """Of a step, from low to high."""
    first = math.ceil(low / step - 1e-9)
    return [n * step for n in range(first, math.floor(high / step + 1e-9) + 1)]


def _step(span: float, most: int) -> float:
    """1, 2 or 5 times a power of ten, so that a span has at most so many."""
    rough = max(span, TINY) / max(1, most)
    power = 10.0 ** math.floor(math.log10(rough))
    return next(m * power for m in (1, 2, 5, 10) if m * power >= rough * 0.999)


def log_ticks(low: float, high: float) -> list[tuple[float, str]]:
    """Powers of ten; with few of them 2 and 5, too."""
    span = high - low
    factors = (1, 2, 5) if span < 2.2 else (1,)
    step = max(1, math.ceil(span / 7))
    powers = range(math.floor(low), math.ceil(high) + 1)
    values = [f * 10.0**p for p in powers if p % step == 0 for f in factors]
    return [(v, plain_number(v)) for v in values if low - 0.01 <= math.log10(v) <= high + 0.01]


def plain_percent(fraction: float) -> str:
    """ "77.5%", "80%"."""
    return f"{fraction * 100:.1f}".removesuffix(".0") + "%"


def plain_number(value: float) -> str:
    """Three digits, and powers of ten as people write them: 1,500, 0.025, 3·10⁻⁵."""
    if value == 0 or 0.0009 < abs(value) < 99_999:
        return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    digits, exponent = f"{value:.2e}".split("e")
    digits = digits.rstrip("0").rstrip(".")
    power = "10" + str(int(exponent)).translate(_SUPERSCRIPTS)
    return power if digits == "1" else f"{digits}·{power}"
