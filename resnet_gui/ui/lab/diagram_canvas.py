"""A network painted as boxes by stage, with its shortcuts as arcs above them."""

from __future__ import annotations

from PySide6.QtCore import QLineF, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetricsF,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from resnet_gui.core.lab.diagram_types import (
    BlockBox,
    NetworkDiagram,
    count_text,
    shape_text,
)
from resnet_gui.core.nets.registration import Kind, Shortcut
from resnet_gui.ui.lab.box_texts import box_lines
from resnet_gui.ui.lab.diagram_layout import Band, Layout, lay_out
from resnet_gui.ui.lab.style import kind_colour
from resnet_gui.ui.widgets.plain_text import set_tooltip
from resnet_gui.ui.widgets.theme import theme_colours

ZOOMS = (0.3, 0.45, 0.65, 0.85, 1.0, 1.25, 1.6, 2.0)
_MANY_BLOCKS = ((45, 4), (90, 2), (250, 1))  # blocks up to -> index into ZOOMS
_TEXT_FROM = 0.6  # smaller boxes have no room for words


class DiagramCanvas(QWidget):
    """The blocks flow from left to right and wrap within their stage. Arrow keys walk through them.

    Attributes:
        diagram: what is drawn. selected: number of the chosen block, -1 for none.

    Signals:
        block_chosen(int).
        zoomed().
    """

    block_chosen = Signal(int)
    zoomed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.diagram: NetworkDiagram | None = None
        self.selected = -1
        self.scale = 1.0
        self._zoom = self._usual = 4
        self._by_hand = False  # a person's own zoom stays
        self._room = QSize()  # in which it was laid out last
        self._packed = False
        self._layout = Layout()
        self._blocks: tuple[BlockBox, ...] = ()
        self._hovered = -1
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Diagram of the network")

    def show_diagram(self, diagram: NetworkDiagram | None) -> None:
        """Draw this network, at a size that suits its number of blocks."""
        self.diagram = diagram
        self._blocks = diagram.blocks if diagram else ()
        self.selected = self._hovered = -1
        self._usual = next((z for most, z in _MANY_BLOCKS if len(self._blocks) <= most), 0)
        self._by_hand = False
        self._grow()
        self.zoomed.emit()

    def _grow(self) -> None:
        """A small network fills the room that is there. Where a stage would be out of sight, some
        stand beside each other, and large type gives some of its size back; the last step has no
        words in its boxes."""
        self._room = room = self._seen()
        few = self._usual >= 4 and bool(self._blocks)
        for zoom in (len(ZOOMS) - 2, len(ZOOMS) - 3) if few else ():
            self._set_zoom(zoom)
            if self._layout.height <= room.height() and not self._layout.wrapped:
                return
        usual, large = self._usual, self.scale > 1
        steps = [(usual, False)]
        if few:
            steps += [(usual - 1, False)] if large else []
            steps += [(usual, True)]
            steps += [(usual - 1, True), (usual - 2, True), (usual - 3, True)] if large else []
        for zoom, packed in (*steps, (usual, False)):
            self._set_zoom(zoom, packed=packed)
            if self._layout.stages_end <= room.height():
                return

    def _set_zoom(self, zoom: int, *, packed: bool = False) -> None:
        self._zoom, self._packed = zoom, packed
        self._lay_out()

    def _seen(self) -> QSize:
        """The room in which it is looked at."""
        parent = self.parentWidget()
        return parent.size() if parent is not None else QSize()

    def set_scale(self, scale: float) -> None:
        """The window changes its size after this: `resizeEvent` fills what room there is then."""
        self.scale = scale
        if self._by_hand:
            self._lay_out()
        else:
            self._grow()

    @property
    def zoom(self) -> float:
        return ZOOMS[self._zoom] * self.scale

    def zoom_by(self, steps: int) -> None:
        self._by_hand = True
        self._zoom = min(max(self._zoom + steps, 0), len(ZOOMS) - 1)
        self._lay_out()
        self.zoomed.emit()

    def can_zoom(self, steps: int) -> bool:
        return 0 <= self._zoom + steps < len(ZOOMS)

    def select(self, number: int) -> None:
        """Choose a block."""
        if 0 <= number < len(self._blocks):
            self.selected = number
            block = self._blocks[number]
            self.setAccessibleDescription(f"{block.title}, shortcut: {block.shortcut.value}")
            self.update()
            self.block_chosen.emit(number)

    def block_area(self, number: int) -> QRect:
        """Where a block is drawn."""
        rects = self._layout.rects
        return rects[number].toRect() if 0 <= number < len(rects) else QRect()

    # --- layout -----------------------------------------------------------------------------

    def _lay_out(self) -> None:
        stages = self.diagram.stages if self.diagram else ()
        words = QFontMetricsF(self._font()) if self._worded else None
        self._layout = lay_out(
            stages, self.width(), self.zoom, self.scale, words, packed=self._packed
        )
        self.setMinimumHeight(self._layout.height)
        self.update()

    @property
    def _worded(self) -> bool:
        return ZOOMS[self._zoom] >= _TEXT_FROM

    def _font(self) -> QFont:
        font = QFont(self.font())
        font.setPointSizeF(font.pointSizeF() * min(1.6, self.zoom) * 0.92)
        return font

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if not self._by_hand and self._seen() != self._room:
            self._grow()
        elif event.size().width() != event.oldSize().width():
            self._lay_out()

    # --- mouse and keys ---------------------------------------------------------------------

    def _at(self, position: QPointF) -> int:
        return next((n for n, rect in enumerate(self._layout.rects) if rect.contains(position)), -1)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        found = self._at(event.position())
        if found != self._hovered:
            for number in (found, self._hovered):
                if number >= 0:
                    self.update(self._layout.rects[number].toRect().adjusted(-4, -4, 4, 4))
            self._hovered = found
            set_tooltip(self, self._blocks[found].title if found >= 0 else "")
            shape = Qt.CursorShape.PointingHandCursor if found >= 0 else Qt.CursorShape.ArrowCursor
            self.setCursor(shape)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.select(self._at(event.position()))

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.zoom_by(1 if event.angleDelta().y() > 0 else -1)
            event.accept()
        else:
            event.ignore()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, last = event.key(), len(self._blocks) - 1
        moves = {
            Qt.Key.Key_Left: max(0, self.selected - 1),
            Qt.Key.Key_Right: min(last, self.selected + 1),
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: last,
        }
        if key in moves:
            self.select(moves[Qt.Key(key)])
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Minus):
            self.zoom_by(1 if key == Qt.Key.Key_Plus else -1)
        else:
            super().keyPressEvent(event)

    # --- painting ---------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        colours = theme_colours()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        seen = QRectF(event.rect())
        bold = QFont(self.font())
        bold.setPointSizeF(bold.pointSizeF() * self.scale)
        for band in self._layout.bands:
            if not band.area.intersects(seen):
                continue
            painter.setPen(QPen(QColor(colours.border), 1))
            painter.setBrush(QColor(colours.surface))
            painter.drawRoundedRect(band.area, 8, 8)
            self._paint_heading(painter, band, bold)
        painter.setFont(self._font())
        reach = 40 * self.zoom
        seen = seen.adjusted(-reach, -reach, reach, reach)
        if not self._worded:
            self._paint_small(painter, seen)
        for number, rect in enumerate(self._layout.rects if self._worded else ()):
            if rect.intersects(seen):
                self._paint_block(painter, number, rect)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(colours.accent), 1))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 8, 8)

    def _paint_heading(self, painter: QPainter, band: Band, font: QFont) -> None:
        colours, stage = theme_colours(), band.stage
        bold = QFont(font)
        bold.setBold(True)
        painter.setFont(bold)
        painter.setPen(QColor(colours.text))
        box = QRectF(band.area.left() + 12, band.area.top() + 4, band.area.width() - 24, 26)
        box.setHeight(26 * self.scale)
        flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(box, flags, stage.title)
        left = QFontMetricsF(bold).horizontalAdvance(stage.title) + 14
        parts = [shape_text(stage.output_shape)]
        if stage.role == "stage":
            parts.insert(0, f"{len(stage.blocks)} block{'s' * (len(stage.blocks) != 1)}")
        parts.append(f"{count_text(stage.parameters)} parameters")
        parts.append(f"{count_text(stage.multiply_adds)} multiply-adds")
        painter.setFont(font)
        painter.setPen(QColor(colours.muted))
        text = QFontMetricsF(font).elidedText(
            "  ·  ".join(parts), Qt.TextElideMode.ElideRight, box.width() - left
        )
        painter.drawText(box.adjusted(left, 0, 0, 0), flags, text)

    def _paint_small(self, painter: QPainter, seen: QRectF) -> None:
        """Hundreds of boxes without words: one drawing call per kind, to scroll smoothly."""
        colours, zoom = theme_colours(), self.zoom
        boxes: list[QRectF] = []
        line: list[QLineF] = []
        arcs: dict[Shortcut, list[QLineF]] = {}
        for block, rect in zip(self._blocks, self._layout.rects, strict=True):
            if not rect.intersects(seen):
                continue
            boxes.append(rect)
            middle, high = rect.center().y(), rect.top() - 14 * zoom
            left, right = rect.left() - 13 * zoom, rect.right() + 13 * zoom
            line.append(QLineF(rect.left() - 18 * zoom, middle, rect.left(), middle))
            line.append(QLineF(rect.right(), middle, rect.right() + 18 * zoom, middle))
            if block.shortcut is not Shortcut.NONE:
                arcs.setdefault(block.shortcut, []).extend(
                    (
                        QLineF(left, middle, left, high),
                        QLineF(left, high, right, high),
                        QLineF(right, high, right, middle),
                    )
                )
        painter.setPen(QPen(QColor(colours.muted), 1))
        painter.drawLines(line)
        for shortcut, lines in arcs.items():  # too small for dashes: the panel tells the kind
            kind = Kind.HIGHWAY if shortcut is Shortcut.GATE else Kind.RESIDUAL
            painter.setPen(QPen(QColor(kind_colour(kind, colours)), max(1.3, 2.2 * zoom)))
            painter.drawLines(lines)
        painter.setPen(QPen(QColor(colours.muted), 1))
        painter.setBrush(QColor(colours.accent_ground))
        painter.drawRects(boxes)
        for number in (self._hovered, self.selected):
            if number >= 0:
                painter.setPen(QPen(QColor(colours.accent), 1))
                if number == self.selected:
                    painter.setBrush(QColor(colours.accent))
                painter.drawRect(self._layout.rects[number])

    def _paint_block(self, painter: QPainter, number: int, rect: QRectF) -> None:
        colours, zoom, block = theme_colours(), self.zoom, self._blocks[number]
        middle = rect.center().y()
        before, after = rect.left() - 13 * zoom, rect.right() + 13 * zoom
        painter.setPen(QPen(QColor(colours.muted), max(1.0, 1.4 * zoom)))
        painter.drawLine(QPointF(rect.left() - 18 * zoom, middle), QPointF(rect.left(), middle))
        painter.drawLine(QPointF(rect.right(), middle), QPointF(rect.right() + 18 * zoom, middle))
        if block.shortcut is not Shortcut.NONE:
            self._paint_shortcut(painter, block, rect, before, after)
        chosen = number == self.selected
        painter.setPen(
            QPen(
                QColor(colours.accent if chosen or number == self._hovered else colours.muted),
                2.0 if chosen else 1.0,
            )
        )
        painter.setBrush(QColor(colours.accent if chosen else colours.accent_ground))
        painter.drawRoundedRect(rect, 5 * min(1, zoom), 5 * min(1, zoom))
        if not self._worded:
            return
        painter.setPen(QColor(colours.on_accent if chosen else colours.text))
        lines = box_lines(block)
        step = rect.height() / max(1, len(lines))
        pitch = min(step, 17 * zoom)
        top = middle - pitch * len(lines) / 2
        for row, text in enumerate(lines):
            box = QRectF(rect.left(), top + row * pitch, rect.width(), pitch)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)

    def _paint_shortcut(
        self, painter: QPainter, block: BlockBox, rect: QRectF, before: float, after: float
    ) -> None:
        colours, zoom, middle = theme_colours(), self.zoom, rect.center().y()
        colour = QColor(kind_colour(Kind.RESIDUAL, colours))
        if block.shortcut is Shortcut.GATE:
            colour = QColor(kind_colour(Kind.HIGHWAY, colours))
        pen = QPen(colour, max(1.3, 2.2 * zoom))
        if block.shortcut is Shortcut.PADDED:
            pen.setDashPattern([2.6, 1.6])
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        high = rect.top() - 14 * zoom
        turn = 9 * zoom
        path = QPainterPath(QPointF(before, middle))
        path.lineTo(before, high + turn)
        path.quadTo(before, high, before + turn, high)
        path.lineTo(after - turn, high)
        path.quadTo(after, high, after, high + turn)
        path.lineTo(after, middle - 6 * zoom)
        painter.drawPath(path)
        pen.setStyle(Qt.PenStyle.SolidLine)
        pen.setWidthF(max(1.0, 1.6 * zoom))
        painter.setPen(pen)
        painter.setBrush(QColor(colours.surface))
        radius = 6.0 * zoom
        centre = QPointF(after, middle)
        painter.drawEllipse(centre, radius, radius)
        painter.drawLine(centre - QPointF(radius * 0.6, 0), centre + QPointF(radius * 0.6, 0))
        painter.drawLine(centre - QPointF(0, radius * 0.6), centre + QPointF(0, radius * 0.6))
        mark = {Shortcut.PROJECTION: "1×1", Shortcut.GATE: "T"}.get(block.shortcut, "")
        if mark and self._worded:
            box = QRectF(0, 0, 30 * zoom, 16 * zoom)
            box.moveCenter(QPointF(rect.center().x(), high))
            painter.drawRoundedRect(box, 4 * zoom, 4 * zoom)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, mark)
