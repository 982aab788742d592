"""The card that a page begins with: what can be done here, in large type, and a sentence on it."""

from __future__ import annotations

from PySide6.QtWidgets import QFrame, QVBoxLayout

from resnet_gui.ui.widgets.bold import embolden
from resnet_gui.ui.widgets.plain_text import PlainLabel


class TitleCard(QFrame):
    """Attributes:
    column: below the sentence the page goes on.
    """

    def __init__(self, title: str, hint: str) -> None:
        super().__init__()
        self.setProperty("kind", "card")
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(16, 14, 16, 14)
        self.column.setSpacing(8)
        large = PlainLabel(title)
        embolden(large, 1.4)
        below = PlainLabel(hint)
        below.setProperty("kind", "muted")
        below.setWordWrap(True)
        self.column.addWidget(large)
        self.column.addWidget(below)
