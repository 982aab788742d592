"""Freed memory that stays in the process while a network learns."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

# Faults of three rounds in which blocks are taken, written and freed, and what is in memory then;
# in the main thread and in one of its own, whose memory the C library manages in another way.
_PROGRAM = """
import resource, threading
import numpy as np
import psutil
from resnet_gui.core.system.allocator import keeping_freed_memory

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

def churn():
    blocks = [np.ones(5 << 20) for _ in range(3)]

def count():
    churn()
    before = faults()
    for _ in range(3):
        churn()
    print(faults() - before, psutil.Process().memory_info().rss >> 20)

def measure():
    count()
    with keeping_freed_memory():
        with keeping_freed_memory():
            count()
        count()
    count()

measure()
other = threading.Thread(target=measure)
other.start()
other.join()
"""
_ROUND_MB = 3 * 40


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries do as they like")
def test_pages_that_were_freed_come_again_without_a_fault() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM], capture_output=True, text=True, timeout=60, check=True
    )
    lines = [tuple(map(int, line.split())) for line in done.stdout.splitlines()]
    for (faults, before_mb), (nested, _), (kept, kept_mb), (_, after_mb) in (lines[:4], lines[4:]):
        assert faults > 500
        assert max(nested, kept) < faults / 20
        assert kept_mb > before_mb + _ROUND_MB * 0.8
        assert after_mb < before_mb + _ROUND_MB * 0.8
