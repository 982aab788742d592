"""How many cores this process may use. No torch here."""

from __future__ import annotations

import functools
import math
import os
from pathlib import Path, PurePosixPath

_GROUPS, _LIMITS = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")


def cores() -> int:
    """Those that the process may run on: on a shared machine, in a container or under `taskset`
    they are fewer than the computer has. At least 1."""
    if hasattr(os, "sched_getaffinity"):  # Linux
        return max(1, min(len(os.sched_getaffinity(0)), _within_quota(_GROUPS, _LIMITS)))
    return max(1, os.cpu_count() or 1)


@functools.cache  # it does not change while a program runs, as a rule
def _within_quota(groups: Path, limits: Path) -> int:
    """How many cores fit into the processor time that a container's control groups allow
    (`docker run --cpus 2` hides no core, but gives no more than the time of two); very many where
    there is no limit. Half a core counts as one.

    Args:
        groups: the kernel's list of the groups that this process is in. limits: where their files
            are, of version 2 directly, of version 1 below `cpu`.
    """
    allowed = math.inf
    for name in _own_groups(groups):
        path = PurePosixPath(name.lstrip("/"))
        for group in (path, *path.parents):  # the tightest of all above counts
            allowed = min(
                allowed,
                _share(limits / group / "cpu.max"),
                _share(
                    limits / "cpu" / group / "cpu.cfs_quota_us",
                    limits / "cpu" / group / "cpu.cfs_period_us",
                ),
            )
    return 1_000_000 if allowed == math.inf else math.ceil(allowed)


def _own_groups(groups: Path) -> list[str]:
    """Of the lines `number:controllers:name` the names of those that may limit the processor."""
    try:
        lines = groups.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return []
    parts = [line.split(":", 2) for line in lines if line.count(":") >= 2]
    return [name for _, kinds, name in parts if not kinds or "cpu" in kinds.split(",")]


def _share(*files: Path) -> float:
    """Cores' worth of time that a limit's file or files give: microseconds of so many."""
    try:
        words = [word for file in files for word in file.read_text(encoding="ascii").split()]
        quota, period = float(words[0]), float(words[1])
    except (OSError, ValueError, IndexError):  # "max": no limit; no such file
        return math.inf
    return quota / period if quota > 0 < period else math.inf
