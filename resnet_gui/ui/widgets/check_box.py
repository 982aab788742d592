"""A check box whose square can be seen in the dark theme too."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QCheckBox, QStyle, QStyleOptionButton

from resnet_gui.ui.widgets.theme import theme_colours


class CheckBox(QCheckBox):
    """QCheckBox in the window's style."""

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        option = QStyleOptionButton()
        self.initStyleOption(option)
        indicator = self.style().subElementRect(
            QStyle.SubElement.SE_CheckBoxIndicator, option, self
        )
        colours = theme_colours()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(indicator)
        painter.fillRect(box, QColor(colours.surface))
        box = box.adjusted(0.5, 0.5, -0.5, -0.5)
        on = self.isChecked()
        edge = colours.accent if on or self.underMouse() else colours.muted
        painter.setPen(QPen(QColor(edge if self.isEnabled() else colours.border), 1.2))
        painter.setBrush(QColor(colours.accent if on else colours.surface))
        painter.drawRoundedRect(box, 3, 3)
        if self.hasFocus():
            ring = QPen(QColor(colours.accent), 2)
            painter.setPen(ring)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 5, 5)
        if on:
            pen = QPen(QColor(colours.on_accent), 1.8)
            pen.setCapStyle(Qt.PenCapStyle.RoundCap)
            painter.setPen(pen)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            points = ((0.24, 0.52), (0.43, 0.7), (0.76, 0.32))
            painter.drawPolyline(
                QPolygonF(
                    [
                        QPointF(box.left() + box.width() * x, box.top() + box.height() * y)
                        for x, y in points
                    ]
                )
            )
