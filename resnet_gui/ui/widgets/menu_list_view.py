"""A list whose rows have a context menu, by mouse and by keyboard."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPoint, Signal
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtWidgets import QListView


class MenuListView(QListView):
    """Signals:
    menu_requested(QModelIndex, QPoint): of a row; where on the screen. The menu key and Shift+F10
        ask for that of the current row.
    """

    menu_requested = Signal(QModelIndex, QPoint)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            index = self.currentIndex()
            at = self.viewport().mapToGlobal(self.visualRect(index).center())
        else:
            index, at = self.indexAt(event.pos()), event.globalPos()
        if index.isValid():
            self.menu_requested.emit(index, at)
