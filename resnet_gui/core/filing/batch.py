"""The values of this room: what shall happen, what will, what does, and what did."""

from __future__ import annotations

import time
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import ClassVar, NamedTuple

from resnet_gui.core.values import Value

SAME_THERE = "A file with the same content is there already."
CORRECTING = "Correct “"  # how the titles of Improve's batches begin


class How(StrEnum):
    """What is done with a file. LINK: a symbolic link to where the file is."""

    COPY = "copy"
    MOVE = "move"
    LINK = "link"


class Wish(NamedTuple):
    """One file, where it shall be (with its name there), and how."""

    source: Path
    target: Path
    how: How


class Why(StrEnum):
    """Why a file of a plan stays as it is."""

    MISSING = "missing"
    NO_FILE = "no_file"
    THERE = "there"
    SAME = "same"
    LINK = "link"
    READ_ONLY = "read_only"


@dataclass(frozen=True, slots=True)
class Piece(Value):
    """One file of a batch; paths are absolute.

    Attributes:
        photo: of a file with edits that goes along with a photo: that photo's path. Else "".
    """

    event: ClassVar[str] = "piece"
    source: str
    target: str
    how: How
    photo: str = ""


@dataclass(frozen=True, slots=True)
class Skipped(Value):
    """A file that stays as it is, and why. `target`: what is there already, "" for nothing."""

    event: ClassVar[str] = "skipped"
    path: str
    why: Why
    message: str
    target: str = ""


@dataclass(frozen=True, slots=True)
class Planning(Value):
    """How far the look at the files is."""

    event: ClassVar[str] = "planning"
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Plan(Value):
    """Exactly what would happen; nothing has yet.

    Attributes:
        title: what the batch is called.
        pieces: in order; the files that go along with a photo stand behind it.
        skipped: what stays as it is.
        folders: that would be made, outer ones first.
        renamed: how many files get a number in their name, since another file has that name.
        bytes: that would be written: of copies, and of moves to another disk.
        free: bytes that are free where most is missing; 0 where nothing is written.
        problem: why it cannot be done, one sentence; "" if it can.
    """

    event: ClassVar[str] = "plan"
    title: str
    pieces: tuple[Piece, ...]
    skipped: tuple[Skipped, ...]
    folders: tuple[str, ...]
    renamed: int
    bytes: int
    free: int
    problem: str = ""

    @property
    def photos(self) -> int:
        """Files that are not along with another one."""
        return sum(not piece.photo for piece in self.pieces)

    @property
    def along(self) -> int:
        return len(self.pieces) - self.photos


@dataclass(frozen=True, slots=True)
class FilingProgress(Value):
    """How far a batch is.

    Attributes:
        done, total: files. moved: (from, to) of what has another path since the last event.
    """

    event: ClassVar[str] = "progress"
    batch: str
    done: int
    total: int
    moved: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class FileMissed(Value):
    """One file stays where it is; the others go on.

    Attributes:
        same: a file with the same content came to where it was to be since the plan was made.
    """

    event: ClassVar[str] = "missed"
    path: str
    message: str
    same: bool = False


class BatchState(StrEnum):
    """RUNNING: somebody is at it now. INTERRUPTED: it ended in the middle. PARTLY: undone, but for
    some files."""

    RUNNING = "running"
    INTERRUPTED = "interrupted"
    DONE = "done"
    UNDONE = "undone"
    PARTLY = "partly undone"


@dataclass(frozen=True, slots=True)
class BatchInfo(Value):
    """A batch as its journal tells it, and what `undo --list --json` prints.

    Attributes:
        made: when it began, in seconds since 1970.
        total: files of its plan. done: of those, what was copied, moved or linked and not put back.
        photos: as `done`, without what goes along with photos.
        how: of most of its files. missed: files that could not be done.
        undoing: what was interrupted was the undoing.
        folder: that most of its files are below.
    """

    event: ClassVar[str] = "batch"
    id: str
    title: str
    state: BatchState
    made: float
    total: int
    done: int
    photos: int
    how: How
    missed: int
    undoing: bool
    folder: str

    @property
    def undo_text(self) -> str:
        """What undoing would do: “Move 812 photos back”."""
        return undo_text(self.how, self.photos)

    @property
    def when(self) -> str:
        """ "26 Nov 2026, 17:20", by the clock of this computer."""
        moment = time.localtime(self.made)
        return f"{moment.tm_mday} {time.strftime('%b %Y, %H:%M', moment)}"


@dataclass(frozen=True, slots=True)
class Filed(Value):
    """A batch was carried out, or undone, as far as that goes.

    Attributes:
        done: files that were copied, moved or linked; of an undo: put back.
        missed: files that were not, each of which a FileMissed named.
    """

    event: ClassVar[str] = "filed"
    urgent: ClassVar[bool] = True
    batch: str
    title: str
    done: int
    missed: int
    info: BatchInfo


_DONE = {How.COPY: "Copy", How.MOVE: "Move", How.LINK: "Link"}


def title_of(how: How, photos: int, folders: int, into: Path) -> str:
    """ "Move 812 photos into 14 folders of “Sorted”"."""
    return (
        f"{_DONE[how]} {count(photos, 'photo')} into {count(folders, 'folder')} of "
        f"“{into.name or into}”"
    )


def undo_text(how: How, photos: int) -> str:
    """ "Move 812 photos back", "Remove 812 copies"."""
    if how is How.MOVE:
        return f"Move {count(photos, 'photo')} back"
    return f"Remove {count(photos, 'copy' if how is How.COPY else 'link')}"


def count(number: int, what: str) -> str:
    """ "1 photo", "1,000 photos", "3 copies"."""
    if number == 1:
        return f"1 {what}"
    return f"{number:,} {what[:-1]}ies" if what.endswith("y") else f"{number:,} {what}s"
