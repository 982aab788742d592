"""Give a file another name without ever replacing one that is there. No torch here."""

from __future__ import annotations

import ctypes
import errno
import functools
import os
import sys
from collections.abc import Callable
from pathlib import Path

# What a file system says that does not know this way: the next one is tried.
_UNKNOWN = frozenset(
    {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EPERM, errno.ENOTTY}
)
_NOT_REPLACING = 1  # Linux: RENAME_NOREPLACE
_EXCLUSIVE = 4  # macOS: RENAME_EXCL
_HERE = -100  # AT_FDCWD


def rename_new(source: Path, target: Path) -> bool:
    """Rename a file on one file system, in one step where the system can do that: at no moment are
    there two names, or none.

    Returns:
        whether it has its new name; False: something else has it, and nothing was changed.

    Raises:
        OSError: as `os.rename`; `errno` is EXDEV where the two are not on one file system.
    """
    if os.name == "nt":
        try:
            source.rename(target)  # there it replaces nothing
        except FileExistsError:
            return False
        return True
    at_once = _system_call()
    if at_once is not None:
        failed = at_once(os.fsencode(source), os.fsencode(target))
        if not failed:
            return True
        if failed == errno.EEXIST:
            return False
        if failed not in _UNKNOWN:
            raise OSError(failed, os.strerror(failed), str(source), None, str(target))
    return _in_two_steps(source, target)


def _in_two_steps(source: Path, target: Path) -> bool:
    """For network drives and old systems: for a moment there are two names of one file."""
    try:
        os.link(source, target, follow_symlinks=False)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in _UNKNOWN:
            raise
        return over_a_placeholder(source, target)
    try:
        source.unlink()
    except OSError:
        target.unlink()
        raise
    return True


def over_a_placeholder(source: Path, target: Path) -> bool:
    """As `rename_new`, for drives without hard links (FAT, some network drives): an empty file
    holds the name."""
    try:
        target.touch(exist_ok=False)
    except FileExistsError:
        return False
    try:
        source.replace(target)
    except OSError:
        target.unlink(missing_ok=True)
        raise
    return True


@functools.cache
def _system_call() -> Callable[[bytes, bytes], int] | None:
    """The system's own rename that replaces nothing; it returns 0 or the error's number. None:
    there is none."""
    library = ctypes.CDLL(None, use_errno=True)
    if sys.platform == "darwin":
        call = getattr(library, "renamex_np", None)
        before: tuple[int, ...] = ()
        flag = _EXCLUSIVE
    else:
        call = getattr(library, "renameat2", None)
        before = (_HERE,)
        flag = _NOT_REPLACING
    if call is None:
        return None
    call.restype = ctypes.c_int
    one = (*(ctypes.c_int for _ in before), ctypes.c_char_p)
    call.argtypes = (*one, *one, ctypes.c_uint)

    def rename(source: bytes, target: bytes) -> int:
        done = call(*before, source, *before, target, flag)
        return 0 if done == 0 else ctypes.get_errno()

    return rename
