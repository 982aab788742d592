"""Small pictures of photos, kept on the disk: a folder that was looked at before is there at once.

One SQLite file of JPEG pictures, by the photo's place, size and times. What stands here can be made
again: a damaged file is removed, and where nothing can be kept nothing is.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from resnet_gui.core.events import ImageSource
from resnet_gui.core.library.identity import place_of, stamp_of
from resnet_gui.core.system import paths
from resnet_gui.core.system.files import check_regular, disk_use

_log = logging.getLogger(__name__)
MAX_BYTES = 400_000_000  # some 50,000 photos
FILE = "thumbnails-1.sqlite"  # another version of the program has a file of its own
_BUSY_S = 2.0
_DAY_S = 86_400
_KEY_BYTES = 16
_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS thumbnail (key BLOB PRIMARY KEY, used INTEGER NOT NULL, "
    "picture BLOB NOT NULL)",
    "CREATE INDEX IF NOT EXISTS thumbnail_used ON thumbnail (used)",
)
T = TypeVar("T")


def thumbnails_dir() -> Path:
    return paths.cache_dir() / "thumbnails"


def thumbnail_key(source: ImageSource, side: int) -> bytes | None:
    """What a thumbnail is kept by; another photo under the same name has another key. None: it is
    no file.

    Args:
        side: the longer side of the thumbnail, in pixels.
    """
    if source.data is not None:
        return None
    place, stamp = place_of(source.name), stamp_of(source.name)
    if place is None or stamp is None:
        return None
    digest = hashlib.blake2b(digest_size=_KEY_BYTES)
    digest.update(f"{side} {stamp.size} {stamp.modified_ns} {stamp.changed_ns}\n".encode() + place)
    return digest.digest()


def find_thumbnails(keys: Sequence[bytes]) -> dict[bytes, bytes]:
    """The pictures (JPEG) that there are."""
    path = thumbnails_dir() / FILE
    if not keys or not path.exists():
        return {}

    def look_up(connection: sqlite3.Connection) -> dict[bytes, bytes]:
        found, old = {}, []
        today = int(time.time()) // _DAY_S
        for key in keys:
            query = "SELECT picture, used FROM thumbnail WHERE key = ?"
            row = connection.execute(query, (key,)).fetchone()
            if row is not None and isinstance(row[0], bytes):
                found[key] = row[0]
                if row[1] != today:
                    old.append((today, key))
        if old:  # once a day: looking writes nothing otherwise
            connection.executemany("UPDATE thumbnail SET used = ? WHERE key = ?", old)
        return found

    return _with_database(path, look_up, {})


def keep_thumbnails(pictures: Mapping[bytes, bytes], max_bytes: int = MAX_BYTES) -> None:
    """Keep pictures by their keys; of too many, those that were used longest ago go."""
    if not pictures:
        return
    path = thumbnails_dir() / FILE
    today = int(time.time()) // _DAY_S

    def write(connection: sqlite3.Connection) -> None:
        connection.executemany(
            "INSERT OR REPLACE INTO thumbnail VALUES (?, ?, ?)",
            [(key, today, picture) for key, picture in pictures.items()],
        )
        if _held_bytes(connection) > max_bytes:
            connection.execute(
                "DELETE FROM thumbnail WHERE rowid IN (SELECT rowid FROM thumbnail ORDER BY used, "
                "rowid LIMIT (SELECT max(1, count(*) / 4) FROM thumbnail))"
            )

    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        _with_database(path, write, None)


def used_bytes() -> int:
    """What all kept thumbnails take on the disk; 0 where there are none."""
    path = thumbnails_dir() / FILE

    def count(connection: sqlite3.Connection) -> int:
        return int(connection.execute("SELECT EXISTS (SELECT 1 FROM thumbnail)").fetchone()[0])

    if not path.exists() or not _with_database(path, count, 1):
        return 0
    return sum(disk_use(file) for file in _files())


def clear_thumbnails() -> None:
    """Forget all thumbnails, also while other windows use them; they are made again."""
    path = thumbnails_dir() / FILE

    def forget(connection: sqlite3.Connection) -> None:
        connection.execute("DELETE FROM thumbnail")
        connection.commit()
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    if path.exists():
        _with_database(path, forget, None)


def _with_database(path: Path, work: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
    """What `work` gives; `otherwise` where the file is damaged (it goes then), locked …"""
    try:
        with _opened(path) as connection:
            found = work(connection)
            connection.commit()
            return found
    except sqlite3.OperationalError as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code not in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            _log.warning("thumbnails in %s: %s", path, error)
            return otherwise
    except sqlite3.DatabaseError as error:
        _log.warning("thumbnails in %s are damaged and removed: %s", path, error)
    except OSError as error:
        _log.warning("thumbnails in %s: %s", path, error)
        return otherwise
    for file in _files():
        with contextlib.suppress(OSError):
            file.unlink()
    return otherwise


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    with contextlib.suppress(FileNotFoundError):
        check_regular(path)
    connection = sqlite3.connect(path, timeout=_BUSY_S)
    try:
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA journal_mode = WAL")
        # What a power cut takes can be made again.
        connection.execute("PRAGMA synchronous = OFF")
        for statement in _SCHEMA:
            connection.execute(statement)
        yield connection
    finally:
        connection.close()


def _held_bytes(connection: sqlite3.Connection) -> int:
    pages, free, size = (
        int(connection.execute(f"PRAGMA {name}").fetchone()[0])
        for name in ("page_count", "freelist_count", "page_size")
    )
    return (pages - free) * size


def _files() -> list[Path]:
    try:
        return [path for path in thumbnails_dir().iterdir() if path.name.startswith(FILE)]
    except OSError:
        return []
