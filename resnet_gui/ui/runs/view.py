"""The table of runs as a widget: columns to sort by, rows to choose, a menu and keys."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from PySide6.QtCore import (
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QSize,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QContextMenuEvent, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from resnet_gui.core.runs.listing import RunInfo
from resnet_gui.ui.correcting.selection import selected_rows
from resnet_gui.ui.runs.table import SWATCH, RunsModel
from resnet_gui.ui.runs.widths import Needs, shared

_Index = QModelIndex | QPersistentModelIndex
_DATE, _NOTE = 6, 7
_ROW_SPACE = 12  # pixels that a row is higher than its text


class _FromItsBeginning(QStyledItemDelegate):
    """Cuts a sentence at its end."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: _Index) -> None:
        super().initStyleOption(option, index)
        option.textElideMode = Qt.TextElideMode.ElideRight


class RunsTable(QTableView):
    """Several rows can be chosen. Newest first, until a person sorts by something else.

    Attributes:
        runs: those that are shown are its rows.

    Signals:
        chosen_changed(): other runs are chosen, or other things are known of them.
        open_requested(), note_requested(): of the chosen run, by a double click.
        menu_requested(QPoint): of the chosen runs; where on the screen.
    """

    chosen_changed = Signal()
    open_requested = Signal()
    note_requested = Signal()
    menu_requested = Signal(QPoint)

    def __init__(self, model_title: Callable[[str], str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.runs = RunsModel(model_title, self)
        self.setModel(self.runs)
        self.setProperty("kind", "soft")
        self.setAccessibleName("Runs")
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setIconSize(QSize(SWATCH, SWATCH))
        self.setShowGrid(False)
        self.setWordWrap(False)
        # Names of runs differ at their ends: "my-pets-2", "my-pets-3".
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setTabKeyNavigation(False)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setMinimumHeight(110)
        rows, head = self.verticalHeader(), self.horizontalHeader()
        rows.hide()
        rows.setDefaultSectionSize(self.fontMetrics().height() + _ROW_SPACE)
        head.setHighlightSections(False)
        head.setSectionsMovable(True)
        head.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        head.setMinimumSectionSize(50)
        self.setItemDelegateForColumn(_NOTE, _FromItsBeginning(self))
        self._fitting = self._own_widths = self._changing = False
        self._needs = Needs(self)
        self._wanted: list[int] = []
        self._on_contents_changed()
        self.runs.modelReset.connect(self._on_contents_changed)
        self.runs.dataChanged.connect(self._on_data_changed)
        head.sectionResized.connect(self._on_section_resized)
        self.setSortingEnabled(True)
        self.sortByColumn(_DATE, Qt.SortOrder.DescendingOrder)
        self.selectionModel().selectionChanged.connect(self._on_selection_changed)
        self.doubleClicked.connect(self._on_double_clicked)

    def _fit(self) -> None:
        """Give the columns their widths, or what a narrow window has of them; in one that is
        narrower still the least important ones give way. Widths made by hand stay."""
        room, columns = self.viewport().width(), list(self.runs.columns)
        yielding = sorted((c for c in columns if c.yields), key=lambda column: column.yields)
        while yielding and sum(c.least for c in columns) > room:
            columns.remove(yielding.pop(0))
        wanted = [self._wanted[self.runs.columns.index(column)] for column in columns]
        least = [min(column.least, wish) for column, wish in zip(columns, wanted, strict=True)]
        widths = dict(zip(columns, shared(room, least, wanted), strict=True))
        self._fitting = True
        for number, column in enumerate(self.runs.columns):
            self.setColumnHidden(number, column not in widths)
            if column in widths and not self._own_widths:
                self.setColumnWidth(number, widths[column])
        self._fitting = False

    @Slot(QModelIndex, QModelIndex, list)
    def _on_data_changed(self, first: _Index, last: _Index, roles: Sequence[int]) -> None:
        if list(roles) != [Qt.ItemDataRole.DecorationRole]:
            self._on_contents_changed()

    @Slot()
    def _on_contents_changed(self) -> None:
        wanted = self._needs.of(self.runs)
        if wanted != self._wanted:
            self._wanted = wanted
            self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._fit()
        super().resizeEvent(event)

    @Slot(int, int, int)
    def _on_section_resized(self, number: int, old: int, new: int) -> None:
        """By hand: from now on the widths are the person's."""
        if not self._fitting and not self._own_widths:
            self._own_widths = True
            self.horizontalHeader().setStretchLastSection(True)

    def chosen(self) -> list[RunInfo]:
        """The chosen runs, from top to bottom."""
        return [self.runs.rows[row] for row in selected_rows(self)]

    def show_runs(self, runs: Sequence[RunInfo]) -> None:
        """Show these; what was chosen stays so as far as it is here."""
        before = self.chosen()
        row = self.currentIndex().row()
        self._changing = True  # what is chosen is told once, when all is there
        self.runs.show_runs(runs)
        after = self.chosen()
        here = {run.path for run in runs}
        kept = [run.path for run in before if run.path in here]
        if set(kept) != {run.path for run in after}:
            self.choose(kept)
        if before and not kept and len(self.runs.rows):
            # What was chosen has gone: the next one, so that the keys go on from there.
            self.selectRow(min(max(row, 0), len(self.runs.rows) - 1))
        self._changing = False
        if self.chosen() != before:
            self.chosen_changed.emit()

    def search(self, text: str) -> None:
        """Show the runs that have all of these words; of what was chosen, what is shown stays."""
        before = self.chosen()
        self._changing = True
        self.runs.search(text)
        if self.chosen() != before:
            self.choose(run.path for run in before)
        self._changing = False
        if self.chosen() != before:
            self.chosen_changed.emit()

    def choose(self, paths: Iterable[str]) -> None:
        """Choose the runs of these directories."""
        wanted = set(paths)
        found = QItemSelection()
        flags = QItemSelectionModel.SelectionFlag
        current = QModelIndex()
        for row, run in enumerate(self.runs.rows):
            if run.path in wanted:
                index = self.runs.index(row, 0)
                found.select(index, index)
                current = current if current.isValid() else index
        if current.isValid():
            self.selectionModel().setCurrentIndex(current, flags.NoUpdate)
        self.selectionModel().select(found, flags.ClearAndSelect | flags.Rows)

    @Slot()
    def _on_selection_changed(self) -> None:
        if not self._changing:
            self.chosen_changed.emit()

    @Slot(QModelIndex)
    def _on_double_clicked(self, index: QModelIndex) -> None:
        if index.column() == _NOTE:
            self.note_requested.emit()
        else:
            self.open_requested.emit()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        at = event.globalPos()
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            at = self.viewport().mapToGlobal(self.visualRect(self.currentIndex()).center())
        if self.chosen():
            self.menu_requested.emit(at)
