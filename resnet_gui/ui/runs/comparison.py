"""Two runs' models on the same photos: four numbers, the test in words, the photos."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from resnet_gui.core.dataset.summary import count_noun
from resnet_gui.core.evaluation.comparison_page import SUFFIX, write_comparison
from resnet_gui.core.evaluation.paired import Cell, Compared
from resnet_gui.jobs.lane import JobLane
from resnet_gui.ui.correcting.corrector import Corrector
from resnet_gui.ui.correcting.counts import counts_text
from resnet_gui.ui.runs.controller import RunsController
from resnet_gui.ui.runs.gallery import PairedGallery
from resnet_gui.ui.runs.table import date_text
from resnet_gui.ui.widgets.bold import embolden
from resnet_gui.ui.widgets.charts.model import plain_percent
from resnet_gui.ui.widgets.file_saver import ask_where, file_name
from resnet_gui.ui.widgets.plain_text import PlainLabel, one_line, set_tooltip
from resnet_gui.ui.widgets.progress_bar import ProgressBar

_CELLS = {
    Cell.FIXED: ("Only B right", "Photos that A gets wrong and B right: what B has fixed."),
    Cell.BROKEN: ("Only A right", "Photos that A gets right and B wrong: what B has broken."),
    Cell.BOTH_WRONG: ("Both wrong", "Photos that both get wrong."),
    Cell.BOTH_RIGHT: ("Both right", "Photos that both get right."),
}

_PARTS = {"val": "validation photo", "test": "test photo", "train": "training photo"}
_PADDING = 24  # pixels of a button beside its text


def _remarks(result: Compared) -> str:
    parts = (result.by_class("A", "B"), result.source("A", "B"), result.caution())
    return " ".join(filter(None, parts))


class RunComparison(QWidget):
    """Attributes:
        cells: a button for each of the four numbers. gallery: the photos of one of them.
        sentence: the test in words. decided: how many decisions about its photos wait.

    Signals:
        photo_requested(object): Path of a photo that should be opened.
        improve_requested(object, str): a Path whose labels should be looked through, and a model's
            id.
        save_requested(object): a Saving of what came out.
    """

    photo_requested = Signal(object)
    improve_requested = Signal(object, str)
    save_requested = Signal(object)

    def __init__(
        self,
        controller: RunsController,
        io: JobLane,
        corrector: Corrector,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._controller, self._corrector = controller, corrector
        self._shown: Compared | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        head = QHBoxLayout()
        head.setSpacing(10)
        self.title = PlainLabel()
        self.title.setWordWrap(True)
        head.addWidget(self.title, 1)
        self.bar = ProgressBar("How far the comparison is")
        self.bar.setFixedWidth(160)
        head.addWidget(self.bar)
        self.stop = QPushButton("Stop")
        self.stop.setAccessibleName("Stop comparing")
        self.stop.clicked.connect(controller.close_comparison)
        head.addWidget(self.stop)
        self.save = QPushButton("Save report…")
        set_tooltip(
            self.save, "A web page with both accuracies, each class, and the photos that not both "
            "get right"
        )  # fmt: skip
        self.save.clicked.connect(self._on_save)
        head.addWidget(self.save)
        self.close_button = QPushButton()
        self.close_button.setProperty("kind", "plain")
        self.show_alone(False)
        self.close_button.clicked.connect(controller.close_comparison)
        head.addWidget(self.close_button)
        column.addLayout(head)
        self.sentence = PlainLabel()
        self.sentence.setWordWrap(True)
        embolden(self.sentence)
        self._bold = QFontMetrics(self.sentence.font())  # of a button that is pressed down
        column.addWidget(self.sentence)
        self.caution = PlainLabel()
        self.caution.setWordWrap(True)
        self.caution.setProperty("kind", "muted")
        column.addWidget(self.caution)
        row = QHBoxLayout()
        row.setSpacing(6)
        self._group = QButtonGroup(self)
        self.cells: dict[Cell, QPushButton] = {}
        for cell, (name, tip) in _CELLS.items():
            button = QPushButton(name)
            button.setProperty("kind", "segment")
            button.setCheckable(True)
            set_tooltip(button, tip)
            self._group.addButton(button)
            self.cells[cell] = button
            row.addWidget(button)
        self._group.buttonClicked.connect(self._on_cell_clicked)
        row.addStretch()
        column.addLayout(row)
        self.gallery = PairedGallery(io, corrector)
        self.gallery.open_requested.connect(self.photo_requested)
        set_tooltip(
            self.gallery,
            "Double click or Enter: open a photo on the Classify page\nRight click: put right the "
            "class that it is in",
        )
        column.addWidget(self.gallery, 1)
        self.nothing = PlainLabel()
        self.nothing.setProperty("kind", "muted")
        self.nothing.hide()
        column.addWidget(self.nothing)
        column.addWidget(self._foot())
        corrector.changed.connect(self._on_corrected)
        corrector.opened.connect(self._on_corrected)
        controller.comparison_changed.connect(self.refresh)
        self.refresh()

    def _foot(self) -> QWidget:
        """Only while something is decided: the photos need the room."""
        self.foot = foot = QWidget()
        row = QHBoxLayout(foot)
        row.setContentsMargins(0, 0, 0, 0)
        self.decided = PlainLabel()
        self.decided.setProperty("kind", "muted")
        self.decided.setWordWrap(True)
        row.addWidget(self.decided, 1)
        self.improve = QPushButton("Improve this folder…")
        set_tooltip(self.improve, "Apply what was decided here, on the Improve page")
        self.improve.clicked.connect(self._on_improve_clicked)
        row.addWidget(self.improve)
        foot.hide()
        return foot

    @property
    def root(self) -> str:
        """The folder whose photos are shown; "": none."""
        return self._shown.data if self._shown is not None else ""

    def show_alone(self, alone: bool) -> None:
        """Whether the runs are out of sight: closing brings them back."""
        what, again = ("runs", "the runs") if alone else ("curves", "the curves")
        self.close_button.setText(f"Show {what}")
        self.close_button.setAccessibleName(f"Close the comparison and show {again}")
        set_tooltip(self.close_button, f"Close the comparison and show {again} again (Esc)")
        set_tooltip(self.stop, f"Stop comparing and show {again} again (Esc)")

    def take_focus(self) -> None:
        """The keys go on here: to stop while it is asked, then to walk through the photos."""
        parts = (self.stop, self.gallery, self.close_button)
        next(part for part in parts if not part.isHidden()).setFocus()

    @Slot()
    def _on_improve_clicked(self) -> None:
        pair = self._controller.pair
        if self.root and pair is not None:
            model = self._controller.earlier.model_of(pair.runs[1])
            self.improve_requested.emit(Path(self.root), model.spec.id if model else "")

    @Slot(object, object)
    def _on_corrected(self, root: str = "", paths: object = None) -> None:
        if root == self.root:
            counts = self._corrector.counts(root)
            self.decided.setText(counts_text(counts))
            self.foot.setVisible(bool(root) and bool(counts.pending or counts.fine))

    @Slot()
    def refresh(self) -> None:
        """Show how far it is, or what came out."""
        result, comparing = self._controller.compared, self._controller.comparing
        waited = self.stop.hasFocus()
        self.bar.setVisible(comparing)
        self.stop.setVisible(comparing)
        for button in self.cells.values():
            button.setVisible(result is not None)
        for widget in (self.sentence, self.gallery, self.save, self.close_button):
            widget.setVisible(result is not None)
        self.caution.setVisible(result is not None and bool(_remarks(result)))
        if result is None:
            self.nothing.hide()
            self._shown = None
            self._on_corrected()
            self._show_progress()
        elif result is not self._shown:
            self._shown = result
            self._show_result(result)
        if waited and result is not None:
            self.take_focus()  # the button that it was on has gone

    def _show_progress(self) -> None:
        progress, names = self._controller.progress, self._names()
        if not self._controller.comparing:
            return
        self.title.setText(f"Comparing {' with '.join(names)}…")
        done, total = (progress.done, progress.total) if progress is not None else (0, 0)
        self.bar.show_progress(done, total)

    def _names(self) -> list[str]:
        """What A and B are; runs of one name are told apart by their dates."""
        pair = self._controller.pair
        if pair is None:
            return ["A", "B"]
        same = pair.runs[0].title == pair.runs[1].title
        dates = [f" of {date_text(run.created)}" if same else "" for run in pair.runs]
        return [
            f"{letter} “{one_line(run.title, 40)}”{date}"
            for letter, run, date in zip("AB", pair.runs, dates, strict=True)
        ]

    def _show_result(self, result: Compared) -> None:
        parts = [
            f"{name}: {plain_percent(value)} ({plain_percent(low)} to {plain_percent(high)})"
            for name, (value, low, high) in zip(self._names(), result.accuracies(), strict=True)
        ]
        self.gallery.show_result(result)
        self._corrector.open(result.data)
        self._on_corrected(result.data)
        which = count_noun(result.n, _PARTS.get(result.part, "photo"))
        where = one_line(Path(result.data).name, 40)
        self.title.setText(f"{which} of “{where}”. {'; '.join(parts)}")
        self.sentence.setText(result.sentence("A", "B"))
        self.caution.setText(_remarks(result))
        counts = result.counts()
        for cell, button in self.cells.items():
            text = f"{_CELLS[cell][0]}  {counts[cell]:,}"
            button.setText(text)
            button.setMinimumWidth(self._bold.horizontalAdvance(text) + _PADDING)
            button.setAccessibleName(f"{_CELLS[cell][0]}: {count_noun(counts[cell], 'photo')}")
        first = next((cell for cell in _CELLS if counts[cell]), Cell.FIXED)
        self.choose(first)

    @Slot()
    def _on_save(self) -> None:
        if (result := self._shown) is None:
            return
        name = file_name(" and ".join(result.titles))
        write = partial(write_comparison, result)
        saving = ask_where(self, "Save the comparison", name, SUFFIX, "Web pages", write)
        if saving is not None:
            self.save_requested.emit(saving)

    def choose(self, cell: Cell) -> None:
        """Show the photos of one of the four."""
        if self._shown is None:
            return
        self.cells[cell].setChecked(True)
        photos = self._shown.of(cell)
        self.gallery.photos.show_photos(photos)
        self.gallery.scrollToTop()
        name = _CELLS[cell][0]
        self.gallery.setAccessibleName(f"Photos: {name}")
        self.gallery.setVisible(bool(photos))
        self.nothing.setVisible(not photos)
        self.nothing.setText(f"{name}: there is no such photo.")

    @Slot(object)
    def _on_cell_clicked(self, button: QPushButton) -> None:
        self.choose(next(cell for cell, known in self.cells.items() if known is button))

    def refresh_theme(self) -> None:
        self.gallery.viewport().update()
