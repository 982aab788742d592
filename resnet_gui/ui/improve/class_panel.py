"""Beside the photos: a button for each decision, with its key."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from resnet_gui.ui.correcting.deciding import KEYS
from resnet_gui.ui.widgets.class_names import class_words
from resnet_gui.ui.widgets.plain_text import PlainLabel, action_text, one_line, set_tooltip
from resnet_gui.ui.widgets.turns import Turns

WIDTH = 250  # points
_MOST = 200  # of more classes the others are typed


class ClassButton(QPushButton):
    """One class. chosen(object): its name; it was clicked."""

    chosen = Signal(object)

    def __init__(self, name: str, number: int) -> None:
        super().__init__()
        self.name = name
        self.setProperty("kind", "choice")
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves it where the keys count
        words = class_words(name)
        key = f"{number}   " if number <= KEYS else ""
        metrics = self.fontMetrics()
        room = WIDTH - 52 - metrics.horizontalAdvance(key)
        shown = metrics.elidedText(words, Qt.TextElideMode.ElideRight, room)
        self.setText(action_text(key + shown))
        self.setAccessibleName(one_line(f"Move to {words}"))
        how = f" ({number})" if number <= KEYS else ""
        set_tooltip(self, f"Move the selected photos to “{words}”{how}")
        self.clicked.connect(self._on_clicked)

    @Slot()
    def _on_clicked(self) -> None:
        self.chosen.emit(self.name)


class ClassPanel(QWidget):
    """Signals:
    class_chosen(object): a name. agreed(), set_aside(), accepted(), new_requested(),
        typed_requested(): as `Deciding` has them.
    """

    class_chosen = Signal(object)
    agreed = Signal()
    set_aside = Signal()
    accepted = Signal()
    new_requested = Signal()
    typed_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedWidth(WIDTH)
        self._names: tuple[str, ...] = ()
        self._any_selected = False
        self._turns = Turns(self)
        self.buttons: list[ClassButton] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        self.said = PlainLabel()
        self.said.setWordWrap(True)
        self.said.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.said.setMinimumHeight(3 * self.said.fontMetrics().lineSpacing() + 2)
        self.agree = self._button("A   As the model says", "", self.agreed)
        self.agree.setProperty("kind", "primary")
        column.addWidget(self.said)
        column.addWidget(self.agree)
        self._list = QWidget()
        self._classes = QVBoxLayout(self._list)
        self._classes.setContentsMargins(0, 0, 6, 0)
        self._classes.setSpacing(4)
        self._classes.addStretch()
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setProperty("kind", "bare")
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # its buttons have it
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(self._list)
        scroll.setMinimumHeight(70)
        column.addWidget(scroll, 1)
        self.typed = self._button(
            "M   Other…", "Move them to a class whose name you type (M)", self.typed_requested
        )
        self.new = self._button(
            "N   New…", "Move them to a class that the folder does not have yet (N)",
            self.new_requested,
        )  # fmt: skip
        self.aside = self._button(
            "S   Set aside", "Out of all classes: nothing is learned from them (S, Del)",
            self.set_aside,
        )  # fmt: skip
        self.fine = self._button(
            "F   Fine", "They are in the right class (F, Enter)", self.accepted
        )
        for pair in ((self.typed, self.new), (self.aside, self.fine)):
            row = QHBoxLayout()
            row.setSpacing(6)
            for button in pair:
                row.addWidget(button)
            column.addLayout(row)

    def _button(self, text: str, tip: str, signal: object) -> QPushButton:
        button = QPushButton(text)
        button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        set_tooltip(button, tip)
        button.clicked.connect(signal)
        return button

    def show_classes(self, names: Sequence[str]) -> None:
        """The classes that photos can be moved to, in the order of their keys."""
        if list(names) == list(self._names):
            return
        self._names = tuple(names)
        for button in self.buttons:
            self._classes.removeWidget(button)
            button.hide()
            button.deleteLater()
        self.buttons = []
        self._turns.start(self._adding(self._names[:_MOST]))

    def _adding(self, names: Sequence[str]) -> Iterator[None]:
        """In turns: 200 buttons take 40 ms."""
        for number, name in enumerate(names, 1):
            button = ClassButton(name, number)
            button.setEnabled(self._any_selected)
            button.chosen.connect(self.class_chosen)
            self._classes.insertWidget(number - 1, button)
            self.buttons.append(button)
            if number >= KEYS:
                yield

    def show_state(self, said: str, guess: str, *, count: int, fine: bool) -> None:
        """What is selected.

        Args:
            said: of the current photo, in words. guess: the class that the model says of it; "":
                none. count: photos that are selected. fine: whether they can be right as they are:
                they have a class.
        """
        self.said.setText(said)
        self._any_selected = count > 0
        for button in (*self.buttons, self.typed, self.new, self.aside, self.fine):
            button.setEnabled(count > 0)
        self.fine.setEnabled(count > 0 and fine)
        self.agree.setEnabled(bool(guess) and count > 0)
        words = class_words(guess)
        metrics = self.agree.fontMetrics()
        room = WIDTH - 60 - metrics.horizontalAdvance("A   ")
        shown = words if count == 1 else "as the model says"
        shown = metrics.elidedText(shown, Qt.TextElideMode.ElideRight, room)
        self.agree.setText(action_text(f"A   {shown}" if guess else "A   As the model says"))
        set_tooltip(
            self.agree,
            f"Move it to “{words}”, as the model says (A)"
            if guess and count == 1
            else "Move each of them to the class that the model says (A)",
        )
