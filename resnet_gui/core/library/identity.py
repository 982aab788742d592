"""Which photo a file is: by its place, size and times (nothing is read), and by its content."""

from __future__ import annotations

import hashlib
import os
import stat
import time
from dataclasses import dataclass
from pathlib import Path

from resnet_gui.core.events import ImageSource
from resnet_gui.core.system.files import open_regular

CONTENT_BYTES = 16
_READ = 1024 * 1024
# A file that changed less than this ago may change again without its time's showing it: FAT counts
# time in steps of two seconds.
_SETTLED_NS = 2_500_000_000


@dataclass(frozen=True, slots=True)
class Stamp:
    """What changes when a file does.

    Attributes:
        size: in bytes. modified_ns: time of its last change. changed_ns: of its last change or
            new name, permissions …, which no program can set (on Windows: when it was made).
    """

    size: int
    modified_ns: int
    changed_ns: int

    @property
    def modified(self) -> float:
        """Seconds since 1970."""
        return self.modified_ns / 1e9

    def is_settled(self, now_ns: int | None = None) -> bool:
        """Whether a change from now on would show."""
        last = self.modified_ns if os.name == "nt" else self.changed_ns
        return (time.time_ns() if now_ns is None else now_ns) - last > _SETTLED_NS


def stamp_of(path: str) -> Stamp | None:
    """None: it is no plain file, or cannot be looked at."""
    try:
        status = os.stat(path)  # noqa: PTH116 - a Path per name takes 5 µs
    except (OSError, ValueError):
        return None
    if not stat.S_ISREG(status.st_mode):
        return None
    return Stamp(status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def place_of(path: str) -> bytes | None:
    """What a file is looked up by; None: no file can have this name."""
    try:
        return os.fsencode(os.path.abspath(path))  # noqa: PTH100 - fast, and follows no links
    except (OSError, ValueError):
        return None


def content_of(source: ImageSource) -> bytes | None:
    """A hash of all of a photo's bytes: CONTENT_BYTES bytes; None: it cannot be read. About a
    millisecond for each megabyte."""
    digest = hashlib.blake2b(digest_size=CONTENT_BYTES)
    if source.data is not None:
        digest.update(source.data)
        return digest.digest()
    try:
        with open_regular(Path(source.name)) as file:
            while chunk := file.read(_READ):
                digest.update(chunk)
    except (OSError, ValueError):
        return None
    return digest.digest()
