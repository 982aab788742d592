"""A table that sorts by a click on a column's title."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QModelIndex, Signal, Slot
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from resnet_gui.ui.widgets.sorted_rows import SortedRows


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
