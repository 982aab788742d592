"""The Improve page before photos are shown: which folder, which model, what to do."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from resnet_gui.core.dataset.summary import count_noun, name_list
from resnet_gui.ui.correcting.counts import counts_text
from resnet_gui.ui.improve.controller import ImproveController, ImproveState
from resnet_gui.ui.model_store import ModelStore
from resnet_gui.ui.models.selector import ModelButton, ModelPopup
from resnet_gui.ui.widgets.class_names import class_words
from resnet_gui.ui.widgets.plain_text import ElidedLabel, PlainLabel, set_tooltip
from resnet_gui.ui.widgets.progress_bar import ProgressBar
from resnet_gui.ui.widgets.title_card import TitleCard


class ImproveStart(QWidget):
    """Signals:
    folder_requested(), label_requested(): ask for a folder of classes; of unlabelled photos.
    """

    folder_requested = Signal()
    label_requested = Signal()

    def __init__(
        self, controller: ImproveController, store: ModelStore, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._controller, self._store = controller, store
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        column.addWidget(self._card())
        column.addWidget(self._waiting_card())
        column.addStretch()
        controller.changed.connect(self.show_state)
        controller.progressed.connect(self._on_progressed)
        controller.corrector.changed.connect(self.show_state)
        self.show_state()

    def _card(self) -> QFrame:
        card = TitleCard(
            "Make a folder of classes better",
            "A model learns what the folder says, also where that is wrong. Here you see which "
            "photos look as if they were in the wrong class, put them right, label more where it "
            "helps most, and train again. No file is moved before you say “Apply”, and that can be "
            "undone.",
        )
        column = card.column
        self.folder_button = QPushButton("Choose &folder…")
        set_tooltip(self.folder_button, "A folder with one sub-folder for each class (Ctrl+O)")
        self.folder_button.clicked.connect(self.folder_requested)
        self.folder = ElidedLabel(mode=Qt.TextElideMode.ElideMiddle)
        self.folder.setProperty("kind", "muted")
        self.model_button = ModelButton()
        self.model_button.clicked.connect(self.choose_model)
        self.popup = ModelPopup(self, chooses_only=True, verb="Judge with this model")
        self.popup.chosen.connect(self._controller.set_model)
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(8)
        chosen = QHBoxLayout()
        chosen.setSpacing(10)
        chosen.addWidget(self.folder_button)
        chosen.addWidget(self.folder, 1)
        for row, words in enumerate(("Folder", "Model")):
            label = PlainLabel(words)
            label.setProperty("kind", "muted")
            grid.addWidget(label, row, 0)
        grid.addLayout(chosen, 0, 1)
        grid.addWidget(self.model_button, 1, 1, alignment=Qt.AlignmentFlag.AlignLeft)
        grid.setColumnStretch(1, 1)
        column.addLayout(grid)
        self.facts = PlainLabel()
        self.facts.setWordWrap(True)
        column.addWidget(self.facts)
        self.look = QPushButton("Look for &wrong labels")
        self.look.setProperty("kind", "primary")
        set_tooltip(
            self.look,
            "Show the photos whose class does not fit what the others of the class look like "
            "(Alt+W)",
        )
        self.look.clicked.connect(self._controller.find_suspects)
        self.label = QPushButton("Label &more photos…")
        set_tooltip(
            self.label,
            "Choose a folder of photos without classes: you label twenty at a time, those first "
            "from which the model learns most (Alt+M)",
        )
        self.label.clicked.connect(self.label_requested)
        self.bar = ProgressBar("How far it is")
        self.stop = QPushButton("S&top")
        set_tooltip(self.stop, "End it. What was computed is kept for the next time (Alt+T).")
        self.stop.clicked.connect(self._controller.stop)
        self.progress = ElidedLabel()
        self.progress.setProperty("kind", "muted")
        going = QHBoxLayout()
        going.setSpacing(10)
        going.addWidget(self.look)
        going.addWidget(self.label)
        going.addWidget(self.bar, 1)
        going.addWidget(self.stop)
        going.addStretch()
        column.addLayout(going)
        column.addWidget(self.progress)
        return card

    def _waiting_card(self) -> QFrame:
        self.waiting_card = card = QFrame()
        card.setProperty("kind", "notice")
        row = QHBoxLayout(card)
        row.setContentsMargins(14, 8, 8, 8)
        self.waiting = PlainLabel()
        self.waiting.setWordWrap(True)
        self.show_decided = QPushButton("&Show them")
        set_tooltip(self.show_decided, "Show the photos, to change what was decided or to apply it")
        self.show_decided.clicked.connect(self._controller.show_decided)
        row.addWidget(self.waiting, 1)
        row.addWidget(self.show_decided)
        return card

    @Slot()
    def show_state(self, *_: object) -> None:
        """Show what the controller is about."""
        controller = self._controller
        self.model_button.show_entry(controller.entry)
        if controller.entry is None:
            set_tooltip(self.model_button, "Choose the model that judges (Ctrl+M)")
        folder, looking = controller.folder, controller.state is ImproveState.LOOKING
        self.folder.setText(
            str(folder) if folder is not None else "None yet. One can be dropped here, too."
        )
        busy = controller.busy or looking
        for widget in (self.bar, self.stop, self.progress):
            widget.setVisible(busy)
        for button in (self.look, self.label):
            button.setVisible(not busy)
            button.setEnabled(controller.startable)
        for choice in (self.model_button, self.folder_button):
            choice.setEnabled(not controller.busy)
        stopping = controller.state is ImproveState.STOPPING
        self.stop.setEnabled(busy and not stopping)
        self.stop.setText("Stopping…" if stopping else "S&top")
        if busy and not self.progress.text():
            self.bar.show_progress(0, 0)
            self.progress.setText("Looking through the folder" if looking else "Loading the model")
        if not busy:
            self.progress.clear()
        self._show_facts()

    def _show_facts(self) -> None:
        controller = self._controller
        summary = controller.summary
        self.facts.setVisible(summary is not None)
        counts = controller.corrector.counts(controller.root)
        self.waiting_card.setVisible(summary is not None and bool(counts.pending))
        if summary is None:
            return
        names = name_list([class_words(item.name) for item in summary.classes], 4)
        text = (
            f"{count_noun(len(summary.photos), 'photo')} in "
            f"{count_noun(len(summary.classes), 'class', 'classes')}: {names}."
        )
        if summary.problems:
            text += f" {count_noun(len(summary.problems), 'file')} cannot be used."
        if controller.entry is None:
            text += " There is no model on this computer yet: the Models page has some."
        self.facts.setText(text)
        self.waiting.setText(counts_text(counts))

    @Slot(object, int, int)
    def _on_progressed(self, text: str, done: int, total: int) -> None:
        self.bar.show_progress(done, total)
        self.progress.setText(text)

    @Slot()
    def choose_model(self) -> None:
        """Open the list of models that can judge."""
        entries = [e for e in self._store.entries if e.state.ready and not e.spec.members]
        self.popup.open_below(self.model_button, entries, self._controller.model_id)
