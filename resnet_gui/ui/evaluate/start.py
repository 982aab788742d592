"""The Evaluate page before a result is open: what to test, how far a test is, what is kept."""

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

from resnet_gui.ui.evaluate.controller import EvaluateController, EvaluateState
from resnet_gui.ui.evaluate.results_list import ResultsList
from resnet_gui.ui.model_store import ModelStore
from resnet_gui.ui.models.selector import ModelButton, ModelPopup
from resnet_gui.ui.widgets.bold import embolden
from resnet_gui.ui.widgets.combo_box import ComboBox
from resnet_gui.ui.widgets.plain_text import ElidedLabel, PlainLabel, set_tooltip
from resnet_gui.ui.widgets.progress_bar import ProgressBar
from resnet_gui.ui.widgets.title_card import TitleCard

_PARTS = (
    ("auto", "New photos only"),
    ("all", "All photos"),
    ("test", "The folder’s test part"),
    ("val", "The folder’s validation part"),
    ("train", "The folder’s training part"),
)


class EvaluateStart(QWidget):
    """Model, folder, Start; and the results that are here.

    Signals:
        folder_requested().
    """

    folder_requested = Signal()

    def __init__(
        self, controller: EvaluateController, store: ModelStore, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._controller, self._store = controller, store
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        column.addWidget(self._test_card())
        self.kept_title = PlainLabel("Results on this computer")
        embolden(self.kept_title)
        self.kept = ResultsList()
        self.kept.chosen.connect(controller.open)
        self.none = PlainLabel(
            "Nothing is measured yet. Every test is kept here, and every training adds the result "
            "on its validation photos."
        )
        self.none.setProperty("kind", "muted")
        self.none.setWordWrap(True)
        column.addWidget(self.kept_title)
        column.addWidget(self.none)
        column.addWidget(self.kept, 10)
        column.addStretch()
        controller.changed.connect(self.show_state)
        controller.results_changed.connect(self.show_results)
        controller.progressed.connect(self._on_progressed)
        self.show_state()
        self.show_results()

    def _test_card(self) -> QFrame:
        card = TitleCard(
            "How good is a model?",
            "Test it on a folder with one sub-folder for each class, named like the model’s "
            "classes. You see how many are right, which ones are not, and how far to trust it.",
        )
        column = card.column
        self.model_button = ModelButton()
        self.model_button.clicked.connect(self._on_model_clicked)
        self.popup = ModelPopup(self, chooses_only=True, verb="Test this model")
        self.popup.chosen.connect(self._controller.set_model)
        self.folder_button = QPushButton("Choose &folder…")
        set_tooltip(self.folder_button, "A folder with one sub-folder for each class (Ctrl+O)")
        self.folder_button.clicked.connect(self.folder_requested)
        self.folder = ElidedLabel(mode=Qt.TextElideMode.ElideMiddle)
        self.folder.setProperty("kind", "muted")
        self.part = ComboBox()
        for value, words in _PARTS:
            self.part.addItem(words, value)
        self.part.setAccessibleName("Which photos of the folder")
        set_tooltip(
            self.part,
            "Photos that the model learned from say little of how good it is on new ones. Without "
            "them, as far as it is known which they are, is the honest way.",
        )
        self.part.currentIndexChanged.connect(self._on_part_changed)
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(8)
        for row, (words, widget) in enumerate(
            (("Model", self.model_button), ("Folder", None), ("Photos", self.part))
        ):
            label = PlainLabel(words)
            label.setProperty("kind", "muted")
            grid.addWidget(label, row, 0)
            if widget is not None:
                grid.addWidget(widget, row, 1, alignment=Qt.AlignmentFlag.AlignLeft)
        chosen = QHBoxLayout()
        chosen.setSpacing(10)
        chosen.addWidget(self.folder_button)
        chosen.addWidget(self.folder, 1)
        grid.addLayout(chosen, 1, 1)
        grid.setColumnStretch(1, 1)
        column.addLayout(grid)
        self.start = QPushButton("&Start the test")
        self.start.setProperty("kind", "primary")
        set_tooltip(self.start, "Ask the model about every photo of the folder (Alt+S)")
        self.start.clicked.connect(self._controller.start)
        self.bar = ProgressBar("How far the test is")
        self.progress = ElidedLabel()
        self.progress.setProperty("kind", "muted")
        self.stop = QPushButton("S&top")
        set_tooltip(
            self.stop,
            "End the test. Started again, it goes on with what was answered (Alt+T)",
        )
        self.stop.clicked.connect(self._controller.stop)
        going = QHBoxLayout()
        going.setSpacing(10)
        going.addWidget(self.start)
        going.addWidget(self.bar, 1)
        going.addWidget(self.stop)
        going.addStretch()
        column.addLayout(going)
        column.addWidget(self.progress)
        return card

    @Slot()
    def show_state(self) -> None:
        """Show what the controller is about."""
        controller = self._controller
        self.model_button.show_entry(controller.entry)
        if controller.entry is None:
            set_tooltip(self.model_button, "Choose the model to test (Ctrl+M)")
        folder = controller.folder
        self.folder.setText(
            str(folder) if folder is not None else "None yet. One can be dropped here, too."
        )
        busy = controller.busy
        for widget in (self.bar, self.stop, self.progress):
            widget.setVisible(busy)
        self.start.setVisible(not busy)
        self.start.setEnabled(controller.startable)
        for choice in (self.model_button, self.folder_button, self.part):
            choice.setEnabled(not busy)
        self.stop.setEnabled(controller.state is EvaluateState.TESTING)
        self.stop.setText("Stopping…" if controller.state is EvaluateState.STOPPING else "S&top")
        if busy and not self.progress.text():
            self.bar.show_progress(0, 0)
            self.progress.setText("Loading the model")
        if not busy:
            self.progress.clear()

    @Slot()
    def show_results(self) -> None:
        results = self._controller.results
        self.kept.show_results(results)
        self.kept.setVisible(bool(results))
        self.none.setVisible(not results)

    @Slot(object, int, int)
    def _on_progressed(self, text: str, done: int, total: int) -> None:
        self.bar.show_progress(done, total)
        self.progress.setText(text)

    @Slot()
    def _on_model_clicked(self) -> None:
        self.choose_model()

    def choose_model(self) -> None:
        """Open the list of models that can be tested."""
        entries = [entry for entry in self._store.entries if entry.state.ready]
        self.popup.open_below(self.model_button, entries, self._controller.model_id)

    @Slot(int)
    def _on_part_changed(self, index: int) -> None:
        self._controller.set_part(str(self.part.itemData(index)))
