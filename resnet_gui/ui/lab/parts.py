"""Small things that the Lab's views share."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QFrame, QPushButton, QVBoxLayout, QWidget

from resnet_gui.ui.widgets.plain_text import ElidedLabel, PlainLabel

_NO_HISTORIES = (
    "No trainings to show yet",
    "This copy of the program came without recorded trainings. Train a network on the Train page: "
    "its curves appear here.",
)
_NO_LAYERS = (
    "No recorded layers yet",
    "Trainings from random weights record their layers. Untrained networks can be measured now: "
    "Plain-56 and ResNet-56 take some seconds.",
)
HINT = "Switch a network on in the list"  # in a chart without lines


def scaled(widget: QWidget, scale: float, *, bold: bool = False) -> None:
    """Set the widget's type to a multiple of the program's."""
    font = QApplication.font()
    font.setPointSizeF(font.pointSizeF() * scale)
    font.setBold(bold)
    widget.setFont(font)


class Sentence(QFrame):
    """What there is to see, in words, on a ground of its own; hovering explains its terms. Hidden
    while there is nothing to say.

    Args:
        kind: "notice" or "warning".
    """

    def __init__(self, kind: str = "notice", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("kind", kind)
        self._column = column = QVBoxLayout(self)
        column.setContentsMargins(14, 9, 14, 9)
        self.label = PlainLabel()
        self.label.setWordWrap(True)
        self.label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._called = "Mind this" if kind == "warning" else "What there is to see"
        column.addWidget(self.label)
        self.line = ElidedLabel()
        self.line.hide()
        column.addWidget(self.line)
        self.set_scale(1.0)

    def set_scale(self, scale: float) -> None:
        self.hold(False)
        scaled(self.label, scale * 1.15)
        scaled(self.line, scale)

    def set_low(self, low: bool) -> None:
        """Whether there is room for one line only, which the tooltip tells in full."""
        self.hold(False)
        self._column.setContentsMargins(14, 4 if low else 9, 14, 4 if low else 9)
        self.label.setVisible(not low)
        self.line.setVisible(low)

    def setText(self, text: str) -> None:
        self.label.setText(text)
        self.line.setText(text)
        for spoken in (self.label, self.line):
            spoken.setAccessibleName(f"{self._called}: {text}" if text else "")
        self.setVisible(bool(text))

    def text(self) -> str:
        return self.label.text()

    def hold(self, on: bool) -> None:
        """Keep the height that was needed so far: what stands above would jump while the text
        changes from moment to moment."""
        self.setMinimumHeight(max(self.minimumHeight(), self.height()) if on else 0)


class LabEmpty(QWidget):
    """Where there is nothing to draw: why, and what to do."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(40, 20, 40, 20)
        column.addStretch()
        self.title, self.text = PlainLabel(), PlainLabel()
        for label in (self.title, self.text):
            label.setWordWrap(True)
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            column.addWidget(label)
        self.text.setProperty("kind", "muted")
        self.button = QPushButton()
        self.button.setProperty("kind", "primary")
        self.button.hide()  # until there is something to say, it would be a bare pill
        column.addSpacing(8)
        column.addWidget(self.button, alignment=Qt.AlignmentFlag.AlignHCenter)
        column.addStretch()
        self.set_scale(1.0)

    def set_scale(self, scale: float) -> None:
        scaled(self.title, scale * 1.5, bold=True)
        scaled(self.text, scale)

    def say(self, title: str, text: str, button: str = "") -> None:
        self.title.setText(title)
        self.text.setText(text)
        self.button.setText(button)
        self.button.setVisible(bool(button))

    def say_what_is_missing(self, curves: bool) -> None:
        """There is no training to show; or none with layers."""
        if curves:
            self.say(*_NO_HISTORIES)
        else:
            self.say(*_NO_LAYERS, "Compute both")
