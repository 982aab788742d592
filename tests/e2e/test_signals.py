"""Ctrl-C and SIGTERM end the real program, idle or stuck, by its closing steps."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from resnet_gui.app.signals import INTERRUPTED
from resnet_gui.core.system.paths import user_models_dir
from resnet_gui.core.system.settings import Settings, load_settings, save_settings, settings_path
from tests.conftest import REPOSITORY
from tests.e2e.conftest import Program
from tests.helpers.models import small_model

STUCK = str(Path(__file__).parent / "stuck_window.py")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM to send")


@pytest.fixture
def begin(own_home: Path) -> Iterator[Callable[..., Program]]:
    """Starts programs without a screen (Qt's “offscreen”) and ends them after the test."""
    programs: list[Program] = []

    def begin_one(*arguments: str) -> Program:
        environment = {
            **os.environ,
            "QT_QPA_PLATFORM": "offscreen",
            "RESNET_GUI_HOME": str(own_home),
            "PYTHONPATH": str(REPOSITORY),
        }
        program = Program([sys.executable, *arguments], environment)
        programs.append(program)
        return program

    yield begin_one
    for program in programs:
        program.end()


def wait_until_idle(program: Program) -> None:
    """Until the window is up and the process has used no processor time for a second: its main
    thread sleeps in Qt's loop, where no Python runs."""
    process = psutil.Process(program.process.pid)
    deadline = time.monotonic() + 90
    used, since = -1.0, time.monotonic()
    while time.monotonic() < deadline:
        times = process.cpu_times()
        now = times.user + times.system
        if now - used > 0.02 or now < 1:
            used, since = now, time.monotonic()
        elif time.monotonic() - since > 1:
            return
        time.sleep(0.05)
    pytest.fail("the program never became idle")


@pytest.mark.parametrize(
    "number",
    [signal.SIGTERM, signal.SIGINT, pytest.param(signal.SIGHUP, marks=pytest.mark.slow)],
)
def test_an_idle_window_ends_by_its_closing_steps(
    begin: Callable[..., Program], number: signal.Signals
) -> None:
    program = begin("-m", "resnet_gui")
    wait_until_idle(program)
    assert not settings_path().exists() or json.loads(settings_path().read_text())["model"]
    settings_path().unlink(missing_ok=True)
    program.process.send_signal(number)
    assert program.process.wait(20) == INTERRUPTED
    program.end()
    assert program.errors() == ""
    assert settings_path().is_file()  # the shape of the window was in the file that is gone


@pytest.mark.parametrize("where", ["lane", "window"])
def test_a_second_signal_forces_the_end(begin: Callable[..., Program], where: str) -> None:
    """Of a closing that waits for a lane, and of a window that hangs."""
    program = begin(STUCK, where)
    program.wait_for_line(lambda line: line == "stuck\n")
    program.process.send_signal(signal.SIGTERM)
    if where == "lane":
        program.wait_for_line(lambda line: line == "closing\n")
    else:
        time.sleep(0.5)  # two at the same moment are one signal
    assert program.process.poll() is None
    program.process.send_signal(signal.SIGINT)
    assert program.process.wait(20) == INTERRUPTED


@pytest.mark.slow  # test_hostile_names sees to it every day
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_a_title_that_names_a_file_does_not_freeze_the_window(
    begin: Callable[..., Program], own_home: Path
) -> None:
    """Whoever reads the pipe that stands in the title waits for ever."""
    pipe = own_home / "pipe"
    user_models_dir().mkdir(parents=True)
    os.mkfifo(pipe)
    title = f'<img src="{pipe}">'
    small_model(user_models_dir() / "hostile.safetensors", title=title, notes=title)
    save_settings(Settings(model="hostile", recent=(title,)))
    program = begin("-m", "resnet_gui")
    wait_until_idle(program)
    program.process.send_signal(signal.SIGTERM)
    assert program.process.wait(20) == INTERRUPTED
    assert load_settings().model == "hostile"
