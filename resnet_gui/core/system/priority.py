"""Threads that give way. No torch here."""

from __future__ import annotations

import contextlib
import os
import sys
import threading

NICE = 5  # a third of the share of a thread that has not been asked to


def give_way() -> None:
    """Let this thread, and those that it begins, take the processor after others of the computer.

    For threads that answer many photos: with all cores busy, a window that is scrolled waits for
    its turn. Where threads have no priority of their own (other systems than Linux) nothing
    happens. A thread that gave way stays so.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            thread = threading.get_native_id()
            if os.getpriority(os.PRIO_PROCESS, thread) < NICE:
                os.setpriority(os.PRIO_PROCESS, thread, NICE)
