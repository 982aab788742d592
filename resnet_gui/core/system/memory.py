"""How much main memory is there. No torch here."""

from __future__ import annotations

import psutil


def free_memory_bytes() -> int:
    """Main memory that can be taken now without swapping."""
    return int(psutil.virtual_memory().available)


def process_memory_bytes() -> int:
    """What this process has of main memory now (resident set size)."""
    return int(psutil.Process().memory_info().rss)
