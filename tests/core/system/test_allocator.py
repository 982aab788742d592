"""Freed memory that stays in the process while a network learns, and the size of its pages."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

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


# Where large pages are preferred, in MB: while memory is kept, when blocks were taken of it, and
# afterwards; and the process's memory as it was, and when nothing was taken yet.
_LARGE = """
import threading
from pathlib import Path
import numpy as np
import psutil
from resnet_gui.core.system.allocator import keeping_freed_memory

def preferred(flag):
    found, size = [], 0
    for line in Path("/proc/self/smaps").read_text().splitlines():
        if line.startswith("Size:"):
            size = int(line.split()[1])
        elif line.startswith("VmFlags:") and flag in line.split():
            found.append(size)
    return sum(found) >> 10

def inside(block):
    address = block.__array_interface__["data"][0] + block.nbytes // 2
    for line in Path("/proc/self/smaps").read_text().splitlines():
        words = line.split()
        if "-" in words[0] and not line.startswith("VmFlags"):
            start, stop = (int(part, 16) for part in words[0].split("-"))
            there = start <= address < stop
        elif there and words[0] == "VmFlags:":
            return int("hg" in words)

def memory():
    return psutil.Process().memory_info().rss >> 20

def measure():
    before = memory()
    with keeping_freed_memory(300 << 20):
        now, more = preferred("hg"), memory() - before
        blocks = [np.ones(5 << 20) for _ in range(4)]
        print(now, more, *(inside(block) for block in blocks))
        del blocks
    print(preferred("hg"), memory() - before)

measure()
other = threading.Thread(target=measure)
other.start()
other.join()
"""


@pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc"
    or not Path("/sys/kernel/mm/transparent_hugepage/enabled").exists(),
    reason="no large pages here",
)
def test_what_is_taken_while_memory_is_kept_has_large_pages() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _LARGE], capture_output=True, text=True, timeout=60, check=True
    )
    lines = [tuple(map(int, line.split())) for line in done.stdout.splitlines()]
    for (preferred_mb, taken_mb, *blocks), (after_mb, left_mb) in (lines[:2], lines[2:]):
        assert preferred_mb > 280
        assert taken_mb < 20, "asked for, not used"
        assert blocks == [1] * 4
        assert after_mb == 0
        assert left_mb < 40
