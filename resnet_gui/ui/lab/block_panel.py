"""The chosen block in full: its layers one below the other, and the shortcut beside them."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from resnet_gui.core.lab.diagram_types import (
    BlockBox,
    LayerBox,
    NetworkDiagram,
    Path,
    count_text,
    shape_text,
)
from resnet_gui.core.nets.registration import Kind, Shortcut
from resnet_gui.ui.lab.parts import scaled
from resnet_gui.ui.lab.style import kind_colour
from resnet_gui.ui.widgets.plain_text import PlainLabel
from resnet_gui.ui.widgets.theme import theme_colours

_SHORTCUTS = {
    Shortcut.IDENTITY: "Identity: x goes past as it is, without parameters.",
    Shortcut.STRIDED: "Every other pixel of x goes past, without parameters.",
    Shortcut.PADDED: "Option A: every other pixel of x, zeros as new channels, no parameters.",
    Shortcut.PROJECTION: "Projection: a 1×1 convolution brings x to the new shape.",
    Shortcut.GATE: "Gated: the learned T(x) decides how much of F(x) and how much of x goes on.",
    Shortcut.NONE: "No shortcut: only what the layers make of x goes on.",
}


class BlockPanel(QFrame):
    """Facts and drawing of one block, or of the whole network while none is chosen."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("kind", "card")
        self.setAccessibleName("Chosen block")
        self.scroll_area = QScrollArea()
        self.scroll_area.setProperty("kind", "bare")
        self.scroll_area.setWidgetResizable(True)
        self.scroll_area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(14, 12, 6, 8)
        outer.addWidget(self.scroll_area)
        inner = QWidget()
        self.scroll_area.setWidget(inner)
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 4, 0)
        column.setSpacing(6)
        self.title, self.formula, self.facts, self.shortcut = (PlainLabel() for _ in range(4))
        for label in (self.title, self.formula, self.facts, self.shortcut):
            label.setWordWrap(True)
            column.addWidget(label)
        self.facts.setProperty("kind", "muted")
        self.drawing = BlockDrawing()
        column.addWidget(self.drawing, 1)
        self.set_scale(1.0)

    def set_scale(self, scale: float) -> None:
        self.setFixedWidth(round(300 * (0.1 + 0.9 * scale)))  # a layer's facts in one line
        scaled(self.title, scale * 1.25, bold=True)
        scaled(self.formula, scale * 1.1)
        scaled(self.facts, scale)
        scaled(self.shortcut, scale)
        self.drawing.set_scale(scale)

    def show_block(self, block: BlockBox) -> None:
        self.title.setText(block.title)
        self.formula.setText(f"y = {block.formula}" if block.formula else "")
        self.formula.setVisible(bool(block.formula))
        self.facts.setText(
            f"{shape_text(block.input_shape)}  →  {shape_text(block.output_shape)}\n"
            f"{block.parameters:,} parameters · {count_text(block.multiply_adds)} multiply-adds"
        )
        inside = block.name not in ("stem", "head")
        self.shortcut.setText(_SHORTCUTS[block.shortcut] if inside else "")
        self.shortcut.setVisible(inside)
        self.drawing.show_block(block)

    def show_network(self, diagram: NetworkDiagram) -> None:
        self.title.setText(diagram.title)
        self.formula.hide()
        inside = [block for s in diagram.stages if s.role == "stage" for block in s.blocks]
        self.facts.setText(
            f"{diagram.weighted_layers} layers with weights in {len(inside)} blocks\n"
            f"image {shape_text(diagram.input_shape)}\n"
            f"{diagram.parameters:,} parameters\n"
            f"{diagram.multiply_adds / 1e9:.3g} GFLOPs (multiply-adds)"
        )
        first = "\nThis is the first one:" if inside else ""
        self.shortcut.setText(f"Click a block to see its layers and its shortcut.{first}")
        self.shortcut.show()
        self.drawing.show_block(inside[0] if inside else None)

    def clear(self) -> None:
        for label in (self.title, self.facts, self.formula, self.shortcut):
            label.clear()
        self.drawing.show_block(None)


@dataclass(frozen=True, slots=True)
class _Step:
    text: str
    detail: str
    weighted: bool


