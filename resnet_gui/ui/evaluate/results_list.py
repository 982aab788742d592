"""The results that are kept on this computer, to be opened at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QWidget

from resnet_gui.core.evaluation.answered_by import in_8_bits
from resnet_gui.core.evaluation.intervals import wilson_interval
from resnet_gui.core.evaluation.predictions import Facts
from resnet_gui.core.evaluation.store import Stored
from resnet_gui.ui.evaluate.sorted_table import SortedTable
from resnet_gui.ui.widgets.columns_model import Index
from resnet_gui.ui.widgets.plain_text import one_line, tooltip
from resnet_gui.ui.widgets.sorted_rows import SortedRows

_PARTS = {
    "all": "all photos",
    "train": "training photos",
    "val": "validation photos",
    "test": "test photos",
    "unseen": "photos it did not learn from",
}


def part_words(facts: Facts) -> str:
    """Which photos: "validation photos of its run"."""
    words = _PARTS.get(facts.part, facts.part)
    whose = " of its run" if facts.part_of == "run" else ""
    return f"{words}{whose}{', in 8 bits' if in_8_bits(facts) else ''}"


def when_words(made: str) -> str:
    """A time of ours as people write it, on this computer's clock; "" for what is none."""
    try:
        return f"{datetime.fromisoformat(made).astimezone():%Y-%m-%d %H:%M}"
    except (ValueError, OverflowError, OSError):
        return ""


class _Results(SortedRows[Stored]):
    def __init__(self) -> None:
        super().__init__(("Model", "Tested on", "Right", "Photos", "When"), (2, 3))

    def key(self, row: Stored, column: int) -> Any:
        facts = row.facts
        if column == 0:
            return one_line(facts.title or facts.model, 80).casefold()
        if column == 1:
            return one_line(Path(facts.data).name, 60).casefold()
        return (facts.right / facts.n if facts.n else 0.0, facts.n, facts.made)[column - 2]

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        facts = self.rows[index.row()].facts
        accuracy = facts.right / facts.n if facts.n else 0.0
        title = one_line(facts.title or facts.model, 80)
        where = one_line(Path(facts.data).name, 60)
        column = index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return (
                title, f"{where}: {part_words(facts)}", f"{accuracy:.1%}", f"{facts.n:,}",
                when_words(facts.made),
            )[column]  # fmt: skip
        if role == Qt.ItemDataRole.ToolTipRole:
            low, high = wilson_interval(facts.right, facts.n)
            return tooltip(
                f"{facts.title}\n{facts.data}\n{facts.right:,} of {facts.n:,} right "
                f"(95 % interval {low:.1%} to {high:.1%})"
            )
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self.side(column)
        return None


class ResultsList(SortedTable):
    """A click, or Return, opens a result.

    Signals:
        chosen(object): Stored.
    """

    chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        self._results = _Results()
        super().__init__(self._results, "Results on this computer", 2, parent)
        self.setWordWrap(False)
        self.sortByColumn(4, Qt.SortOrder.DescendingOrder)
        self.row_chosen.connect(self._on_row_chosen)

    def show_results(self, rows: Sequence[Stored]) -> None:
        self._results.show_rows(rows)

    @Slot(int)
    def _on_row_chosen(self, row: int) -> None:
        self.chosen.emit(self._results.rows[row])
