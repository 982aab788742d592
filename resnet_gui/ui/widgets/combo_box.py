"""A combo box with the theme's arrow: a style sheet alone takes the arrow away."""

from __future__ import annotations

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QComboBox

from resnet_gui.ui.widgets.icons import draw_icon
from resnet_gui.ui.widgets.plain_text import one_line
from resnet_gui.ui.widgets.theme import theme_colours


class ComboBox(QComboBox):
    """QComboBox in the window's style."""

    def add_choice(self, text: str, data: object = None) -> None:
        """Add a name, as one line and not longer than a screen is wide."""
        self.addItem(one_line(text, 80), data)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        mark = QRectF(self.width() - 24, self.height() / 2 - 8, 16, 16)
        draw_icon(painter, "down", mark, theme_colours().muted)
