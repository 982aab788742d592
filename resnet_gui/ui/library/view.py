"""The library: many photos with filter, labels, grid and table."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from PySide6.QtCore import (
    QItemSelection,
    QItemSelectionModel,
    QItemSelectionRange,
    QModelIndex,
    QPoint,
    Qt,
    QTimer,
    Signal,
    Slot,
)
from PySide6.QtWidgets import (
    QApplication,
    QHBoxLayout,
    QPushButton,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from resnet_gui.jobs.lane import JobLane
from resnet_gui.ui.library.arrangement import SortBy, Which
from resnet_gui.ui.library.background import Background
from resnet_gui.ui.library.filter_bar import FilterBar
from resnet_gui.ui.library.grid import Grid
from resnet_gui.ui.library.labels import LabelList
from resnet_gui.ui.library.looks import GRID, TABLE
from resnet_gui.ui.library.model import LibraryModel
from resnet_gui.ui.library.table import Table
from resnet_gui.ui.widgets.photo_list import Photo, PhotoList, runs
from resnet_gui.ui.widgets.plain_text import ElidedLabel, PlainLabel, set_tooltip

_COUNT_MS = 250  # between two looks at all labels
# What was selected and lies scattered now, in more parts than this, is selected no more: Qt looks
# at all parts at each change and each cell that it paints, and took half a second for 10,000.
_MOST_PARTS = 1000
_REST_S = 1.0  # so long after a person scrolled nothing moves by itself


class LibraryView(QWidget):
    """Knows the photos, and nothing of the models that answer.

    Attributes:
        model: what is shown. grid, table: the views; `selection` is that of both.

    Signals:
        chosen(object): a Photo became the current one.
        opened(): the current photo is wanted large.
        remove_requested(list[Photo]): take them out of the list.
        menu_requested(list[Photo], QPoint): of what is selected; where on the screen.
        copy_requested(), export_requested(): what is selected, or all that is shown.
    """

    chosen = Signal(object)
    opened = Signal()
    remove_requested = Signal(object)
    menu_requested = Signal(object, QPoint)
    copy_requested = Signal()
    export_requested = Signal()

    def __init__(self, photos: PhotoList, io: JobLane, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.photos = photos
        self.model = LibraryModel(photos, self)
        self.model.hold = self._busy_hand
        self._background = Background(io, self.model, self)
        self.grid, self.table = Grid(self.model), Table(self.model)
        self.selection = self.grid.selectionModel()
        old = self.table.selectionModel()
        self.table.setSelectionModel(self.selection)
        old.deleteLater()
        self.bar, self.labels = FilterBar(), LabelList()
        self.nothing = PlainLabel()
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.nothing.setWordWrap(True)
        self.nothing.setProperty("kind", "muted")
        self.views = QStackedWidget()
        for view in (self.grid, self.table, self.nothing):
            self.views.addWidget(view)
        self._kind, self._active = GRID, False
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.setHandleWidth(8)
        self.splitter.setChildrenCollapsible(False)
        self.labels.setMinimumWidth(110)
        self.splitter.addWidget(self.labels)
        self.splitter.addWidget(self.views)
        self.splitter.setStretchFactor(1, 1)
        self.splitter.setSizes([180, 720])
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.bar)
        column.addLayout(self._counts())
        column.addWidget(self.splitter, 1)
        self._count_soon = QTimer(self)
        self._count_soon.setSingleShot(True)
        self._count_soon.setInterval(_COUNT_MS)
        self._count_soon.timeout.connect(self._count)
        self._scrolled = 0.0
        self._kept: set[Photo] = set()
        self._place, self._had_focus = 0, False
        self._kept_current: tuple[Photo | None, int] = (None, 0)
        self._connect()
        self._show_order(SortBy.ADDED, falling=False)

    def _counts(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        self.count = ElidedLabel()
        self.count.setProperty("kind", "muted")
        self.show_all = QPushButton("Show all")
        set_tooltip(self.show_all, "Take all filters away")
        self.copy = QPushButton("Copy as table")
        set_tooltip(
            self.copy, "What is selected, else all that is shown, for a spreadsheet (Ctrl+C)"
        )
        self.export = QPushButton("Export…")
        set_tooltip(
            self.export, "Save answers as a file for spreadsheets or programs (Ctrl+Shift+E)"
        )
        for button in (self.show_all, self.copy, self.export):
            button.setProperty("kind", "plain")
        row.addWidget(self.count)
        row.addWidget(self.show_all)
        row.addStretch(1)
        row.addWidget(self.copy)
        row.addWidget(self.export)
        return row

    def _connect(self) -> None:
        self.bar.filter_changed.connect(self._on_filter_changed)
        self.bar.order_chosen.connect(self._on_order_chosen)
        self.bar.left.connect(self._on_bar_left)
        self.table.order_chosen.connect(self._on_order_chosen)
        self.labels.chosen.connect(self._on_labels_chosen)
        self.show_all.clicked.connect(self.clear_filter)
        self.copy.clicked.connect(self.copy_requested)
        self.export.clicked.connect(self.export_requested)
        self.model.counted.connect(self._on_counted)
        self.photos.modelReset.connect(self._on_photos_gone)
        self.photos.rowsRemoved.connect(self._on_photos_gone)
        self.model.rowsInserted.connect(self._on_rows_changed)
        self.model.about_to_arrange.connect(self._on_about_to_arrange)
        self.model.arranged.connect(self._on_arranged)
        self.selection.currentChanged.connect(self._on_current_changed)
        self.selection.selectionChanged.connect(self._on_selection_changed)
        for view in (self.grid, self.table):
            view.opened.connect(self.opened)
            view.remove_requested.connect(self._on_remove_requested)
            view.menu_requested.connect(self._on_menu_requested)
            view.verticalScrollBar().valueChanged.connect(self._on_scrolled)

    # --- what the page says -----------------------------------------------------------------

    def set_active(self, active: bool) -> None:
        """Follow the list of photos, or not: nobody looks."""
        if active and self.current is not None and self.photos.row(self.current) < 0:
            self.selection.clear()  # removed while nobody looked: its place says nothing
        self.model.set_active(active)
        self._active = active
        self._want_dates()
        if active:
            self._background.want_kinds()
            self._count()

    def _want_dates(self) -> None:
        wanted = self._kind == TABLE or self.model.by is SortBy.DATE
        self._background.want_dates(self._active and wanted)

    def set_kind(self, kind: str) -> None:
        """Show the photos as a GRID or a TABLE."""
        self._kind = kind
        self._show_view()
        self._want_dates()
        index = self.selection.currentIndex()
        if index.isValid():
            self.view.scrollTo(index)

    def set_titles(self, titles: Mapping[str, str]) -> None:
        """Models' titles by id."""
        self.model.set_titles(titles)

    def show_current(self, photo: Photo) -> None:
        """Make a photo the current one, if it is shown. Where the current one has just been
        removed, its place says which is next, once the others are in order."""
        if self.current is not None and self.photos.row(self.current) < 0:
            return
        row = self.model.row(photo)
        if row >= 0 and row != self.selection.currentIndex().row():
            self.view.setCurrentIndex(self.model.index(row, 0))

    @property
    def view(self) -> Grid | Table:
        """The view that is in front."""
        return self.grid if self._kind == GRID else self.table

    @property
    def current(self) -> Photo | None:
        return self.model.photo(self.selection.currentIndex().row())

    def selected(self) -> list[Photo]:
        """In the order in which they are shown."""
        found: list[Photo] = []
        photos, next_row = self.model.photos(), 0
        for top, bottom in sorted((p.top(), p.bottom()) for p in self._parts()):
            found += photos[max(top, next_row) : bottom + 1]
            next_row = max(next_row, bottom + 1)
        return found

    def _parts(self) -> list[QItemSelectionRange]:
        return self.selection.selection().toList()

    def selected_or_shown(self) -> Sequence[Photo]:
        """What is selected; of one or none, all that is shown."""
        selected = self.selected()
        return selected if len(selected) > 1 else self.model.photos()

    def step(self, by: int) -> None:
        """To the next or previous photo that is shown."""
        row = self.selection.currentIndex().row() + by
        if 0 <= row < self.model.rowCount():
            self.view.setCurrentIndex(self.model.index(row, 0))

    @Slot()
    def clear_filter(self) -> None:
        """Show all photos."""
        self.labels.choose(frozenset())
        self.bar.reset()

    @Slot()
    def _on_photos_gone(self, *_: object) -> None:
        """What comes into an empty list is shown: nobody remembers a filter of photos that left."""
        if not self.photos.rowCount():
            self.clear_filter()

    # --- filter and order -------------------------------------------------------------------

    @Slot()
    def _on_filter_changed(self) -> None:
        self.model.set_filter(self.bar.filter_with(self.labels.chosen_labels))

    @Slot(object)
    def _on_labels_chosen(self, labels: frozenset[str]) -> None:
        self.model.set_filter(self.bar.filter_with(labels))

    @Slot(object, bool)
    def _on_order_chosen(self, by: SortBy, falling: bool) -> None:
        self._show_order(by, falling=falling)
        self.model.set_order(by, falling=falling)
        self._want_dates()
        self.view.scrollToTop()

    def _show_order(self, by: SortBy, *, falling: bool) -> None:
        self.bar.show_order(by, falling=falling)
        self.table.show_order(by, falling=falling)

    @Slot()
    def _on_bar_left(self) -> None:
        self.view.setFocus()
        if not self.selection.currentIndex().isValid() and self.model.rowCount():
            self.view.setCurrentIndex(self.model.index(0, 0))

    # --- what the model says ----------------------------------------------------------------

    @Slot()
    def _on_counted(self) -> None:
        if not self._count_soon.isActive():
            self._count_soon.start()

    @Slot()
    def _count(self) -> None:
        self.labels.show_counts(*self.model.counts())
        self.table.show_before(self.model.compared())
        self._show_counts()
        if self.model.rowCount() == 0:
            self._show_view()

    @Slot()
    def _on_selection_changed(self) -> None:
        if not self._count_soon.isActive():
            self._count_soon.start(30)

    def _show_counts(self) -> None:
        total, shown = self.photos.rowCount(), self.model.rowCount()
        filtered = self.model.shown.test() is not None
        text = f"{shown:,} of {total:,} photos" if filtered else f"{total:,} photos"
        selected = sum(part.height() for part in self._parts())
        if selected > 1:
            text += f" · {selected:,} selected"
        self.count.setText(text)
        self.show_all.setVisible(filtered)
        self.copy.setEnabled(shown > 0)

    @Slot()
    def _on_rows_changed(self, *_: object) -> None:
        self._show_view()

    def _show_view(self) -> None:
        if self.model.rowCount():
            self.views.setCurrentWidget(self.view)
            return
        known = self.model.settled
        text = "No photo is like that." if known else "Looking…"
        if known and self.model.shown.which is Which.DISAGREE and not self.model.compared():
            text = (
                "Only one model was asked so far. Choose another one above, and the photos about "
                "which the two disagree are shown here."
            )
        self.nothing.setText(text)
        self.views.setCurrentWidget(self.nothing)

    @Slot()
    def _on_about_to_arrange(self) -> None:
        selected = self.selected()
        self._kept = set(selected)
        self._kept_current = (self.current, self.selection.currentIndex().row())
        self._place = self.view.verticalScrollBar().value()
        self._had_focus = self.view.hasFocus()

    @Slot()
    def _on_arranged(self) -> None:
        """Select again what was selected. Where the current photo is gone, the one that has its
        place now is the current one."""
        flag = QItemSelectionModel.SelectionFlag
        current, row = self._kept_current
        if current is not None and self.model.row(current) >= 0:
            row = self.model.row(current)
        elif current is not None and self.photos.row(current) < 0:
            row = min(row, self.model.rowCount() - 1)  # it was removed
            self._kept.update(filter(None, [self.model.photo(row)]))
        else:
            row = -1
        if row >= 0:
            self.selection.setCurrentIndex(self.model.index(row, 0), flag.NoUpdate)
        selection = QItemSelection()
        last = self.model.columnCount() - 1
        parts = runs(self.model.rows(self._kept))
        for top, bottom in parts if len(parts) <= _MOST_PARTS else ():
            selection.select(self.model.index(top, 0), self.model.index(bottom, last))
        self.selection.select(selection, flag.ClearAndSelect)
        self._kept, self._kept_current = set(), (None, 0)
        self._show_view()
        if self._had_focus:
            self.view.setFocus()
        self.view.verticalScrollBar().setValue(self._place)

    def _busy_hand(self) -> bool:
        """Whether a person is at something that must not move."""
        return (
            time.monotonic() - self._scrolled < _REST_S
            or QApplication.activePopupWidget() is not None
            or self.view.verticalScrollBar().isSliderDown()
            or self.view.selecting
        )

    @Slot()
    def _on_scrolled(self, *_: object) -> None:
        self._scrolled = time.monotonic()

    # --- what the person does ---------------------------------------------------------------

    @Slot(QModelIndex, QModelIndex)
    def _on_current_changed(self, current: QModelIndex, before: QModelIndex) -> None:
        photo = self.model.photo(current.row())
        if photo is not None and current.row() != before.row():
            self.chosen.emit(photo)

    @Slot()
    def _on_remove_requested(self) -> None:
        selected = self.selected()
        if selected:
            self.remove_requested.emit(selected)

    @Slot(QPoint)
    def _on_menu_requested(self, at: QPoint) -> None:
        selected = self.selected()
        if selected:
            self.menu_requested.emit(selected, at)
