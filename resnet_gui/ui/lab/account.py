"""A screen of words beside a drawing, in the largest type with which all of it stands there."""

from __future__ import annotations

import bisect
from collections.abc import Sequence

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QKeyEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QApplication,
    QBoxLayout,
    QFrame,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from resnet_gui.ui.lab.parts import scaled
from resnet_gui.ui.widgets.plain_text import PlainLabel, set_tooltip

_MOST_HEIGHTS = 200
_SIZES = (2.6, 2.4, 2.2, 2.0, 1.85, 1.7, 1.6, 1.5, 1.4, 1.35, 1.3, 1.25, 1.2, 1.1, 1.0)
_SOURCE = 0.7  # of the text's size
_NARROW = 600  # pixels; less has no room for a drawing beside the words
_SIDES, _ENDS = 26, 16  # pixels between the card's edge and what stands in it
_BUTTON = 34.0  # pixels of height at normal size, with what is above it


class Account(QScrollArea):
    """Headed texts with a drawing beside them; in narrow windows below them.

    Attributes:
        sheet: all that scrolls. texts: the paragraphs. turn: leads to the other account.

    Signals:
        turned(): the other account is wanted.
    """

    turned = Signal()

    def __init__(
        self,
        title: str,
        parts: Sequence[tuple[str, str]],
        source: str,
        drawing: QWidget,
        turn: tuple[str, str],
        parent: QWidget | None = None,
    ) -> None:
        """
        Args:
            parts: headings and texts. source: in small type below them.
            turn: what the button to the other account says, and its tooltip.
        """
        super().__init__(parent)
        self.setProperty("kind", "bare")
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        # Until it is known whether all stands on one screen: it would be seen for a moment.
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.sheet = outer = QWidget()
        inner = QFrame()
        inner.setProperty("kind", "card")
        frame = QVBoxLayout(outer)
        frame.setContentsMargins(0, 0, 0, 0)
        frame.addWidget(inner)
        self.setWidget(outer)  # while it is empty: later, all texts would be laid out for no size
        self._row = row = QHBoxLayout(inner)
        row.setContentsMargins(_SIDES, _ENDS, _SIDES, _ENDS)
        row.setSpacing(_SIDES)
        column = QVBoxLayout()
        column.setSpacing(6)
        row.addLayout(column, 3)
        self.drawing = drawing
        row.addWidget(self.drawing, 2)
        column.addStretch()
        self.title = PlainLabel(title)
        self.title.setWordWrap(True)
        column.addWidget(self.title)
        self._heads: list[PlainLabel] = []
        self.texts: list[PlainLabel] = []
        for head, text in parts:
            column.addSpacing(8)
            for words, group in ((head, self._heads), (text, self.texts)):
                label = PlainLabel(words)
                label.setWordWrap(True)
                label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
                group.append(label)
                column.addWidget(label)
        column.addSpacing(8)
        self.source = PlainLabel(source)
        self.source.setWordWrap(True)
        self.source.setProperty("kind", "muted")
        column.addWidget(self.source)
        self.turn = QPushButton(turn[0])
        set_tooltip(self.turn, turn[1])
        self.turn.clicked.connect(self.turned)
        column.addSpacing(4)
        column.addWidget(self.turn, alignment=Qt.AlignmentFlag.AlignLeft)
        column.addStretch()
        self._heights: dict[tuple[float, int], float] = {}

    def set_text(self, number: int, text: str) -> None:
        """Say something else in the paragraph with this number."""
        if text != self.texts[number].text():
            self.texts[number].setText(text)
            self._heights.clear()
            if self.isVisible():
                self.fit()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.fit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Where there is nothing to scroll, the page may use the keys."""
        if self.verticalScrollBar().maximum() == 0:
            event.ignore()
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        # Before the texts are laid out: once, and not twice. Before the first show the style sheet
        # would take the type back.
        if self.testAttribute(Qt.WidgetAttribute.WA_WState_Polished):
            self.fit()
        super().resizeEvent(event)

    def fit(self) -> None:
        """Take the largest type with which all stands on one screen."""
        size = self.maximumViewportSize()
        narrow = size.width() < _NARROW
        direction = QBoxLayout.Direction
        self._row.setDirection(direction.TopToBottom if narrow else direction.LeftToRight)
        width = size.width() - 2 * _SIDES - 2
        width = width if narrow else (width - _SIDES) * 3 // 5
        room = size.height() - 2 * _ENDS - 2
        # The first of the falling sizes that fits; laying out a page of text costs some ms.
        first = bisect.bisect_left(_SIZES, True, key=lambda size: self._height(size, width) <= room)
        self._set_size(_SIZES[min(first, len(_SIZES) - 1)])
        policy = Qt.ScrollBarPolicy
        whole = first < len(_SIZES) and not narrow
        self.setVerticalScrollBarPolicy(
            policy.ScrollBarAlwaysOff if whole else policy.ScrollBarAsNeeded
        )

    def _height(self, size: float, width: int) -> float:
        """Of all texts, wrapped, in type of this size."""
        if (size, width) not in self._heights:
            if len(self._heights) > _MOST_HEIGHTS:  # the window has had many widths
                self._heights.clear()
            self._heights[size, width] = self._measured_height(size, width)
        return self._heights[size, width]

    def _measured_height(self, size: float, width: int) -> float:
        total = 6.0 * (len(self._labels()) + 1) + 8 * (len(self.texts) + 1) + 4 + _BUTTON * size
        for label, factor, bold in self._labels():
            font = QApplication.font()
            font.setPointSizeF(font.pointSizeF() * self._factor(size, factor))
            font.setBold(bold)
            flags = Qt.TextFlag.TextWordWrap
            area = QFontMetricsF(font).boundingRect(QRectF(0, 0, width, 1e5), flags, label.text())
            total += area.height() + 2
        return total

    def _labels(self) -> list[tuple[PlainLabel, float, bool]]:
        """Each label with its size beside the text's, and whether it is bold."""
        heads = [(label, 1.05, True) for label in self._heads]
        texts = [(label, 1.0, False) for label in self.texts]
        return [(self.title, 1.6, True), *heads, *texts, (self.source, _SOURCE, False)]

    @staticmethod
    def _factor(size: float, factor: float) -> float:
        return max(0.85, size * factor)

    def _set_size(self, size: float) -> None:
        for label, factor, bold in self._labels():
            scaled(label, self._factor(size, factor), bold=bold)
        scaled(self.turn, max(1.0, size * 0.8))
