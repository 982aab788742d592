"""Bold type, as headings and answers have it."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget


def embolden(widget: QWidget, factor: float = 1.0) -> None:
    """Set a widget's type bold, and to a multiple of its size."""
    font = widget.font()
    if factor != 1.0:  # a size that was set would not follow the program's any more
        font.setPointSizeF(font.pointSizeF() * factor)
    font.setBold(True)
    widget.setFont(font)
