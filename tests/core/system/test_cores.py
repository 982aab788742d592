"""How many cores may be used: those that the process sees, and no more than its container gets."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from resnet_gui.core.system import cores as module
from resnet_gui.core.system.cores import cores


@pytest.fixture
def groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A made-up `/sys/fs/cgroup`, for a process that sees 16 cores and is in “/a/b”."""
    (tmp_path / "own").write_text("4:cpu,cpuacct:/a/b\n3:memory:/a/b\n0::/a/b\n")
    limits = tmp_path / "limits"
    (limits / "a" / "b").mkdir(parents=True)
    (limits / "cpu" / "a" / "b").mkdir(parents=True)
    monkeypatch.setattr(module, "_GROUPS", tmp_path / "own")
    monkeypatch.setattr(module, "_LIMITS", limits)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(16)), raising=False)
    return limits


def test_without_a_limit_all_cores_count(groups: Path) -> None:
    (groups / "cpu.max").write_text("max 100000\n")
    (groups / "cpu" / "cpu.cfs_quota_us").write_text("-1\n")
    (groups / "cpu" / "cpu.cfs_period_us").write_text("100000\n")
    assert cores() == 16


@pytest.mark.parametrize(("limit", "expected"), [("200000 100000", 2), ("50000 100000", 1)])
def test_the_tightest_limit_of_all_groups_above_counts(
    groups: Path, limit: str, expected: int
) -> None:
    (groups / "a" / "b" / "cpu.max").write_text("800000 100000\n")
    (groups / "a" / "cpu.max").write_text(f"{limit}\n")
    assert cores() == expected


def test_the_older_kind_of_groups(groups: Path) -> None:
    (groups / "cpu" / "a" / "cpu.cfs_quota_us").write_text("250000\n")
    (groups / "cpu" / "a" / "cpu.cfs_period_us").write_text("100000\n")
    assert cores() == 3


@pytest.mark.parametrize("nonsense", ["", "max", "5", "0 0", "x y", "é"])
def test_what_cannot_be_read_limits_nothing(groups: Path, nonsense: str) -> None:
    (groups / "cpu.max").write_text(nonsense)
    assert cores() == 16
    (groups.parent / "own").unlink()
    module._within_quota.cache_clear()
    assert cores() == 16
