"""Decisions and the disk: what was carried out, undone, moved by hand or changed. No torch here.

The journals of `core.filing` say what became of each file of a batch, also of one that was cut off
or is half undone; the disk says the rest. So nothing has to be written at the moment at which a
file moves, and a kill in the middle leaves nothing that the next look does not mend.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from resnet_gui.core.dataset.summary import DatasetSummary
from resnet_gui.core.errors import FilingError
from resnet_gui.core.filing.batch import CORRECTING, BatchInfo, BatchState, How
from resnet_gui.core.filing.disk import content_hash, status
from resnet_gui.core.filing.journal import journal_path, list_batches
from resnet_gui.core.filing.names import folder_name
from resnet_gui.core.filing.record import Record, read_record
from resnet_gui.core.improve.apply import class_of
from resnet_gui.core.improve.corrections import Outcome
from resnet_gui.core.improve.values import Applied, Decision, Decisions, Photo, What, photos_of

_UNDONE = (BatchState.UNDONE, BatchState.PARTLY, BatchState.INTERRUPTED)


@dataclass(frozen=True, slots=True)
class Agreed:
    """outcomes: for `Corrections.settle`; empty where decisions and disk agree already.
    sentences: what a person should know, whole sentences."""

    outcomes: tuple[Outcome, ...] = ()
    sentences: tuple[str, ...] = ()


def agree(decisions: Decisions, summary: DatasetSummary) -> Iterator[Agreed]:
    """Compare decisions with the disk. A job for the io lane: after `load`, after each end of a
    batch or of its undo, whoever began it, and after each scan.

    What was carried out is not pending any more; what was undone is pending again. A photo that
    was moved or renamed keeps its decision; one whose bytes are others loses it, and so does one
    that was put into another class by hand (it is what it was to be, or somebody knew better).
    Photos that are not there keep theirs until they are.

    Args:
        summary: a scan of the folder of now.

    Yields:
        one Agreed.
    """
    if not decisions.decisions and not decisions.applied:
        yield Agreed()
        return
    look = _Look(decisions, summary)
    outcomes = [*look.undone(), *look.decided()]
    yield Agreed(tuple(outcomes), _said(outcomes))


def taken_again(applied: Iterable[Applied]) -> frozenset[str]:
    """Paths that photos with a class were moved away from and at which something lies all the
    same. For the io lane: it asks the disk about each."""
    left = {item.decision.path for item in applied if item.decision.label}
    return frozenset(path for path in left if status(Path(path)) is not None)


class _Look:
    """One look at the disk."""

    def __init__(self, decisions: Decisions, summary: DatasetSummary) -> None:
        self._decisions, self._summary = decisions, summary
        self._root = Path(summary.root)
        self._has_parts = summary.has_parts
        self._batches = {
            info.id: info for info in list_batches() if info.title.startswith(CORRECTING)
        }
        self._records: dict[str, Record | None] = {}
        self._decided = decisions.by_path()
        self._sizes: dict[int, list[Photo]] | None = None

    # --- what was carried out before ----------------------------------------------------------

    def undone(self) -> Iterator[Outcome]:
        """Carried out decisions of which the files are back. What was decided about them since
        goes back with them; `decided` leaves it alone then."""
        for applied in reversed(self._decisions.applied):  # a file may have moved on, and on
            info = self._batches.get(applied.batch)
            if info is None or info.state not in _UNDONE:
                continue
            record = self._record(info)
            if record is not None and self._is_back(record, applied):
                old = applied.decision
                newer = self._decided.pop(applied.target, None)
                again = None
                if old.path not in self._decided:
                    again = old if newer is None else _taken_back(newer, old)
                    self._decided[old.path] = again
                yield Outcome(newer, now=again, undone=applied)

    def _is_back(self, record: Record, applied: Applied) -> bool:
        for number, piece in enumerate(record.pieces):
            if piece.source == applied.decision.path and not piece.photo:
                # An undo notes what is back in groups: of the last one only the disk knows.
                gone = status(record.target(number)) is None
                back = piece.how is How.COPY or status(record.source(number)) is not None
                return record.fates[number].back or (record.undoing and gone and back)
        return False

    # --- what is decided ----------------------------------------------------------------------

    def decided(self) -> Iterator[Outcome]:
        carried = self._carried()
        missing = []
        for decision in self._decisions.decisions:
            if self._decided.get(decision.path) != decision:
                continue  # it went back with an undo
            there = status(Path(decision.path))
            done = carried.get(decision.path)
            if done is not None and (there is None or not decision.label):
                yield self._outcome(decision, *done)
            elif there is None:
                missing.append(decision)
            elif self._changed(decision, there):
                name = Path(decision.path).name
                yield Outcome(decision, lost=f"“{name}” was changed since.")
            elif decision.what is What.LABEL and not decision.label:
                same = self._same_in_class(decision)
                if same:
                    yield Outcome(decision, applied=Applied(decision, same, ""))
        yield from self._followed(missing)

    def _outcome(self, decision: Decision, target: str, batch: str) -> Outcome:
        """Of a photo that a batch of ours has moved or copied."""
        label = class_of(target, self._root, has_parts=self._has_parts)
        # Outside of all classes: set aside, perhaps since its class has the same photo already.
        if not label or label in (decision.to, folder_name(decision.to)):
            return Outcome(decision, applied=Applied(decision, target, batch))
        # It was decided otherwise while the batch was on its way.
        if not decision.label:
            return Outcome(decision)
        return Outcome(decision, now=dataclasses.replace(decision, path=target, label=label))

    @staticmethod
    def _changed(decision: Decision, there: os.stat_result) -> bool:
        known = decision.content
        if known is None or (there.st_size, there.st_mtime_ns) == (known.bytes, known.modified_ns):
            return False
        return there.st_size != known.bytes or content_hash(Path(decision.path)) != known.key

    def _same_in_class(self, decision: Decision) -> str:
        """The photo with the same content that the class has already; "": there is none."""
        if decision.content is None:
            return ""
        for photo in self._of_size(decision.content.bytes):
            if (
                photo.label == decision.to
                and content_hash(Path(photo.path)) == decision.content.key
            ):
                return photo.path
        return ""

    def _followed(self, missing: Sequence[Decision]) -> Iterator[Outcome]:
        """Of photos that are not where they were and that no batch of ours took away."""
        taken = set(self._decided)
        for decision in missing:
            known = decision.content
            if known is None or not decision.label:
                continue
            for photo in self._of_size(known.bytes):
                if photo.path not in taken and content_hash(Path(photo.path)) == known.key:
                    taken.add(photo.path)
                    yield _moved_by_hand(decision, photo)
                    break

    def _of_size(self, size: int) -> list[Photo]:
        """The folder's photos of so many bytes."""
        if self._sizes is None:
            self._sizes = {}
            photos = photos_of(self._summary)
            for photo, found in zip(photos, self._summary.photos, strict=True):
                self._sizes.setdefault(found.bytes, []).append(photo)
        return self._sizes.get(size, [])

    # --- journals -----------------------------------------------------------------------------

    def _carried(self) -> dict[str, tuple[str, str]]:
        """Of pending photos that a batch of ours has taken: (target, batch)."""
        wanted = {
            item.path
            for item in self._decisions.pending
            if not item.label or status(Path(item.path)) is None
        }
        found: dict[str, tuple[str, str]] = {}
        for info in self._batches.values():  # the newest first
            if not wanted:
                break
            if info.state in (BatchState.RUNNING, BatchState.UNDONE):
                continue
            record = self._record(info)
            if record is None:
                continue
            for number, piece in enumerate(record.pieces):
                if piece.source in wanted and not piece.photo and _arrived(record, number):
                    found[piece.source] = str(record.target(number)), info.id
                    wanted.discard(piece.source)
        return found

    def _record(self, info: BatchInfo) -> Record | None:
        if info.id not in self._records:
            try:
                self._records[info.id] = read_record(journal_path(info.id))
            except FilingError:
                self._records[info.id] = None
        return self._records[info.id]


