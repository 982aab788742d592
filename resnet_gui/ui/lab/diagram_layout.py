"""Where a network's stages and blocks lie on its diagram."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRectF
from PySide6.QtGui import QFontMetricsF

from resnet_gui.core.lab.diagram_types import StageBox
from resnet_gui.core.nets.registration import Shortcut
from resnet_gui.ui.lab.box_texts import box_lines

_MARGIN = 1.0
_BETWEEN = 10.0  # bands
_INSIDE = 14.0  # a band's edge and its first block, without the line that comes in
_HEADING, _LOW_HEADING = 30.0, 25.0  # of height, at normal size; the low ones are for packed bands
_LEAST_WIDTH = 190.0  # of a band that shares a row, at normal size: for its title


@dataclass(frozen=True, slots=True)
class Band:
    """A stage's ground with its heading and its blocks."""

    stage: StageBox
    area: QRectF


@dataclass(frozen=True, slots=True)
class Layout:
    """
    Attributes:
        rects: one for each block, in their order. bands: one for each stage.
        height: of all of it, in pixels. wrapped: whether a stage takes more than one line.
    """

    rects: tuple[QRectF, ...] = ()
    bands: tuple[Band, ...] = ()
    height: int = 0
    wrapped: bool = False

    @property
    def stages_end(self) -> float:
        """The lower edge of the last stage; the head may be scrolled to."""
        ends = (band.area.bottom() for band in self.bands if band.stage.role == "stage")
        return max(ends, default=0.0)


@dataclass(frozen=True, slots=True)
class _Sizes:
    """Of a stage's blocks: box, gap between two, shortcut above, in pixels."""

    stage: StageBox
    width: float
    gap: float
    arc: float
    high: float

    @property
    def whole(self) -> float:
        """The width of a band with all blocks in one line."""
        return len(self.stage.blocks) * (self.width + self.gap) + 2 * _INSIDE

    def per_line(self, width: float) -> int:
        """How many blocks a line of the band has: 5 and 4 look better than 7 and 2."""
        most = max(1, int((width - 2 * _INSIDE) // (self.width + self.gap)))
        lines = -(-len(self.stage.blocks) // most)
        return -(-len(self.stage.blocks) // lines)


def lay_out(
    stages: Sequence[StageBox],
    width: float,
    zoom: float,
    scale: float,
    words: QFontMetricsF | None,
    *,
    packed: bool,
) -> Layout:
    """The stages one below the other, in each of them the blocks from left to right.

    Args:
        width: in pixels. zoom: of the blocks. scale: of the type.
        words: of what stands in the boxes; None: they are too small for words.
        packed: stages that stand beside each other with all their blocks in one line do so.
    """
    rects: list[QRectF] = []
    bands: list[Band] = []
    heading = _LOW_HEADING if packed else _HEADING
    wrapped, top, room = False, _MARGIN, width - 2 * _MARGIN
    sizes = [_sizes(stage, zoom, words) for stage in stages]
    for row in _rows(sizes, room, scale) if packed else [[one] for one in sizes]:
        spare = (room - _taken(row, scale)) / len(row)
        left, first = _MARGIN, len(bands)
        for one in row:
            wide = room if len(row) == 1 else _least(one, scale) + spare
            per_line = one.per_line(wide)
            lines = -(-len(one.stage.blocks) // per_line)
            wrapped = wrapped or lines > 1
            head, pitch = heading * scale, one.high + one.arc + 6
            bands.append(Band(one.stage, QRectF(left, top, wide, head + lines * pitch + 10)))
            for number in range(len(one.stage.blocks)):
                line, place = divmod(number, per_line)
                x = left + _INSIDE + one.gap / 2 + place * (one.width + one.gap)
                y = top + head + one.arc + line * pitch
                rects.append(QRectF(x, y, one.width, one.high))
            left += wide + _BETWEEN
        bottom = max(band.area.bottom() for band in bands[first:])
        for band in bands[first:]:
            band.area.setBottom(bottom)
        top = bottom + _BETWEEN
    height = max(0, round(top + _MARGIN - _BETWEEN))
    return Layout(tuple(rects), tuple(bands), height, wrapped)


def _sizes(stage: StageBox, zoom: float, words: QFontMetricsF | None) -> _Sizes:
    width, gap, arc = 88 * zoom, 36 * zoom, 26 * zoom
    if all(block.shortcut is Shortcut.NONE for block in stage.blocks):
        arc = 4 * zoom
    if words is None:
        return _Sizes(stage, width, gap, arc, 26 * max(zoom, 0.5))
    most = max(len(box_lines(block)) for block in stage.blocks)
    texts = {text for block in stage.blocks for text in box_lines(block)}
    widest = max((words.horizontalAdvance(text) for text in texts), default=0.0)
    width = max(width, widest + 18 * zoom)
    return _Sizes(stage, width, gap, arc, max(16.0, (most * 17 + 14) * zoom))


def _rows(sizes: Sequence[_Sizes], room: float, scale: float) -> list[list[_Sizes]]:
    rows: list[list[_Sizes]] = []
    for one in sizes:
        if rows and _taken([*rows[-1], one], scale) <= room:
            rows[-1].append(one)
        else:
            rows.append([one])
    return rows


def _taken(row: Sequence[_Sizes], scale: float) -> float:
    """The least width of bands beside each other."""
    return sum(_least(one, scale) for one in row) + _BETWEEN * (len(row) - 1)


def _least(one: _Sizes, scale: float) -> float:
    return max(one.whole, _LEAST_WIDTH * scale)
