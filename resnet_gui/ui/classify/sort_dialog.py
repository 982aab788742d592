"""“Sort into folders”: where, how and from which confidence on; what would happen; start."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import (
    QButtonGroup,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from resnet_gui.core.filing.batch import How, Plan, Planning, count
from resnet_gui.core.filing.by_label import (
    Labelled,
    SortWish,
    SureCounts,
    count_sure,
    other_folders,
    plan_sorting,
)
from resnet_gui.core.system.paths import expanded
from resnet_gui.core.system.visible_text import visible
from resnet_gui.core.zoo.kinds import PROBABLE
from resnet_gui.jobs.lane import Job, JobLane, Priority
from resnet_gui.ui.classify.sort_place import apart
from resnet_gui.ui.classify.sort_words import UNSURE_FOLDER, details
from resnet_gui.ui.filing.preview import PlanPreview, PlanTable
from resnet_gui.ui.widgets.bold import embolden
from resnet_gui.ui.widgets.check_box import CheckBox
from resnet_gui.ui.widgets.plain_text import PlainLabel, set_tooltip
from resnet_gui.ui.widgets.screen_room import fit_to_screen
from resnet_gui.ui.widgets.words import sentence

_PLAN_AFTER_MS = 250  # when nothing was changed so long
_WIDTH, _HEIGHT = 640, 600
_HOWS = {
    How.COPY: ("Copy", "The photos stay where they are; the folders get copies."),
    How.MOVE: ("Move", "The photos leave their folders. “Undo sorting” brings them back."),
    How.LINK: ("Link", "The photos stay where they are; the folders get links that lead there."),
}


class SortDialog(QDialog):
    """Plans in the io lane and changes nothing.

    Attributes:
        plan: what would happen by the present choices; None while that is not known.

    Signals:
        start_requested(object): a Plan.
    """

    start_requested = Signal(object)

    def __init__(
        self,
        photos: Sequence[Labelled],
        others: str,
        into: Path,
        io: JobLane,
        parent: QWidget | None = None,
        *,
        chosen: bool = False,
        least: float = PROBABLE,
    ) -> None:
        """
        Args:
            least: how sure the model must be, to begin with, 0..1.
            others: a sentence about photos of the list that cannot be sorted; "" for none.
            chosen: a person chose `into`; else it may be exchanged for a better one.
        """
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Sort into folders")
        self._photos, self._others, self._io = photos, others, io
        self.plan: Plan | None = None
        self._counts: SureCounts | None = None
        self._job: Job | None = None
        self._look: Job | None = None
        self._looked_at: Path | None = None  # whether a training would take it for a class
        self._folder, self._shown, self._chosen = into, visible(str(into)), chosen
        choices = QWidget()
        column = QVBoxLayout(choices)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(self._where())
        column.addWidget(self.place)
        column.addSpacing(4)
        column.addLayout(self._how())
        column.addWidget(self.explanation)
        column.addSpacing(4)
        column.addLayout(self._confidence(least))
        column.addWidget(self.rest_box)
        column.addWidget(self.sidecar_box)
        column.addSpacing(4)
        self.summary = PlainLabel()
        embolden(self.summary)
        self.summary.setWordWrap(True)
        self.details = PlainLabel()
        self.details.setWordWrap(True)
        self.details.setProperty("kind", "muted")
        self.problem = PlainLabel()
        self.problem.setWordWrap(True)
        self.problem.setProperty("kind", "danger")
        self.problem.hide()
        for label in (self.summary, self.details, self.problem):
            column.addWidget(label)
        self.preview = PlanPreview(self)
        self.table = PlanTable(self.preview, 130)
        column.addWidget(self.table, 1)
        scroll = QScrollArea()  # on a small screen
        scroll.setWidgetResizable(True)
        scroll.setProperty("kind", "still")
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # what is in it has it
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(choices)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(18, 16, 18, 14)
        whole.addWidget(scroll, 1)
        whole.addWidget(self._buttons())
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_PLAN_AFTER_MS)
        self._soon.timeout.connect(self._make_plan)
        io.submit(partial(count_sure, photos), Priority.INTERACTIVE).progressed.connect(
            self._on_counted
        )
        self.how_buttons[How.COPY].setChecked(True)
        self._on_choice()
        fit_to_screen(self, _WIDTH, _HEIGHT)

    # --- building ---------------------------------------------------------------------------

    def _where(self) -> QHBoxLayout:
        row = QHBoxLayout()
        name = PlainLabel("Into")
        self.folder = QLineEdit(self._shown)
        self.folder.setAccessibleName("Folder in which each answer gets a folder")
        set_tooltip(self.folder, "Each answer gets a folder in this one. It is made if need be.")
        self.folder.textEdited.connect(self._on_folder_edited)
        name.setBuddy(self.folder)
        self.choose = QPushButton("Choose…")
        self.choose.setAccessibleName("Choose the folder")
        self.choose.setAutoDefault(False)
        self.choose.clicked.connect(self._on_choose)
        row.addWidget(name)
        row.addWidget(self.folder, 1)
        row.addWidget(self.choose)
        self.place = PlainLabel()
        self.place.setProperty("kind", "muted")
        self.place.setWordWrap(True)
        self.place.hide()
        return row

    def _how(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(4)
        self.how_buttons: dict[How, QPushButton] = {}
        self._group = QButtonGroup(self)
        for number, (how, (text, tip)) in enumerate(_HOWS.items()):
            button = self.how_buttons[how] = QPushButton(text)
            button.setCheckable(True)
            button.setAutoDefault(False)
            button.setProperty("kind", "segment")
            button.setMinimumWidth(84)
            set_tooltip(button, tip)
            self._group.addButton(button, number)
            row.addWidget(button)
        row.addStretch()
        self._group.idClicked.connect(self._on_choice)
        self.explanation = PlainLabel()
        self.explanation.setProperty("kind", "muted")
        self.explanation.setWordWrap(True)
        return row

    def _confidence(self, least: float) -> QHBoxLayout:
        row = QHBoxLayout()
        name = PlainLabel("At least")
        self.least = QSlider(Qt.Orientation.Horizontal)
        self.least.setRange(0, 100)
        self.least.setPageStep(10)
        self.least.setValue(round(least * 100))
        self.least.setAccessibleName("How sure the model must be, in percent")
        set_tooltip(self.least, "Photos of which the model is less sure stay where they are")
        self.least.valueChanged.connect(self._on_choice)
        name.setBuddy(self.least)
        self.percent = PlainLabel()
        self.percent.setMinimumWidth(self.percent.fontMetrics().horizontalAdvance("100 % sure"))
        row.addWidget(name)
        row.addWidget(self.least, 1)
        row.addWidget(self.percent)
        self.rest_box = CheckBox(f"Put the others into a folder “{UNSURE_FOLDER}”")
        set_tooltip(self.rest_box, "Otherwise they stay where they are")
        self.rest_box.toggled.connect(self._on_choice)
        self.sidecar_box = CheckBox("Files with edits go along (.xmp, .aae)")
        self.sidecar_box.setChecked(True)
        set_tooltip(
            self.sidecar_box,
            "Photo programs keep edits and ratings in a file beside the photo, with its name",
        )
        self.sidecar_box.toggled.connect(self._on_choice)
        return row

    def _buttons(self) -> QDialogButtonBox:
        box = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.start = QPushButton("Copy")
        self.start.setProperty("kind", "primary")
        self.start.setDefault(True)
        self.start.clicked.connect(self._on_start)
        box.addButton(self.start, QDialogButtonBox.ButtonRole.ActionRole)
        box.rejected.connect(self.reject)
        return box

    # --- what is chosen -----------------------------------------------------------------------

    @property
    def how(self) -> How:
        return next(how for how, button in self.how_buttons.items() if button.isChecked())

    @property
    def into(self) -> Path:
        return self._folder

    def set_into(self, folder: Path) -> None:
        """Choose a folder as the person would."""
        self._chosen = True
        self._show_into(folder)

    def _show_into(self, folder: Path) -> None:
        self._folder, self._shown = folder, visible(str(folder))
        self.folder.setText(self._shown)
        self._on_choice()

    @Slot()
    def _on_choose(self) -> None:
        name = QFileDialog.getExistingDirectory(self, "Sort into", str(self._folder.parent))
        if name:
            self.set_into(Path(name))

    @Slot(str)
    def _on_folder_edited(self, text: str) -> None:
        self._chosen = True
        if text != self._shown:
            self._folder, self._shown = expanded(text.strip()), text
        self._on_choice()

    @Slot()
    def _on_choice(self, *_: object) -> None:
        self.explanation.setText(_HOWS[self.how][1])
        self.percent.setText(f"{self.least.value()} % sure")
        self.plan = None
        self.start.setEnabled(False)
        self._show_counts()
        if self._job is not None:
            self._job.let_go()
            self._job = None
        self._soon.start()

    # --- the plan -----------------------------------------------------------------------------

    @Slot(object)
    def _on_counted(self, found: list[SureCounts]) -> None:
        self._counts = found[-1]
        self._show_counts()

    def _show_counts(self) -> None:
        """How many, at once while the slider moves; the plan says the rest a moment later."""
        if self._counts is None:
            return
        photos, labels = self._counts.at(self.least.value() / 100)
        if self.rest_box.isChecked() and photos < len(self._photos):
            photos, labels = len(self._photos), labels + 1
        self._say(photos, labels)

    def _say(self, photos: int, folders: int) -> None:
        """How many go. Summary and button in one place: they never say different numbers."""
        everything = count(len(self._photos), "photo")
        self.summary.setText(f"{photos:,} of {everything} would go into {count(folders, 'folder')}")
        self.start.setText(f"{_HOWS[self.how][0]} {count(photos, 'photo')}")

    @Slot()
    def _make_plan(self) -> None:
        if not self._folder.is_absolute():
            self._show_problem("Choose a folder by its whole path.")
            return
        wish = SortWish(
            self._folder,
            self.how,
            self.least.value() / 100,
            UNSURE_FOLDER if self.rest_box.isChecked() else "",
            self.sidecar_box.isChecked(),
        )
        self._look_at_place()
        start = partial(plan_sorting, self._photos, wish)
        self._job = self._io.submit(start, Priority.INTERACTIVE)
        self._job.progressed.connect(self._on_planning)
        self._job.finished.connect(self._on_planned)
        self._job.failed.connect(self._on_plan_failed)

    def _look_at_place(self) -> None:
        """Before the plan: the place may be exchanged."""
        if self._look is not None:
            self._look.let_go()
        if self._folder != self._looked_at:
            start = partial(apart, self._folder, self._chosen)
            self._look = self._io.submit(start, Priority.INTERACTIVE)
            self._look.finished.connect(self._on_looked)

    @Slot(object)
    def _on_looked(self, found: tuple[Path, str]) -> None:
        """Whether the place is one that a training takes for a class."""
        self._looked_at, text = found
        self.place.setText(text)
        self.place.setVisible(bool(text))
        if self._looked_at != self._folder and not self._chosen:
            self._show_into(self._looked_at)

    @Slot(object)
    def _on_planning(self, events: list[Planning]) -> None:
        last = events[-1]
        if last.done < last.total:
            self.details.setText(f"Looking at the folders: {last.done:,} of {last.total:,}…")

    @Slot(object)
    def _on_planned(self, plan: Plan) -> None:
        self._job = None
        self.plan = plan
        self.preview.show_plan(plan, str(self._folder))
        self._show_problem(plan.problem)
        others = other_folders(self._photos, self.least.value() / 100)
        notes = " ".join(filter(None, (others, self._others)))
        self.details.setText(details(plan, len(self._photos), self.least.value(), notes))
        self.start.setEnabled(bool(plan.pieces) and not plan.problem)
        # Not by Path: of 20,000 files that would take long enough to be felt.
        folders = {piece.target.rpartition(os.sep)[0] for piece in plan.pieces}
        self._say(plan.photos, len(folders))

    @Slot(object)
    def _on_plan_failed(self, error: Exception) -> None:
        self._job = None
        self._show_problem(sentence(error))

    def _show_problem(self, text: str) -> None:
        self.problem.setText(text)
        self.problem.setVisible(bool(text))
        if text and self.plan is None:
            self.details.clear()
            self.preview.show_plan(None, "")

    @Slot()
    def _on_start(self) -> None:
        if self.plan is not None:
            self.start_requested.emit(self.plan)
            self.accept()

    def done(self, result: int) -> None:
        self._soon.stop()
        for job in (self._job, self._look):
            if job is not None:
                job.let_go()
        super().done(result)
