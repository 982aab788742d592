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
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from resnet_gui.core.errors import FilingBusyError, FilingError, UnknownBatchError
from resnet_gui.core.filing.batch import BatchInfo, BatchState, Plan
from resnet_gui.core.filing.disk import Stamp
from resnet_gui.core.filing.drives import drives_of
from resnet_gui.core.filing.record import FORMAT, Record, read_record, understand
from resnet_gui.core.system import locks, paths
from resnet_gui.core.system.atomic import dump_json
from resnet_gui.core.system.documents import parse_json
from resnet_gui.core.values import from_json

_PATIENCE_S = 0.3
_LONGEST_INFO = 32 * 1024  # bytes of the last line
_ID = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9a-f]{6}")


def journals_dir() -> Path:
    return paths.data_dir() / "filing"


def journal_path(batch: str) -> Path:
    """Raises UnknownBatchError: no batch is called so."""
    path = journals_dir() / f"{batch}.jsonl"
    if not _ID.fullmatch(batch) or not path.is_file():
        raise UnknownBatchError(batch, f"There is no sorting “{batch}”.")
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
        drives = drives_of(plan.pieces)
        journal = cls(Record(path, batch, plan.title, made, plan.folders, drives))
        head = {
            "format": FORMAT,
            "id": batch,
            "title": plan.title,
            "made": made,
            "folders": plan.folders,
            "drives": drives,
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
            understand(record, value)

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
