"""The SQLite file of kept answers: opening it, its tables, transactions, damage."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from resnet_gui.core.library import rows
from resnet_gui.core.system.files import check_regular

SCHEMA_VERSION = 1
FILE = f"answers-{SCHEMA_VERSION}.sqlite"  # another version of the program has a file of its own
MAX_BYTES = 1_000_000_000  # a photo takes some 500 bytes
BUSY_S = 5.0
_SCHEMA = (
    "CREATE TABLE file (place BLOB PRIMARY KEY, size INTEGER NOT NULL, modified INTEGER NOT NULL, "
    "changed INTEGER NOT NULL, content BLOB NOT NULL) WITHOUT ROWID",
    f"CREATE TABLE answer (way BLOB NOT NULL, content BLOB NOT NULL, {rows.DEFINITION}, "
    "PRIMARY KEY (way, content)) WITHOUT ROWID",
    "CREATE INDEX answer_size ON answer (way, size)",
)


def open_database(path: Path, max_bytes: int = MAX_BYTES) -> sqlite3.Connection:
    """Open it, or make it. Where it holds more than `max_bytes`, the older half is forgotten.

    Raises:
        sqlite3.OperationalError: it is locked, the disk is full …
        sqlite3.DatabaseError: it is damaged, or another database.
        OSError: there is no plain file.
    """
    with contextlib.suppress(FileNotFoundError):
        check_regular(path)
    # No transactions of Python's own. Any thread: a lane closes generators in another one.
    connection = sqlite3.connect(
        path, timeout=BUSY_S, isolation_level=None, check_same_thread=False
    )
    try:
        connection.text_factory = _text
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA cell_size_check = ON")
        # Readers and a writer beside each other; a killed process loses nothing that was committed.
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        with transaction(connection, writes=True):
            if not _tables(connection):
                for statement in _SCHEMA:
                    connection.execute(statement)
            if _tables(connection) != set(_SCHEMA):
                raise sqlite3.DatabaseError("it holds other tables")
            if _held_bytes(connection) > max_bytes:
                _forget_older_half(connection)
    except BaseException:
        connection.close()
        raise
    return connection


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection, *, writes: bool) -> Iterator[None]:
    """All of the block or nothing."""
    connection.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise


def is_empty(connection: sqlite3.Connection) -> bool:
    query = "SELECT EXISTS (SELECT 1 FROM answer) OR EXISTS (SELECT 1 FROM file)"
    return not connection.execute(query).fetchone()[0]


def forget_all(connection: sqlite3.Connection) -> None:
    """Also while other processes have it open."""
    with transaction(connection, writes=True):
        connection.execute("DELETE FROM answer")
        connection.execute("DELETE FROM file")
    connection.execute("VACUUM")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def is_damage(error: sqlite3.DatabaseError) -> bool:
    """Whether the file is of no use, rather than locked, full or not to be written."""
    if not isinstance(error, sqlite3.OperationalError):
        return True
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _tables(connection: sqlite3.Connection) -> set[str]:
    query = "SELECT sql FROM sqlite_master WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
    return {str(row[0]) for row in connection.execute(query)}


def _held_bytes(connection: sqlite3.Connection) -> int:
    pages, free, size = (
        int(connection.execute(f"PRAGMA {name}").fetchone()[0])
        for name in ("page_count", "freelist_count", "page_size")
    )
    return (pages - free) * size


def _forget_older_half(connection: sqlite3.Connection) -> None:
    """The space that becomes free is used again."""
    connection.execute(
        "DELETE FROM answer WHERE answered <= (SELECT answered FROM answer ORDER BY answered "
        "LIMIT 1 OFFSET (SELECT count(*) / 2 FROM answer))"
    )
    connection.execute("DELETE FROM file WHERE content NOT IN (SELECT content FROM answer)")
