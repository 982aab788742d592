"""A list of classes that opens below something: type a few letters, Return."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QSize,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QLineEdit, QListView, QVBoxLayout, QWidget

from resnet_gui.ui.widgets.class_names import class_words
from resnet_gui.ui.widgets.plain_text import one_line, tooltip
from resnet_gui.ui.widgets.screen_room import screen_room

_SIZE = (280, 340)  # pixels, where the screen is large enough
_KEYS = 9
_Index = QModelIndex | QPersistentModelIndex


class _Classes(QAbstractListModel):
    """The classes that fit what was typed, and behind them a new one of that name.

    Attributes:
        rows: each one's name, and whether it would be new.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._names: Sequence[str] = ()
        self.rows: list[tuple[str, bool]] = []

    def show_classes(self, names: Sequence[str]) -> None:
        self._names = names
        self.search("")

    def search(self, text: str) -> None:
        wanted = text.strip().casefold()
        found = [name for name in self._names if wanted in _searched(name)]
        found.sort(key=lambda name: not _searched(name).startswith(wanted))
        rows = [(name, False) for name in found]
        known = {name.casefold() for name in self._names} | {_searched(n) for n in self._names}
        if wanted and wanted not in known:
            rows.append((text.strip(), True))
        self.beginResetModel()
        self.rows = rows
        self.endResetModel()

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        return 0 if parent.isValid() else len(self.rows)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not 0 <= index.row() < len(self.rows):
            return None
        name, new = self.rows[index.row()]
        words = one_line(class_words(name), 60)
        if role == Qt.ItemDataRole.DisplayRole:
            return f"New class “{words}”" if new else words
        if role == Qt.ItemDataRole.ToolTipRole:
            place = self._names.index(name) + 1 if not new else 0
            return tooltip(name + (f" (key {place})" if 0 < place <= _KEYS else ""))
        return None


def _searched(name: str) -> str:
    return class_words(name).casefold()


class ClassPopup(QFrame):
    """Closes when a class is chosen or something else is clicked.

    Signals:
        chosen(object): a class's name; one that nobody has yet is to be made.
    """

    chosen = Signal(object)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setProperty("kind", "popup")
        self._classes = _Classes(self)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Name of the class")
        self.search.setAccessibleName("Name of the class")
        self.search.setMaxLength(120)
        self.search.textChanged.connect(self._on_text_changed)
        self.search.installEventFilter(self)
        self.view = QListView()
        self.view.setModel(self._classes)
        self.view.setUniformItemSizes(True)
        self.view.setAccessibleName("Classes")
        self.view.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # arrow keys come from the field
        self.view.clicked.connect(self._on_clicked)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(6)
        column.addWidget(self.search)
        column.addWidget(self.view, 1)

    def open_at(self, place: QPoint, names: Sequence[str], text: str = "") -> None:
        """Show the list with its upper left corner at a point of the screen, on the screen as a
        whole.

        Args:
            text: what stands in the field, selected.
        """
        self._classes.show_classes(names)
        self.setFixedSize(QSize(*_SIZE).boundedTo(screen_room(self)))
        screen = self.screen().availableGeometry()
        x = max(screen.left(), min(place.x(), screen.right() - self.width()))
        y = max(screen.top(), min(place.y(), screen.bottom() - self.height()))
        self.move(x, y)
        self.search.setText(text)
        self.search.selectAll()
        self._on_text_changed(text)
        self.show()
        self.search.setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Arrow keys and Return in the field act on the list."""
        if watched is self.search and isinstance(event, QKeyEvent):
            key = event.key()
            if event.type() == QEvent.Type.KeyPress:
                if key in (Qt.Key.Key_Down, Qt.Key.Key_Up):
                    self._step(1 if key == Qt.Key.Key_Down else -1)
                    return True
                if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                    self._choose(self.view.currentIndex().row())
                    return True
        return super().eventFilter(watched, event)

    def _step(self, by: int) -> None:
        row = self.view.currentIndex().row() + by
        if 0 <= row < self._classes.rowCount():
            self.view.setCurrentIndex(self._classes.index(row))

    @Slot(str)
    def _on_text_changed(self, text: str) -> None:
        self._classes.search(text)
        self.view.setCurrentIndex(self._classes.index(0))

    @Slot(QModelIndex)
    def _on_clicked(self, index: QModelIndex) -> None:
        self._choose(index.row())

    def _choose(self, row: int) -> None:
        if 0 <= row < len(self._classes.rows):
            self.hide()
            self.chosen.emit(self._classes.rows[row][0])
