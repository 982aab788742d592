"""The button for more photos, once some are there."""

from __future__ import annotations

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QMenu, QPushButton, QWidget

from resnet_gui.ui.classify.opening import PhotoOpening
from resnet_gui.ui.widgets.icons import draw_icon
from resnet_gui.ui.widgets.plain_text import set_tooltip
from resnet_gui.ui.widgets.theme import theme_colours


class OpenButton(QPushButton):
    """Opens a menu: photos, a folder, the clipboard."""

    def __init__(self, opening: PhotoOpening, parent: QWidget | None = None) -> None:
        super().__init__("Open", parent)
        set_tooltip(self, "Open more photos, or drop them anywhere in the window")
        # The keys are the menu bar's; after a tabulator a menu only shows them.
        menu = QMenu(self)
        menu.addAction("Photos…\tCtrl+O", opening.open_files)
        menu.addAction("Folder…\tCtrl+Shift+O", opening.open_folder)
        menu.addAction("Paste\tCtrl+V", opening.paste)
        self.setMenu(menu)
        self.setStyleSheet(
            "QPushButton { padding-right: 30px; } QPushButton::menu-indicator { image: none; }"
        )

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        mark = QRectF(self.width() - 24, self.height() / 2 - 8, 16, 16)
        draw_icon(painter, "down", mark, theme_colours().muted)
