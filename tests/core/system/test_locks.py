"""Locks that leave no file behind, and still let one at a time in."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from resnet_gui.core.system import locks
from resnet_gui.core.system.locks import TidyLock, Timeout, lock

# Takes the lock again and again, with whoever else does, and would see it if two had it at once.
_GREEDY = """
import sys, os
from pathlib import Path
from resnet_gui.core.system.locks import TidyLock, Timeout
path, inside, wanted = Path(sys.argv[1]), Path(sys.argv[2]), 25
had = 0
while had < wanted:
    held = TidyLock(path)
    try:
        held.acquire()
    except Timeout:
        continue
    os.close(os.open(inside, os.O_CREAT | os.O_EXCL))  # fails if somebody is inside
    inside.unlink()
    had += 1
    held.release()
"""


def test_it_lets_one_in_and_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / ".weights.lock"
    first, second = TidyLock(path), TidyLock(path)
    first.acquire()
    with pytest.raises(Timeout):
        second.acquire()
    assert path.exists()
    first.release()
    assert not path.exists()
    second.acquire()
    with pytest.raises(Timeout):
        first.acquire()
    second.release()
    assert not path.exists()


def test_processes_that_take_turns_are_never_inside_together(
    tmp_path: Path, own_home: Path
) -> None:
    path, inside = tmp_path / ".weights.lock", tmp_path / "inside"
    command = [sys.executable, "-c", _GREEDY, str(path), str(inside)]
    processes = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(2)]
    for process in processes:
        assert process.communicate(timeout=60)[1] == b""
        assert process.returncode == 0
    assert not path.exists()


def test_who_is_about_to_take_it_gets_the_file_that_is_there(
    tmp_path: Path, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is let go, and its file removed, just while another one has opened the file."""
    path = tmp_path / ".weights.lock"
    first, second, third = TidyLock(path), TidyLock(path), TidyLock(path)
    first.acquire()
    released = threading.Event()

    def release() -> None:
        first.release()
        released.set()

    real = second._lock.acquire

    def slow(**options: bool) -> object:
        threading.Thread(target=release).start()
        assert not released.wait(0.1)  # it has to wait at the gate
        return real(**options)

    monkeypatch.setattr(second._lock, "acquire", slow)
    with pytest.raises(Timeout):
        second.acquire()
    assert released.wait(5)
    third.acquire()
    monkeypatch.undo()
    with pytest.raises(Timeout):
        second.acquire()
    third.release()


@pytest.mark.skipif(os.name != "posix", reason="a folder in the way")
def test_without_a_gate_the_file_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "home").write_text("no folder")
    monkeypatch.setenv("RESNET_GUI_HOME", str(tmp_path / "home"))
    held = TidyLock(tmp_path / ".weights.lock")
    held.acquire()
    held.release()
    assert (tmp_path / ".weights.lock").exists()
    with lock(tmp_path / ".weights.lock", 0.1):
        pass


def test_a_gate_that_stays_shut_is_not_waited_for_for_ever(
    tmp_path: Path, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "_GATE_S", 0.05)
    with locks._gate() as shut, locks._gate() as again:
        assert (shut, again) == (True, False)
