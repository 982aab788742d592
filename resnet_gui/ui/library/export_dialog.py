"""What to save of the answers: which photos, which columns, which kind of file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QGridLayout,
    QHBoxLayout,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from resnet_gui.core.library.columns import COLUMNS, DEFAULT, TOP, chosen_columns
from resnet_gui.core.library.tables import TableKind
from resnet_gui.ui.library.rows import Export, moments, write_export
from resnet_gui.ui.widgets.check_box import CheckBox
from resnet_gui.ui.widgets.combo_box import ComboBox
from resnet_gui.ui.widgets.file_saver import ask_where
from resnet_gui.ui.widgets.photo_list import Photo
from resnet_gui.ui.widgets.plain_text import PlainLabel, one_line, set_tooltip
from resnet_gui.ui.widgets.spin_box import SpinBox
from resnet_gui.ui.widgets.spreadsheets import decimal_comma

_KINDS = (
    (TableKind.CSV, "CSV, for spreadsheets (numbers like 0.5)", ".csv"),
    (TableKind.CSV, "CSV with semicolons (numbers like 0,5)", ".csv"),
    (TableKind.JSON, "JSON, one list", ".json"),
    (TableKind.JSON_LINES, "JSON, an object per line", ".jsonl"),
)
_ROWS = ("One for each photo", "One for each answer: counts")
_COUNTS = 1  # its place among these
_SEMICOLONS = 1  # its place among these
_UNKNOWN = frozenset({"answered"})  # what the window does not know of its answers
_AT_FIRST = frozenset({*DEFAULT, "answer", "answer_probability"})  # what stands in the window, too
_TIPS = {
    "answer": "What stands under the photo: its class, or, where no class is sure, what the most "
    "likely ones are kinds of",
    "answer_probability": "How likely the model thinks the answer is: “Probability” in the table",
    "label": "The most likely class, however unsure; the table shows the answer. Files call it "
    "“label”",
    "probability": "How likely the model thinks that class is. Files call it “probability”",
    "margin": "How far the second most likely class is behind",
    "taken": "When the photo was taken, if the camera noted it: each file is looked into",
    "latitude": "Where the photo was taken, if the camera noted it: each file is looked into",
    "longitude": "Where the photo was taken, if the camera noted it: each file is looked into",
    "modified": "When the file was changed",
    "device": "A faster form of a model, which this computer makes of it, differs by a percent or "
    "two from the model itself: this tells which of them answered",
    "error": "Why there is no answer",
}
_IN_A_ROW = 3


@dataclass(frozen=True, slots=True)
class Choices:
    """Photos that can be saved: each list with how it is called."""

    lists: tuple[tuple[str, Sequence[Photo]], ...]

    @classmethod
    def of(
        cls, selected: Sequence[Photo], shown: Sequence[Photo], everything: Sequence[Photo]
    ) -> Choices:
        """The narrowest first: that is what a person has just made."""
        lists: list[tuple[str, Sequence[Photo]]] = []
        if len(selected) > 1:
            lists.append((f"The {len(selected):,} that are selected", selected))
        if len(shown) != len(everything) and shown:
            lists.append((f"The {len(shown):,} that are shown", shown))
        lists.append((f"All {len(everything):,} photos", everything))
        return cls(tuple(lists))


def ways_sentence(photos: Iterable[Photo]) -> str:
    """Where answers of one model come from more than one of its forms, so that a difference of a
    percent between two photos may be none; "" where they do not."""
    answers = filter(None, (photo.prediction for photo in photos))
    ways: dict[str, Counter[str]] = {}
    # Counted by both at once: of 50,000 answers a counter for each would take three times as long.
    for (model, device), count in Counter((a.model, a.device) for a in answers).items():
        ways.setdefault(model, Counter())[device] = count
    for found in ways.values():
        if len(found) > 1:
            parts = [f"{count:,} on “{one_line(on, 60)}”" for on, count in found.most_common()]
            return (
                f"These answers were computed in different ways: {' and '.join(parts)}. Of the "
                "same photo they may differ by a percent or two. The column “Computed on” tells "
                "which is which."
            )
    return ""


class ExportDialog(QDialog):
    """Signals:
    chosen(object): a Saving, whose job returns the path and how many rows there are. Whoever saves
        it closes the dialog, or calls `choose_again` where nothing is written.
    """

    chosen = Signal(object)

    def __init__(self, choices: Choices, titles: Mapping[str, str], parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Export answers")
        self._titles = titles
        self._asked = False  # something is on its way to be saved: one file at a time
        self.photos, self.rows, self.kind = ComboBox(), ComboBox(), ComboBox()
        for text in _ROWS:
            self.rows.addItem(text)
        self._lists = [photos for _, photos in choices.lists]
        for text, _ in choices.lists:
            self.photos.addItem(text)
        for _, text, _ in _KINDS:
            self.kind.addItem(text)
        self.kind.setCurrentIndex(_SEMICOLONS if decimal_comma() else 0)
        self.photos.setAccessibleName("Photos")
        self.rows.setAccessibleName("Rows")
        self.kind.setAccessibleName("File")
        set_tooltip(
            self.kind,
            "In German, French and many other languages Excel only takes a table apart that has "
            "semicolons between its cells",
        )
        self.columns: dict[str, CheckBox] = {}
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(2)
        for column in COLUMNS:
            if column.id in _UNKNOWN:
                continue
            box = self.columns[column.id] = CheckBox(column.title)
            box.setChecked(column.id in _AT_FIRST)
            if column.id in _TIPS:
                set_tooltip(box, _TIPS[column.id])
            box.toggled.connect(self._on_changed)
            place = len(self.columns) - 1
            grid.addWidget(box, place // _IN_A_ROW, place % _IN_A_ROW)
        self.top = SpinBox()
        self.top.setRange(1, 5)
        self.top.setMinimumHeight(self.kind.sizeHint().height())
        self.top.setAccessibleName("Classes of each photo")
        set_tooltip(self.top, "So many of the most likely classes, each with its probability")
        self.bom = CheckBox("Mark it as UTF-8, so that Excel reads every letter")
        self.bom.setChecked(True)
        form = QFormLayout()
        form.setHorizontalSpacing(14)
        form.setVerticalSpacing(10)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.FieldsStayAtSizeHint)
        form.addRow(PlainLabel("Photos"), self.photos)
        form.addRow(PlainLabel("Rows"), self.rows)
        form.addRow(PlainLabel("File"), self.kind)
        form.addRow(PlainLabel("Columns"), grid)
        row = QHBoxLayout()
        row.addWidget(self.top)
        row.addStretch()
        form.addRow(PlainLabel("Classes of each photo"), row)
        form.addRow(PlainLabel(), self.bom)
        self.mixed = PlainLabel()
        self.mixed.setWordWrap(True)
        self.mixed.setProperty("kind", "muted")
        self.save = QPushButton("Save…")
        self.save.setProperty("kind", "primary")
        self.save.setDefault(True)
        buttons = QDialogButtonBox()
        buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        buttons.addButton(self.save, QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.rejected.connect(self.reject)
        buttons.accepted.connect(self._on_save)
        column_ = QVBoxLayout(self)
        column_.setContentsMargins(20, 18, 20, 16)
        column_.setSpacing(16)
        column_.addLayout(form)
        column_.addWidget(self.mixed)
        column_.addWidget(buttons)
        self.kind.currentIndexChanged.connect(self._on_changed)
        self.rows.currentIndexChanged.connect(self._on_changed)
        self.photos.currentIndexChanged.connect(self._on_photos_changed)
        self._on_photos_changed()
        self._on_changed()

    @property
    def export(self) -> Export:
        """What is chosen. Without any column: an error of `chosen_columns`."""
        ids = [name for name, box in self.columns.items() if box.isChecked()]
        if self.columns["label"].isChecked() or self.columns["probability"].isChecked():
            place = max(ids.index(name) for name in ("label", "probability") if name in ids)
            ids.insert(place + 1, TOP)
        kind = _KINDS[self.kind.currentIndex()][0]
        bom = kind is TableKind.CSV and self.bom.isChecked()
        semicolons = self.kind.currentIndex() == _SEMICOLONS
        columns = () if self.counts else chosen_columns(ids, self.top.value())
        return Export(kind, columns, bom, semicolons, self.counts)

    @property
    def counts(self) -> bool:
        """Whether photos are counted instead of listed."""
        return self.rows.currentIndex() == _COUNTS

    @Slot()
    def _on_changed(self, *_: object) -> None:
        some = self.counts or any(box.isChecked() for box in self.columns.values())
        for widget in (*self.columns.values(), self.top):
            widget.setEnabled(not self.counts)
        self.save.setEnabled(some and not self._asked)
        self.bom.setEnabled(_KINDS[self.kind.currentIndex()][0] is TableKind.CSV)

    @Slot()
    def _on_photos_changed(self, *_: object) -> None:
        text = ways_sentence(self._lists[self.photos.currentIndex()])
        if text:
            self.columns["device"].setChecked(True)
        self.mixed.setText(text)
        self.mixed.setVisible(bool(text))

    @Slot()
    def _on_save(self) -> None:
        kind, _, suffix = _KINDS[self.kind.currentIndex()]
        photos = moments(self._lists[self.photos.currentIndex()])
        write = partial(write_export, photos, self._titles, self.export)
        what = "Tables" if kind is TableKind.CSV else "JSON"
        name = f"{'Counts' if self.counts else 'Answers'} {date.today()}"
        saving = ask_where(self, "Export answers", name, suffix, what, write)
        if saving is not None:
            self._asked = True
            self._on_changed()
            self.chosen.emit(saving)

    @Slot()
    def choose_again(self, *_: object) -> None:
        """What was chosen is not saved, by its name for one; something else can be."""
        self._asked = False
        self._on_changed()
