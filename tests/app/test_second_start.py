"""A second start hands its files to the first window and is gone, unless another window is wanted;
what a killed process leaves is in nobody's way. Processes of their own, without a screen."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from resnet_gui.app import second_start
from resnet_gui.app.first_window import FirstWindow
from resnet_gui.app.second_start import Outcome, claim, hand_over
from resnet_gui.core.system.settings import Settings, save_settings
from tests.conftest import REPOSITORY

START = """
import sys
from resnet_gui.__main__ import main
sys.argv[0] = "resnet-gui"
try:
    main()
except SystemExit as end:
    heavy = [name for name in ("torch", "PySide6.QtWidgets") if name in sys.modules]
    print(end.code, heavy)
"""
LISTEN = """
import sys, time
from PySide6.QtCore import QCoreApplication
from resnet_gui.app.first_window import FirstWindow
application = QCoreApplication([])
first = FirstWindow()
print("listening" if first.listen() else "not the first", flush=True)
time.sleep(600)
"""


@pytest.fixture
def spawn(own_home: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts Python programs in the test's home and ends them after it."""
    children: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        child = subprocess.Popen(
            [sys.executable, "-c", *arguments],
            env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(REPOSITORY)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        children.append(child)
        return child

    yield start
    for child in children:
        child.kill()
        child.communicate()


@pytest.fixture
def first(qtbot: QtBot) -> Iterator[FirstWindow]:
    window = FirstWindow()
    assert window.listen()
    yield window
    window.close()
    window.deleteLater()


def test_files_reach_the_first_window(
    qtbot: QtBot, first: FirstWindow, spawn: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    """Whatever their names; the second process has imported neither torch nor widgets."""
    names = (
        [os.fsdecode(b"caf\xe9\n.jpg"), "größe 🐱.jpg"] if sys.platform == "linux" else ["a.jpg"]
    )
    with qtbot.waitSignal(first.handed, timeout=30_000) as handed:
        child = spawn(START, *(str(tmp_path / name) for name in names), "relative.jpg")
    assert handed.args == [[*(tmp_path / name for name in names), Path.cwd() / "relative.jpg"]]
    said, complaint = child.communicate(timeout=30)
    assert said == "Opened in the window that is open already.\n0 []\n"
    assert complaint == ""
    with qtbot.waitSignal(first.handed, timeout=30_000) as handed:
        child = spawn(START)
    assert handed.args == [[]]
    assert child.communicate(timeout=30)[0].startswith("Brought to the front: the window")


def test_another_window_can_be_wanted_instead(qtbot: QtBot, first: FirstWindow) -> None:
    save_settings(Settings(another_window=True))
    assert hand_over(["a.jpg"]) is Outcome.SILENT
    second = FirstWindow()
    assert not second.listen()  # later starts turn to the first, should they be allowed to
    second.deleteLater()


def test_another_home_or_screen_is_another_window(
    first: FirstWindow, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    here = second_start.address()
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-7")
    assert second_start.address() != here
    monkeypatch.undo()
    monkeypatch.setenv("RESNET_GUI_HOME", str(tmp_path / "other"))
    assert second_start.address() != here
    assert hand_over(["a.jpg"]) is Outcome.NOBODY


@pytest.mark.skipif(sys.platform == "win32", reason="named pipes go with their process")
def test_a_killed_window_is_in_nobody_s_way(
    qtbot: QtBot, spawn: Callable[..., subprocess.Popen[str]]
) -> None:
    child = spawn(LISTEN)
    assert child.stdout is not None
    assert child.stdout.readline() == "listening\n"
    child.send_signal(signal.SIGKILL)
    child.wait(10)
    assert os.path.lexists(second_start.address())  # what is left of it
    assert hand_over(["a.jpg"]) is Outcome.NOBODY
    first = FirstWindow()
    assert first.listen()
    first.close()
    assert not os.path.lexists(second_start.address())
    first.deleteLater()


def test_a_window_that_hangs_keeps_nobody_from_a_window(
    spawn: Callable[..., subprocess.Popen[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And it does not open the files after all when it comes back: the other one has."""
    monkeypatch.setattr(second_start, "ANSWER_MS", 200)
    child = spawn(LISTEN)  # sleeps, with no event loop
    assert child.stdout is not None
    assert child.stdout.readline() == "listening\n"
    assert hand_over(["a.jpg"]) is Outcome.SILENT
    second = FirstWindow()
    assert not second.listen()
    second.deleteLater()


def test_of_two_starts_at_once_one_is_the_first(
    spawn: Callable[..., subprocess.Popen[str]],
) -> None:
    children = [spawn(LISTEN) for _ in range(4)]
    said = [child.stdout.readline() for child in children if child.stdout is not None]
    assert sorted(said) == ["listening\n", *["not the first\n"] * 3]


def test_nonsense_on_the_socket_does_no_harm(
    qtbot: QtBot, first: FirstWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    import socket

    if sys.platform == "win32":
        pytest.skip("a named pipe")
    with socket.socket(socket.AF_UNIX) as caller, qtbot.waitSignal(first.handed) as handed:
        caller.connect(second_start.address())
        caller.sendall(b'["no message"]\n')
    assert handed.args == [[]]
    assert oct(Path(second_start.address()).stat().st_mode & 0o777) in ("0o600", "0o700")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM to send")
def test_the_real_program_twice(
    spawn: Callable[..., subprocess.Popen[str]], own_home: Path, tmp_path: Path
) -> None:
    program = "from resnet_gui.__main__ import main; import sys; sys.argv[0] = 'x'; main()"
    window = spawn(program)
    deadline = time.monotonic() + 60
    while not os.path.lexists(second_start.address()):
        assert window.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    second = spawn(program, str(tmp_path / "nothing.jpg"))
    assert second.wait(60) == 0
    assert window.poll() is None
    window.send_signal(signal.SIGTERM)
    assert window.wait(60) == 130
    assert not os.path.lexists(second_start.address())


@pytest.mark.skipif(sys.platform == "win32", reason="Qt's own server has to be there at once")
def test_who_comes_before_the_window_can_answer_is_answered_later(
    qtbot: QtBot, own_home: Path, spawn: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    claimed = claim()
    assert claimed is not None
    assert claim() is None  # of two starts at once one is the first
    child = spawn(START, str(tmp_path / "early.jpg"))
    first = FirstWindow()
    with qtbot.waitSignal(first.handed, timeout=30_000) as handed:
        assert first.answer(claimed)
    assert handed.args == [[tmp_path / "early.jpg"]]
    assert child.communicate(timeout=30)[0].startswith("Opened in")
    first.close()
    assert not os.path.lexists(claimed.name)
    first.deleteLater()


def test_a_first_start_needs_no_qt_and_no_locks_to_know_it(
    own_home: Path, spawn: Callable[..., subprocess.Popen[str]]
) -> None:
    if sys.platform == "win32":
        pytest.skip("named pipes are asked through Qt")
    child = spawn(
        "import sys\n"
        "from resnet_gui.app.second_start import claim, give_up, hand_over\n"
        "print(hand_over([]).name)\n"
        "claimed = claim()\n"
        "print(sorted({'PySide6', 'filelock', 'torch'} & set(sys.modules)))\n"
        "give_up(claimed.name)\n"
    )
    assert child.communicate(timeout=30) == ("NOBODY\n[]\n", "")
