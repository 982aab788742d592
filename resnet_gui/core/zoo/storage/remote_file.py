"""Published files: their names here, and what stands beside them while they come."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from resnet_gui.core.errors import ModelError
from resnet_gui.core.system.atomic import write_json
from resnet_gui.core.system.checksum import Checksum, published_checksum
from resnet_gui.core.system.disk import disk_errors
from resnet_gui.core.system.documents import read_object
from resnet_gui.core.system.locks import TidyLock
from resnet_gui.core.zoo.spec import ModelSpec

PART_SUFFIX = ".part"
_FILE_NAME = re.compile(r"[A-Za-z0-9][\w.+-]*")


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A published file.

    Attributes:
        title: what a person reads.
        url: its address; the last part is its name, at a mirror and on the disk too.
        sha256_prefix: what its SHA-256 begins with, in hexadecimal; at best all of it.
        bytes: its size; 0: not known.
        md5: the whole of it, where no SHA-256 is published.
    """

    title: str
    url: str
    sha256_prefix: str
    bytes: int
    md5: str = ""

    @property
    def checksum(self) -> Checksum:
        return published_checksum(self.sha256_prefix, self.md5)

    @property
    def name(self) -> str:
        return self.url.rsplit("/", 1)[-1]


@dataclass(frozen=True, slots=True)
class Part:
    """What is known of a part file. `validator` is a strong ETag or a Last-Modified date."""

    url: str
    validator: str
    total: int

    def write(self, path: Path) -> None:
        """Raises OSError."""
        write_json(path, {"format": 1, **asdict(self)})

    @classmethod
    def read(cls, path: Path) -> Part | None:
        """None: it is not there or damaged."""
        try:
            value = read_object(path)
            return cls(str(value["url"]), str(value["validator"]), int(value["total"]))
        except (OSError, ValueError, KeyError, TypeError, OverflowError):
            return None


def weights_file_name(spec: ModelSpec) -> str:
    """The published file's name, which is also its name in the cache.

    Raises:
        ModelError: the model has no weights that can be downloaded.
    """
    name = spec.url.rsplit("/", 1)[-1]
    if not _FILE_NAME.fullmatch(name) or not spec.checksum.is_valid():
        raise ModelError(f"The weights of “{spec.id}” are not published for download.")
    return name


def lock_path(target: Path) -> Path:
    """Who holds the lock on this file may write `target` and its part."""
    return target.with_name(f".{target.name}.lock")


@contextlib.contextmanager
def not_downloading(target: Path) -> Iterator[None]:
    """Nobody may write `target` and its part meanwhile.

    Raises:
        Timeout: it is being downloaded right now.
        DownloadError: its folder cannot be written.
    """
    lock = TidyLock(lock_path(target))
    with disk_errors(target.parent):
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
