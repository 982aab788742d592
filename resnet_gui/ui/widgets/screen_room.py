"""How large a window may be on its screen."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

_FRAME = (8, 44)  # pixels that a window's frame and title take, about
_PANELS = (0, 40)  # pixels: Wayland tells no program what the desktop's panels take


def screen_room(window: QWidget) -> QSize:
    """What a window may take of its screen, its frame and title left out."""
    room = window.screen().availableSize() - QSize(*_FRAME)
    wayland = QGuiApplication.platformName().startswith("wayland")
    return room - QSize(*_PANELS) if wayland else room


def fit_to_screen(window: QWidget, width: int, height: int) -> None:
    """Give a window its size in pixels, or less where the screen is smaller."""
    window.resize(QSize(width, height).boundedTo(screen_room(window)))
