"""How large a window may be on its screen."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QWidget

_FRAME = (8, 44)  # pixels that a window's frame and title take, about


def screen_room(window: QWidget) -> QSize:
    """What a window may take of its screen, its frame and title left out."""
    return window.screen().availableSize() - QSize(*_FRAME)


def fit_to_screen(window: QWidget, width: int, height: int) -> None:
    """Give a window its size in pixels, or less where the screen is smaller."""
    window.resize(QSize(width, height).boundedTo(screen_room(window)))
