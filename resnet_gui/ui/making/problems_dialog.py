"""All that is wrong with what was dropped, to read and copy."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QPlainTextEdit, QVBoxLayout, QWidget

from resnet_gui.core.system.visible_text import visible
from resnet_gui.ui.widgets.plain_text import PlainLabel, window_title
from resnet_gui.ui.widgets.screen_room import fit_to_screen


class ProblemsDialog(QDialog):
    """One line for each file; nothing waits for it."""

    def __init__(self, parent: QWidget, problems: Sequence[str]) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(window_title("Photos that could not be used"))
        self.text = QPlainTextEdit("\n".join(visible(problem) for problem in problems))
        self.text.setReadOnly(True)
        self.text.setAccessibleName("What is wrong with each file")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.close)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 14, 16, 14)
        column.addWidget(PlainLabel(f"{len(problems):,} things to know:"))
        column.addWidget(self.text, 1)
        column.addWidget(buttons)
        fit_to_screen(self, 620, 380)
