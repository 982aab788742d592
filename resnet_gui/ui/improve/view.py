"""Photos to decide about: a wall of them, the decisions beside it, what follows below."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QModelIndex, QPoint, QSignalBlocker, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QMenu,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from resnet_gui.jobs.lane import JobLane
from resnet_gui.ui.correcting.counts import counts_text
from resnet_gui.ui.correcting.deciding import Deciding
from resnet_gui.ui.correcting.wall import Wall
from resnet_gui.ui.filing.filer import Filer
from resnet_gui.ui.improve.class_panel import ClassPanel
from resnet_gui.ui.improve.controller import ImproveController, ImproveState, Task, Which
from resnet_gui.ui.improve.texts import round_text, suspects_text
from resnet_gui.ui.widgets.bold import embolden
from resnet_gui.ui.widgets.combo_box import ComboBox
from resnet_gui.ui.widgets.plain_text import ElidedLabel, PlainLabel, one_line, set_tooltip
from resnet_gui.ui.widgets.progress_bar import ProgressBar

_WHICH = (
    (Which.WRONG, "Probably wrong"),
    (Which.ALL, "All, worst first"),
    (Which.DECIDED, "Decided"),
)


class ImproveView(QWidget):
    """Attributes:
        wall: the photos. deciding: what can be decided about those that are selected.

    Signals:
        apply_requested(), train_requested().
        large_requested(): the current photo, as large as the window.
        folder_requested(object): Path of a photo that should be shown in its folder.
        photo_requested(object): Path of a photo that the Classify page should show.
        selection_shown(): another photo is the current one, or something else is said of it.
    """

    apply_requested = Signal()
    train_requested = Signal()
    large_requested = Signal()
    folder_requested = Signal(object)
    photo_requested = Signal(object)
    selection_shown = Signal()

    def __init__(
        self,
        controller: ImproveController,
        filer: Filer,
        io: JobLane,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._controller, self._corrector, self._filer = controller, controller.corrector, filer
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self._head())
        middle = QHBoxLayout()
        middle.setSpacing(10)
        self.wall = Wall(io, self._corrector)
        self.none = PlainLabel()
        self.none.setProperty("kind", "muted")
        self.none.setWordWrap(True)
        self.panel = ClassPanel()
        middle.addWidget(self.wall, 1)
        middle.addWidget(self.none, 1)
        middle.addWidget(self.panel)
        column.addLayout(middle, 1)
        column.addWidget(self._foot())
        self.deciding = Deciding(self._corrector, self.wall, self.wall.chosen)
        self._connect()

    def _connect(self) -> None:
        deciding, panel, controller = self.deciding, self.panel, self._controller
        deciding.decided.connect(self._on_decided)
        panel.class_chosen.connect(deciding.move_to)
        panel.agreed.connect(deciding.agree)
        panel.set_aside.connect(deciding.set_aside)
        panel.accepted.connect(deciding.accept)
        panel.new_requested.connect(deciding.ask_for_class)
        panel.typed_requested.connect(deciding.choose_class)
        self.wall.large_requested.connect(self.large_requested)
        self.wall.menu_requested.connect(self._on_menu_requested)
        self.wall.current_changed.connect(self.show_selection)
        self.wall.selectionModel().selectionChanged.connect(self.show_selection)
        controller.changed.connect(self.show_state)
        controller.photos_changed.connect(self.show_photos)
        controller.progressed.connect(self._on_progressed)
        self._corrector.changed.connect(self._on_corrected)
        self._filer.changed.connect(self._show_counts)

    # --- building -----------------------------------------------------------------------------

    def _head(self) -> QFrame:
        card = QFrame()
        card.setProperty("kind", "card")
        row = QHBoxLayout(card)
        row.setContentsMargins(16, 10, 12, 10)
        texts = QVBoxLayout()
        texts.setSpacing(2)
        self.title = ElidedLabel()
        embolden(self.title)
        self.facts = PlainLabel()
        self.facts.setWordWrap(True)
        self.bar = ProgressBar("How far it is")
        texts.addWidget(self.title)
        texts.addWidget(self.facts)
        texts.addWidget(self.bar)
        row.addLayout(texts, 1)
        self.which = ComboBox()
        for which, words in _WHICH:
            self.which.addItem(words, which)
        self.which.setAccessibleName("Which photos are shown")
        set_tooltip(self.which, "Which photos are shown below (Alt+Down opens the list)")
        self.which.currentIndexChanged.connect(self._on_which_changed)
        self.again = QPushButton("Look &again")
        set_tooltip(self.again, "Judge all photos anew, by what is decided now (Alt+A)")
        self.again.clicked.connect(self._controller.find_suspects)
        self.next = QPushButton("&Next 20")
        self.next.setProperty("kind", "primary")
        set_tooltip(
            self.next,
            "Learn from what is labelled now, and show the photos to label next (Alt+N)",
        )
        self.next.clicked.connect(self._controller.next_round)
        self.stop = QPushButton("S&top")
        set_tooltip(self.stop, "End it (Alt+T)")
        self.stop.clicked.connect(self._controller.stop)
        self.close_button = QPushButton("C&lose")
        self.close_button.setProperty("kind", "plain")
        set_tooltip(self.close_button, "Back to the start. What is decided stays (Alt+L).")
        self.close_button.clicked.connect(self._controller.close)
        for widget in (self.which, self.again, self.next, self.stop, self.close_button):
            row.addWidget(widget)
        return card

    def _foot(self) -> QWidget:
        foot = QWidget()
        row = QHBoxLayout(foot)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        self.counts = PlainLabel()
        self.counts.setWordWrap(True)
        self.undo = QPushButton("&Undo")
        self.undo.clicked.connect(self.undo_last)
        self.redo = QPushButton("&Redo")
        self.redo.clicked.connect(self.redo_last)
        self.apply = QPushButton("A&pply…")
        self.apply.setProperty("kind", "primary")
        set_tooltip(
            self.apply,
            "Move the photos to where you decided, after you have seen what would happen "
            "(Ctrl+Return)",
        )
        self.apply.clicked.connect(self.apply_requested)
        self.train = QPushButton("Train a&gain…")
        set_tooltip(
            self.train, "Open the Train page with this folder, to go on from this model (Ctrl+R)"
        )
        self.train.clicked.connect(self.train_requested)
        row.addWidget(self.counts, 1)
        for button in (self.undo, self.redo, self.apply, self.train):
            row.addWidget(button)
        return foot

    # --- showing ------------------------------------------------------------------------------

    @Slot()
    def show_state(self) -> None:
        """Show what the controller is about."""
        controller = self._controller
        busy, queue = controller.busy, controller.task is Task.QUEUE
        folder = one_line(Path(controller.root).name, 60)
        judge = controller.judge
        model = f" · judged by {one_line(judge.spec.title, 60)}" if judge is not None else ""
        chosen = controller.entry
        if judge is not None and chosen is not None and judge.spec.id == chosen.spec.base_model:
            # It has not seen these labels, and computes the same features.
            model += f", from which “{one_line(chosen.spec.title, 40)}” was made"
        self.title.setText(f"{folder}{model}")
        self.bar.setVisible(busy)
        self.stop.setVisible(busy)
        stopping = controller.state is ImproveState.STOPPING
        self.stop.setEnabled(not stopping)
        self.stop.setText("Stopping…" if stopping else "S&top")
        self.which.setVisible(not queue and not busy)
        self.again.setVisible(not queue and not busy)
        self.next.setVisible(queue and not busy)
        self.close_button.setEnabled(not busy)
        self.wall.setEnabled(not busy)
        if busy:
            self.bar.show_progress(0, 0)
            self.facts.setText("Loading the model")
        else:
            self._show_facts()
        self.deciding.root = "" if busy else controller.root
        self._show_counts()
        self.show_selection()

    def _show_facts(self) -> None:
        controller = self._controller
        queue = controller.task is Task.QUEUE
        if queue and controller.round is not None:
            self.facts.setText(round_text(controller.round))
        elif controller.found is not None:
            text = suspects_text(controller.found)
            few = controller.which is Which.WRONG and controller.found.wrong
            decided = few and self.wall.photos.rowCount() and self.wall.all_decided
            self.facts.setText(f"{text} All of these are decided." if decided else text)
        else:
            self.facts.setText("What is decided about photos of this folder.")
        with QSignalBlocker(self.which):
            self.which.setCurrentIndex(self.which.findData(controller.which))

    @Slot()
    def show_photos(self) -> None:
        """Other photos are to be shown."""
        photos, controller = self._controller.photos, self._controller
        self.wall.show_photos(controller.root, photos)
        self.wall.setVisible(bool(photos))
        self.none.setVisible(not photos)
        if controller.task is Task.QUEUE:
            self.none.setText("There is nothing to label here any more.")
        elif controller.which is Which.DECIDED:
            self.none.setText("Nothing is decided yet.")
        elif controller.found is None:
            self.none.setText("Nobody has looked for wrong labels yet: “Look again” does.")
        else:
            self.none.setText("No photo looks as if it were in the wrong class.")
        if not controller.busy:
            self._show_facts()
        self.wall.setFocus()

    @Slot()
    def show_selection(self, *_: object) -> None:
        """Say in the panel what is selected."""
        chosen, current, photos = self.wall.chosen_rows, self.wall.current, self.wall.photos
        classes = self._controller.classes
        self.deciding.classes = classes
        self.panel.show_classes(classes)
        if len(chosen) > 1:
            said = f"{len(chosen):,} photos are selected."
        elif current is not None:
            said = "\n".join([one_line(Path(current.path).name, 40), *self._said()])
        else:
            said = ""
        guesses = (photos.photos[row].guess for row in chosen)
        guess = next(filter(None, guesses), "")  # the first one tells: many may be selected
        count = 0 if self._controller.busy else len(chosen)
        fine = any(photos.now(row).label for row in chosen)
        self.panel.show_state(said, guess, count=count, fine=fine)
        self.selection_shown.emit()

    def _said(self) -> list[str]:
        """What the folder, the model and the person say of the current photo."""
        current = self.wall.current
        if current is None:
            return []
        badge = self.wall.badge
        return [current.words, *([f"Decided: {badge}"] if badge else [])]

    def said_in_a_line(self) -> str:
        """As it stands below the photo when that is shown large."""
        return " · ".join(self._said())

    def set_labelling(self, labelling: bool) -> None:
        """While photos are labelled Return means that the model is right."""
        self.deciding.enter = self.deciding.agree if labelling else self.deciding.accept

    @Slot()
    def _show_counts(self) -> None:
        root = self._controller.root
        counts = self._corrector.counts(root)
        self.counts.setText(counts_text(counts))
        self.apply.setEnabled(
            counts.pending > 0 and self._filer.working is None and not self._controller.busy
        )
        self.train.setEnabled(self._controller.entry is not None and not self._controller.busy)
        undo, redo = self._corrector.undo_text(root), self._corrector.redo_text(root)
        for button, text, keys in (
            (self.undo, undo, "Ctrl+Z"),
            (self.redo, redo, "Ctrl+Shift+Z"),
        ):
            button.setEnabled(bool(text) and not self._controller.busy)
            what = f": {one_line(text, 80)}" if text else ""
            words = "Take the last decision back" if button is self.undo else "Decide it again"
            set_tooltip(button, f"{words}{what} ({keys})")

    @Slot(object, object)
    def _on_corrected(self, root: str, paths: object) -> None:
        if root == self._controller.root:
            self._show_counts()
            if not self._controller.busy:
                self._show_facts()
            self.show_selection()

    @Slot(object, int, int)
    def _on_progressed(self, text: str, done: int, total: int) -> None:
        if self._controller.busy:
            self.bar.show_progress(done, total)
            self.facts.setText(text)

    # --- what the person does -----------------------------------------------------------------

    @Slot()
    def _on_decided(self) -> None:
        self.wall.step_on()
        queue = self._controller.task is Task.QUEUE
        if queue and self.wall.isActiveWindow() and self.wall.all_decided:
            self.next.setFocus()  # Return goes on
        elif self.wall.isActiveWindow():
            self.wall.setFocus()

    @Slot()
    def undo_last(self) -> None:
        if not self._controller.busy:
            self._corrector.undo(self._controller.root)

    @Slot()
    def redo_last(self) -> None:
        if not self._controller.busy:
            self._corrector.redo(self._controller.root)

    @Slot(int)
    def _on_which_changed(self, index: int) -> None:
        self._controller.show_which(self.which.itemData(index))
        self._show_facts()

    @Slot(QModelIndex, QPoint)
    def _on_menu_requested(self, index: QModelIndex, at: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.deciding.add_to(menu)
        menu.addSeparator()
        menu.addAction("Open large\tSpace").triggered.connect(self.large_requested)
        menu.addAction("Show on the Classify page").triggered.connect(self._on_photo)
        menu.addAction("Show in folder").triggered.connect(self._on_folder)
        menu.popup(at)

    @Slot()
    def _on_photo(self) -> None:
        if self.wall.current is not None:
            self.photo_requested.emit(Path(self.wall.current.path))

    @Slot()
    def _on_folder(self) -> None:
        if self.wall.current is not None:
            self.folder_requested.emit(Path(self.wall.current.path))

    def refresh_theme(self) -> None:
        self.wall.viewport().update()
