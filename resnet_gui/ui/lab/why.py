"""The Lab's one screen of words: why H(x) = F(x) + x.

After He et al., Deep Residual Learning for Image Recognition, 2015 (arXiv:1512.03385), sections 1,
3.1 and 4.1; He et al., Identity Mappings in Deep Residual Networks, 2016 (arXiv:1603.05027),
section 2; Yang et al., A Mean Field Theory of Batch Normalization, 2019 (arXiv:1902.08129). What is
measured stands there in the words of the recorded trainings' numbers.
"""

from __future__ import annotations

import bisect

from PySide6.QtCore import QPointF, QRectF, Qt, Slot
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetricsF,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QHBoxLayout,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from resnet_gui.core.lab.sentences import start_sentence
from resnet_gui.core.nets.registration import Kind
from resnet_gui.ui.lab.controller import LabController
from resnet_gui.ui.lab.parts import scaled
from resnet_gui.ui.lab.style import kind_colour
from resnet_gui.ui.widgets.plain_text import PlainLabel
from resnet_gui.ui.widgets.theme import theme_colours

_PARTS = (
    (
        "The puzzle",
        "A deeper network can do all that a shallower one does: copy its layers and let the extra "
        "ones pass their input on unchanged. So it should never do worse. Yet plain deep networks "
        "do, on the very images they are trained with: training does not find that solution. "
        "It is not overfitting. Nor, say the authors of ResNet, are vanishing gradients to blame: "
        "with batch normalisation they found them of healthy size in their plain networks.",
    ),
    (
        "The idea",
        "Let H(x) be what a few layers should make of x. Do not ask them for H(x). Ask them for "
        "the difference, F(x) = H(x) − x, and add x again: H(x) = F(x) + x. To pass x on "
        "unchanged, the layers now only have to learn F(x) = 0. The shortcut that carries x costs "
        "no parameters.",
    ),
    (
        "The clear path",
        "If nothing but additions stands between the blocks, a late x is an early x plus a sum of "
        "all F between them. So the gradient reaches the early layer directly, as 1 + …, and not "
        "only as a product of all layers between. In the first ResNets a ReLU still stands after "
        "each sum; the pre-activation kind (V2) clears the path fully.",
    ),
)
_MEASURED = "Measured here"
_NOT_MEASURED = (
    "Compute Plain-56 and ResNet-56 on the page Gradients and compare: what plain networks' "
    "gradients do before training is there to see."
)
_SOURCE = (
    "He, Zhang, Ren, Sun: Deep Residual Learning for Image Recognition, 2015; Identity Mappings in "
    "Deep Residual Networks, 2016. On gradients at the start: Yang et al., A Mean Field Theory of "
    "Batch Normalization, 2019."
)
_MOST_HEIGHTS = 200
_SIZES = (2.6, 2.4, 2.2, 2.0, 1.85, 1.7, 1.55, 1.4, 1.25, 1.1, 1.0)