def _arrived(record: Record, number: int) -> bool:
    """Whether a file is where it was to be, also where a kill kept that from being noted."""
    fate = record.fates[number]
    if fate.back or fate.missed or status(record.target(number)) is None:
        return False
    if record.pieces[number].how is How.MOVE:
        return status(record.source(number)) is None
    return fate.carried


def _taken_back(newer: Decision, old: Decision) -> Decision:
    """A newer decision, about a file that an undo put back to where an old one found it."""
    if newer.what is What.ASIDE:
        return dataclasses.replace(newer, path=old.path, label=old.label)
    to = newer.to or newer.label  # FINE: of the class that it was in
    what, to = (What.FINE, "") if to == old.label else (What.LABEL, to)
    return Decision(old.path, old.label, what, to, newer.content)


def _moved_by_hand(decision: Decision, photo: Photo) -> Outcome:
    now = dataclasses.replace(decision, path=photo.path, label=photo.label)
    if decision.what is What.LABEL and photo.label == decision.to:
        return Outcome(decision, applied=Applied(decision, photo.path, ""))
    if photo.label == decision.label or decision.what is What.ASIDE:
        return Outcome(decision, now=now)
    name = Path(photo.path).name
    return Outcome(decision, lost=f"“{name}” was put into the class “{photo.label}” by hand.")


def _said(outcomes: Sequence[Outcome]) -> tuple[str, ...]:
    lost = [item.lost for item in outcomes if item.lost]
    if not lost:
        return ()
    if len(lost) == 1:
        return (f"{lost[0]} What you decided about it is forgotten.",)
    return (
        f"{len(lost):,} photos were changed, or put into another class by hand, since you decided "
        "about them: that is forgotten.",
    )
