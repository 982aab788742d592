"""The runs as a table: Qt's models, no controller."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QColor, QFont, QIcon, QPainter, QPixmap

from resnet_gui.core.runs.listing import RunInfo, RunState
from resnet_gui.ui.widgets.columns_model import Index
from resnet_gui.ui.widgets.glossary import explained
from resnet_gui.ui.widgets.plain_text import one_line, tooltip
from resnet_gui.ui.widgets.sorted_rows import SortedRows
from resnet_gui.ui.widgets.theme import theme_colours
from resnet_gui.ui.widgets.words import duration

_STATES = {
    RunState.RUNNING: "running",
    RunState.INTERRUPTED: "interrupted",
    RunState.STOPPED: "stopped",
    RunState.FAILED: "failed",
    RunState.FINISHED: "finished",
}
SWATCH = 10  # pixels: the side of a dot in a curve's colour


def state_text(run: RunInfo) -> str:
    """ "finished", "running: 3 of 40 epochs", "stopped: 2 of 40 epochs"."""
    if run.state is RunState.FINISHED or not run.epochs:
        return _STATES[run.state]
    return f"{_STATES[run.state]}: {run.epochs_done:,} of {run.epochs:,}"


def _only_seen(run: RunInfo) -> bool:
    """Whether its accuracy is that on the photos it learned from: others there were none."""
    return run.accuracy is not None and run.accuracy.part == "training"


def accuracy_text(run: RunInfo) -> str:
    """With Wilson's 95 % interval, once a run is finished: "93.2% (88–96)"."""
    if _only_seen(run):
        assert run.accuracy is not None
        return f"{run.accuracy.value:.1%} in training"
    if run.accuracy is not None and run.accuracy.n:
        low, high = (round(100 * end) for end in (run.accuracy.low, run.accuracy.high))
        return f"{run.accuracy.value:.1%} ({low}–{high})"
    return "" if run.best_val_accuracy is None else f"{run.best_val_accuracy:.1%} so far"


def accuracy_of(run: RunInfo) -> float:
    """To sort by; -1 where nothing is known of new photos."""
    if _only_seen(run):
        return -1.0
    if run.accuracy is not None and run.accuracy.n:
        return run.accuracy.value
    return -1.0 if run.best_val_accuracy is None else run.best_val_accuracy


def date_text(created: str) -> str:
    """In the time of this place; "" of a damaged run."""
    with contextlib.suppress(ValueError):
        return f"{datetime.fromisoformat(created).astimezone():%Y-%m-%d %H:%M}"
    return ""


