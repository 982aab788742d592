"""Keys and a menu by which a person decides about the photos that are selected somewhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QMenu, QWidget

from resnet_gui.core.dataset.summary import count_noun
from resnet_gui.core.errors import ResNetGuiError
from resnet_gui.ui.correcting.class_popup import ClassPopup
from resnet_gui.ui.correcting.corrector import Corrector
from resnet_gui.ui.correcting.judged import Judged
from resnet_gui.ui.widgets.class_names import class_words
from resnet_gui.ui.widgets.plain_text import action_text, ask_for_name, one_line
from resnet_gui.ui.widgets.words import sentence

KEYS = 9  # classes that have a key of their own
_PLAIN = (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)
_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)

# For a page's table of keys.
HELP = (
    ("1 to 9", "Move the selected photos to this class"),
    ("A", "Move them to the class that the model says"),
    ("M", "Move them to a class whose name you type"),
    ("N", "Move them to a new class"),
    ("S, Del", "Set them aside, out of all classes"),
    ("F", "They are fine as they are"),
    ("Backspace", "Forget what was decided about them"),
)


class Deciding(QObject):
    """Attributes:
        root: the folder that the photos belong to; "": there is nothing to decide.
        classes: that photos can be moved to, in the order of the keys 1 to 9.
        enter: what Return does; None: nothing of this.

    Signals:
        decided(): about what is selected, just now; the next photo can follow.
    """

    decided = Signal()

    def __init__(
        self,
        corrector: Corrector,
        widget: QWidget,
        chosen: Callable[[], Sequence[Judged]],
    ) -> None:
        """
        Args:
            widget: whose keys these are.
            chosen: the photos that are selected.
        """
        super().__init__(widget)
        self._corrector, self._widget, self._chosen = corrector, widget, chosen
        self.enter: Callable[[], None] | None = None
        self.root = ""
        self.classes: Sequence[str] = ()
        self._popup: ClassPopup | None = None
        self.listen_to(widget)

    def listen_to(self, widget: QWidget) -> None:
        """Let the keys count in this widget, too."""
        widget.installEventFilter(self)

    @property
    def _ready(self) -> bool:
        """Whether what was decided before is known: until then nothing is decided, and no key steps
        on as if it were."""
        return bool(self.root) and self._corrector.is_open(self.root)

    # --- keys ---------------------------------------------------------------------------------

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Before the widget itself, which may have another use for some of them."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            return self.press(event)
        return super().eventFilter(watched, event)

    def press(self, event: QKeyEvent) -> bool:
        """Do what a key means here; False: it means nothing."""
        if not self._ready or event.modifiers() not in _PLAIN or not self._chosen():
            return False
        key = event.key()
        number = key - int(Qt.Key.Key_1)
        if 0 <= number < KEYS:
            # Each decision goes on to the next photo: a key that is held decides about one.
            if number < len(self.classes) and not event.isAutoRepeat():
                self.move_to(self.classes[number])
            return True
        slots: dict[int, Callable[[], None]] = {
            Qt.Key.Key_A: self.agree,
            Qt.Key.Key_M: self.choose_class,
            Qt.Key.Key_N: self.ask_for_class,
            Qt.Key.Key_S: self.set_aside,
            Qt.Key.Key_Delete: self.set_aside,
            Qt.Key.Key_F: self.accept,
            Qt.Key.Key_Backspace: self.forget,
        }
        slot = slots.get(key)
        if slot is None and key in _ENTER:
            slot = self.enter
        if slot is None:
            return False
        if not event.isAutoRepeat():
            slot()
        return True

    # --- menu ---------------------------------------------------------------------------------

    def add_to(self, menu: QMenu) -> None:
        """Add what can be decided about the selected photos."""
        photos = self._chosen()
        if not self._ready or not photos:
            return
        for number, name in enumerate(self.classes[:KEYS], 1):
            words = action_text(one_line(class_words(name), 40))
            action = menu.addAction(f"Move to “{words}”\t{number}")
            action.triggered.connect(partial(self.move_to, name))
            action.setEnabled(any(photo.label != name for photo in photos))
        for text, slot in (
            ("Move to a class…\tM", self.choose_class),
            ("Move to a new class…\tN", self.ask_for_class),
            ("Set aside\tS", self.set_aside),
            ("Fine as it is\tF" if len(photos) == 1 else "Fine as they are\tF", self.accept),
        ):
            menu.addAction(text).triggered.connect(slot)
        forget = menu.addAction("Forget the decision\tBackspace")
        forget.triggered.connect(self.forget)
        forget.setEnabled(any(self._corrector.badge(self.root, p.path) for p in photos))

    # --- decisions ----------------------------------------------------------------------------

    def move_to(self, name: str, *_: object) -> None:
        """The selected photos belong to this class; "": to none that there can be."""
        if self._ready and name:
            self._corrector.move(self.root, self._chosen(), name)
            self.decided.emit()

    @Slot()
    def agree(self) -> None:
        """The model is right about the selected photos."""
        photos = [photo for photo in self._chosen() if photo.guess]
        if not self._ready or not photos:
            return
        meant = {guess: self._meant(guess) for guess in {photo.guess for photo in photos}}
        moves = [(photo, meant[photo.guess]) for photo in photos if meant[photo.guess]]
        if moves:
            self._corrector.move_each(self.root, moves)
            self.decided.emit()

    @Slot()
    def set_aside(self) -> None:
        if self._ready:
            self._corrector.set_aside(self.root, self._chosen())
            self.decided.emit()

    @Slot()
    def accept(self) -> None:
        """The selected photos are in the right class."""
        if self._ready:
            self._corrector.accept(self.root, self._chosen())
            self.decided.emit()

    @Slot()
    def forget(self) -> None:
        """As if nothing had been decided about them."""
        if self._ready:
            self._corrector.forget(self.root, self._chosen())

    @Slot()
    def ask_for_class(self) -> None:
        """A class that the folder does not have yet."""
        photos = self._chosen()
        if not photos:
            return
        question = f"Name of the new class for {count_noun(len(photos), 'photo')}:"
        name = ask_for_name(self._widget.window(), "New class", question, "")
        if name is not None and name.strip():
            self.move_to(self._meant(name.strip()))

    @Slot()
    def choose_class(self) -> None:
        """Let the person type the class's name."""
        if self._popup is None:
            self._popup = ClassPopup(self._widget)
            self._popup.chosen.connect(self._on_chosen)
        self._popup.open_at(self._place(), self.classes)

    def _place(self) -> QPoint:
        """Beside the photo that the person is at."""
        view = self._widget
        if isinstance(view, QAbstractItemView):
            rect = view.visualRect(view.currentIndex())
            return view.viewport().mapToGlobal(rect.center())
        return view.mapToGlobal(view.rect().center())

    @Slot(object)
    def _on_chosen(self, name: str) -> None:
        self.move_to(self._meant(name))

    def _meant(self, name: str) -> str:
        """The class of a typed name: “bees” is no second class beside “Bees”, which would be the
        same folder on some computers. "": it can be none, as a notice says."""
        if name in self.classes:
            return name
        from resnet_gui.core.improve.apply import class_named

        try:
            found = class_named(name, self.classes)
        except ResNetGuiError as error:
            self._corrector.noticed.emit(sentence(error), "miss")
            return ""
        if class_words(found).casefold() != class_words(name).casefold():
            self._corrector.noticed.emit(
                f"No folder can be called “{one_line(name, 60)}”: the class is "
                f"“{class_words(found)}”.",
                "miss",
            )
        return found
