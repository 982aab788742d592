"""Answers that were given before, in one SQLite file: by the photo's content and the way of asking.

A table says what content a file has that was looked at before, by its place, size and times: a
second look at the same photos reads none of them. Several processes may use the file at once. What
stands here can be made again: a damaged file is put aside and a new one begun, and where nothing
can be kept the work goes on without.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import threading
import weakref
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from resnet_gui.core.events import Prediction
from resnet_gui.core.library import rows
from resnet_gui.core.library.database import (
    BUSY_S,
    FILE,
    forget_all,
    is_damage,
    is_empty,
    open_database,
    transaction,
)
from resnet_gui.core.library.identity import Stamp
from resnet_gui.core.library.rows import Kept
from resnet_gui.core.library.way import Way
from resnet_gui.core.system import paths
from resnet_gui.core.system.files import disk_use
from resnet_gui.core.system.locks import lock

_log = logging.getLogger(__name__)
DAMAGED = ".damaged"
_LOCK = "lock"
T = TypeVar("T")


def answers_dir() -> Path:
    return paths.cache_dir() / "answers"


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a file that has not changed since.

    Attributes:
        content: its hash. kept: the answer in this way; None: it was not asked in this way.
    """

    content: bytes
    kept: Kept | None


@dataclass(frozen=True, slots=True)
class NewAnswer:
    """One answer to keep.

    Attributes:
        place, stamp: of the file, if it is one and a change of it would show.
        size: of the photo in bytes.
        answered: when, seconds since 1970.
    """

    way: Way
    content: bytes
    size: int
    prediction: Prediction
    answered: float
    place: bytes | None = None
    stamp: Stamp | None = None


def _close(connection: sqlite3.Connection) -> None:
    with contextlib.suppress(sqlite3.Error):
        connection.close()