class LabWhy(QScrollArea):
    """Short texts beside a drawing, as large as the window allows.

    Attributes:
        measured: what the recorded trainings show of it. sheet: all that scrolls.
    """

    def __init__(self, controller: LabController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._controller = controller
        self.setProperty("kind", "bare")
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.sheet = outer = QWidget()
        inner = QFrame()
        inner.setProperty("kind", "card")
        frame = QVBoxLayout(outer)
        frame.setContentsMargins(0, 0, 0, 0)
        frame.addWidget(inner)
        self.setWidget(outer)  # while it is empty: later, all texts would be laid out for no size
        row = QHBoxLayout(inner)
        row.setContentsMargins(26, 18, 26, 16)
        row.setSpacing(26)
        column = QVBoxLayout()
        column.setSpacing(6)
        row.addLayout(column, 3)
        self.drawing = WhyDrawing()
        row.addWidget(self.drawing, 2)
        column.addStretch()
        self.title = PlainLabel("H(x) = F(x) + x")
        column.addWidget(self.title)
        self._heads: list[PlainLabel] = []
        self._texts: list[PlainLabel] = []
        for head, text in (*_PARTS, (_MEASURED, _NOT_MEASURED)):
            column.addSpacing(8)
            for words, group in ((head, self._heads), (text, self._texts)):
                label = PlainLabel(words)
                label.setWordWrap(True)
                label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
                group.append(label)
                column.addWidget(label)
        self.measured = self._texts[-1]
        column.addSpacing(8)
        self.source = PlainLabel(_SOURCE)
        self.source.setWordWrap(True)
        self.source.setProperty("kind", "muted")
        column.addWidget(self.source)
        column.addStretch()
        self._heights: dict[tuple[float, int], float] = {}
        controller.histories_changed.connect(self._on_histories_changed)
        self._on_histories_changed()

    @Slot()
    def _on_histories_changed(self) -> None:
        text = start_sentence(self._controller.histories, self._controller.names) or _NOT_MEASURED
        if text != self.measured.text():
            self.measured.setText(text)
            self._heights.clear()
            if self.isVisible():
                self._fit()

    def set_scale(self, scale: float) -> None:
        self._fit()  # as large as fits, in either mode

    def refresh_theme(self) -> None:
        self.drawing.update()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        # Before the texts are laid out: once, and not twice. Before the first show the style sheet
        # would take the type back.
        if self.testAttribute(Qt.WidgetAttribute.WA_WState_Polished):
            self._fit()
        super().resizeEvent(event)

    def _fit(self) -> None:
        """The largest type with which all stands on one screen."""
        width = (self.viewport().width() - 80) * 3 // 5
        room = self.viewport().height() - 36
        # The first of the falling sizes that fits; laying out a page of text costs some ms.
        first = bisect.bisect_left(_SIZES, True, key=lambda size: self._height(size, width) <= room)
        self._set_size(_SIZES[min(first, len(_SIZES) - 1)])

    def _height(self, size: float, width: int) -> float:
        """Of all texts, wrapped, in type of this size."""
        if (size, width) not in self._heights:
            if len(self._heights) > _MOST_HEIGHTS:  # the window has had many widths
                self._heights.clear()
            self._heights[size, width] = self._measured_height(size, width)
        return self._heights[size, width]

    def _measured_height(self, size: float, width: int) -> float:
        total = 6.0 * 10 + 8 * 5
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
        texts = [(label, 1.0, False) for label in self._texts]
        return [(self.title, 1.6, True), *heads, *texts, (self.source, 0.6, False)]

    @staticmethod
    def _factor(size: float, factor: float) -> float:
        return max(0.85, size * factor)

    def _set_size(self, size: float) -> None:
        for label, factor, bold in self._labels():
            scaled(label, self._factor(size, factor), bold=bold)


class WhyDrawing(QWidget):
    """A plain block and a residual block, side by side."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMinimumWidth(210)
        self.setAccessibleName(
            "Drawing: a plain block sends x through two layers; a residual block adds x again"
        )

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        # Drawn on a sheet of 400 x 480 and scaled to the room.
        scale = min(self.width() / 400, self.height() / 480)
        painter.translate((self.width() - 400 * scale) / 2, (self.height() - 480 * scale) / 2)
        painter.scale(scale, scale)
        font = QFont(self.font())
        font.setPixelSize(17)
        painter.setFont(font)
        self._block(painter, 86, Kind.PLAIN)
        self._block(painter, 272, Kind.RESIDUAL)

    def _block(self, painter: QPainter, x: float, kind: Kind) -> None:
        colours = theme_colours()
        residual = kind is Kind.RESIDUAL
        colour = QColor(kind_colour(kind, colours))
        bold = QFont(painter.font())
        bold.setBold(True)
        self._text(painter, x, 16, "residual" if residual else "plain", colour, bold)
        self._text(painter, x, 66, "x", QColor(colours.text), bold)
        line = QPen(QColor(colours.muted), 2)
        for start, end in ((80, 124), (172, 212), (260, 300 if residual else 338)):
            self._arrow(painter, x, start, end, line)
        for top in (124, 212):
            box = QRectF(x - 66, top, 132, 48)
            painter.setPen(QPen(colour, 2))
            painter.setBrush(QColor(colours.accent_ground if residual else colours.warning_ground))
            painter.drawRoundedRect(box, 7, 7)
            painter.setPen(QColor(colours.text))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, "weight layer")
        self._text(painter, x + 30, 192, "relu", QColor(colours.muted))
        if residual:
            self._text(painter, x - 36, 284, "F(x)", QColor(colours.text))
            painter.setPen(QPen(colour, 4))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            path = QPainterPath(QPointF(x, 98))
            path.lineTo(x + 82, 98)
            path.quadTo(x + 104, 98, x + 104, 120)
            path.lineTo(x + 104, 292)
            path.quadTo(x + 104, 314, x + 82, 314)
            path.lineTo(x + 16, 314)
            painter.drawPath(path)
            self._text(painter, x + 62, 84, "x, as it is", colour)
            painter.setPen(QPen(colour, 2.5))
            painter.setBrush(QColor(colours.surface))
            painter.drawEllipse(QPointF(x, 314), 14, 14)
            painter.drawLine(QPointF(x - 8, 314), QPointF(x + 8, 314))
            painter.drawLine(QPointF(x, 306), QPointF(x, 322))
        # As in the paper's figure 2: H(x) is the sum, and the ReLU comes after it.
        words = "H(x) = F(x) + x" if residual else "H(x)"
        self._text(painter, x, 354, words, QColor(colours.text), bold)
        self._arrow(painter, x, 370, 404, line)
        self._text(painter, x, 420, "relu", QColor(colours.muted))
        self._arrow(painter, x, 434, 468, line)

    def _text(
        self,
        painter: QPainter,
        x: float,
        y: float,
        words: str,
        colour: QColor,
        font: QFont | None = None,
    ) -> None:
        before = painter.font()
        if font is not None:
            painter.setFont(font)
        painter.setPen(colour)
        painter.drawText(QRectF(x - 95, y - 14, 190, 28), Qt.AlignmentFlag.AlignCenter, words)
        painter.setFont(before)

    def _arrow(self, painter: QPainter, x: float, top: float, end: float, pen: QPen) -> None:
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawLine(QPointF(x, top), QPointF(x, end))
        painter.drawLine(QPointF(x, end), QPointF(x - 5, end - 7))
        painter.drawLine(QPointF(x, end), QPointF(x + 5, end - 7))
