"""A table that sorts by a click on a column's title."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from PySide6.QtCore import QModelIndex, Qt, Signal, Slot
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from resnet_gui.ui.widgets.columns_model import ColumnsModel, Index

Row = TypeVar("Row")


class SortedRows(ColumnsModel, Generic[Row]):
    """Rows in the order of a column. They are sorted here and not in a QSortFilterProxyModel, which
    asks Python for both sides of every comparison: 60 ms for a thousand classes.

    Attributes:
        rows: as they are shown.
    """

    def __init__(self, titles: Sequence[str], numbers: Sequence[int] | range) -> None:
        super().__init__(titles, numbers)
        self.rows: list[Row] = []
        self._by, self._falling = 0, False

    def key(self, row: Row, column: int) -> Any:
        """What a column is sorted by."""
        raise NotImplementedError

    def show_rows(self, rows: Sequence[Row]) -> None:
        """Show others."""
        self.beginResetModel()
        self.rows = self._sorted(rows)
        self.endResetModel()

    def _sorted(self, rows: Sequence[Row]) -> list[Row]:
        return sorted(rows, key=lambda row: self.key(row, self._by), reverse=self._falling)

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        if column < 0:
            return
        self._by, self._falling = column, order is Qt.SortOrder.DescendingOrder
        self.layoutAboutToBeChanged.emit()
        before, self.rows = self.rows, self._sorted(self.rows)
        place = {id(row): number for number, row in enumerate(self.rows)}
        old = self.persistentIndexList()  # what is selected, and current
        new = [self.index(place[id(before[index.row()])], index.column()) for index in old]
        self.changePersistentIndexList(old, new)
        self.layoutChanged.emit()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        return 0 if parent.isValid() else len(self.rows)


class SortedTable(QTableView):
    """A click on a row, or Return, opens it.

    Signals:
        row_chosen(int): as it is shown now.
    """

    row_chosen = Signal(int)

    def __init__(
        self, rows: SortedRows[Any], name: str, wide: int, parent: QWidget | None = None
    ) -> None:
        """
        Args:
            name: for screen readers. wide: how many columns share the room that the others leave.
        """
        super().__init__(parent)
        rows.setParent(self)
        self.setModel(rows)
        self.setAccessibleName(name)
        self.setSortingEnabled(True)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setResizeContentsPrecision(50)  # rows; all that a column has are alike in length
        for column in range(rows.columnCount()):
            stretched = column < wide
            mode = QHeaderView.ResizeMode
            header.setSectionResizeMode(
                column, mode.Stretch if stretched else mode.ResizeToContents
            )
        self.activated.connect(self._on_activated)
        self.clicked.connect(self._on_activated)

    def column_texts(self, column: int) -> list[str]:
        """What a column shows, from top to bottom."""
        rows = self.model()
        return [str(rows.index(row, column).data()) for row in range(rows.rowCount())]

    @Slot(QModelIndex)
    def _on_activated(self, index: QModelIndex) -> None:
        self.row_chosen.emit(index.row())