def _first_line(text: str) -> str:
    return one_line(text.split("\n")[0])


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        title: above it. text: in a cell. key: to sort by.
        least: in pixels, in a window that is too narrow for what all hold.
        tip: what it says; shown over the title.
        yields: where not even the least widths have room, the one with the lowest number goes
            first; 0: it stays.
    """

    title: str
    text: Callable[[RunInfo], str]
    key: Callable[[RunInfo], Any]
    least: int
    tip: str
    right: bool = False
    yields: int = 0


def columns(model_title: Callable[[str], str]) -> tuple[Column, ...]:
    """model_title: what a model is called, by its id."""
    return (
        Column(
            "Name",
            lambda run: one_line(run.title),
            lambda run: run.title.casefold(),
            140,
            "What you called the run. F2 renames it.",
        ),
        Column(
            "Accuracy",
            accuracy_text,
            accuracy_of,
            126,
            "How often the model’s first answer is right, and in brackets the 95 % interval in "
            "percent: the fewer photos, the wider.\nWhile a run is not finished: its best epoch "
            "so far, on the validation photos.",
            right=True,
        ),
        Column(
            "State",
            state_text,
            lambda run: (run.state.value, run.epochs_done),
            88,
            "Whether it ran to its end, and after how many epochs it stands.",
        ),
        Column(
            "Photos",
            lambda run: one_line(Path(run.data).name),
            lambda run: run.data.casefold(),
            66,
            "The folder that it learned from.",
            yields=4,
        ),
        Column(
            "Started from",
            lambda run: one_line(model_title(run.model)),
            lambda run: model_title(run.model).casefold(),
            96,
            "The model whose weights were the start.",
            yields=2,
        ),
        Column(
            "Time",
            lambda run: duration(run.seconds) if run.seconds else "",
            lambda run: run.seconds,
            56,
            "How long it trained.",
            right=True,
            yields=1,
        ),
        Column("Date", lambda run: date_text(run.created), lambda run: run.created, 130, "When."),
        Column(
            "Note",
            lambda run: _first_line(run.note),
            lambda run: run.note.casefold(),
            80,
            "What you wrote about it. F4 changes it.",
            yields=3,
        ),
    )


class RunsModel(SortedRows[RunInfo]):
    """A row per run that has all words of the search in it, newest first until another order is
    wanted.

    Attributes:
        runs: all of them. colours: of the runs whose curves are drawn, by path.
    """

    def __init__(self, model_title: Callable[[str], str], parent: QObject | None = None) -> None:
        self.columns = columns(model_title)
        titles = [column.title for column in self.columns]
        numbers = [i for i, column in enumerate(self.columns) if column.right]
        super().__init__(titles, numbers, parent)
        self.runs: tuple[RunInfo, ...] = ()
        self.colours: Mapping[str, str] = {}
        self._model_title = model_title
        self._titles_of: dict[str, str] = {}
        self._words: list[str] = []

    def key(self, row: RunInfo, column: int) -> Any:
        return self.columns[column].key(row)

    def show_runs(self, runs: Sequence[RunInfo]) -> None:
        """Show these. Rows that stay in their places keep their selection."""
        titles = {model: self._model_title(model) for model in {run.model for run in runs}}
        if tuple(runs) == self.runs and titles == self._titles_of:
            return
        self.runs, self._titles_of = tuple(runs), titles
        self._show()

    def search(self, text: str) -> None:
        """Show the runs that have all of these words."""
        words = text.casefold().split()
        if words != self._words:
            self._words = words
            self._show()

    def _show(self) -> None:
        rows = self.in_order([run for run in self.runs if self._found(run)])
        paths, before = [run.path for run in rows], [run.path for run in self.rows]
        if set(paths) != set(before):
            self.show_rows(rows)
        elif rows:
            if paths != before:
                self._move(before, rows)
            self.rows = rows
            last = self.index(len(rows) - 1, len(self.columns) - 1)
            self.dataChanged.emit(self.index(0, 0), last)

    def _move(self, before: Sequence[str], rows: list[RunInfo]) -> None:
        """The same runs in another order: what is chosen and in sight stays so."""
        self.layoutAboutToBeChanged.emit()
        place = {run.path: row for row, run in enumerate(rows)}
        self.rows = rows
        old = self.persistentIndexList()
        new = [self.index(place[before[index.row()]], index.column()) for index in old]
        self.changePersistentIndexList(old, new)
        self.layoutChanged.emit()

    def _found(self, run: RunInfo) -> bool:
        if not self._words:
            return True
        text = " ".join(column.text(run) for column in self.columns)
        text = f"{text} {run.name} {run.note} {run.data} {run.method}".casefold()
        return all(word in text for word in self._words)

    def show_colours(self, colours: Mapping[str, str]) -> None:
        if colours != self.colours:
            self.colours = dict(colours)
            if self.rows:
                last = self.index(len(self.rows) - 1, 0)
                role = int(Qt.ItemDataRole.DecorationRole)
                self.dataChanged.emit(self.index(0, 0), last, [role])

    def heading_tip(self, column: int) -> str:
        title = self.columns[column].title
        return f"{self.columns[column].tip}\n{explained(title)}".strip()

    def data(self, index: Index, role: int = int(Qt.ItemDataRole.DisplayRole)) -> Any:
        if not index.isValid() or index.row() >= len(self.rows):
            return None
        run, column = self.rows[index.row()], self.columns[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.text(run)
        if role == Qt.ItemDataRole.ToolTipRole:
            return tooltip(_tip(run, column))
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self.side(index.column())
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{column.title}: {column.text(run) or 'nothing'}"
        if role == Qt.ItemDataRole.DecorationRole and index.column() == 0:
            return _swatch(self.colours.get(run.path, ""))
        if role == Qt.ItemDataRole.FontRole and run.state is RunState.RUNNING:
            font = QFont()
            font.setBold(True)
            return font
        return None


def _tip(run: RunInfo, column: Column) -> str:
    if column.title == "Accuracy" and run.accuracy is not None and run.accuracy.n:
        return run.accuracy.sentence()
    if column.title == "Photos":
        return run.data
    if column.title == "Note" and run.note:
        return run.note
    learned = f"Learned from {Path(run.data).name}" if run.data else ""
    if learned and run.seconds:
        learned += f" in {duration(run.seconds)}"
    # What a narrow window has no column for, too.
    lines = (run.title, learned, run.note, run.message or run.path)
    return "\n".join(line for line in lines if line)


def _swatch(colour: str) -> QIcon:
    """A dot in a curve's colour; empty without one, so that names stand below each other."""
    dot = QPixmap(2 * SWATCH, 2 * SWATCH)
    dot.fill(Qt.GlobalColor.transparent)
    if colour:
        painter = QPainter(dot)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QColor(theme_colours().surface))
        painter.setBrush(QColor(colour))
        painter.drawEllipse(1, 1, 2 * SWATCH - 2, 2 * SWATCH - 2)
        painter.end()
    dot.setDevicePixelRatio(2)
    result = QIcon()
    for mode in (QIcon.Mode.Normal, QIcon.Mode.Selected):  # else a chosen row's would be tinted
        result.addPixmap(dot, mode)
    return result
