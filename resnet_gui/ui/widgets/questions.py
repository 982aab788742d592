"""Questions that several parts ask."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from resnet_gui.ui.widgets.plain_text import MessageBox

REPLACE = MessageBox.StandardButton.Save


def ask_to_replace(
    parent: QWidget, title: str, target: Path, answered: Callable[[int], object]
) -> None:
    """Ask before a file is replaced.

    Args:
        answered: a slot; it gets the button's number, REPLACE or another.
    """
    box = MessageBox(
        parent.window(),
        title,
        f"“{target.name}” is there already. Replace it?",
        f"It is in {target.parent}.",
    )
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.setStandardButtons(MessageBox.StandardButton.Cancel | REPLACE)
    box.button(REPLACE).setText("Replace")
    box.setDefaultButton(MessageBox.StandardButton.Cancel)
    box.finished.connect(answered)
    box.open()
