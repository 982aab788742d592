"""The name of the folder to train on, and what can be done with it."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QMenu, QPushButton, QWidget

from resnet_gui.core.dataset.summary import DatasetSummary, Part, ProblemKind, count_noun
from resnet_gui.ui.widgets.bold import embolden
from resnet_gui.ui.widgets.plain_text import ElidedLabel, set_tooltip
from resnet_gui.ui.widgets.words import size_text


class FolderHead(QWidget):
    """A row; in a narrow window most of its buttons are in a menu.

    Attributes:
        title: the folder's name. change, make, improve, close_button: to be connected.
        more: has the first three of them while it is narrow.
        loose: the folder holds photos without classes.
    """

    def __init__(self) -> None:
        super().__init__()
        self.title = ElidedLabel(tip=False)
        embolden(self.title, 1.4)
        self.change = _button("Other folder…")
        self.make = _button(
            "Make classes…", "From loose photos: drop them on classes that you name"
        )
        self.improve = _button("Improve…", "Find photos of this folder that are in the wrong class")
        self.close_button = _button(
            "Close", "Back to the start of this page. The folder stays as it is."
        )
        self.loose = False
        self.more = _button("…", "What can be done with this folder")
        menu = QMenu(self)
        self._entries = [menu.addAction(b.text(), b.click) for b in self._foldable]
        self.more.setMenu(menu)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.title, 1)
        for button in (*self._foldable, self.more, self.close_button):
            row.addWidget(button)
        self.set_narrow(False)

    @property
    def _foldable(self) -> tuple[QPushButton, ...]:
        return self.change, self.make, self.improve

    @property
    def _wanted(self) -> tuple[QPushButton, ...]:
        """Of loose photos no label is wrong, and the way to make classes stands below, larger."""
        return (self.change,) if self.loose else self._foldable

    def set_narrow(self, narrow: bool) -> None:
        self.more.setVisible(narrow)
        for button, entry in zip(self._foldable, self._entries, strict=True):
            button.setVisible(not narrow and button in self._wanted)
            entry.setVisible(button in self._wanted)

    def show_summary(self, summary: DatasetSummary) -> None:
        """The folder's name, and whether it has classes."""
        self.title.setText(summary.name)
        set_tooltip(self.title, summary.root)
        self.loose = only_loose(summary)
        self.set_narrow(not self.more.isHidden())

    def least_width(self, *, narrow: bool) -> int:
        """What it needs in pixels, narrow or not."""
        buttons: tuple[QPushButton, ...] = (self.more,)
        if not narrow:
            buttons = self._wanted
        parts = (self.title, *buttons, self.close_button)
        layout = self.layout()
        gaps = layout.spacing() * (len(parts) - 1) if layout is not None else 0
        return gaps + sum(part.minimumSizeHint().width() for part in parts)


def only_loose(summary: DatasetSummary) -> bool:
    """Whether there are photos and no classes: somebody has to sort them first."""
    kinds = {problem.kind for problem in summary.problems}
    return not summary.classes and ProblemKind.LOOSE_PHOTOS in kinds


def _button(text: str, tip: str = "") -> QPushButton:
    button = QPushButton(text)
    button.setProperty("kind", "plain")
    if tip:
        set_tooltip(button, tip)
    return button


def describe(summary: DatasetSummary) -> str:
    """The folder in a sentence."""
    if not summary.classes:
        return "No class was found in this folder."
    text = (
        f"{count_noun(len(summary.photos), 'photo')} in "
        f"{count_noun(len(summary.classes), 'class', 'classes')}, {size_text(summary.bytes)}."
    )
    counts = summary.counts()
    if summary.has_parts:
        named = ((Part.TRAIN, "training"), (Part.VAL, "validation"), (Part.TEST, "test"))
        parts = [f"{counts[part]:,} {name}" for part, name in named if counts[part]]
        return f"{text} The folder says what is for what: {', '.join(parts)}."
    bursts = "; photos taken within a minute of one another stay together"
    return (
        f"{text} About one photo in five is kept aside for validation"
        f"{bursts if summary.in_bursts else ''}."
    )
