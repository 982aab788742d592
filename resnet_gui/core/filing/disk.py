"""What is done with single files: nothing here replaces or loses one."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

from resnet_gui.core.system.files import open_regular

_CHUNK = 1 << 20
_CLOCK_NS = 2_000_000_000  # FAT keeps times to two seconds


@dataclass(frozen=True, slots=True)
class Stamp:
    """By what a file is known again without reading it. Times in nanoseconds."""

    size: int
    changed: int

    @classmethod
    def of(cls, path: Path) -> Stamp | None:
        """None: nothing is there. A link's own, not of what it leads to."""
        found = status(path)
        return None if found is None else cls(found.st_size, found.st_mtime_ns)

    def near(self, other: Stamp | None) -> bool:
        """The same, on a disk that may keep times less exactly."""
        return (
            other is not None
            and other.size == self.size
            and abs(other.changed - self.changed) <= _CLOCK_NS
        )


def status(path: Path) -> os.stat_result | None:
    """None: nothing is there, or the way to it is closed."""
    try:
        return path.lstat()
    except (OSError, ValueError):
        return None


def copy_new(source: Path, target: Path) -> str:
    """Copy a file under a name that is ours, with its times and permissions, to the disk.

    Args:
        target: replaced, if it is there: what was left of an earlier try.

    Returns:
        the content's BLAKE2 hash.

    Raises:
        OSError: it cannot be read or written, or did not arrive as it was read; `target` is gone.
    """
    digest = hashlib.blake2b(digest_size=16)
    target.unlink(missing_ok=True)
    try:
        with open_regular(source) as read, target.open("xb") as write:
            while chunk := read.read(_CHUNK):
                digest.update(chunk)
                write.write(chunk)
            write.flush()
            _keep_facts(source, target)
            os.fsync(write.fileno())
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    return digest.hexdigest()


def check_copy(target: Path, digest: str) -> None:
    """Read a copy back, from the disk where the system allows that.

    Raises:
        OSError: it is not what was written; it is gone.
    """
    with contextlib.suppress(OSError, AttributeError), target.open("rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    if content_hash(target) != digest:
        target.unlink()
        raise OSError(errno.EIO, "the copy is not what was written", str(target))


def content_hash(path: Path) -> str:
    """As `copy_new` returns it; "" if it cannot be read."""
    digest = hashlib.blake2b(digest_size=16)
    try:
        with open_regular(path) as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
    except OSError:
        return ""
    return digest.hexdigest()


def same_content(one: Path, other: Path) -> bool:
    """Whether both are files with the same bytes in them (perhaps the same file)."""
    try:
        first, second = one.stat(), other.stat()
        if not (stat.S_ISREG(first.st_mode) and stat.S_ISREG(second.st_mode)):
            return False
        if first.st_size != second.st_size:
            return False
        if os.path.samestat(first, second):
            return True
        with open_regular(one) as left, open_regular(other) as right:
            while True:
                a, b = left.read(_CHUNK), right.read(_CHUNK)
                if a != b:
                    return False
                if not a:
                    return True
    except (OSError, ValueError):
        return False


def may_go(path: Path, other: Path) -> bool:
    """Whether a file can be removed since `other` is another one with the same bytes: not a link
    that leads to it, and not the same name by way of a linked folder."""
    try:
        found, there = path.lstat(), other.lstat()
        if stat.S_ISLNK(there.st_mode):
            if not stat.S_ISLNK(found.st_mode):
                leads_here = os.path.realpath(path) == os.path.realpath(other)
                return not leads_here and same_content(path, other)
            return path.readlink() == other.readlink() and not os.path.samestat(found, there)
        if os.path.realpath(path) == os.path.realpath(other):
            return stat.S_ISLNK(found.st_mode)  # a link to the other one: nothing goes with it
        if os.path.samestat(found, there) and found.st_nlink < 2:
            return False  # one name, written in two ways
    except (OSError, ValueError):
        return False
    return same_content(path, other)


def sync_folder(path: Path) -> None:
    """Names in it are on the disk, where a system can be asked for that."""
    if os.name == "nt":
        return
    with contextlib.suppress(OSError):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def nearest_folder(path: Path) -> Path:
    """`path`, or the innermost of its folders that is there (perhaps not a folder)."""
    while not os.path.lexists(path) and path != path.parent:
        path = path.parent
    return path


def writable(folder: Path) -> bool:
    """Whether files may be put into a folder and taken out of it, as far as the system says."""
    if not os.access(folder, os.W_OK | (0 if os.name == "nt" else os.X_OK)):
        return False
    if os.name == "nt":
        return True
    try:
        return not os.statvfs(folder).f_flag & os.ST_RDONLY
    except OSError:
        return True


def _keep_facts(source: Path, target: Path) -> None:
    """Times first of all: photos are sorted by them. Permissions and what else the disk keeps."""
    try:
        shutil.copystat(source, target)
    except OSError:  # a network drive, FAT: not all of it
        found = source.stat()
        os.utime(target, ns=(found.st_atime_ns, found.st_mtime_ns))
