"""The one place of the window where batches of files are carried out and undone. No widgets."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from resnet_gui.core.filing.batch import (
    BatchInfo,
    BatchState,
    Filed,
    FileMissed,
    FilingProgress,
    Plan,
)
from resnet_gui.jobs.lane import Job, JobLane, Priority
from resnet_gui.ui.widgets.words import sentence

if TYPE_CHECKING:
    from resnet_gui.core.filing.carry_out import FilingEvent

_LISTED = 20  # of the newest; an older one can be undone in a terminal


@dataclass(frozen=True, slots=True)
class Working:
    """What goes on. `what`: in words. done, total: files; total 0: not known yet."""

    what: str
    done: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it. missed: the files that stayed, with the reasons."""

    info: BatchInfo
    undone: bool
    done: int
    missed: tuple[FileMissed, ...]


class Filer(QObject):
    """Runs one batch at a time in the io lane, and knows what can be undone.

    Attributes:
        working: what goes on, None while nothing does.
        undoable: the newest batch that can be undone, None: none.
        interrupted: the newest batch that was cut off, None: none.
        stopped: the id of the batch that the person stopped last; "": none.

    Signals:
        changed(): one of these did.
        moved(object): list of (from, to), paths of files that have another one now.
        ended(object): an Outcome.
        failed(object): why it could not be done or not go on, in words.
    """

    changed = Signal()
    moved = Signal(object)
    ended = Signal(object)
    failed = Signal(object)

    def __init__(self, io: JobLane, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._io = io
        self.working: Working | None = None
        self.undoable: BatchInfo | None = None
        self.interrupted: BatchInfo | None = None
        self.stopped = ""
        self._job: Job | None = None
        self._undoing = self._looked = False
        self._batch = ""  # its id, as soon as it has one
        self._filed: Filed | None = None
        self._missed: list[FileMissed] = []

    # --- what can be done ---------------------------------------------------------------------

    @Slot()
    def look(self) -> None:
        """See what was done before, also in another window or by a program that was cut off."""
        job = self._io.submit(partial(_list, not self._looked), Priority.NORMAL)
        self._looked = True
        job.finished.connect(self._on_listed)

    def start(self, plan: Plan) -> None:
        """Carry a plan out."""
        self._begin(partial(_carry_out, plan), plan.title)

    def finish(self, info: BatchInfo) -> None:
        """Do the rest of a batch that was cut off."""
        self._begin(partial(_finish, info.id), info.title)

    def undo(self, info: BatchInfo) -> None:
        """Put everything back."""
        self._begin(partial(_undo, info.id), info.undo_text, undoing=True)

    def accept(self, info: BatchInfo) -> None:
        """Let a batch that was cut off be as it is."""
        job = self._io.submit(partial(_accept, info.id), Priority.INTERACTIVE)
        job.failed.connect(self._on_failed)
        job.ended.connect(self.look)

    @Slot()
    def stop(self) -> None:
        """Stop after the present file; `interrupted` follows."""
        if self._job is not None:
            self.stopped = self._batch
            self._job.cancel()

    # --- the job ------------------------------------------------------------------------------

    def _begin(
        self,
        start: Callable[[], Generator[FilingEvent, None, None]],
        what: str,
        *,
        undoing: bool = False,
    ) -> None:
        if self.working is not None:
            return
        self._filed, self._missed, self._undoing, self._batch = None, [], undoing, ""
        job = self._io.submit(start, Priority.INTERACTIVE)
        if not job.active:  # the window closes
            return
        self._job, self.working = job, Working(what)
        job.progressed.connect(self._on_progressed)
        job.failed.connect(self._on_failed)
        job.ended.connect(self._on_ended)
        self.changed.emit()

    @Slot(object)
    def _on_progressed(self, events: list[FilingEvent]) -> None:
        moved: list[tuple[str, str]] = []
        for event in events:
            if isinstance(event, FilingProgress):
                moved += event.moved
                self._batch = event.batch
                if self.working is not None:
                    self.working = Working(self.working.what, event.done, event.total)
            elif isinstance(event, FileMissed):
                self._missed.append(event)
            else:
                self._filed = event
        if moved:
            self.moved.emit(moved)
        self.changed.emit()

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self.failed.emit(sentence(error))

    @Slot()
    def _on_ended(self) -> None:
        self._job = self.working = None
        filed = self._filed
        if filed is not None:
            outcome = Outcome(filed.info, self._undoing, filed.done, tuple(self._missed))
            # What else there is, the look at the disk says a moment later.
            self.undoable = None if self._undoing or not filed.info.done else filed.info
            self.ended.emit(outcome)
        self.changed.emit()
        self.look()

    @Slot(object)
    def _on_listed(self, found: list[BatchInfo]) -> None:
        usual = (BatchState.DONE, BatchState.INTERRUPTED)
        undoable = [info for info in found if info.state in usual and info.done]
        cut_off = [info for info in found if info.state is BatchState.INTERRUPTED]
        self.undoable = undoable[0] if undoable else None
        self.interrupted = cut_off[0] if cut_off else None
        self.changed.emit()


# Jobs: what they need is imported in the io lane and not at the window's start.


def _carry_out(plan: Plan) -> Generator[FilingEvent, None, None]:
    from resnet_gui.core.filing.carry_out import carry_out

    return carry_out(plan)


def _finish(batch: str) -> Generator[FilingEvent, None, None]:
    from resnet_gui.core.filing.carry_out import finish

    return finish(batch)


def _undo(batch: str) -> Generator[FilingEvent, None, None]:
    from resnet_gui.core.filing.undo import undo

    return undo(batch)


def _accept(batch: str) -> Iterator[object]:
    from resnet_gui.core.filing.carry_out import accept

    return accept(batch)


def _list(first: bool) -> Generator[None, None, list[BatchInfo]]:
    """first: this window looks for the first time, and tidies up."""
    from resnet_gui.core.filing.journal import list_batches
    from resnet_gui.core.filing.kept import forget_undone

    yield None
    if first:
        forget_undone()
    return list_batches(_LISTED)
