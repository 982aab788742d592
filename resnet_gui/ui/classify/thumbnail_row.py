"""The row of thumbnails below the photo."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QSize, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QMouseEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QSizePolicy

from resnet_gui.ui.widgets.low_window import LowWindow
from resnet_gui.ui.widgets.menu_list_view import MenuListView
from resnet_gui.ui.widgets.photo_delegate import PhotoDelegate

_WIDTH, _HEIGHT, _LOW_HEIGHT = 116, 111, 81
_BARE = QSize(64, 46)  # of a cell without words, in low windows
_SCROLL_BAR = 20  # below the cells, with the frame

_Index = QModelIndex | QPersistentModelIndex


class ThumbnailRow(MenuListView):
    """Del removes, Enter and a double click open.

    Signals:
        remove_requested(QModelIndex), open_requested(QModelIndex).
    """

    remove_requested = Signal(QModelIndex)
    open_requested = Signal(QModelIndex)

    def __init__(self) -> None:
        super().__init__()
        self._delegate = PhotoDelegate(_WIDTH, _HEIGHT, self)
        self.setItemDelegate(self._delegate)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.setMaximumHeight(_HEIGHT + _SCROLL_BAR)
        self._window = LowWindow(self)
        self._window.changed.connect(self._on_low_changed)

    @Slot(bool)
    def _on_low_changed(self, low: bool) -> None:
        self._delegate.captioned = not low
        self._delegate.width = _BARE.width() if low else _WIDTH
        self.setMaximumHeight(_SCROLL_BAR + (_BARE.height() if low else _HEIGHT))
        self._fit()
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), _HEIGHT + _SCROLL_BAR)

    def minimumSizeHint(self) -> QSize:
        low = _BARE.height() if self._window.low else _LOW_HEIGHT
        return QSize(_WIDTH, low + _SCROLL_BAR)

    def doItemsLayout(self) -> None:
        """Qt looks at every photo: not while the grid or the table is shown instead."""
        if self.isVisible():
            super().doItemsLayout()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.scheduleDelayedItemsLayout()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Thumbnails become lower where there is less room."""
        self._fit()
        super().resizeEvent(event)

    def _fit(self) -> None:
        height = max(_LOW_HEIGHT, min(_HEIGHT, self.height() - _SCROLL_BAR))
        if self._window.low:
            height = _BARE.height()
        if height != self._delegate.height:
            self._delegate.height = height
            self.scheduleDelayedItemsLayout()

    def dataChanged(self, first: _Index, last: _Index, roles: Sequence[int] = ()) -> None:
        """Only what is seen of them is painted. Qt's list would look for the place of each of
        20,000 photos again; and most answers of a folder are to photos beyond the strip's edge."""
        if self.isVisible():
            changed = self.visualRect(first).united(self.visualRect(last))
            self.viewport().update(changed)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        index = self.currentIndex()
        if index.isValid() and event.key() == Qt.Key.Key_Delete:
            self.remove_requested.emit(index)
        elif index.isValid() and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.open_requested.emit(index)
        else:
            super().keyPressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        index = self.indexAt(event.position().toPoint())
        if index.isValid() and event.button() == Qt.MouseButton.LeftButton:
            self.open_requested.emit(index)
