"""The photos that the library shows, as a table model over the window's list of photos."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

from PySide6.QtCore import QModelIndex, QObject, Qt, QTimer, Signal, Slot

from resnet_gui.core.system.visible_text import visible
from resnet_gui.ui.library.arrangement import (
    Counts,
    Filter,
    SortBy,
    Steps,
    arranging,
    parts,
    passing,
)
from resnet_gui.ui.library.columns import BEFORE, COLUMNS, NUMBERS, TIPS
from resnet_gui.ui.library.facts import Facts, said
from resnet_gui.ui.library.known import Known
from resnet_gui.ui.widgets.answer import percent
from resnet_gui.ui.widgets.columns_model import ColumnsModel, Index
from resnet_gui.ui.widgets.photo_list import Photo, PhotoList, PhotoState, runs
from resnet_gui.ui.widgets.plain_text import one_line, tooltip
from resnet_gui.ui.widgets.turns import Turns

_SOON_MS = 60  # answers come many times a second
_SETTLE_MS = 1500
_BUDGET_S, _AT_ONCE = 0.008, 50  # facts are computed for so long in one go, of so many photos


class LibraryModel(ColumnsModel):
    """Sorted and filtered here and not in a QSortFilterProxyModel, which asks Python again for
    every comparison. While answers come, a photo keeps its place, and one that passes the filter
    now comes to the end; every now and then all are put in order, but not under a person's hand.

    Attributes:
        shown: the filter. by, falling: the order.
        hold: asked before photos change their places by themselves; true: later.

    Signals:
        about_to_arrange(), arranged(): around a reset: a view keeps what is selected.
        counted(): how many photos there are of each label changed, or how many are shown.
        pictured(list[int]): thumbnails of these rows have come.
    """

    about_to_arrange = Signal()
    arranged = Signal()
    counted = Signal()
    pictured = Signal(object)

    def __init__(
        self, photos: PhotoList, parent: QObject | None = None, *, settle_ms: int = _SETTLE_MS
    ) -> None:
        """`settle_ms`: between two times that photos change their places by themselves."""
        super().__init__([title for title, _ in COLUMNS], NUMBERS, parent)
        self.source = photos
        self.shown, self.by, self.falling = Filter(), SortBy.ADDED, False
        self.hold: Callable[[], bool] = lambda: False
        self.titles: Mapping[str, str] = {}
        self._known = Known()
        self._found: Counts | None = None
        self._dates: dict[Photo, str] = {}
        self._rows: list[Photo] = []
        self._row_of: dict[Photo, int] = {}
        self._active = False
        self._dirty: dict[Photo, None] = {}
        self._wanted = False  # an arrangement, as soon as all facts are known
        self._loose = False  # photos have changed that may belong elsewhere
        self._turns = Turns(self)
        self._counting = self._arranging = False  # in turns; an arrangement follows what counts
        self._fresh: list[Photo] = []  # shown since an arrangement began
        self._soon = self._timer(_SOON_MS, self._take_changes)
        self._settle = self._timer(settle_ms, self._on_settle)
        photos.rowsInserted.connect(self._on_inserted)
        photos.rowsRemoved.connect(self._on_removed)
        photos.modelReset.connect(self._on_removed)
        photos.changed.connect(self._on_changed)
        photos.pictured.connect(self._on_pictured)

    def _timer(self, interval_ms: int, slot: Any) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(interval_ms)
        timer.timeout.connect(slot)
        return timer

    # --- what is shown ----------------------------------------------------------------------

    def set_active(self, active: bool) -> None:
        """Follow the list, or not: nobody looks."""
        if active == self._active:
            return
        self._active = active
        self._soon.stop()
        self._settle.stop()
        self._turns.stop()
        self._counting = self._arranging = False
        self._dirty.clear()
        if active:
            self._on_removed()

    def set_filter(self, shown: Filter) -> None:
        if shown != self.shown:
            self.shown = shown
            self._arrange_when_known()

    def set_order(self, by: SortBy, *, falling: bool) -> None:
        if (by, falling) != (self.by, self.falling):
            self.by, self.falling = by, falling
            self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(COLUMNS) - 1)
            self._arrange_when_known()

    def set_titles(self, titles: Mapping[str, str]) -> None:
        """Models' titles by id."""
        self.titles = titles
        self._repaint(4)

    def set_kinds(self, kinds: dict[str, str]) -> None:
        """See `facts_of`."""
        self._known.kinds = kinds
        self._known.forget()
        if self._active:
            self._on_removed()

    def add_dates(self, dates: Mapping[Photo, str]) -> None:
        """When photos were taken, as "2024-05-31 18:20"."""
        self._dates.update(dates)
        self._repaint(5)
        if self.by is SortBy.DATE:
            self._loosen()

    @property
    def settled(self) -> bool:
        """Whether all facts are known and every photo is in its place."""
        return not (self._dirty or self._wanted or self._loose or self._counting or self._arranging)

    def photo(self, row: int) -> Photo | None:
        return self._rows[row] if 0 <= row < len(self._rows) else None

    def photos(self) -> Sequence[Photo]:
        """Those that are shown, in their order."""
        return self._rows

    def row(self, photo: Photo) -> int:
        """-1: it is not shown."""
        return self._row_of.get(photo, -1)

    def rows(self, photos: Iterable[Photo]) -> list[int]:
        """Of those that are shown, in rising order."""
        row_of = self._row_of
        return sorted(row_of[photo] for photo in photos if photo in row_of)

    def date(self, photo: Photo) -> str:
        """When it was taken; "" while that is not known."""
        return self._dates.get(photo, "")

    def facts(self, photo: Photo) -> Facts:
        return self._known.of(photo)

    def compared(self) -> bool:
        """Whether another model was asked about some photo before."""
        return self._known.compared > 0

    def labels(self) -> Counter[str]:
        """How many photos of the list have each label; those without one are left out."""
        return self._known.labels()

    def counts(self) -> Counts:
        """What the filter finds is counted whenever photos are put in order, and all photos with
        it: answers that come in between would make it 10 of 0."""
        return self._found or Counts(self.labels(), len(self.source.photos()))

    # --- changes of the list ----------------------------------------------------------------

    @Slot(QModelIndex, int, int)
    def _on_inserted(self, parent: Index, first: int, last: int) -> None:
        if self._active:
            self._mark(self.source.photos()[first : last + 1])

    @Slot()
    def _on_removed(self, *_: object) -> None:
        """The list is another. Where only photos went, all is known already."""
        if self._active:
            self._dirty.clear()
            self._counting, self._arranging = True, False
            self._turns.start(self._looking_again())

    def _looking_again(self) -> Steps[None]:
        """Count all that is known, and put the photos in order."""
        unknown = yield from self._known.count(list(self.source.photos()))
        self._counting = False
        self._mark(unknown)
        if self._must_wait():
            self._arrange_when_known()
        else:
            yield from self._in_order()

    @Slot(object)
    def _on_changed(self, photos: Sequence[Photo]) -> None:
        if self._active:
            self._mark(photos)

    @Slot(object)
    def _on_pictured(self, photos: Sequence[Photo]) -> None:
        if self._active:
            self.pictured.emit([row for photo in photos if (row := self.row(photo)) >= 0])

    def _mark(self, photos: Iterable[Photo]) -> None:
        self._dirty.update(dict.fromkeys(photos))
        if self._dirty and not self._soon.isActive():
            self._soon.start(_SOON_MS)

    @Slot()
    def _take_changes(self) -> None:
        """Compute facts of photos that changed, for some milliseconds at a time."""
        if self._counting:  # the count that is under way would not have them
            self._soon.start(_SOON_MS)
            return
        changed: list[Photo] = []
        until = time.perf_counter() + _BUDGET_S
        while self._dirty and time.perf_counter() < until:
            for photo in list(islice(self._dirty, _AT_ONCE)):
                del self._dirty[photo]
                if not self._known.holds(photo):
                    self._known.learn(photo)
                    changed.append(photo)
                elif photo not in self._row_of:
                    changed.append(photo)
        if self._dirty:
            self._soon.start(1)
        elif self._wanted:
            self._turns.start(self._in_order())
            return
        if not self._wanted:
            self._show_changes(changed)
        self.counted.emit()

    def _show_changes(self, changed: Sequence[Photo]) -> None:
        passes = self.shown.test()
        rows, fresh = [], []
        for photo in changed:
            row = self.row(photo)
            if row >= 0:
                rows.append(row)
            elif photo.row >= 0 and (passes is None or passes(self._known.facts[photo])):
                fresh.append(photo)
        if rows:
            rows.sort()
            parts = runs(rows)
            for first, last in parts if len(parts) < 20 else [(rows[0], rows[-1])]:
                self.dataChanged.emit(self.index(first, 0), self.index(last, len(COLUMNS) - 1))
        if fresh:
            first = len(self._rows)
            self.beginInsertRows(QModelIndex(), first, first + len(fresh) - 1)
            self._rows += fresh
            self._row_of.update((photo, row) for row, photo in enumerate(fresh, first))
            self.endInsertRows()
            self._fresh += fresh if self._arranging else []
        if changed and (passes is not None or self.by is not SortBy.ADDED or self.falling):
            self._loosen()

    # --- order ------------------------------------------------------------------------------

    def _loosen(self) -> None:
        self._loose = True
        if self._active and not self._settle.isActive():
            self._settle.start()

    @Slot()
    def _on_settle(self) -> None:
        if self.hold():
            self._settle.start()
        else:
            self._arrange_when_known()

    def _must_wait(self) -> bool:
        """Whether facts are wanted that are not known yet."""
        plain = self.shown.test() is None and self.by is SortBy.ADDED
        return bool(self._dirty) and not plain

    def _arrange_when_known(self) -> None:
        if not self._active or self._counting:
            return
        self._turns.stop()
        self._arranging = False
        if self._must_wait():
            self._wanted = True
            if not self._soon.isActive():
                self._soon.start(1)
        else:
            self._turns.start(self._in_order())

    def _in_order(self) -> Steps[None]:
        """Put the photos in order."""
        self._wanted = self._loose = False
        self._arranging, self._fresh = True, []
        self._settle.stop()
        if not self._dirty:
            self._soon.stop()
        photos: Sequence[Photo] = list(self.source.photos())
        self._known.keep_only(photos)
        if len(self._dates) > 2 * len(photos) + 1000:
            there = set(photos)
            self._dates = {p: date for p, date in self._dates.items() if p in there}
        shown, passes = self.shown, self.shown.of_any_label.test()
        counts, facts = None, self._known.facts
        if passes is not None:
            total, found = len(photos), Counter[str]()
            photos = yield from passing(photos, lambda photo: passes(facts[photo]))
            for part in parts(photos):
                found.update([facts[photo].label for photo in part])
            counts = Counts(self.labels(), total, found)
            shown = Filter(labels=shown.labels)  # what is left to ask of these
        rows = yield from arranging(
            photos, facts, self._dates, shown, self.by, falling=self.falling
        )
        row_of = dict(zip(rows, range(len(rows)), strict=True))
        yield
        late = [p for p in self._fresh if p not in row_of]
        row_of.update((photo, row) for row, photo in enumerate(late, len(rows)))
        rows += late
        self._found, self._arranging = counts, False
        if rows != self._rows:
            self.about_to_arrange.emit()
            self.beginResetModel()
            self._rows, self._row_of = rows, row_of
            self.endResetModel()
            self.arranged.emit()
        self.counted.emit()

    def _repaint(self, column: int) -> None:
        if self._rows:
            last = len(self._rows) - 1
            self.dataChanged.emit(self.index(0, column), self.index(last, column))

    # --- Qt's model -------------------------------------------------------------------------

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self._rows)

    def heading(self, column: int) -> str:
        title, by = COLUMNS[column]
        return f"{title} {'↓' if self.falling else '↑'}" if by is self.by else title

    def heading_tip(self, column: int) -> str:
        return TIPS.get(column, "")

    def data(self, index: Index, role: int = int(Qt.ItemDataRole.DisplayRole)) -> Any:
        photo = self.photo(index.row())
        if photo is None:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.cell(photo, index.column())
        if role == PhotoList.PhotoRole:
            return photo
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self.side(index.column())
        row = self.source.row(photo)
        if row < 0:  # it is about to go
            return None
        if role == Qt.ItemDataRole.ToolTipRole and index.column() == 6:
            return tooltip(visible(self.facts(photo).folder))
        if role == Qt.ItemDataRole.ToolTipRole and index.column() == BEFORE:
            return tooltip(
                "\n".join(f"{self.titles.get(p.model, p.model)}: {said(p)}" for p in photo.others)
            )
        if index.column() == 0 or role == Qt.ItemDataRole.ToolTipRole:
            return self.source.data(self.source.index(row), role)
        return None

    def cell(self, photo: Photo, column: int) -> str:
        """What stands in a photo's row."""
        facts = self.facts(photo)
        if column == 0:
            return one_line(facts.name)
        if column == 1:
            if facts.failed:
                return "could not be read"
            if facts.prediction is None:
                return "…" if photo.state is PhotoState.WAITING else ""
            marks = " (not sure)" if facts.unsure else " (earlier answer)" if photo.stale else ""
            return facts.label + marks
        if column == BEFORE:
            return facts.other
        if column == 5:
            return self.date(photo)
        if column == 6:
            return one_line(facts.folder)
        if facts.prediction is None:
            return ""
        if column == 4:
            return one_line(self.titles.get(facts.model, facts.model))
        return percent(facts.probability if column == 2 else facts.margin)
