"""A list whose groups have titles."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtWidgets import QListView


class TitledListView(QListView):
    """Titles are rows that cannot be chosen; Home and Page up go to the first row that can."""

    def moveCursor(
        self, action: QListView.CursorAction, modifiers: Qt.KeyboardModifier
    ) -> QModelIndex:
        moved = super().moveCursor(action, modifiers)
        up = action in (QListView.CursorAction.MoveHome, QListView.CursorAction.MovePageUp)
        if not up or not moved.isValid() or moved.flags() & Qt.ItemFlag.ItemIsSelectable:
            return moved
        rows = range(moved.row() + 1, self.model().rowCount())
        below = (self.model().index(row, 0) for row in rows)
        return next((i for i in below if i.flags() & Qt.ItemFlag.ItemIsSelectable), moved)
