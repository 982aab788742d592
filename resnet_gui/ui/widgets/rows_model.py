"""A list model of which Qt knows by itself how long it is."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QStringListModel, Qt


class RowsModel(QStringListModel):
    """A list in one column; what stands in its rows is said by `data` of who inherits this.

    A view asks for the number of rows with every index, and makes one for each row whenever it
    lays them out: asked of Python, 50,000 photos took 80 ms at each change of the window's width,
    here 6. The list of strings is never shown.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)

    def set_rows(self, count: int) -> None:
        """Another list, of so many rows: a reset. What `data` says has to be known before."""
        self.setStringList([""] * count)

    def flags(self, index: QModelIndex | QPersistentModelIndex) -> Qt.ItemFlag:
        """Qt's own list of strings could be written into."""
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        flag = Qt.ItemFlag
        return flag.ItemIsSelectable | flag.ItemIsEnabled | flag.ItemNeverHasChildren
