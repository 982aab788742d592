"""The drawings beside the Lab's words: a note that goes through many hands, and a plain block and a
residual one."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from resnet_gui.core.nets.registration import Kind
from resnet_gui.ui.lab.style import kind_colour
from resnet_gui.ui.widgets.theme import theme_colours

_WIDE, _HIGH = 400.0, 480.0  # of the sheet that is drawn on; it is scaled to the room
_NOTE = "Meet at the old oak"
# What a hand makes of what the hand before has written.
_REWRITTEN = (_NOTE, "Meat at the old oak", "Neat and the cold oak", "Near and cold oats")
_PINNED = ("at five", "bring Ann", "the big one", "if it is dry")
_HANDS = ("hand 1", "hand 2", "hands 3 to 50")


class _Drawing(QWidget):
    """Something drawn on a sheet that is scaled to the room."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMinimumSize(210, 250)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        scale = min(self.width() / _WIDE, self.height() / _HIGH)
        painter.translate((self.width() - _WIDE * scale) / 2, (self.height() - _HIGH * scale) / 2)
        painter.scale(scale, scale)
        painter.setFont(QFont(self.font()))
        self.paint_sheet(painter)

    def paint_sheet(self, painter: QPainter) -> None:
        raise NotImplementedError

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


class NoteDrawing(_Drawing):
    """A note that each hand writes anew, and one that each hand pins something to."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(
            f"Drawing: a note, “{_NOTE}”. Written anew by each hand, it says in the end "
            f"“{_REWRITTEN[-1]}”. Handed on, it still says the same, and corrections are pinned "
            "to it"
        )

    def paint_sheet(self, painter: QPainter) -> None:
        font = painter.font()
        font.setPixelSize(15)
        painter.setFont(font)
        self._chain(painter, 98, Kind.PLAIN)
        self._chain(painter, 302, Kind.RESIDUAL)

    def _chain(self, painter: QPainter, x: float, kind: Kind) -> None:
        colours, residual = theme_colours(), kind is Kind.RESIDUAL
        colour = QColor(kind_colour(kind, colours))
        bold = QFont(painter.font())
        bold.setBold(True)
        self._text(painter, x, 14, "handed on" if residual else "written anew", colour, bold)
        for number, text in enumerate(_REWRITTEN):
            top = 38 + number * 118.0
            if number:
                self._arrow(painter, x - 40, top - 52, top - 6, QPen(QColor(colours.muted), 2))
                self._text(painter, x + 36, top - 30, _HANDS[number - 1], QColor(colours.muted))
            pinned = len(_PINNED) if number == len(_REWRITTEN) - 1 else number
            ground = QColor(colours.accent_ground if residual else colours.warning_ground)
            self._note(painter, x, top, _NOTE if residual else text, colour, ground)
            for place in range(pinned if residual else 0):
                self._pin(painter, x, top, place, colour)

    def _note(
        self, painter: QPainter, x: float, top: float, text: str, colour: QColor, ground: QColor
    ) -> None:
        painter.setPen(QPen(colour, 2))
        painter.setBrush(ground)
        box = QRectF(x - 92, top, 184, 44)
        painter.drawRoundedRect(box, 4, 4)
        self._text(painter, x, top + 20, text, QColor(theme_colours().text))

    def _pin(self, painter: QPainter, x: float, top: float, place: int, colour: QColor) -> None:
        """A slip at the note's lower edge, held by a pin."""
        colours = theme_colours()
        row, column = divmod(place, 2)
        painter.save()
        painter.translate(x + (column * 2 - 1) * 45, top + 48 + row * 25)
        painter.rotate((-3, 2, 2, -2)[place])
        slip = QRectF(-43, -11, 86, 22)
        painter.setPen(QPen(colour, 1.2))
        painter.setBrush(QColor(colours.surface))
        painter.drawRect(slip)
        font = painter.font()
        font.setPixelSize(13)
        painter.setFont(font)
        painter.setPen(QColor(colours.text))
        painter.drawText(slip, Qt.AlignmentFlag.AlignCenter, _PINNED[place])
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawEllipse(QPointF(0, -11), 3, 3)
        painter.restore()


class BlocksDrawing(_Drawing):
    """A plain block and a residual block, side by side."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(
            "Drawing: a plain block sends x through two layers; a residual block adds x again"
        )

    def paint_sheet(self, painter: QPainter) -> None:
        font = painter.font()
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
