"""Undoing a batch, also one that was cut off: every file back where it was."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import time
from collections.abc import Generator
from pathlib import Path

from resnet_gui.core.errors import FilingInterruptedError, UnknownBatchError
from resnet_gui.core.filing.batch import (
    BatchInfo,
    BatchState,
    Filed,
    FileMissed,
    FilingProgress,
    How,
)
from resnet_gui.core.filing.carry_out import FilingEvent
from resnet_gui.core.filing.disk import (
    Stamp,
    check_copy,
    content_hash,
    copy_new,
    may_go,
    status,
    sync_folder,
)
from resnet_gui.core.filing.drives import check_drives
from resnet_gui.core.filing.journal import (
    Journal,
    at_work,
    journal_path,
    list_batches,
)
from resnet_gui.core.filing.record import Fate, read_record
from resnet_gui.core.filing.settle import remove_empty, settle
from resnet_gui.core.system.renaming import rename_new

_NOTED_AT_ONCE = 64
_EVENT_S = 0.05
_HOPELESS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.ENODEV})
UNDOABLE = (BatchState.DONE, BatchState.INTERRUPTED, BatchState.PARTLY)


def last_undoable() -> BatchInfo | None:
    """The newest batch of which something can be undone. One that was undone but for some files
    counts only when it is named."""
    usual = (BatchState.DONE, BatchState.INTERRUPTED)
    return next((info for info in list_batches() if info.state in usual and info.done), None)


def undo(batch: str) -> Generator[FilingEvent, None, None]:
    """Put every file of a batch back and remove the folders that it made, if they are empty.

    A file that was changed since stays and is named, and so is one whose old place is taken; the
    rest goes on. A copy goes only while the file that it was made from is there unchanged. Can be
    stopped and begun again.

    Yields:
        FilingProgress, FileMissed for what stays, Filed at the end.

    Raises:
        UnknownBatchError: there is none, or nothing of it can be undone.
        FilingBusyError: somebody else is at it.
        DriveAwayError: a drive is not connected; nothing was done.
        FilingInterruptedError: the disk is full or went away in the middle.
    """
    with at_work():
        record = read_record(journal_path(batch))
        if not record.whole or record.info().state not in UNDOABLE:
            raise UnknownBatchError(batch, f"“{record.title}” is undone already.")
        check_drives(record)
        with Journal(record) as journal:
            yield from _Undoer(journal).run()


class _Undoer:
    def __init__(self, journal: Journal) -> None:
        self._journal, self._record = journal, journal.record
        self._back: list[int] = []
        self._moved: list[tuple[str, str]] = []
        self._last = time.monotonic()

    def run(self) -> Generator[FilingEvent, None, None]:
        journal, record = self._journal, self._record
        at = record.path
        over = kept = 0
        try:
            settle(journal)
            if not record.undoing or record.undone:
                journal.write({"undo": True}, sync=True)
            numbers = [n for n, fate in enumerate(record.fates) if fate.carried]
            total = len(numbers)
            try:
                for number in reversed(numbers):
                    at = record.target(number)
                    why = self._try(number)
                    over += 1
                    if why:
                        kept += 1
                        journal.kept(number, why)
                        yield FileMissed(str(at), why)
                    if len(self._back) >= _NOTED_AT_ONCE:
                        self._note()
                    if time.monotonic() - self._last > _EVENT_S:
                        yield self._progress(over, total)
            finally:
                self._note()
            remove_empty(record.folders)
            journal.ends("undone")
        except OSError as error:
            what = f"{at}: {error.strerror or error}."
            advice = "When that is mended, undo once more."
            raise FilingInterruptedError(
                at, what, advice, record.id, over, len(record.pieces)
            ) from error
        yield self._progress(over, total)
        yield Filed(record.id, record.title, over - kept, kept, record.info())

    def _progress(self, over: int, total: int) -> FilingProgress:
        moved, self._moved = tuple(self._moved), []
        self._last = time.monotonic()
        return FilingProgress(self._record.id, over, total, moved)

    def _note(self) -> None:
        back, self._back = self._back, []
        self._journal.put_back(back)

    def _try(self, number: int) -> str:
        """Put one file back; returns why it stays, "" if it does not."""
        piece, fate = self._record.pieces[number], self._record.fates[number]
        source, target = self._record.source(number), self._record.target(number)
        try:
            if piece.how is How.MOVE:
                why = self._move_back(number, source, target, fate)
            elif piece.how is How.COPY:
                why = _remove_copy(source, target, fate)
            else:
                why = _remove_link(piece.source, target)
        except OSError as error:
            if error.errno in _HOPELESS:
                raise
            return f"The system says: {error.strerror or error}."
        if not why:
            self._back.append(number)
            if piece.how is How.MOVE:
                self._moved.append((str(target), piece.source))
        return why

    def _move_back(self, number: int, source: Path, target: Path, fate: Fate) -> str:
        assert fate.after is not None
        now, there = Stamp.of(target), status(source)
        part = source.parent / self._record.part(number)
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)  # of an undo that was cut off
        if now is None:
            # An undo that was cut off had put it back.
            if fate.before is not None and fate.before.near(Stamp.of(source)):
                return ""
            return "It is not there any more."
        if now != fate.after:
            return "It was changed since."
        if there is not None:
            if not may_go(target, source):
                return f"Another file is where it was: {source}."
            target.unlink()
            return ""
        source.parent.mkdir(parents=True, exist_ok=True)
        try:
            if rename_new(target, source):
                return ""
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            if self._move_far(target, part, source):
                if Stamp.of(target) != now:  # saved while it was being copied: both stay
                    return f"It was changed while it was moved back; as it was it is in {source}."
                target.unlink()
                return ""
        return f"Another file is where it was: {source}."

    @staticmethod
    def _move_far(target: Path, part: Path, source: Path) -> bool:
        """Copy to another disk, for good."""
        try:
            if target.is_symlink():
                part.symlink_to(target.readlink())
            else:
                check_copy(part, copy_new(target, part))
            if not rename_new(part, source):
                return False
        finally:
            part.unlink(missing_ok=True)
        sync_folder(source.parent)
        return True


def _remove_copy(source: Path, target: Path, fate: Fate) -> str:
    assert fate.after is not None
    there = status(target)
    if there is None:
        return _folder_away(target)  # else somebody did it
    now = Stamp.of(target)
    same = now == fate.after and there.st_ctime_ns == fate.made
    if not same and not (
        now is not None
        and now.size == fate.after.size
        and fate.digest
        and content_hash(target) == fate.digest
    ):
        return "It was changed since."
    # Never the last one: the person may have deleted the photo that it was copied from.
    kept = status(source)
    unchanged = (
        kept is not None
        and stat.S_ISREG(kept.st_mode)
        and Stamp.of(source) == fate.before
        and not os.path.samestat(kept, there)
    )
    if not unchanged and not may_go(target, source):
        return f"The file that it was copied from is not there any more, or was changed: {source}."
    target.unlink()
    return ""


def _folder_away(target: Path) -> str:
    """Of a copy or a link that is not there: why nobody knows whether it is gone; "": it is. Its
    class's folder and the one above may have been made for the batch; the next was there."""
    if target.parent.parent.parent.is_dir():
        return ""
    return f"The folder {target.parent.parent} is not there. Is it on a drive? Then connect that."


def _remove_link(source: str, target: Path) -> str:
    there = status(target)
    if there is None:
        return _folder_away(target)
    if not stat.S_ISLNK(there.st_mode) or str(target.readlink()) != source:
        return "It was changed since."
    target.unlink()
    return ""
