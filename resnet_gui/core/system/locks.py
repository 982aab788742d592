"""Locks between processes, and between the threads of one. No torch here.

filelock's, not our own: on Unix it is `flock`, on Windows `LockFileEx`, both let go by the system
when a process is killed; a forked child does not keep its parent's lock; and where a network drive
knows no locks, it says so and uses a marker file. Every call here makes an object of its own,
which is what makes a lock exclusive between threads, too: one object would let its own process in
again.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from resnet_gui.core.system import paths

__all__ = ["TidyLock", "Timeout", "is_held", "lock"]

_POLL_S = 0.01
# Whoever asks whether a lock is held takes it for a moment: two that ask at once must not take
# each other for the holder.
_ASKING_S = 0.1
_GATE, _GATE_S = "locks.lock", 5.0


@contextlib.contextmanager
def lock(path: Path, patience_s: float, poll_s: float = _POLL_S) -> Iterator[None]:
    """Hold the lock of a file (which is made) for the time of the block.

    Args:
        patience_s: how long to wait for somebody else who holds it. Not 0: see `is_held`.
        poll_s: how often to look meanwhile.

    Raises:
        Timeout: somebody else has held it all the time. (By its class an OSError.)
        OSError: the file cannot be made.
    """
    # Not bound to a thread: a generator that holds it may be closed by another one.
    held = FileLock(path, thread_local=False)
    held.acquire(timeout=patience_s, poll_interval=poll_s)
    try:
        yield
    finally:
        held.release()


def is_held(path: Path) -> bool:
    """Whether somebody holds the lock of this file now."""
    if not path.exists():  # and do not make it
        return False
    try:
        with lock(path, _ASKING_S):
            return False
    except Timeout:
        return True
    except OSError:
        return False


class TidyLock:
    """A lock that leaves no file behind, for folders that are not ours.

    Whoever had opened the file when it was removed would get the lock of a file that is gone, while
    somebody else makes a new one and gets that. So nobody opens one while another is removed: both
    happen inside a gate, which is a lock in the cache folder. (Between two computers that share a
    folder there is no gate.)
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = FileLock(path, thread_local=False)

    def acquire(self) -> None:
        """Take it, without waiting.

        Raises:
            Timeout: somebody else has it.
            OSError: the file cannot be made.
        """
        with _gate():
            self._lock.acquire(blocking=False)

    def release(self) -> None:
        with _gate() as shut:
            self._lock.release()
            if shut:
                with contextlib.suppress(OSError):  # Windows: somebody has it open
                    self._path.unlink()


@contextlib.contextmanager
def _gate() -> Iterator[bool]:
    """Whether it is shut: where the cache folder cannot be written, it is not, and files stay."""
    with contextlib.ExitStack() as stack:
        shut = False
        with contextlib.suppress(OSError):
            path = paths.cache_dir() / _GATE
            path.parent.mkdir(parents=True, exist_ok=True)
            stack.enter_context(lock(path, _GATE_S))
            shut = True
        yield shut
