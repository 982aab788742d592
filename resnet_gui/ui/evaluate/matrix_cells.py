"""What stands in the cells of a confusion matrix, in the order in which they are shown."""

from __future__ import annotations

import numpy as np

from resnet_gui.core.dataset.summary import count_noun
from resnet_gui.ui.evaluate.result import Result
from resnet_gui.ui.widgets.charts.model import plain_percent
from resnet_gui.ui.widgets.class_names import class_words

Cell = tuple[int, int]  # row and column as shown


class MatrixCells:
    """Attributes:
    order: the classes' numbers, from the first row to the last. labels: their names.
    """

    def __init__(self, result: Result | None = None, order: tuple[int, ...] = ()) -> None:
        self.order = order
        self.labels: list[str] = []
        self._counts = np.zeros((0, 0), np.int64).data
        self._support: list[int] = []
        self._confusions: list[Cell] | None = None
        if result is not None:
            classes = result.figures.classes
            self.labels = [class_words(classes[index].label) for index in order]
            # As lists it takes 25 ms for 1,000 classes; an array itself is slow to look up in.
            self._counts = result.figures.confusion(order).data
            self._support = [classes[index].support for index in order]

    def __len__(self) -> int:
        return len(self.order)

    def count(self, cell: Cell) -> int:
        """Its photos."""
        return int(self._counts[cell])

    def share(self, cell: Cell) -> float:
        """Of the photos of its row."""
        support = self._support[cell[0]]
        return self.count(cell) / support if support else 0.0

    def figure(self, cell: Cell, *, percent: bool) -> str:
        """What is written in it; "" where there are none."""
        count = self.count(cell)
        if not count:
            return ""
        if not percent:
            return f"{count:,}"
        share = self.share(cell) * 100
        return "<1" if share < 0.5 else f"{share:.0f}"

    def words(self, cell: Cell) -> str:
        """It in a sentence."""
        row, column = cell
        truth, answer = self.labels[row], self.labels[column]
        photos, share = count_noun(self.count(cell), "photo"), plain_percent(self.share(cell))
        if row == column:
            return f"“{truth}” recognised: {photos} ({share} of them)"
        return f"“{truth}” taken for “{answer}”: {photos} ({share} of “{truth}”)"

    def confusions(self) -> list[Cell]:
        """All cells of mistakes, those with most photos first. Found once: a thousand classes have
        tens of thousands."""
        if self._confusions is None:
            wrong = np.array(self._counts)
            np.fill_diagonal(wrong, 0)
            rows, columns = np.nonzero(wrong)
            order = np.argsort(-wrong[rows, columns], kind="stable")
            self._confusions = list(zip(rows[order].tolist(), columns[order].tolist(), strict=True))
        return self._confusions
