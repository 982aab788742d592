"""Names of classes as people read them: one rule for all places.

A class is called like its folder, so its name may hold underscores for spaces. Those are shown as
spaces; files, settings and what is copied keep the name as it is. Where a name is too long it goes
on in a second line, and what is left over is cut at the end, as what tells classes apart mostly
stands in front; the whole name is in the tooltip.
"""

from __future__ import annotations

import re

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetrics, QFontMetricsF

from resnet_gui.ui.widgets.plain_text import one_line


def class_words(name: str) -> str:
    """ "german_shepherd" -> "german shepherd"; one line, hidden characters spelled out."""
    words = re.sub("_+", " ", name).strip()
    return one_line(words or name)


def fitted(words: str, metrics: QFontMetrics | QFontMetricsF, width: float, most: int = 2) -> str:
    """The words in at most `most` lines of `width` pixels; what does not fit is cut at the end.

    Args:
        words: made by `class_words`, perhaps with more of ours before or after.
    """
    lines: list[str] = []
    rest = words
    while rest and len(lines) < most - 1 and metrics.horizontalAdvance(rest) > width:
        cut = _last_space(rest, metrics, width)
        if not cut:
            break
        lines.append(rest[:cut])
        rest = rest[cut:].lstrip()
    lines.append(metrics.elidedText(rest, Qt.TextElideMode.ElideRight, int(width)))
    return "\n".join(lines)


def _last_space(text: str, metrics: QFontMetrics | QFontMetricsF, width: float) -> int:
    """Where the first line ends: the last space up to which it fits; 0: a word is too long."""
    found = 0
    for match in re.finditer(r" ", text):
        if metrics.horizontalAdvance(text[: match.start()]) > width:
            break
        found = match.start()
    return found
