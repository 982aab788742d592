"""Carrying a batch out, and finishing one that was cut off."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

from resnet_gui.core.errors import FilingError, FilingInterruptedError, UnknownBatchError
from resnet_gui.core.filing.batch import (
    SAME_THERE,
    Filed,
    FileMissed,
    FilingProgress,
    How,
    Plan,
)
from resnet_gui.core.filing.disk import (
    Stamp,
    check_copy,
    copy_new,
    nearest_folder,
    same_content,
    status,
    sync_folder,
    writable,
)
from resnet_gui.core.filing.journal import (
    Journal,
    at_work,
    journal_path,
)
from resnet_gui.core.filing.names import numbers, with_number
from resnet_gui.core.filing.record import read_record
from resnet_gui.core.filing.settle import done_with, leave_for, remove_empty, settle
from resnet_gui.core.system.renaming import rename_new

GROUP = 64  # files that are noted together
_GROUP_BYTES = 64 << 20  # of the files in it
_EVENT_S = 0.05
# What concerns the whole disk or folder: nothing more can be done there.
_HOPELESS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.ENODEV})
_NO_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS})
_ADVICE = "When that is mended the rest can be done, or what was done put back."

FilingEvent = FilingProgress | FileMissed | Filed


def carry_out(plan: Plan) -> Generator[FilingEvent, None, None]:
    """Do what a plan says.

    Whoever closes the generator stops the batch: what was done stays noted, and the batch can be
    finished or undone. Nothing is replaced: where a name was taken since the plan was made, by a
    file with the same content (two may sort the same photos into one folder), the file stays;
    otherwise it gets a number.

    Yields:
        FilingProgress at least after every group of files, FileMissed for what could not be done,
        Filed at the end.

    Raises:
        FilingBusyError: somebody else is at it.
        FilingError: the plan cannot be carried out, or the journal not be written; nothing was
            done.
        FilingInterruptedError: the disk is full or went away in the middle.
    """
    if plan.problem:
        raise FilingError("", plan.problem, "Free some space, or choose another folder.")
    with at_work(), Journal.begin(plan) as journal:
        try:
            yield from Carrier(journal).run()
        finally:
            _discard_untouched(journal)


def finish(batch: str) -> Generator[FilingEvent, None, None]:
    """Do the rest of a batch that was interrupted. Yields and raises as `carry_out`, and
    UnknownBatchError."""
    with at_work():
        record = read_record(journal_path(batch))
        if record.undoing or not record.whole:
            raise UnknownBatchError(
                batch, f"“{record.title}” cannot be finished.", "It is being undone."
            )
        with Journal(record) as journal:
            yield from Carrier(journal).run()


def accept(batch: str) -> Iterator[None]:
    """Let a batch that was interrupted count as done as it is; it can still be undone."""
    with at_work():
        record = read_record(journal_path(batch))
        with Journal(record) as journal:
            if not record.ended:
                settle(journal)
                journal.ends("end")
    yield None


def _discard_untouched(journal: Journal) -> None:
    """A batch of which nothing was done needs no undoing: it is as if it had never begun."""
    record = journal.record
    with contextlib.suppress(OSError, FilingError):
        settle(journal)
        if not any(fate.carried for fate in record.fates):
            remove_empty(record.folders)
            journal.close()
            record.path.unlink()


class Carrier:
    """One batch on its way."""

    def __init__(self, journal: Journal) -> None:
        self._journal, self._record = journal, journal.record
        self._moved: list[tuple[str, str]] = []
        self._same: set[str] = set()  # photos that are there already
        self._missed: list[FileMissed] = []
        self._done: list[tuple[int, Stamp, str, int]] = []
        self._folders: set[Path] = set()
        self._last = time.monotonic()
        self._over = 0  # files of which the journal knows the end

    def run(self) -> Generator[FilingEvent, None, None]:
        record, journal = self._record, self._journal
        at = record.path
        try:
            settle(journal)
            self._over = sum(not fate.open for fate in record.fates)
            self._moved += [
                (piece.source, str(record.target(number)))
                for number, piece in enumerate(record.pieces)
                if record.fates[number].carried and piece.how is How.MOVE
            ]
            yield self._progress()
            left = iter([n for n, fate in enumerate(record.fates) if fate.open])
            while (group := self._next_group(left)) is not None:
                try:
                    with contextlib.closing(self._carry(group)) as steps:
                        for now_at in steps:
                            at = now_at
                            if self._due():
                                yield self._progress()
                finally:  # also of a generator that is closed
                    self._note()
                    self._let_go(group)
                yield from self._told()
            yield from self._told()  # also of the last files, where none of them could be done
            journal.ends("end")
        except OSError as error:
            raise self._interrupted(at, error) from error
        done = sum(fate.carried for fate in record.fates)
        info = record.info()
        yield Filed(record.id, record.title, done, info.missed, info)

    # --- what is told -------------------------------------------------------------------------

    def _due(self) -> bool:
        return time.monotonic() - self._last > _EVENT_S

    def _progress(self) -> FilingProgress:
        moved, self._moved = tuple(self._moved), []
        self._last = time.monotonic()
        over = self._over + len(self._done)
        return FilingProgress(self._record.id, over, len(self._record.fates), moved)

    def _told(self) -> Generator[FilingEvent, None, None]:
        missed, self._missed = self._missed, []
        yield from missed
        yield self._progress()

    def _note(self) -> None:
        done, self._done = self._done, []
        self._journal.group_done(done)
        self._over += len(done)

    def _let_go(self, group: list[int]) -> None:
        """Of a group that was broken off: nothing of it stays uncertain."""
        fates = self._record.fates
        if any(fates[number].uncertain for number in group):
            with contextlib.suppress(OSError, FilingError):  # then whoever goes on looks at it
                settle(self._journal)
                self._journal.group_left([n for n in group if fates[n].uncertain])

    def _miss(self, number: int, why: str) -> None:
        self._journal.missed(number, why)
        self._over += 1
        same = why == SAME_THERE
        self._missed.append(FileMissed(self._record.pieces[number].source, why, same))

    def _interrupted(self, at: Path, error: OSError) -> FilingError:
        done = sum(fate.carried for fate in self._record.fates)
        at = Path(error.filename or at)
        what = f"{at}: {error.strerror or error}."
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            what = f"The disk of {at.parent} is full."
        elif error.errno == errno.EROFS or isinstance(error, PermissionError):
            what = f"Nothing can be written into {at.parent} any more ({error.strerror})."
        total = len(self._record.pieces)
        if not done:
            return FilingError(at, what, "Nothing was done. Choose another folder, or mend that.")
        return FilingInterruptedError(at, what, _ADVICE, self._record.id, done, total)

    # --- a group ------------------------------------------------------------------------------

    def _next_group(self, left: Iterator[int]) -> list[int] | None:
        """The next files, their present state and their free names written down; None: there are
        no others. Few or none where it took long to see that many of them stay."""
        group: list[tuple[int, str, Stamp]] = []
        room = _GROUP_BYTES
        for number in left:
            source = self._record.source(number)
            before = Stamp.of(source)
            if before is None:
                self._miss(number, "It is not there any more.")
                continue
            target = self._record.target(number)
            folder = target.parent
            if folder not in self._folders:
                self._make(folder)
            given = {name for _, name, _ in group}
            place = self._free_place(number, given)
            if place is None:
                self._miss(number, SAME_THERE)
                if self._due():
                    break
                continue
            target = place
            group.append((number, str(target), before))
            room -= before.size
            if len(group) == GROUP or room <= 0:
                break
        else:
            if not group:
                return None
        if group:
            self._journal.group_begins(group)
        return [number for number, _, _ in group]

    def _free_place(self, number: int, given: set[str]) -> Path | None:
        """A name that nothing has; None: a file with the same content has the file's name, or the
        photo that it goes along with stays for that reason."""
        piece, target = self._record.pieces[number], self._record.target(number)
        if piece.photo in self._same:
            return None
        for name in itertools.chain([target], _numbered(target)):
            if os.path.lexists(name):
                # What goes along with a photo is judged with it: edits alone are of no use.
                if not piece.photo and same_content(self._record.source(number), name):
                    self._same.add(piece.source)
                    return None
            elif str(name) not in given:
                return name
        raise AssertionError  # numbers do not end

    def _make(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError) as error:
            raise FilingError(
                nearest_folder(folder),
                f"“{nearest_folder(folder)}” is a file, so there can be no folder of that name.",
                _ADVICE,
            ) from error
        self._folders.add(folder)

    def _carry(self, group: list[int]) -> Generator[Path, None, None]:
        """Yields after every file where it has got to."""
        far: list[int] = []
        for number in group:
            yield self._record.target(number)
            with self._forgiving(number):
                how = self._record.pieces[number].how
                if how is How.LINK:
                    self._at_free_name(number, self._link)
                elif how is How.COPY or not self._rename(number):
                    far.append(number)
                    continue
                self._end(number, "")
        copied: list[tuple[int, str, Stamp]] = []
        try:
            for number in far:
                yield self._record.target(number)
                with self._forgiving(number):
                    copied.append(self._copy(number))
            arrived = []
            for number, digest, before in copied:
                with self._forgiving(number):
                    self._at_free_name(number, self._name)
                    arrived.append((number, digest, before))
        finally:
            for number, _, _ in copied:
                self._part(number).unlink(missing_ok=True)
        self._leave(arrived)

    def _leave(self, arrived: list[tuple[int, str, Stamp]]) -> None:
        """What was moved to another disk is there for good before it goes here. In one step: who
        stops in between would find photos twice."""
        moved = {n for n, _, _ in arrived if self._record.pieces[n].how is How.MOVE}
        for folder in {self._record.target(number).parent for number in moved}:
            sync_folder(folder)
        for number, digest, before in arrived:
            source, target = self._record.source(number), self._record.target(number)
            with self._forgiving(number):
                if number in moved:
                    if Stamp.of(source) != before:
                        target.unlink()
                        self._miss(number, "It was changed while it was being moved.")
                        continue
                    leave_for(source, target)
                self._end(number, digest)

    def _end(self, number: int, digest: str) -> None:
        target = self._record.target(number)
        self._done.append(done_with(number, target, digest))
        if self._record.pieces[number].how is How.MOVE:
            self._moved.append((self._record.pieces[number].source, str(target)))

    @contextlib.contextmanager
    def _forgiving(self, number: int) -> Iterator[None]:
        """What is wrong with one file only is noted; the others go on."""
        try:
            yield
        except OSError as error:
            source, folder = self._record.source(number), self._record.target(number).parent
            no_links = self._record.pieces[number].how is How.LINK and error.errno in _NO_LINKS
            if error.errno in _HOPELESS or no_links:
                raise
            if not folder.is_dir() or not writable(folder):
                raise
            if status(source) is None:
                self._miss(number, "It is not there any more.")
            else:
                self._miss(number, f"The system says: {error.strerror or error}.")

    # --- a file -------------------------------------------------------------------------------

    def _at_free_name(self, number: int, attempt: Callable[[int, Path], bool]) -> None:
        """Try the target's name, and where it was taken in the last moment, the next ones."""
        for name in itertools.chain([self._record.target(number)], self._others(number)):
            if name != self._record.target(number):
                if os.path.lexists(name):
                    continue
                self._journal.other_target(number, str(name))
            if attempt(number, name):
                return

    def _others(self, number: int) -> Iterator[Path]:
        yield from _numbered(Path(self._record.pieces[number].target))

    def _rename(self, number: int) -> bool:
        """Move on the same disk; False: it is another one."""
        try:
            self._at_free_name(number, lambda n, name: rename_new(self._record.source(n), name))
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            return False
        return True

    def _link(self, number: int, target: Path) -> bool:
        try:
            target.symlink_to(self._record.source(number))
        except FileExistsError:
            return False
        return True

    def _part(self, number: int) -> Path:
        return self._record.target(number).parent / self._record.part(number)

    def _copy(self, number: int) -> tuple[int, str, Stamp]:
        source, part = self._record.source(number), self._part(number)
        moved = self._record.pieces[number].how is How.MOVE
        before = Stamp.of(source)
        if before is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(source))
        if moved and source.is_symlink():
            part.unlink(missing_ok=True)
            part.symlink_to(source.readlink())
            return number, "", before
        digest = copy_new(source, part)
        if moved:
            check_copy(part, digest)
        return number, digest, before

    def _name(self, number: int, target: Path) -> bool:
        return rename_new(self._part(number), target)


def _numbered(target: Path) -> Iterator[Path]:
    for number in itertools.islice(numbers(), 1, None):
        yield target.with_name(with_number(target.name, target.stem, number))
