"""What a batch would do, photo by photo: a table that makes a row only when it is looked at."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from PySide6.QtCore import QModelIndex, QObject, Qt
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from resnet_gui.core.filing.batch import Plan
from resnet_gui.ui.widgets.columns_model import ColumnsModel, Index
from resnet_gui.ui.widgets.plain_text import one_line, tooltip


class PlanTable(QTableView):
    """A plan as a table to be looked at.

    Args:
        least: its smallest height, in points.
    """

    def __init__(self, preview: PlanPreview, least: int) -> None:
        super().__init__()
        self.setModel(preview)
        self.setAccessibleName("What would happen")
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 8)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.setMinimumHeight(least)


class PlanPreview(ColumnsModel):
    """A plan's pieces, and below them what stays."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(("Photo", "Goes into", "Note"), (), parent)
        self._plan: Plan | None = None
        self._into = ""

    def show_plan(self, plan: Plan | None, into: str) -> None:
        """`into`: the folder that the others are in."""
        self.beginResetModel()
        self._plan, self._into = plan, into
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        if self._plan is None or parent.isValid():
            return 0
        return len(self._plan.pieces) + len(self._plan.skipped)

    def data(self, index: Index, role: int = int(Qt.ItemDataRole.DisplayRole)) -> Any:
        if role == Qt.ItemDataRole.DisplayRole:
            return one_line(self._cells(index.row())[index.column()])
        if role == Qt.ItemDataRole.ToolTipRole:
            return tooltip("\n".join(text for text in self._paths(index.row()) if text))
        return None

    def _cells(self, row: int) -> tuple[str, str, str]:
        assert self._plan is not None
        if row >= len(self._plan.pieces):
            skipped = self._plan.skipped[row - len(self._plan.pieces)]
            return Path(skipped.path).name, "stays", skipped.message
        piece = self._plan.pieces[row]
        name, called = Path(piece.source).name, Path(piece.target).name
        folder = os.path.relpath(Path(piece.target).parent, self._into)
        if piece.photo:
            return name, folder, "Edits, go along"
        return name, folder, f"Will be called {called}" if called != name else ""

    def _paths(self, row: int) -> tuple[str, str]:
        assert self._plan is not None
        if row >= len(self._plan.pieces):
            skipped = self._plan.skipped[row - len(self._plan.pieces)]
            return skipped.path, skipped.target
        piece = self._plan.pieces[row]
        return piece.source, piece.target
