"""How the columns of the table of runs share its width: by what they hold."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtGui import QFont, QFontMetricsF
from PySide6.QtWidgets import QStyle, QTableView

from resnet_gui.core.runs.listing import RunState
from resnet_gui.ui.runs.table import SWATCH, RunsModel

_PADDING = 5  # pixels on both sides of a cell's text, in the theme
_HEADING_PADDING = 8  # of a title
_ARROW = 16  # beside the title of the column that is sorted by
_MEASURED = 100  # runs, the newest: a text that is further down may be cut
_WIDEST = 460  # pixels: a title of three lines does not push all else aside


def shared(room: int, least: Sequence[int], wanted: Sequence[int]) -> list[int]:
    """A width for each column, in pixels: none below its least.

    What lacks little is given it before what lacks much: a figure that is cut tells nothing, a
    long name still tells something. What nobody wants goes to the last column.
    """
    widths = list(least)
    left = room - sum(widths)
    lacking = sorted(
        (max(0, wish - width), number)
        for number, (wish, width) in enumerate(zip(wanted, widths, strict=True))
    )
    for done, (lack, number) in enumerate(lacking):
        given = min(lack, max(0, left) // (len(lacking) - done))
        widths[number] += given
        left -= given
    if left > 0:
        widths[-1] += left
    return widths


class Needs:
    """How wide the columns would have to be for nothing to be cut."""

    def __init__(self, table: QTableView) -> None:
        self._table = table
        self._advances: dict[tuple[str, bool], int] = {}
        self._font = table.font()
        self._metrics = _metrics(self._font)

    def of(self, model: RunsModel) -> list[int]:
        """Of each column, in pixels, at most `_WIDEST`."""
        table = self._table
        if table.font() != self._font:
            self._font = table.font()
            self._advances.clear()
            self._metrics = _metrics(self._font)
        focus = table.style().pixelMetric(QStyle.PixelMetric.PM_FocusFrameHMargin, None, table) + 1
        beside = 2 * (_PADDING + focus)
        needs: list[int] = []
        for number, column in enumerate(model.columns):
            # As the model has it: what is running is written in bold.
            texts = {
                (column.text(run), run.state is RunState.RUNNING) for run in model.runs[:_MEASURED]
            }
            cell = max((self._advance(*text) for text in texts), default=0) + beside
            if not number:
                cell += SWATCH + 2 * (focus + 1)
            heading = self._advance(column.title) + 2 * _HEADING_PADDING + _ARROW
            needs.append(min(_WIDEST, max(cell, heading)))
        return needs

    def _advance(self, text: str, bold: bool = False) -> int:
        key = text, bold
        if key not in self._advances:
            if len(self._advances) > 20 * _MEASURED:  # notes and states of weeks
                self._advances.clear()
            # Upwards: a text that lacks half a pixel is cut by some letters.
            self._advances[key] = math.ceil(self._metrics[bold].horizontalAdvance(text))
        return self._advances[key]


def _metrics(font: QFont) -> tuple[QFontMetricsF, QFontMetricsF]:
    bold = QFont(font)
    bold.setBold(True)
    return QFontMetricsF(font), QFontMetricsF(bold)
