"""Rows of a table that sort by any of its columns."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Generic, TypeVar

from PySide6.QtCore import QModelIndex, QObject, Qt

from resnet_gui.ui.widgets.columns_model import ColumnsModel, Index

Row = TypeVar("Row")


class SortedRows(ColumnsModel, Generic[Row]):
    """Rows in the order of a column. They are sorted here and not in a QSortFilterProxyModel, which
    asks Python for both sides of every comparison: 60 ms for a thousand classes, and more while
    another thread has the interpreter's lock.

    Attributes:
        rows: as they are shown.
    """

    def __init__(
        self, titles: Sequence[str], numbers: Collection[int], parent: QObject | None = None
    ) -> None:
        super().__init__(titles, numbers, parent)
        self.rows: list[Row] = []
        self._by, self._falling = 0, False

    def key(self, row: Row, column: int) -> Any:
        """What a column is sorted by."""
        raise NotImplementedError

    def show_rows(self, rows: Sequence[Row]) -> None:
        """Show others."""
        self.beginResetModel()
        self.rows = self.in_order(rows)
        self.endResetModel()

    def in_order(self, rows: Sequence[Row]) -> list[Row]:
        """Sorted as the rows are now."""
        return sorted(rows, key=lambda row: self.key(row, self._by), reverse=self._falling)

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        if column < 0:
            return
        self._by, self._falling = column, order is Qt.SortOrder.DescendingOrder
        self.layoutAboutToBeChanged.emit()
        before, self.rows = self.rows, self.in_order(self.rows)
        place = {id(row): number for number, row in enumerate(self.rows)}
        old = self.persistentIndexList()  # what is selected, and current
        new = [self.index(place[id(before[index.row()])], index.column()) for index in old]
        self.changePersistentIndexList(old, new)
        self.layoutChanged.emit()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        return 0 if parent.isValid() else len(self.rows)
