"""What the settings window is made of."""

from __future__ import annotations

from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from resnet_gui.ui.widgets.bold import embolden
from resnet_gui.ui.widgets.plain_text import PlainLabel


class Field(QWidget):
    """A name, an input, what it is for, and what is wrong with it."""

    def __init__(self, name: str, rows: list[QWidget], hint: str) -> None:
        super().__init__()
        self.problem, self.hint = PlainLabel(), PlainLabel(hint)
        title = PlainLabel(name)
        first = rows[0]
        title.setBuddy(first.findChild(QLineEdit) or first)
        self.problem.setProperty("kind", "danger")
        self.hint.setProperty("kind", "muted")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(title)
        for widget in (*rows, self.problem, self.hint):
            column.addWidget(widget)
        for label in (self.problem, self.hint):
            label.setWordWrap(True)
        self.show_problem("")

    def show_problem(self, text: str) -> None:
        self.problem.setText(text)
        self.problem.setVisible(bool(text))
        self.hint.setVisible(not text and bool(self.hint.text()))


def line(placeholder: str) -> QLineEdit:
    line = QLineEdit()
    line.setPlaceholderText(placeholder)
    line.setClearButtonEnabled(True)
    return line


def with_button(line: QLineEdit, what: str, slot: object) -> QWidget:
    """A line with a button that opens a dialog; `what` it is for, in words."""
    button = QPushButton("Choose…")
    button.setAccessibleName(what)
    button.setAutoDefault(False)
    button.clicked.connect(slot)
    both = QWidget()
    row = QHBoxLayout(both)
    row.setContentsMargins(0, 0, 0, 0)
    row.addWidget(line, 1)
    row.addWidget(button)
    return both


def group(title: str, widgets: list[QWidget]) -> QWidget:
    frame = QFrame()
    frame.setProperty("kind", "card")
    heading = PlainLabel(title)
    embolden(heading, 1.1)
    column = QVBoxLayout(frame)
    column.setContentsMargins(16, 12, 16, 14)
    column.setSpacing(14)
    column.addWidget(heading)
    for widget in widgets:
        column.addWidget(widget)
    return frame
