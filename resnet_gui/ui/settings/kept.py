"""What the program keeps on the disk and can do without: how much it is, and clearing it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from resnet_gui.core.evaluation import store as evaluations
from resnet_gui.core.filing import kept as sortings
from resnet_gui.core.inference import converted, feature_cache
from resnet_gui.core.library import store as answers
from resnet_gui.core.library import thumbnails
from resnet_gui.core.runs import trash
from resnet_gui.core.zoo.storage.store import all_partial_bytes, remove_partial
from resnet_gui.jobs.lane import JobLane, Priority
from resnet_gui.ui.widgets.plain_text import MessageBox, PlainLabel
from resnet_gui.ui.widgets.words import sentence, size_text


@dataclass(frozen=True, slots=True)
class Kept:
    """One kind of it. Both functions look at the disk: they run in the io lane.

    Attributes:
        title: what it is. tip: what is lost with it.
        measure: how many bytes it takes. clear: deletes it.
        question: asked before, where what is lost cannot be made again; "": nothing is asked.
    """

    title: str
    tip: str
    measure: Callable[[], int]
    clear: Callable[[], object]
    question: str = ""


# Adding a kind: one entry here.
KEPT = [
    Kept(
        "Interrupted downloads",
        "What has arrived of them. Without it they begin anew.",
        all_partial_bytes,
        remove_partial,
    ),
    Kept(
        "Models in their faster form",
        "Made from the models on this computer, so that they answer sooner. They are made again "
        "when they are needed.",
        converted.used_bytes,
        converted.clear_conversions,
    ),
    Kept(
        "Features of photos",
        "What a network saw in them, kept so that the next training of a head on the same photos "
        "starts at once, and that a test that was stopped goes on where it was. It is computed "
        "again when it is needed.",
        feature_cache.used_bytes,
        feature_cache.clear_features,
    ),
    Kept(
        "Answers to photos",
        "What models said about photos, with the photos' paths, kept so that a second look at them "
        "is instant. They are answered again when they are needed.",
        answers.used_bytes,
        answers.clear_answers,
    ),
    Kept(
        "Small pictures of photos",
        "So that a grid of photos that you looked at before is there at once. They are made again "
        "when they are needed.",
        thumbnails.used_bytes,
        thumbnails.clear_thumbnails,
    ),
    Kept(
        "Results of evaluations",
        "What models said of photos in labelled folders, so that a result opens at once. Those of "
        "runs stay. A folder can be tested again.",
        evaluations.used_bytes,
        evaluations.clear,
    ),
    Kept(
        "Notes of sortings",
        "Where photos that you sorted into folders came from: what “Undo sorting” needs. Of what "
        "was undone they go by themselves after 30 days.",
        sortings.used_bytes,
        sortings.clear_journals,
        "Without these notes, what you copied, moved or linked into folders before cannot be "
        "undone any more. The photos stay where they are.",
    ),
    Kept(
        "Runs in the trash",
        "The Runs page brings them back. Cleared here they go to the system's trash.",
        trash.used_bytes,
        trash.empty_trash,
    ),
]


@dataclass(frozen=True, slots=True)
class Measured:
    """How many bytes a kind takes."""

    title: str
    size: int


class KeptController(QObject):
    """Measures and clears, in the io lane.

    Attributes:
        kinds: what there is. sizes: bytes by title, as far as they are known.
        failure: why something could not be cleared; empty if it could.

    Signals:
        changed(): one of the attributes changed.
        cleared(): something is gone.
    """

    changed = Signal()
    cleared = Signal()

    def __init__(self, io: JobLane, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._io = io
        self.kinds = tuple(KEPT)
        self.sizes: dict[str, int] = {}
        self.failure = ""

    @Slot()
    def refresh(self) -> None:
        """Measure again."""
        self.failure = ""
        job = self._io.submit(partial(_measure, self.kinds))
        job.progressed.connect(self._on_measured)

    def clear(self, kind: Kept) -> None:
        """Delete what is kept of one kind."""
        self.failure = ""
        job = self._io.submit(partial(_clear, kind), Priority.INTERACTIVE)
        job.progressed.connect(self._on_measured)
        job.finished.connect(self.cleared)
        job.failed.connect(self._on_failed)

    @Slot(object)
    def _on_measured(self, events: list[Measured]) -> None:
        self.sizes.update({event.title: event.size for event in events})
        self.changed.emit()

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self.failure = sentence(error)
        self.changed.emit()


def _measure(kinds: tuple[Kept, ...]) -> Iterator[Measured]:
    for kind in kinds:
        yield Measured(kind.title, kind.measure())


def _clear(kind: Kept) -> Iterator[Measured]:
    kind.clear()
    yield Measured(kind.title, kind.measure())


class KeptRows(QWidget):
    """One row a kind: what it is, how much, and a button.

    Attributes:
        rows: by title.
    """

    def __init__(self, controller: KeptController) -> None:
        super().__init__()
        self.controller = controller
        self.failure = PlainLabel()
        self.failure.setWordWrap(True)
        self.failure.setProperty("kind", "danger")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        self.rows = {kind.title: _Row(controller, kind) for kind in controller.kinds}
        for row in self.rows.values():
            column.addWidget(row)
        column.addWidget(self.failure)
        controller.changed.connect(self._on_changed)
        self._on_changed()

    @Slot()
    def _on_changed(self) -> None:
        for row in self.rows.values():
            row.show_size()
        self.failure.setText(self.controller.failure)
        self.failure.setVisible(bool(self.controller.failure))


class _Row(QWidget):
    def __init__(self, controller: KeptController, kind: Kept) -> None:
        super().__init__()
        self._controller, self._kind = controller, kind
        self.size_label, self.button = PlainLabel(), QPushButton("Clear")
        self.button.setAutoDefault(False)
        self.button.setAccessibleName(f"Clear: {kind.title}")
        self.button.clicked.connect(self._on_clicked)
        tip = PlainLabel(kind.tip)
        tip.setWordWrap(True)
        tip.setProperty("kind", "muted")
        text = QVBoxLayout()
        text.setSpacing(4)
        text.addWidget(PlainLabel(kind.title))
        text.addWidget(tip)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(10)
        row.addLayout(text, 1)
        row.addWidget(self.size_label)
        row.addWidget(self.button)

    def show_size(self) -> None:
        size = self._controller.sizes.get(self._kind.title)
        known = "nothing" if size == 0 else size_text(size or 0)
        self.size_label.setText("" if size is None else known)
        self.button.setEnabled(bool(size))

    @Slot()
    def _on_clicked(self) -> None:
        if not self._kind.question:
            self._clear()
            return
        box = MessageBox(
            self.window(), self._kind.title, f"{self._kind.title}: clear?", self._kind.question
        )
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.addButton("Clear", MessageBox.ButtonRole.AcceptRole)
        box.setDefaultButton(box.addButton(MessageBox.StandardButton.Cancel))
        box.accepted.connect(self._clear)
        box.open()

    @Slot()
    def _clear(self) -> None:
        self._controller.clear(self._kind)
