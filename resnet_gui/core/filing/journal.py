"""What a batch is about to do and has done, one JSON value a line, in a file of its own.

It is written ahead: the whole plan before the first file is touched, and each group of files with
their present names and dates before it is carried out; both are on the disk before work begins.
What a group came to is noted behind it. So after a kill or a power cut only the files of the last
group are uncertain, and of each of those the disk itself tells what became of it.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from resnet_gui.core.errors import FilingBusyError, FilingError, UnknownBatchError
from resnet_gui.core.filing.batch import BatchInfo, BatchState, How, Piece, Plan
from resnet_gui.core.filing.disk import Stamp
from resnet_gui.core.system import locks, paths
from resnet_gui.core.system.atomic import dump_json
from resnet_gui.core.system.documents import DocumentError, parse_json, read_bytes
from resnet_gui.core.values import from_json

FORMAT = 1
_PATIENCE_S = 0.3
_MOST_BYTES = 512 * 1024 * 1024  # a million files
_LONGEST_INFO = 32 * 1024  # bytes of the last line
_ID = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9a-f]{6}")


def journals_dir() -> Path:
    return paths.data_dir() / "filing"


def journal_path(batch: str) -> Path:
    """Raises UnknownBatchError: no batch is called so."""
    path = journals_dir() / f"{batch}.jsonl"
    if not _ID.fullmatch(batch) or not path.is_file():
        raise UnknownBatchError(batch, f"There is no batch “{batch}”.")
    return path


@contextlib.contextmanager
def at_work() -> Iterator[None]:
    """Nobody else copies, moves or undoes in this block, in no process.

    Raises:
        FilingBusyError: somebody does.
        FilingError: the data folder cannot be written.
    """
    folder = journals_dir()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        held = locks.lock(folder / "lock", _PATIENCE_S)
        held.__enter__()
    except locks.Timeout as error:
        raise FilingBusyError(folder) from error
    except OSError as error:
        raise _not_written(folder, error) from error
    try:
        yield
    finally:
        held.__exit__(None, None, None)


def somebody_at_work() -> bool:
    return locks.is_held(journals_dir() / "lock")


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


class Journal:
    """A journal that is being written. Keeps its record up to date."""

    def __init__(self, record: Record) -> None:
        """Goes on behind the last whole line.

        Raises:
            FilingError: it cannot be written.
        """
        self.record = record
        with _writing(record.path):
            self._file = record.path.open("r+b", buffering=0)
            self._file.truncate(record.length)
            self._file.seek(record.length)

    @classmethod
    def begin(cls, plan: Plan) -> Journal:
        """Write a whole plan down, to the disk.

        Raises:
            FilingError: it cannot be written; nothing is left of it.
        """
        made = time.time()
        # In the order of time, also where clocks are put back in autumn, and within a second.
        moment = f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime(made))}-{int(made % 1 * 1000):03}"
        batch = moment + secrets.token_hex(2)[:3]
        path = journals_dir() / f"{batch}.jsonl"
        with _writing(path):
            path.touch(exist_ok=False)
        journal = cls(Record(path, batch, plan.title, made, plan.folders))
        head = {
            "format": FORMAT,
            "id": batch,
            "title": plan.title,
            "made": made,
            "folders": plan.folders,
        }
        lines: list[dict[str, Any]] = [{"batch": head}]
        lines += [
            {"piece": [piece.source, piece.target, piece.how.value, piece.photo]}
            for piece in plan.pieces
        ]
        try:
            journal.write(*lines, {"whole": len(plan.pieces)}, sync=True)
        except FilingError:
            journal.close()
            path.unlink(missing_ok=True)
            raise
        return journal

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._file.close()

    def write(self, *values: dict[str, Any], sync: bool = False) -> None:
        """Add lines. sync: they are on the disk when this returns.

        Raises:
            FilingError: the disk is full, or refuses.
        """
        data = "".join(dump_json(value) + "\n" for value in values).encode()
        record = self.record
        with _writing(record.path):
            self._file.seek(record.length)  # over what a full disk left of a line
            left = memoryview(data)
            while left:
                left = left[self._file.write(left) :]
            if sync:
                os.fsync(self._file.fileno())
        record.length += len(data)
        for value in values:
            _understand(record, value)

    # --- what is written ----------------------------------------------------------------------

    def group_begins(self, group: Sequence[tuple[int, str, Stamp]]) -> None:
        """(number, target, source's stamp) of each file."""
        begun = [[number, target, s.size, s.changed] for number, target, s in group]
        self.write({"begin": begun}, sync=True)

    def other_target(self, number: int, target: str) -> None:
        """A name was taken in the last moment: it gets this one."""
        self.write({"target": [number, target]}, sync=True)

    def group_done(self, done: Sequence[tuple[int, Stamp, str, int]]) -> None:
        """(number, target's stamp, digest, when it was made) of each file."""
        if done:
            values = [[number, s.size, s.changed, *rest] for number, s, *rest in done]
            self.write({"done": values})

    def group_left(self, numbers: Sequence[int]) -> None:
        """These were not touched after all."""
        self.write({"left": list(numbers)})

    def missed(self, number: int, why: str) -> None:
        self.write({"missed": [number, why]})

    def put_back(self, numbers: Iterable[int]) -> None:
        found = list(numbers)
        if found:
            self.write({"back": found})

    def kept(self, number: int, why: str) -> None:
        self.write({"kept": [number, why]})

    def ends(self, how: str) -> None:
        """Nothing more comes. how: "end" or "undone"."""
        self.write({how: True})
        self.write({"info": self.record.info().to_json()}, sync=True)


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
                    path, path.stem, str(head["title"]), float(head["made"]), (*head["folders"],)
                )
            else:
                _understand(record, value)
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            if record is None:
                raise _damaged(path, "it is damaged") from error
            break
        length += len(line)
    if record is None:
        raise _damaged(path, "it is empty")
    record.length = length
    return record


