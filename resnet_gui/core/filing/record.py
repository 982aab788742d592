"""A batch's journal, read: what was planned, and what became of each file."""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from resnet_gui.core.errors import FilingError
from resnet_gui.core.filing.batch import BatchInfo, BatchState, How, Piece
from resnet_gui.core.filing.disk import Stamp
from resnet_gui.core.system.documents import DocumentError, parse_json, read_bytes

FORMAT = 1
_MOST_BYTES = 512 * 1024 * 1024  # a million files


@dataclass(slots=True)
class Fate:
    """What became of one file of a batch.

    Attributes:
        target: its name there, where another than planned was free.
        before: the source as it was; set when its group began.
        after: the target as it became; set when it was done. digest: of a copy's content.
        made: when the target itself came to be (its status's time of change), of copies.
        missed: why it could not be done. back: it was put back; kept: why it could not be.
    """

    target: str = ""
    before: Stamp | None = None
    after: Stamp | None = None
    digest: str = ""
    made: int = 0
    missed: str = ""
    back: bool = False
    kept: str = ""

    @property
    def open(self) -> bool:
        """Nothing is known of its end."""
        return self.after is None and not self.missed and not self.back

    @property
    def uncertain(self) -> bool:
        """It began, and nobody wrote down how it ended."""
        return self.open and self.before is not None

    @property
    def carried(self) -> bool:
        """It is where it was to be, as far as is known."""
        return self.after is not None and not self.back


@dataclass(slots=True)
class Record:
    """A journal, read."""

    path: Path
    id: str
    title: str
    made: float
    folders: tuple[str, ...]
    drives: tuple[str, ...] = ()
    pieces: list[Piece] = field(default_factory=list)
    fates: list[Fate] = field(default_factory=list)
    whole: bool = False
    ended: bool = False
    undoing: bool = False
    undone: bool = False
    length: int = 0

    def target(self, number: int) -> Path:
        return Path(self.fates[number].target or self.pieces[number].target)

    def source(self, number: int) -> Path:
        return Path(self.pieces[number].source)

    def part(self, number: int) -> str:
        """The name of a file of ours on its way, in the folder that it is to get into."""
        return f".{self.id}-{number}.part"

    def info(self, *, running: bool = False) -> BatchInfo:
        """What is told of it. What is uncertain counts as done until somebody has looked."""
        gone = [
            piece
            for piece, fate in zip(self.pieces, self.fates, strict=True)
            if fate.carried or fate.uncertain
        ]
        photos = [piece for piece in gone if not piece.photo]
        hows = Counter(piece.how for piece in photos or gone or self.pieces)
        how = hows.most_common(1)[0][0] if hows else How.COPY
        if running:
            state = BatchState.RUNNING
        elif self.undone:
            state = BatchState.PARTLY if gone else BatchState.UNDONE
        elif self.ended and not self.undoing:
            state = BatchState.DONE
        else:
            state = BatchState.INTERRUPTED
        folders = {Path(piece.target).parent.parent for piece in self.pieces}
        folder = ""
        with contextlib.suppress(ValueError):  # on two drives, or nowhere
            folder = os.path.commonpath(folders)
        return BatchInfo(
            self.id,
            self.title,
            state,
            self.made,
            len(self.pieces),
            len(gone),
            len(photos),
            how,
            sum(bool(fate.missed) for fate in self.fates),
            self.undoing,
            folder,
        )


def read_record(path: Path) -> Record:
    """Read a journal up to the first line that is not whole.

    Raises:
        FilingError: it is none, or of another version.
    """
    try:
        data = read_bytes(path, _MOST_BYTES)
    except (DocumentError, FileNotFoundError) as error:
        raise _damaged(path, str(error)) from error
    record: Record | None = None
    length = 0
    for line in data.splitlines(keepends=True):
        if not line.endswith(b"\n"):
            break
        try:
            value = parse_json(line)
            if record is None:
                head = value["batch"]
                if head["format"] > FORMAT:
                    raise _damaged(path, "a newer version of this program wrote it")
                record = Record(
                    path,
                    path.stem,
                    str(head["title"]),
                    float(head["made"]),
                    (*head["folders"],),
                    (*head.get("drives", ()),),  # the first journals have none
                )
            else:
                understand(record, value)
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            if record is None:
                raise _damaged(path, "it is damaged") from error
            break
        length += len(line)
    if record is None:
        raise _damaged(path, "it is empty")
    record.length = length
    return record


def understand(record: Record, value: dict[str, Any]) -> None:
    """Take one line of a journal into its record."""
    [(what, said)] = value.items()
    fates = record.fates
    if what == "piece":
        source, target, how, photo = said
        record.pieces.append(Piece(source, target, How(how), photo))
        fates.append(Fate())
    elif what == "whole":
        record.whole = len(record.pieces) == said
    elif what == "begin":
        for number, target, size, changed in said:
            fates[number].target, fates[number].before = target, Stamp(size, changed)
    elif what == "target":
        number, target = said
        fates[number].target = target
    elif what == "done":
        for number, size, changed, digest, made in said:
            fates[number].after, fates[number].missed = Stamp(size, changed), ""
            fates[number].digest, fates[number].made = digest, made
    elif what == "left":
        for number in said:
            fates[number].before = None
    elif what == "missed":
        number, why = said
        fates[number].missed = why
    elif what == "back":
        for number in said:
            fates[number].back, fates[number].kept = True, ""
    elif what == "kept":
        number, why = said
        fates[number].kept = why
    elif what == "end":
        record.ended = True
    elif what == "undo":
        record.undoing, record.undone = True, False
    elif what == "undone":
        record.undone = True


def _damaged(path: Path, reason: str) -> FilingError:
    return FilingError(path, f"The note of a sorting in {path} cannot be read: {reason}.")
