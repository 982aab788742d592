"""A box for a whole number in the theme's colours."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSpinBox, QStyle, QStyleOptionSpinBox, QWidget

from resnet_gui.ui.widgets.theme import theme_colours

_MARGIN = 6  # pixels left of the number
_HALF, _RISE = 3.5, 3.5  # pixels of an arrow, from its middle to its side and from foot to tip


class SpinBox(QSpinBox):
    """QSpinBox whose arrows are drawn here: a style sheet takes the style's own away."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        # A style sheet's padding does not reach the line in it.
        self.lineEdit().setTextMargins(_MARGIN, 0, 0, 0)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        option = QStyleOptionSpinBox()
        self.initStyleOption(option)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        control, complex_one = QStyle.SubControl, QStyle.ComplexControl.CC_SpinBox
        steps = QSpinBox.StepEnabledFlag
        for part, step, up in (
            (control.SC_SpinBoxUp, steps.StepUpEnabled, 1),
            (control.SC_SpinBoxDown, steps.StepDownEnabled, -1),
        ):
            area = QRectF(self.style().subControlRect(complex_one, option, part, self))
            colour = QColor(theme_colours().muted)
            if not self.isEnabled() or not self.stepEnabled() & step:
                colour.setAlpha(90)
            painter.setPen(QPen(colour, 1.5))
            x, foot = area.center().x(), area.center().y() + up * _RISE / 2
            tip = QPointF(x, foot - up * _RISE)
            painter.drawPolyline([QPointF(x - _HALF, foot), tip, QPointF(x + _HALF, foot)])
