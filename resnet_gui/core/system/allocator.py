"""How the C library keeps memory that was let go. No torch here."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import mmap
import sys
import threading
from collections.abc import Callable, Iterator

# Parameters of glibc's mallopt (malloc.h), with what they are while freed memory is kept, and what
# they are elsewhere. The latter are where glibc's own adjustment ends once a block of 32 MiB was
# freed; it does not adjust any more after the first call of mallopt.
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD, _MMAP_MAX = -1, -2, -3, -4
# More than a heap of a thread (64 MiB): an empty one stays, too.
_KEEPING = ((_MMAP_MAX, 0), (_TRIM_THRESHOLD, -1), (_TOP_PAD, 128 * 2**20))
_RETURNING = (
    (_TOP_PAD, 128 * 2**10),
    (_MMAP_MAX, 65_536),
    (_MMAP_THRESHOLD, 32 * 2**20),
    (_TRIM_THRESHOLD, 64 * 2**20),
)

# Asked for in blocks that fill a heap of a thread (64 MiB, with what glibc notes in it).
_BLOCK = 2**26 - 2**16
_HUGE, _NOT_HUGE = 14, 15  # advice to Linux (madvise(2)): large pages here, or none

_lock = threading.Lock()
_keepers = 0
_ranges: list[tuple[int, int]] = []  # addresses where large pages are preferred


@contextlib.contextmanager
def keeping_freed_memory(expected_bytes: int = 0) -> Iterator[None]:
    """In here the process keeps freed memory for the next who asks, at the end it goes back.

    A step of a training takes and frees a gigabyte in large pieces. glibc gives such pieces back to
    the system, which hands them out again one page at a time, each filled with zeros: a tenth of
    the processor time of a step of ResNet-18 (90,000 pages). The peak stays the same within a
    tenth; between the steps the memory stays taken. It holds for the whole process, for all
    threads. Other C libraries do not offer this; there nothing happens.

    Args:
        expected_bytes: so much memory of the thread that asks is made of pages of 2 MiB, where
            Linux offers them. (With 500 times as many of 4 KiB, the processor looks up addresses
            for 2 to 4 % of a step.) It is taken when it is first used, and not before.
    """
    global _keepers
    library = _glibc()
    if library is None:
        yield
        return
    with _lock:
        _keepers += 1
        if _keepers == 1:
            _set(library, _KEEPING)
        _prefer_large_pages(library, expected_bytes)
    try:
        yield
    finally:
        with _lock:
            _keepers -= 1
            if not _keepers:
                _set(library, _RETURNING)
                # Else a page that is left in such a place grows to a large one again, by and by.
                while _ranges:
                    library.madvise(*_ranges.pop(), _NOT_HUGE)
                library.malloc_trim(0)


def _prefer_large_pages(library: ctypes.CDLL, expected_bytes: int) -> None:
    """Take memory, say that it is to have large pages, and let go of it: untouched, it costs
    nothing, and the next who asks in this thread gets it."""
    blocks: list[int] = []
    while len(blocks) * _BLOCK < expected_bytes and (block := library.malloc(_BLOCK)):
        blocks.append(block)
    page = mmap.PAGESIZE
    for start, stop in _joined(sorted(blocks)):
        first, last = -(-start // page) * page, stop // page * page
        if not library.madvise(first, last - first, _HUGE):
            _ranges.append((first, last - first))
    for block in blocks:
        library.free(block)


def _joined(blocks: list[int]) -> Iterator[tuple[int, int]]:
    """Where these blocks, in their order, begin and end; what lies side by side in one."""
    start = stop = 0
    for block in blocks:
        if block > stop + mmap.PAGESIZE:
            if stop:
                yield start, stop
            start = block
        stop = block + _BLOCK
    if stop:
        yield start, stop


def give_back_freed_memory() -> None:
    """Give what was freed since back to the system. What a keeper used dies after it, as a rule,
    and lies between what stays: nothing of it goes back by itself."""
    library = _glibc()
    with _lock:
        if library is not None and not _keepers:
            library.malloc_trim(0)


def _set(library: ctypes.CDLL, options: tuple[tuple[int, int], ...]) -> None:
    mallopt: Callable[[int, int], int] = library.mallopt
    for option, value in options:
        mallopt(option, value)


@functools.cache
def _glibc() -> ctypes.CDLL | None:
    """This process's C library, if it is glibc."""
    if sys.platform != "linux":
        return None
    library = ctypes.CDLL(None)
    known = ("gnu_get_libc_version", "mallopt", "malloc_trim")
    if not all(hasattr(library, name) for name in known):
        return None
    library.malloc.restype, library.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
    library.free.restype, library.free.argtypes = None, [ctypes.c_void_p]
    library.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    return library
