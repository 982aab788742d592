"""The list beside the photos: each label with how many photos have it, and how many of those the
filter above finds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QRectF,
    QSize,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
)

from resnet_gui.ui.widgets.plain_text import tooltip
from resnet_gui.ui.widgets.theme import theme_colours

_Index = QModelIndex | QPersistentModelIndex


class _Labels(QAbstractListModel):
    """The first row is for all photos: its label is ""."""

    CountRole = int(Qt.ItemDataRole.UserRole) + 1

    def __init__(self, parent: QListView) -> None:
        super().__init__(parent)
        self.rows: list[tuple[str, int]] = [("", 0)]
        self.of: Mapping[str, int] | None = None  # all photos by label, where a filter finds fewer

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self.rows)

    def data(self, index: _Index, role: int = int(Qt.ItemDataRole.DisplayRole)) -> Any:
        label, count = self.rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return label or "All answers"
        counted = f"{count:,}" if self.of is None else f"{count:,} of {self.of.get(label, 0):,}"
        if role == self.CountRole:
            return counted
        if role == Qt.ItemDataRole.ToolTipRole:
            found = "" if self.of is None else " are found"
            return tooltip(f"{label or 'All photos'}: {counted}{found}")
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{label or 'All answers'}, {counted} photos"
        return None


class _Delegate(QStyledItemDelegate):
    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return QSize(120, option.fontMetrics.height() + 12)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        colours = theme_colours()
        painter.save()
        area = QRectF(option.rect)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colours.accent_ground))
            painter.drawRoundedRect(area.adjusted(2, 1, -2, -1), 5, 5)
        area.adjust(10, 0, -10, 0)
        middle = Qt.AlignmentFlag.AlignVCenter
        count = str(index.data(_Labels.CountRole))
        painter.setPen(QColor(colours.muted))
        painter.drawText(area, Qt.AlignmentFlag.AlignRight | middle, count)
        area.setRight(area.right() - painter.fontMetrics().horizontalAdvance(count) - 8)
        painter.setPen(QColor(colours.text))
        words = painter.fontMetrics().elidedText(
            str(index.data()), Qt.TextElideMode.ElideRight, int(area.width())
        )
        painter.drawText(area, Qt.AlignmentFlag.AlignLeft | middle, words)
        painter.restore()


class LabelList(QListView):
    """A click shows the photos of one label, Ctrl and click those of several.

    Signals:
        chosen(frozenset[str]): labels; none: all.
    """

    chosen = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._model = _Labels(self)
        self.setModel(self._model)
        self.setItemDelegate(_Delegate(self))
        self.setUniformItemSizes(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setAccessibleName("Answers")
        self._filling = False
        self._labels: frozenset[str] = frozenset()
        self.selectionModel().selectionChanged.connect(self._on_selected)
        self._select(frozenset())

    @property
    def chosen_labels(self) -> frozenset[str]:
        """None: all."""
        return self._labels

    @property
    def labels(self) -> list[tuple[str, int]]:
        """What is listed, without the first row."""
        return self._model.rows[1:]

    def show_counts(
        self, counts: Mapping[str, int], total: int, found: Mapping[str, int] | None = None
    ) -> None:
        """The labels with their counts, the most frequent first. Under the pointer nothing moves:
        only counts change, and new labels come to the end.

        Args:
            counts: photos by label. total: photos with or without one.
            found: those of them that a filter finds, by label, "" for none; None: there is none.
        """
        chosen = dict.fromkeys(self._labels, 0)  # a label that is chosen stays, also with none
        self._model.of = None if found is None else {**counts, "": total}
        if found is not None:
            total = sum(found.values())
            counts = {label: count for label, count in found.items() if label}
        rows = sorted({**chosen, **counts}.items(), key=lambda row: (-row[1], row[0].casefold()))
        if self.underMouse():
            place = {label: number for number, (label, _) in enumerate(self._model.rows)}
            rows.sort(key=lambda row: place.get(row[0], len(place)))
        rows.insert(0, ("", total))
        if [label for label, _ in rows] == [label for label, _ in self._model.rows]:
            self._model.rows = rows
            last = self._model.index(len(rows) - 1)
            self._model.dataChanged.emit(self._model.index(0), last)
            return
        place_before = self.verticalScrollBar().value()
        current = self._model.rows[max(0, self.currentIndex().row())][0]
        self._filling = True
        self._model.beginResetModel()
        self._model.rows = rows
        self._model.endResetModel()
        self._filling = False
        self._select(self._labels, current)
        self.verticalScrollBar().setValue(place_before)

    def choose(self, labels: frozenset[str]) -> None:
        """Mark other labels as chosen."""
        if labels != self._labels:
            self._labels = labels
            self._select(labels)

    def _select(self, labels: frozenset[str], current: str = "") -> None:
        self._filling = True
        wanted = labels or frozenset([""])
        selection = QItemSelection()
        flag = QItemSelectionModel.SelectionFlag
        for number, (label, _) in enumerate(self._model.rows):
            index = self._model.index(number)
            if label == current:
                self.selectionModel().setCurrentIndex(index, flag.NoUpdate)
            if label in wanted:
                selection.select(index, index)
        self.selectionModel().select(selection, flag.ClearAndSelect)
        self._filling = False

    @Slot()
    def _on_selected(self) -> None:
        if self._filling:
            return
        chosen = {self._model.rows[index.row()][0] for index in self.selectedIndexes()}
        current = self._model.rows[max(0, self.currentIndex().row())][0]
        labels = frozenset(chosen - {""}) if current else frozenset[str]()
        self._labels = labels
        if not chosen or ("" in chosen) == bool(labels):
            self._select(labels, current)
        self.chosen.emit(labels)
