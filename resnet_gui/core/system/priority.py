"""Threads that give way. No torch here."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

NICE = 5  # a third of the share of a thread that has not been asked to
COMPUTING_NICE = 10  # a third of that again

T = TypeVar("T")


def give_way() -> None:
    """Let this thread, and those that it begins, take the processor after others of the computer.

    For threads that answer many photos: with all cores busy, a window that is scrolled waits for
    its turn. Where threads have no priority of their own (other systems than Linux) nothing
    happens. A thread that gave way stays so.
    """
    _be_nice(NICE)


def begun_behind(make: Callable[[], T]) -> T:
    """What `make` returns; the threads that it begins take the processor after all others of this
    process.

    For a library that computes in threads of its own, without the interpreter. Of equal priority
    they would push one that holds the interpreter's lock off its core, and all others, the window's
    too, wait for that one to get its turn again.
    """
    with ThreadPoolExecutor(1, "behind", initializer=_be_last) as thread:
        return thread.submit(make).result()


def _be_last() -> None:
    _be_nice(COMPUTING_NICE)
    if sys.platform == "linux":
        with contextlib.suppress(OSError):  # woken, they take nobody's core away
            os.sched_setscheduler(threading.get_native_id(), os.SCHED_BATCH, os.sched_param(0))


def _be_nice(nice: int) -> None:
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            thread = threading.get_native_id()
            if os.getpriority(os.PRIO_PROCESS, thread) < nice:
                os.setpriority(os.PRIO_PROCESS, thread, nice)