def _understand(record: Record, value: dict[str, Any]) -> None:
    """Take one line into the record."""
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


def list_batches(most: int | None = None) -> list[BatchInfo]:
    """All batches, the newest first, or the newest `most`; what cannot be read is left out. A batch
    that was cut off before its first file is none."""
    names = (path.name for path in journals_dir().glob("*.jsonl") if _ID.fullmatch(path.stem))
    found: list[BatchInfo] = []
    busy: bool | None = None
    for name in sorted(names, reverse=True):
        if most is not None and len(found) == most:
            break
        info = _info_of(journals_dir() / name)
        if info is None:
            continue
        if info.state is BatchState.INTERRUPTED and busy is not False:
            # Whose lock it is, nobody says; it is that of the newest batch that has not ended.
            if somebody_at_work():
                info = replace(info, state=BatchState.RUNNING)
            busy = False
        found.append(info)
    return found


def _info_of(path: Path) -> BatchInfo | None:
    """Of a batch that has ended from the last line alone."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _LONGEST_INFO))
            last = file.read().splitlines(keepends=True)[-1:]
        if last and last[0].startswith(b'{"info"') and last[0].endswith(b"\n"):
            return from_json(BatchInfo, parse_json(last[0])["info"])
    except (OSError, ValueError, LookupError):
        pass
    try:
        record = read_record(path)
    except FilingError:
        return None
    return record.info() if record.whole else None


@contextlib.contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _not_written(path, error) from error


def _not_written(path: Path, error: OSError) -> FilingError:
    reason = error.strerror or str(error)
    return FilingError(
        path,
        f"The note of what is moved where could not be written to {path} ({reason}).",
        "Without it nothing is moved, as nobody could undo it. Free some space on that disk, or "
        "change its permissions.",
    )


def _damaged(path: Path, reason: str) -> FilingError:
    return FilingError(path, f"The note of a batch in {path} cannot be read: {reason}.")
