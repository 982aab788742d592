"""The photos that could not be read, each with its reason."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    Qt,
    QTimer,
    Signal,
    Slot,
)
from PySide6.QtWidgets import QFrame, QListView, QSizePolicy, QVBoxLayout, QWidget

from resnet_gui.ui.widgets.menu_list_view import MenuListView
from resnet_gui.ui.widgets.photo_list import Photo, PhotoList
from resnet_gui.ui.widgets.plain_text import PlainLabel, one_line, tooltip

_SHOWN, _LINES = 2, 2  # reasons that are seen without scrolling, lines of one
_Index = QModelIndex | QPersistentModelIndex


class _Failed(QAbstractListModel):
    """Only the photos that failed, each as its reason (which names the file)."""

    def __init__(self, photos: PhotoList, parent: QWidget) -> None:
        super().__init__(parent)
        self._photos = photos
        self._failed: list[Photo] = []

    def refresh(self) -> None:
        """Look for them."""
        failed = self._photos.failed()
        if failed[: len(self._failed)] == self._failed:
            if len(failed) > len(self._failed):
                self.beginInsertRows(QModelIndex(), len(self._failed), len(failed) - 1)
                self._failed = failed
                self.endInsertRows()
        else:
            self.beginResetModel()
            self._failed = failed
            self.endResetModel()

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self._failed)

    def data(self, index: _Index, role: int = int(Qt.ItemDataRole.DisplayRole)) -> Any:
        photo = self._failed[index.row()]
        if role == PhotoList.PhotoRole:
            return photo
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            tip = role == Qt.ItemDataRole.ToolTipRole
            return tooltip(photo.source.name) if tip else one_line(photo.problem, 600)
        return None


class ProblemsPanel(QFrame):
    """Hidden while every photo could be read.

    Signals:
        chosen(int): row (in the list of photos) of the problem that was clicked.
        menu_requested(object, QPoint): the Photo of a row, and where on the screen.
    """

    chosen = Signal(int)
    menu_requested = Signal(object, QPoint)

    def __init__(self, photos: PhotoList, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("kind", "card")
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.title = PlainLabel()
        self.title.setProperty("kind", "danger")
        self._photos = photos
        self.model = _Failed(photos, self)
        self.view = MenuListView()
        self.view.setModel(self.model)
        self.view.setWordWrap(True)
        self.view.setLayoutMode(QListView.LayoutMode.Batched)  # each reason is measured
        self.view.setSpacing(3)
        self.view.setResizeMode(QListView.ResizeMode.Adjust)
        self.view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.view.setProperty("kind", "bare")
        self.view.setAccessibleName("Photos that could not be read")
        self.view.clicked.connect(self._on_clicked)
        self.view.selectionModel().currentChanged.connect(self._on_clicked)
        self.view.menu_requested.connect(self._on_menu_requested)
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 8, 10, 6)
        column.addWidget(self.title)
        column.addWidget(self.view)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(60)
        self._soon.timeout.connect(self._refresh)
        photos.counted.connect(self._on_counted)
        self._refresh()

    @Slot()
    def _on_counted(self) -> None:
        if not self._soon.isActive():
            self._soon.start()

    @Slot()
    def _refresh(self) -> None:
        self.model.refresh()
        count = self.model.rowCount()
        self.setVisible(count > 0)
        noun = "photo" if count == 1 else "photos"
        self.title.setText(f"{count:,} {noun} could not be read")
        self._fit()

    def _fit(self) -> None:
        """As high as the first few reasons; the others are scrolled to."""
        shown = min(self.model.rowCount(), _SHOWN)
        row = self.view.fontMetrics().lineSpacing() * _LINES + 2 * self.view.spacing()
        self.view.setFixedHeight(shown * row + 2 * self.view.spacing())

    @Slot(QModelIndex)
    @Slot(QModelIndex, QModelIndex)
    def _on_clicked(self, index: QModelIndex, before: QModelIndex | None = None) -> None:
        if index.isValid():
            self.chosen.emit(self._photos.row(index.data(PhotoList.PhotoRole)))

    @Slot(QModelIndex, QPoint)
    def _on_menu_requested(self, index: QModelIndex, at: QPoint) -> None:
        self.menu_requested.emit(index.data(PhotoList.PhotoRole), at)