class BlockDrawing(QWidget):
    """x on top, the layers below it, the shortcut on the right, the sum at the bottom."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.scale = 1.0
        self._block: BlockBox | None = None
        self._steps: list[_Step] = []

    def set_scale(self, scale: float) -> None:
        self.scale = scale
        self._fit()

    def show_block(self, block: BlockBox | None) -> None:
        self._block = block
        self._steps = []
        if block is not None:
            main = [layer for layer in block.layers if layer.path is Path.MAIN]
            self._steps = [_step(layer) for layer in main]
            self.setAccessibleDescription("; ".join(step.text for step in self._steps))
        self._fit()

    def _fit(self) -> None:
        total = sum(self._height(step) + 16 * self.scale for step in self._steps)
        self.setMinimumHeight(round(total + 120 * self.scale) if self._steps else 0)
        self.update()

    def _height(self, step: _Step) -> float:
        return (40 if step.weighted else 22) * self.scale

    def paintEvent(self, event: QPaintEvent) -> None:
        block = self._block
        if block is None:
            return
        colours, scale = theme_colours(), self.scale
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = QFont(self.font())
        font.setPointSizeF(font.pointSizeF() * scale * 0.95)
        painter.setFont(font)
        carried = block.shortcut is not Shortcut.NONE
        lane = 66 * scale if carried else 8.0
        width = self.width() - lane - 10
        x = width / 2 + 2
        line = QPen(QColor(colours.muted), 1.4)
        top = 20 * scale
        painter.setPen(QColor(colours.text))
        inside = block.name not in ("stem", "head")
        painter.drawText(
            QRectF(0, 0, 2 * x, top), Qt.AlignmentFlag.AlignCenter, "x" if inside else "in"
        )
        fork = top + 6 * scale
        for step in self._steps:
            painter.setPen(line)
            painter.drawLine(QPointF(x, top), QPointF(x, top + 16 * scale))
            top += 16 * scale
            box = QRectF(2, top, width, self._height(step))
            self._paint_step(painter, step, box, font)
            top = box.bottom()
        painter.setPen(line)
        joint = top + 24 * scale
        radius = 9 * scale
        painter.drawLine(QPointF(x, top), QPointF(x, joint - (radius if carried else 0)))
        end = joint
        if carried:
            self._paint_carried(painter, block, QPointF(x, fork), QPointF(x, joint), width)
            end = joint + radius
        if block.formula.startswith("relu"):
            painter.setPen(line)
            painter.drawLine(QPointF(x, end), QPointF(x, end + 10 * scale))
            box = QRectF(2 + width * 0.2, end + 10 * scale, width * 0.6, 22 * scale)
            self._paint_step(painter, _Step("ReLU", "", False), box, font)
            end = box.bottom()
        painter.setPen(QColor(colours.text))
        painter.drawText(
            QRectF(0, end + 2 * scale, 2 * x, 20 * scale),
            Qt.AlignmentFlag.AlignCenter,
            "y" if inside else "out",
        )

    def _paint_step(self, painter: QPainter, step: _Step, box: QRectF, font: QFont) -> None:
        colours = theme_colours()
        painter.setPen(QPen(QColor(colours.accent if step.weighted else colours.border), 1))
        painter.setBrush(QColor(colours.accent_ground if step.weighted else colours.window))
        painter.drawRoundedRect(box, 5, 5)
        painter.setPen(QColor(colours.text if step.weighted else colours.muted))
        metrics = QFontMetricsF(font)
        rows = [step.text, step.detail] if step.detail else [step.text]
        height = box.height() / len(rows)
        for number, text in enumerate(rows):
            row = QRectF(box.left() + 4, box.top() + number * height, box.width() - 8, height)
            shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, row.width())
            painter.setPen(QColor(colours.muted if number or not step.weighted else colours.text))
            painter.drawText(row, Qt.AlignmentFlag.AlignCenter, shown)

    def _paint_carried(
        self, painter: QPainter, block: BlockBox, fork: QPointF, joint: QPointF, width: float
    ) -> None:
        colours, scale = theme_colours(), self.scale
        kind = Kind.HIGHWAY if block.shortcut is Shortcut.GATE else Kind.RESIDUAL
        colour = QColor(kind_colour(kind, colours))
        pen = QPen(colour, 2.6 * scale)
        if block.shortcut is Shortcut.PADDED:
            pen.setStyle(Qt.PenStyle.DashLine)
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        side, turn, radius = width + 36 * scale, 10 * scale, 9 * scale
        path = QPainterPath(fork)
        path.lineTo(side - turn, fork.y())
        path.quadTo(side, fork.y(), side, fork.y() + turn)
        path.lineTo(side, joint.y() - turn)
        path.quadTo(side, joint.y(), side - turn, joint.y())
        path.lineTo(joint.x() + radius, joint.y())
        painter.drawPath(path)
        pen.setStyle(Qt.PenStyle.SolidLine)
        pen.setWidthF(1.8 * scale)
        painter.setPen(pen)
        painter.setBrush(QColor(colours.surface))
        painter.drawEllipse(joint, radius, radius)
        reach = radius * 0.6
        painter.drawLine(joint - QPointF(reach, 0), joint + QPointF(reach, 0))
        painter.drawLine(joint - QPointF(0, reach), joint + QPointF(0, reach))
        word = {
            Shortcut.IDENTITY: "x",
            Shortcut.STRIDED: "x",
            Shortcut.PADDED: "A",
            Shortcut.PROJECTION: "1×1",
            Shortcut.GATE: "T",
        }[block.shortcut]
        box = QRectF(0, 0, 38 * scale, 22 * scale)
        box.moveCenter(QPointF(side, (fork.y() + joint.y()) / 2))
        painter.drawRoundedRect(box, 5, 5)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, word)


def _step(layer: LayerBox) -> _Step:
    parts = [shape_text(layer.output_shape)]
    if layer.parameters:
        parts.append(f"{layer.parameters:,} par.")
    return _Step(layer.title, "  ·  ".join(parts) if layer.weighted else "", layer.weighted)
