"""The one place of the window where it is decided which photos are in the wrong class."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from resnet_gui.core.errors import ResNetGuiError
from resnet_gui.jobs.lane import Job, JobLane, Priority
from resnet_gui.ui.correcting.counts import Counts
from resnet_gui.ui.correcting.jobs import (
    Found,
    Keeping,
    load_book,
    look_through,
    plan_corrections,
)
from resnet_gui.ui.correcting.judged import Judged
from resnet_gui.ui.correcting.moved import follow, is_below, words_done, words_of
from resnet_gui.ui.filing.filer import Filer, Outcome
from resnet_gui.ui.saver import Saver
from resnet_gui.ui.widgets.words import sentence

if TYPE_CHECKING:  # the window's start needs none of it
    from resnet_gui.core.dataset.summary import DatasetSummary, ScanProgress
    from resnet_gui.core.filing.batch import How, Plan
    from resnet_gui.core.improve.corrections import Changed, Corrections
    from resnet_gui.core.improve.kept import Kept
    from resnet_gui.core.improve.values import Applied, Decisions, Photo


@dataclass(slots=True, eq=False)
class Book:
    """What is decided about one folder.

    Attributes:
        summary: the folder as it was found last; None: nobody has looked.
        moved: path of a photo as it was -> what was carried out last.
        counts: of its decisions. classes: that they name, each once, in order.
    """

    corrections: Corrections
    saver: Saver[Decisions]
    summary: DatasetSummary | None = None
    moved: dict[str, Applied] = field(default_factory=dict)
    counts: Counts = field(default_factory=Counts)
    classes: tuple[str, ...] = ()


class Corrector(QObject):
    """Decisions about the photos of folders, by the folder's path (`DatasetSummary.root`). They are
    kept as soon as they are made; files move only when a plan is carried out.

    Attributes:
        filer: carries plans out.

    Signals:
        opened(object root): its decisions are here.
        looked(object folder, object root): a folder was looked through, and decisions and disk
            agree. folder: as it was asked for.
        changed(object root, object paths): about these photos something else holds now.
        planned(object root, object plan): what Apply would do.
        progressed(object ScanProgress): how far a look is.
        failed(object root, object text): it could not be looked through, or planned.
        noticed(object text, str kind).
    """

    opened = Signal(object)
    looked = Signal(object, object)
    changed = Signal(object, object)
    planned = Signal(object, object)
    progressed = Signal(object)
    failed = Signal(object, object)
    noticed = Signal(object, str)

    def __init__(self, io: JobLane, filer: Filer, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._io, self.filer = io, filer
        self._books: dict[str, Book] = {}
        self._opening: set[str] = set()
        self._damaged: set[str] = set()
        self._looks: dict[str, Job] = {}
        self._concerned: set[str] = set()  # folders in which the filer moves something
        self._filing = False  # files may have moved of which nobody has told
        filer.moved.connect(self._on_moved)
        filer.ended.connect(self._on_filed)
        filer.changed.connect(self._on_filer_changed)

    # --- what there is ------------------------------------------------------------------------

    def book(self, root: str) -> Book | None:
        """None: it is not open."""
        return self._books.get(root)

    def summary(self, root: str) -> DatasetSummary | None:
        book = self._books.get(root)
        return book.summary if book is not None else None

    def is_open(self, root: str) -> bool:
        """Whether something can be decided about its photos yet."""
        return root in self._books

    def decisions(self, root: str) -> Decisions | None:
        """As a value, for a lane."""
        book = self._books.get(root)
        return book.corrections.snapshot() if book is not None else None

    def counts(self, root: str) -> Counts:
        book = self._books.get(root)
        return book.counts if book is not None else Counts()

    def classes(self, root: str, known: Iterable[str] = ()) -> list[str]:
        """The folder's classes (or those that are known of it), and behind them new ones."""
        book = self._books.get(root)
        names = list(known)
        if book is None:
            return names
        if book.summary is not None:
            names = [item.name for item in book.summary.classes]
        return [*names, *(name for name in book.classes if name not in names)]

    def now(self, root: str, photo: Judged) -> Judged:
        """The photo where it is now, after what was carried out."""
        book = self._books.get(root)
        done = book.moved.get(photo.path) if book is not None else None
        if done is None:
            return photo
        # Set aside, perhaps since its class has it already: then it is in none.
        label = done.decision.to if is_below(done.target, root) else ""
        return photo._replace(path=done.target, label=label)

    def badge(self, root: str, path: str) -> str:
        """What was decided about a photo, in a few words; "": nothing.

        Args:
            path: where it was when it was listed.
        """
        book = self._books.get(root)
        if book is None:
            return ""
        done = book.moved.get(path)
        decision = book.corrections.of(done.target if done is not None else path)
        if decision is not None:
            return words_of(decision)
        return words_done(done, root) if done is not None else ""

    def decided(self, root: str) -> list[Judged]:
        """All photos about which something is decided, in order."""
        book = self._books.get(root)
        if book is None:
            return []
        return [Judged(item.path, item.label) for item in book.corrections.snapshot().decisions]

    # --- opening a folder -----------------------------------------------------------------------

    def open(self, root: str) -> None:
        """Bring back what was decided about a folder; `opened` follows, at once or later."""
        if root in self._books:
            self.opened.emit(root)
        elif root not in self._opening:
            self._opening.add(root)
            job = self._io.submit(partial(load_book, root), Priority.INTERACTIVE)
            job.finished.connect(self._on_loaded)
            job.failed.connect(partial(self._on_not_loaded, root))

    @Slot(object)
    def _on_loaded(self, loaded: tuple[Corrections, frozenset[str]]) -> None:
        self._take(*loaded)

    def _take(self, corrections: Corrections, there: frozenset[str]) -> Book:
        root = corrections.root
        self._opening.discard(root)
        if root in self._books:
            return self._books[root]
        saver: Saver[Decisions] = Saver(self._io, Keeping(corrections.snapshot()), self)
        book = self._books[root] = Book(corrections, saver)
        saver.saved.connect(partial(self._on_saved, root))
        saver.failed.connect(self._on_not_saved)
        book.moved = follow(corrections.snapshot().applied, there)
        self._recount(book)
        self.opened.emit(root)
        return book

    def _on_not_loaded(self, root: str, error: Exception) -> None:
        """The damaged file is put aside: the next time there is none."""
        self._opening.discard(root)
        self.noticed.emit(sentence(error), "warning")
        if root not in self._damaged:  # else it could not be put aside
            self._damaged.add(root)
            self.open(root)

    def look(self, folder: Path | str) -> None:
        """Look through a folder, and compare it with what was decided; `looked` follows. A newer
        look at the same folder lets the one before go."""
        self.stop_looking(folder)
        known = {root: book.corrections.snapshot() for root, book in self._books.items()}
        job = self._io.submit(partial(look_through, Path(folder), known), Priority.NORMAL)
        self._looks[str(folder)] = job
        job.progressed.connect(self._on_progressed)
        job.finished.connect(partial(self._on_looked, str(folder)))
        job.failed.connect(partial(self._on_look_failed, str(folder)))

    def stop_looking(self, folder: Path | str) -> None:
        """Nobody wants to know any more."""
        job = self._looks.pop(str(folder), None)
        if job is not None and job.active:
            job.let_go()

    @Slot(object)
    def _on_progressed(self, events: list[ScanProgress]) -> None:
        self.progressed.emit(events[-1])

    def _on_looked(self, folder: str, found: Found) -> None:
        root = found.summary.root
        book = self._books.get(root)
        if book is None and found.opened is not None:
            book = self._take(found.opened, found.there)
        if book is None:
            return
        book.summary = found.summary
        for text in found.agreed.sentences:
            self.noticed.emit(text, "notice")
        changed = book.corrections.settle(found.agreed.outcomes)
        book.moved = follow(book.corrections.snapshot().applied, found.there)
        self._recount(book)
        if found.agreed.outcomes:
            book.saver.save(book.corrections.snapshot())
        self.looked.emit(folder, root)
        self.changed.emit(root, changed.paths)

    def _on_look_failed(self, folder: str, error: Exception) -> None:
        self.failed.emit(folder, sentence(error))

    # --- decisions ------------------------------------------------------------------------------

    def move(self, root: str, photos: Sequence[Judged], label: str) -> None:
        """They belong to this class, which may be a new one."""
        self._do(root, lambda book: book.corrections.relabel(_photos(photos), label))

    def move_each(self, root: str, photos: Sequence[tuple[Judged, str]]) -> None:
        """Each of them to a class of its own."""
        labels = [label for _, label in photos]
        pairs = list(zip(_photos([photo for photo, _ in photos]), labels, strict=True))
        self._do(root, lambda book: book.corrections.relabel_each(pairs))

    def set_aside(self, root: str, photos: Sequence[Judged]) -> None:
        """They are of no class, or of no use."""
        self._do(root, lambda book: book.corrections.set_aside(_photos(photos)))

    def accept(self, root: str, photos: Sequence[Judged]) -> None:
        """Their class is right."""
        self._do(root, lambda book: book.corrections.mark_fine(_photos(photos)))

    def forget(self, root: str, photos: Sequence[Judged]) -> None:
        """As if nothing had been decided about them."""
        self._do(root, lambda book: book.corrections.take_back(photo.path for photo in photos))

    def undo(self, root: str) -> None:
        self._do(root, lambda book: book.corrections.undo())

    def redo(self, root: str) -> None:
        self._do(root, lambda book: book.corrections.redo())

    def undo_text(self, root: str) -> str:
        """What `undo` would take back; "": nothing."""
        book = self._books.get(root)
        return book.corrections.undo_text if book is not None else ""

    def undo_turn(self, root: str) -> int:
        """When that was done, see `undoable.next_turn`; 0: there is nothing."""
        book = self._books.get(root)
        return book.corrections.undo_turn if book is not None else 0

    def redo_text(self, root: str) -> str:
        book = self._books.get(root)
        return book.corrections.redo_text if book is not None else ""

    def _do(self, root: str, change: Callable[[Book], Changed]) -> None:
        book = self._books.get(root)
        if book is None:
            return
        changed = change(book)
        if changed:
            self._recount(book)
            book.saver.save(book.corrections.snapshot())
            self.changed.emit(root, changed.paths)

    @staticmethod
    def _recount(book: Book) -> None:
        snapshot = book.corrections.snapshot()
        moves = aside = fine = 0
        loose = []  # photos without a class that get one
        for item in snapshot.decisions:  # at every key: once over all of them
            if item.to:
                moves += 1
                if not item.label:
                    loose.append(item.path)
            elif item.files:
                aside += 1
            elif item.label:
                fine += 1
        back = len(snapshot.set_aside().intersection(loose)) if loose else 0
        book.counts = Counts(moves, aside, len(loose) - back, fine, back, bool(book.moved))
        book.classes = snapshot.new_classes(())

    # --- keeping --------------------------------------------------------------------------------

    def store_now(self) -> None:
        """Write what is not written yet, in this thread: for the end of the program. Raises
        ImproveError after all of them if one could not be written."""
        problem: ResNetGuiError | None = None
        for book in self._books.values():
            try:
                book.saver.write()
            except ResNetGuiError as error:
                problem = error
        if problem is not None:
            raise problem

    def _on_saved(self, root: str, kept: Kept | None) -> None:
        book = self._books.get(root)
        if book is not None and kept is not None:
            book.corrections.note(kept.contents)
            if kept.left and kept.contents:  # photos that are still to be read
                book.saver.save(book.corrections.snapshot())

    @Slot(object)
    def _on_not_saved(self, error: Exception) -> None:
        self.noticed.emit(sentence(error), "warning")

    # --- Apply ----------------------------------------------------------------------------------

    def plan(self, root: str, loose: How) -> None:
        """Find out what carrying out would do; `planned` follows.

        Args:
            loose: what is done with photos that had no class.
        """
        book = self._books.get(root)
        if book is None or book.summary is None:
            return
        start = partial(plan_corrections, book.corrections.snapshot(), book.summary, loose)
        job = self._io.submit(start, Priority.INTERACTIVE)
        job.finished.connect(partial(self._on_planned, root))
        job.failed.connect(partial(self._on_look_failed, root))

    def _on_planned(self, root: str, plan: Plan) -> None:
        self.planned.emit(root, plan)

    @Slot(object)
    def _on_moved(self, moved: list[tuple[str, str]]) -> None:
        for root in self._books:
            if any(is_below(path, root) for pair in moved for path in pair):
                self._concerned.add(root)

    @Slot(object)
    def _on_filed(self, outcome: Outcome) -> None:
        """Whatever was carried out or undone, wherever: see what of it was decided here."""
        self._filing = False
        concerned, self._concerned = self._concerned, set()
        folder = outcome.info.folder  # copies are not among what was moved
        for root in self._books:
            if root in concerned or is_below(folder, root) or is_below(root, folder):
                self.look(root)

    @Slot()
    def _on_filer_changed(self) -> None:
        """A batch that was stopped, or failed, has no outcome, but it has moved files."""
        if self.filer.working is not None:
            self._filing = True
        elif self._filing:
            self._filing = False
            self._concerned.clear()
            for root, book in self._books.items():
                if book.summary is not None:
                    self.look(root)


def _photos(photos: Sequence[Judged]) -> list[Photo]:
    from resnet_gui.core.improve.values import Photo

    return [Photo(photo.path, photo.label) for photo in photos]
