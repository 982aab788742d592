"""What was decided about a photo, written across its picture."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPainterPath

from resnet_gui.ui.widgets.theme import theme_colours


def draw_badge(painter: QPainter, frame: QRectF, words: str) -> None:
    """A band with the words at a picture's lower edge.

    Args:
        frame: of the picture.
    """
    colours = theme_colours()
    painter.save()
    font = painter.font()
    font.setBold(True)
    painter.setFont(font)
    metrics = QFontMetricsF(font)
    band = frame.adjusted(4, 0, -4, -4)
    band.setTop(band.bottom() - metrics.height() - 6)
    shape = QPainterPath()
    shape.addRoundedRect(band, 5, 5)
    painter.fillPath(shape, QColor(colours.accent))
    painter.setPen(QColor(colours.on_accent))
    cut = metrics.elidedText(words, Qt.TextElideMode.ElideRight, band.width() - 8)
    painter.drawText(band, Qt.AlignmentFlag.AlignCenter, cut)
    painter.restore()
