"""A table that sorts by a click on a column's title."""

from __future__ import annotations

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QSortFilterProxyModel, Qt, Signal, Slot
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

ORDER = Qt.ItemDataRole.UserRole  # of what a model gives a column to be sorted by


class SortedTable(QTableView):
    """A click on a row, or Return, opens it.

    Signals:
        row_chosen(int): the row of the model, not that on the screen.
    """

    row_chosen = Signal(int)

    def __init__(
        self, rows: QAbstractTableModel, name: str, wide: int, parent: QWidget | None = None
    ) -> None:
        """
        Args:
            name: for screen readers. wide: how many columns share the room that the others leave.
        """
        super().__init__(parent)
        self._sorted = QSortFilterProxyModel(self)
        self._sorted.setSourceModel(rows)
        self._sorted.setSortRole(ORDER)
        self.setModel(self._sorted)
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
        rows = range(self._sorted.rowCount())
        return [str(self._sorted.index(row, column).data()) for row in rows]

    @Slot(QModelIndex)
    def _on_activated(self, index: QModelIndex) -> None:
        self.row_chosen.emit(self._sorted.mapToSource(index).row())
