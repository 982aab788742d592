"""What the models of tables share: columns with titles, and on which side a column stands."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from resnet_gui.ui.widgets.plain_text import tooltip

Index = QModelIndex | QPersistentModelIndex


class ColumnsModel(QAbstractTableModel):
    """A table with titled columns; numbers stand at the right."""

    def __init__(
        self, titles: Sequence[str], numbers: Collection[int], parent: QObject | None = None
    ) -> None:
        """`numbers`: the columns that stand at the right."""
        super().__init__(parent)
        self._titles, self._numbers = tuple(titles), frozenset(numbers)

    def heading(self, column: int) -> str:
        return self._titles[column]

    def heading_tip(self, column: int) -> str:
        """What is said of a column while its title is hovered over."""
        return ""

    def side(self, column: int) -> int:
        """Of a column's title and its cells."""
        number = column in self._numbers
        side = Qt.AlignmentFlag.AlignRight if number else Qt.AlignmentFlag.AlignLeft
        return int(side | Qt.AlignmentFlag.AlignVCenter)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self._titles)

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = int(Qt.ItemDataRole.DisplayRole),
    ) -> Any:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.heading(section)
        if role == Qt.ItemDataRole.ToolTipRole:
            return tooltip(self.heading_tip(section))
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self.side(section)
        return None