class AnswerStore:
    """The kept answers. One thread at a time uses an object; the file is opened at the first use.

    Attributes:
        notice: why answers cannot be kept or what was put aside, in words; "" if all is well. Who
            says it empties it.

    Args of the constructor:
        folder: where the file is; None: the program's cache.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.notice = ""
        self._folder = folder or answers_dir()
        self._connection: sqlite3.Connection | None = None
        self._closing: weakref.finalize[[sqlite3.Connection], AnswerStore] | None = None
        self._identity: object = None
        self._told = False
        self._lock = threading.RLock()

    @property
    def path(self) -> Path:
        return self._folder / FILE

    def close(self) -> None:
        with self._lock:
            if self._closing is not None:
                self._closing()
            self._connection = self._closing = None

    def known(
        self, way: Way, files: Sequence[tuple[bytes, Stamp]], top_k: int
    ) -> list[Known | None]:
        """What is known of files, by their places and stamps; None: nothing.

        Args:
            top_k: how many classes an answer must have; fewer do if the model has no more.
        """
        query = (
            f"SELECT f.size, f.modified, f.changed, f.content, {rows.SELECTED} FROM file f "
            "LEFT JOIN answer a ON a.way = ? AND a.content = f.content WHERE f.place = ?"
        )

        def look_up(connection: sqlite3.Connection) -> list[Known | None]:
            found: list[Known | None] = []
            for place, stamp in files:
                row = connection.execute(query, (way.digest, place)).fetchone()
                unchanged = row is not None and row[:3] == (
                    stamp.size,
                    stamp.modified_ns,
                    stamp.changed_ns,
                )
                if unchanged and isinstance(row[3], bytes):
                    found.append(Known(row[3], rows.read(row[4:], way, top_k)))
                else:
                    found.append(None)
            return found

        return self._run(look_up, [None] * len(files))

    def sizes(self, way: Way, sizes: Iterable[int]) -> set[int]:
        """Which of these sizes photos have that were answered in this way. A photo of another size
        need not be read to know that it was not."""
        query = "SELECT EXISTS (SELECT 1 FROM answer WHERE way = ? AND size = ?)"

        def look_up(connection: sqlite3.Connection) -> set[int]:
            return {
                size
                for size in set(sizes)
                if connection.execute(query, (way.digest, size)).fetchone()[0]
            }

        return self._run(look_up, set())

    def by_content(self, way: Way, contents: Iterable[bytes], top_k: int) -> dict[bytes, Kept]:
        """The answers to photos in this way, as far as there are some."""
        query = f"SELECT {rows.SELECTED} FROM answer a WHERE a.way = ? AND a.content = ?"

        def look_up(connection: sqlite3.Connection) -> dict[bytes, Kept]:
            found: dict[bytes, Kept] = {}
            for content in set(contents):
                row = connection.execute(query, (way.digest, content)).fetchone()
                kept = rows.read(row, way, top_k) if row is not None else None
                if kept is not None:
                    found[content] = kept
            return found

        return self._run(look_up, {})

    def add(self, answers: Sequence[NewAnswer]) -> bool:
        """Keep answers, all at once; returns whether they are on the disk."""
        query = (
            f"INSERT OR REPLACE INTO answer (way, content, {rows.NAMES}) "
            f"VALUES (?, ?, {', '.join('?' * rows.COUNT)})"
        )

        def write(connection: sqlite3.Connection) -> bool:
            connection.executemany(
                query,
                [
                    (a.way.digest, a.content, *rows.write(a.prediction, a.size, a.answered))
                    for a in answers
                ],
            )
            _note(connection, [(a.place, a.stamp, a.content) for a in answers])
            return True

        return self._run(write, False, writes=True)

    def note_files(self, files: Sequence[tuple[bytes | None, Stamp | None, bytes]]) -> None:
        """Note which content files have: places, stamps and contents. Those without a place or a
        stamp are left out."""
        if files:
            self._run(lambda connection: _note(connection, files), None, writes=True)

    def _run(
        self, work: Callable[[sqlite3.Connection], T], otherwise: T, *, writes: bool = False
    ) -> T:
        """What `work` gives, inside one transaction; `otherwise` where that cannot be."""
        with self._lock:
            for _ in range(2):
                try:
                    connection = self._opened()
                    with transaction(connection, writes=writes):
                        return work(connection)
                except sqlite3.DatabaseError as error:
                    if not is_damage(error):
                        self._cannot(error)
                        break
                    self._put_aside(error)
                except OSError as error:
                    self._cannot(error)
                    break
            return otherwise

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            with lock(self._folder / _LOCK, BUSY_S):
                self._identity = _identity(self.path)
                self._connection = open_database(self.path)
                self._identity = _identity(self.path)
            # Whoever forgets to close it leaves no open file, nor SQLite's notes beside it.
            self._closing = weakref.finalize(self, _close, self._connection)
        return self._connection

    def _put_aside(self, error: sqlite3.Error) -> None:
        """A damaged file gets another name, once, however many processes find it damaged."""
        self.close()
        _log.warning("%s: %s", self.path, error)
        try:
            with lock(self._folder / _LOCK, BUSY_S):
                if _identity(self.path) == self._identity:
                    self.path.replace(self.path.with_name(FILE + DAMAGED))
                    for end in ("-wal", "-shm"):
                        self.path.with_name(FILE + end).unlink(missing_ok=True)
        except OSError as trouble:
            self._cannot(trouble)
            return
        self.notice = (
            "The file with earlier answers was damaged and put aside, as "
            f"{FILE + DAMAGED} in {self._folder}. Photos are answered anew."
        )

    def _cannot(self, error: Exception) -> None:
        reason = str(getattr(error, "strerror", None) or error)
        _log.warning("answers in %s: %s", self.path, reason)
        if not self._told:
            self._told = True
            self.notice = (
                f"Answers could not be kept or looked up in {self._folder} ({reason}). The work "
                "goes on without that."
            )


def used_bytes() -> int:
    """What all kept answers take on the disk; 0 where there are none."""
    folder = answers_dir()
    files = [path for path in _files(folder) if path.name != _LOCK]
    return 0 if _is_empty(folder / FILE, files) else sum(disk_use(path) for path in files)


def clear_answers() -> None:
    """Forget all answers, also while other windows use them; photos are answered anew.

    Raises:
        OSError: it cannot be, the text says why.
    """
    folder = answers_dir()
    if not folder.is_dir():
        return
    with lock(folder / _LOCK, BUSY_S):
        for path in _files(folder):
            if not path.name.startswith((FILE, _LOCK)) or path.name.endswith(DAMAGED):
                path.unlink(missing_ok=True)
        if not (folder / FILE).exists():
            return
        try:
            with contextlib.closing(open_database(folder / FILE)) as connection:
                forget_all(connection)
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise OSError(f"{FILE}: {error}") from error
            for path in _files(folder):
                if path.name != _LOCK:
                    path.unlink(missing_ok=True)


def _is_empty(path: Path, files: Sequence[Path]) -> bool:
    """Whether there is nothing but an empty file."""
    if any(not other.name.startswith(FILE) or other.name.endswith(DAMAGED) for other in files):
        return False
    if not path.exists():
        return True
    try:
        with contextlib.closing(open_database(path)) as connection:
            return is_empty(connection)
    except (sqlite3.Error, OSError):
        return False


def _files(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if path.is_file()]
    except OSError:
        return []


def _note(
    connection: sqlite3.Connection,
    files: Sequence[tuple[bytes | None, Stamp | None, bytes]],
) -> None:
    connection.executemany(
        "INSERT OR REPLACE INTO file VALUES (?, ?, ?, ?, ?)",
        [
            (place, stamp.size, stamp.modified_ns, stamp.changed_ns, content)
            for place, stamp, content in files
            if place is not None and stamp is not None
        ],
    )


def _identity(path: Path) -> object:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
