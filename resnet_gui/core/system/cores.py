"""How many cores this process may use. No torch here."""

from __future__ import annotations

import os


def cores() -> int:
    """Those that the process may run on: on a shared machine, in a container or under `taskset`
    they are fewer than the computer has. At least 1."""
    if hasattr(os, "sched_getaffinity"):  # Linux
        return max(1, len(os.sched_getaffinity(0)))
    return max(1, os.cpu_count() or 1)
