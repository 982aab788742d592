"""A table of the classes that sorts by each of its columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QWidget

from resnet_gui.core.evaluation.metrics import ClassFigures
from resnet_gui.ui.evaluate.result import Result
from resnet_gui.ui.evaluate.sorted_table import SortedTable
from resnet_gui.ui.widgets.class_names import class_words
from resnet_gui.ui.widgets.columns_model import Index
from resnet_gui.ui.widgets.plain_text import tooltip
from resnet_gui.ui.widgets.sorted_rows import SortedRows

_COLUMNS = (
    ("Class", "The name of the class"),
    ("Photos", "How many photos show it"),
    ("Recognised", "The share of its photos that were called so (recall)"),
    (
        "95 %",
        "Of very many photos of this class, such a share would most likely be called so "
        "(95 % interval): of few photos it is wide",
    ),
    ("Precision", "The share of the photos that were called so and are so"),
    ("F1", "High only if most of its photos are found and most of what is called so is right"),
)


@dataclass(frozen=True, slots=True)
class _Row:
    """What stands in a row, made once: sorting asks for it some thousand times.

    Attributes:
        number: of the class. order: what a column is sorted by. texts: what it shows.
    """

    number: int
    order: tuple[str | float, ...]
    texts: tuple[str, ...]
    tip: str


def _row(number: int, item: ClassFigures) -> _Row:
    name = class_words(item.label)
    shares = (item.recall, item.precision, item.f1)
    recall, *others = (-1.0 if share is None else share for share in shares)
    recognised, *texts = ("–" if share is None else f"{share:.1%}" for share in shares)
    low, high = item.interval or (-1.0, -1.0)
    likely = f"{low * 100:.0f}–{high * 100:.0f}%" if item.interval else "–"
    return _Row(
        number,
        (name.casefold(), item.support, recall, low, *others),
        (name, f"{item.support:,}", recognised, likely, *texts),
        f"{name}: {item.right:,} of {item.support:,} photos recognised; {item.called:,} photos "
        "were called so",
    )


class ClassModel(SortedRows[_Row]):
    """One row for each class that occurs."""

    def __init__(self) -> None:
        super().__init__([title for title, _ in _COLUMNS], range(1, len(_COLUMNS)))

    def show_result(self, result: Result | None) -> None:
        classes = result.figures.classes if result is not None else ()
        self.show_rows([_row(i, c) for i, c in enumerate(classes) if c.support or c.called])

    def class_of(self, row: int) -> int:
        return self.rows[row].number

    def key(self, row: _Row, column: int) -> Any:
        return row.order[column]

    def heading_tip(self, column: int) -> str:
        return f"{_COLUMNS[column][1]}. A click sorts by it."

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = self.rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return row.texts[index.column()]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self.side(index.column())
        if role == Qt.ItemDataRole.ToolTipRole:
            return tooltip(row.tip)
        return None


class ClassTable(SortedTable):
    """Sorts by a click on a column's title; Return or a click on a row shows its mistakes.

    Signals:
        class_chosen(int): a class whose mistakes should be shown.
    """

    class_chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        self._classes = ClassModel()
        super().__init__(self._classes, "Classes and how well each is recognised", 1, parent)
        self.sortByColumn(2, Qt.SortOrder.AscendingOrder)
        self.row_chosen.connect(self._on_row_chosen)

    def show_result(self, result: Result | None) -> None:
        self._classes.show_result(result)

    @Slot(int)
    def _on_row_chosen(self, row: int) -> None:
        self.class_chosen.emit(self._classes.class_of(row))
