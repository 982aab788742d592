"""Sorting by eye: one unsorted photo at a time, large, and a key for each class."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from resnet_gui.core.dataset.collection.boxes import UNSORTED, Changed
from resnet_gui.core.events import ImageSource
from resnet_gui.jobs.lane import JobLane
from resnet_gui.ui.classify.photo_view import PhotoView
from resnet_gui.ui.making.controller import MakingController
from resnet_gui.ui.making.guesses import Guess, Guesses
from resnet_gui.ui.widgets.answer import percent
from resnet_gui.ui.widgets.bold import embolden
from resnet_gui.ui.widgets.class_names import class_words
from resnet_gui.ui.widgets.plain_text import (
    ElidedLabel,
    PlainLabel,
    action_text,
    ask_for_name,
    one_line,
    set_tooltip,
)
from resnet_gui.ui.widgets.previews import Preview, Previews

_AHEAD = 6  # photos that the model is asked about beyond the one on the screen
_KEYS = 9
_LIST_WIDTH = 230


class _ClassButton(QPushButton):
    """One class. chosen(int): it was clicked."""

    chosen = Signal(int)

    def __init__(self, box: int) -> None:
        super().__init__()
        self.box = box
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setProperty("kind", "choice")
        self.clicked.connect(self._on_clicked)

    @Slot()
    def _on_clicked(self) -> None:
        self.chosen.emit(self.box)


class LabelView(QWidget):
    """The unsorted photos as a queue.

    Attributes:
        row: of the photo on the screen, in the order in which they came; all behind it: the end.

    Signals:
        left(): back to the boxes.
    """

    left = Signal()

    def __init__(
        self,
        controller: MakingController,
        guesses: Guesses,
        io: JobLane,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._controller, self._guesses = controller, guesses
        self.row = 0
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Sort photos by eye")
        self._previews = Previews(io, self)
        self._previews.made.connect(self._on_preview_made)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(self._head())
        row = QHBoxLayout()
        row.setSpacing(12)
        self.photo = PhotoView()
        self.photo.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the keys are the whole view's
        row.addWidget(self.photo, 1)
        row.addLayout(self._side())
        column.addLayout(row, 1)
        self.name = ElidedLabel(mode=Qt.TextElideMode.ElideMiddle)
        self.name.setProperty("kind", "muted")
        column.addWidget(self.name)
        guesses.came.connect(self._show_guess)
        controller.changed.connect(self._on_changed)

    def _head(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self.back = QPushButton("Back to the classes")
        set_tooltip(self.back, "Esc")
        self.back.clicked.connect(self.left)
        self.position = PlainLabel()
        embolden(self.position)
        row.addWidget(self.back)
        row.addSpacing(8)
        row.addWidget(self.position, 1)
        return row

    def _side(self) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(6)
        self.guess = QPushButton()
        self.guess.setProperty("kind", "primary")
        self.guess.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        keeps = self.guess.sizePolicy()
        keeps.setRetainSizeWhenHidden(True)  # the classes below must not jump under the mouse
        self.guess.setSizePolicy(keeps)
        self.guess.clicked.connect(self.take_guess)
        self.guess_text = PlainLabel()
        self.guess_text.setProperty("kind", "muted")
        self.guess_text.setWordWrap(True)
        self.guess_text.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.guess_text.setMinimumHeight(2 * self.guess_text.fontMetrics().lineSpacing() + 2)
        self._list = QWidget()
        self._classes = QVBoxLayout(self._list)
        self._classes.setContentsMargins(0, 0, 6, 0)
        self._classes.setSpacing(4)
        self.buttons: list[_ClassButton] = []
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setProperty("kind", "bare")
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # its buttons have it
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFixedWidth(_LIST_WIDTH)
        scroll.setWidget(self._list)
        self.new = QPushButton("N   New class…")
        set_tooltip(self.new, "A new class for this photo (N)")
        self.new.clicked.connect(self.ask_for_class)
        ways = QHBoxLayout()
        self.before = QPushButton("←  Before")
        set_tooltip(self.before, "The photo before (Left)")
        self.before.clicked.connect(self.show_previous)
        self.skip = QPushButton("Skip  →")
        set_tooltip(self.skip, "Leave this photo unsorted for now (Space or Right)")
        self.skip.clicked.connect(self.show_next)
        ways.addWidget(self.before)
        ways.addWidget(self.skip)
        for widget in (self.guess, self.guess_text):
            column.addWidget(widget)
        column.addWidget(scroll, 1)
        column.addWidget(self.new)
        column.addLayout(ways)
        return column

    # --- showing ----------------------------------------------------------------------------

    @property
    def path(self) -> str:
        """Of the photo on the screen; "" at the end."""
        photos = self._controller.boxes.photos(UNSORTED)
        return photos[self.row].path if 0 <= self.row < len(photos) else ""

    def begin(self) -> None:
        """From the first unsorted photo."""
        self.row = 0
        self._show_classes()
        self._show_photo()
        self.setFocus()

    def _show_classes(self) -> None:
        boxes = self._controller.boxes
        if [button.box for button in self.buttons] != boxes.classes:
            for button in self.buttons:
                self._classes.removeWidget(button)
                button.hide()
                button.deleteLater()
            while self._classes.count():
                self._classes.takeAt(0)
            self.buttons = [_ClassButton(box) for box in boxes.classes]
            for button in self.buttons:
                button.chosen.connect(self.put)
                self._classes.addWidget(button)
            self._classes.addStretch()
        for number, button in enumerate(self.buttons, 1):
            name = class_words(boxes.name(button.box))
            key = f"{number}   " if number <= _KEYS else ""
            metrics = button.fontMetrics()
            count = f"  ({boxes.count(button.box):,})"
            room = _LIST_WIDTH - 52 - metrics.horizontalAdvance(key + count)
            shown = metrics.elidedText(name, Qt.TextElideMode.ElideRight, room)
            button.setText(action_text(f"{key}{shown}{count}"))
            button.setAccessibleName(f"{name}, {boxes.count(button.box):,} photos")
            how = f" (key {number})" if number <= _KEYS else ""
            set_tooltip(button, f"Put the photo into “{name}”{how}")

    def _show_photo(self) -> None:
        count = self._controller.boxes.count(UNSORTED)
        self.row = min(max(0, self.row), count)
        path = self.path
        for button in (*self.buttons, self.new, self.skip):
            button.setEnabled(bool(path))
        self.before.setEnabled(self.row > 0)
        if not path:
            self.position.setText("All photos are sorted" if not count else "That was the last one")
            self.photo.show_message(
                "All photos are sorted. Ctrl+Z takes the last step back."
                if not count
                else f"{count:,} skipped, and still unsorted. “Before” leads back to them."
            )
            self.name.clear()
            self._show_guess()
            return
        self.position.setText(f"Photo {self.row + 1:,} of {count:,} unsorted")
        self.name.setText(Path(path).name)
        kept = self._previews.get(ImageSource.file(path))
        if kept is not None:
            self._on_preview_made(kept)
        ahead = self._controller.boxes.photos(UNSORTED)[self.row : self.row + 1 + _AHEAD]
        self._guesses.ask([photo.path for photo in ahead])
        self._show_guess()

    @Slot(object)
    def _on_preview_made(self, made: Preview) -> None:
        if made.photo_id != self.path:
            return
        if made.image is None:
            name = one_line(Path(self.path).name, 60)
            self.photo.show_message(f"{name} could not be read.", failed=True)
        else:
            self.photo.show_photo(made.image, made.width, made.height)

    @Slot()
    def _show_guess(self) -> None:
        path, entry = self.path, self._guesses.entry
        guess = self._guess()
        self.guess.setVisible(guess is not None)
        if guess is not None and entry is not None:
            name = one_line(class_words(guess.name), 40)
            metrics = self.guess.fontMetrics()
            new = "" if guess.box is not None else "new class "
            room = _LIST_WIDTH - 56 - metrics.horizontalAdvance(f"Enter   {new}")
            shown = metrics.elidedText(name, Qt.TextElideMode.ElideRight, room)
            self.guess.setText(action_text(f"Enter   {new}{shown}"))
            into = f"Put the photo into “{name}”" if guess.box is not None else "Make this class"
            set_tooltip(self.guess, f"{into} (Enter)")
            title, sure = one_line(entry.spec.title, 40), percent(guess.probability)
            said = f"{title} takes it for “{name}” ({sure})."
            if guess.box is not None:
                said = f"Of your classes {title} finds “{name}” the likeliest ({sure})."
            self.guess_text.setText(said)
        elif not path:
            self.guess_text.clear()
        elif entry is None:
            self.guess_text.setText("No model is here that could guess.")
        elif self._guesses.known(path):
            self.guess_text.setText("The model could not say what this is.")
        else:
            self.guess_text.setText("The model is looking at it…")

    def _guess(self) -> Guess | None:
        return self._guesses.of(self.path, self._controller.boxes) if self.path else None

    @Slot(object)
    def _on_changed(self, changed: Changed) -> None:
        if not self.isVisible():
            return
        back = [move.photo.path for move in changed.moved if move.after == UNSORTED]
        if back:  # undone: the photo comes back to the screen
            photos = [photo.path for photo in self._controller.boxes.photos(UNSORTED)]
            rows = [photos.index(path) for path in back if path in photos]
            came = all(move.before is None for move in changed.moved)
            self.row = min(rows) if rows and not came else self.row
        self._show_classes()
        self._show_photo()

    # --- what the person does ---------------------------------------------------------------

    @Slot(int)
    def put(self, box: int) -> None:
        """The photo on the screen belongs to this class; the next one follows."""
        if self.path:
            self._controller.move([self.path], box)
        self.setFocus()

    @Slot()
    def take_guess(self) -> None:
        """The model is right."""
        guess = self._guess()
        if guess is None:
            return
        if guess.box is not None:
            self.put(guess.box)
        else:
            self._controller.new_class(guess.name, [self.path])
            self.setFocus()

    @Slot()
    def ask_for_class(self) -> None:
        """A new class, for the photo on the screen."""
        path = self.path
        if not path:
            return
        name = ask_for_name(self.window(), "New class", "Name of the class:", "")
        if name is not None and name.strip():
            self._controller.new_class(name, [path])
        self.setFocus()

    @Slot()
    def show_next(self) -> None:
        self.row += 1
        self._show_photo()
        self.setFocus()

    @Slot()
    def show_previous(self) -> None:
        self.row -= 1
        self._show_photo()
        self.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, classes = event.key(), self._controller.boxes.classes
        number = key - int(Qt.Key.Key_1)
        plain = event.modifiers() in (
            Qt.KeyboardModifier.NoModifier,
            Qt.KeyboardModifier.KeypadModifier,
        )
        if not plain:
            super().keyPressEvent(event)
        elif 0 <= number < min(_KEYS, len(classes)):
            self.put(classes[number])
        elif key == Qt.Key.Key_N:
            self.ask_for_class()
        elif key in (Qt.Key.Key_Space, Qt.Key.Key_Right):
            self.show_next()
        elif key == Qt.Key.Key_Left:
            self.show_previous()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.take_guess()
        elif key == Qt.Key.Key_Escape:
            self.left.emit()
        else:
            super().keyPressEvent(event)
