"""A screen of its own (Xvfb) and the real program in a process of its own."""

from __future__ import annotations

import json
import os
import queue
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import REPOSITORY, skip_unless_required

WAIT_S = 90


@pytest.fixture(scope="session")
def screen() -> Iterator[str]:
    """The DISPLAY of a fresh Xvfb of 1400 x 900 pixels."""
    if sys.platform != "linux":
        pytest.skip("Xvfb is an X server for Linux")
    for program in ("Xvfb", "xdotool"):
        if shutil.which(program) is None:
            skip_unless_required("drag", f"{program} is not installed")
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", "1400x900x24", "-nolisten", "tcp"],
        pass_fds=(write,),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    with os.fdopen(read) as pipe:
        number = pipe.readline().strip()
    if not number:
        skip_unless_required("drag", "Xvfb did not start")
    yield f":{number}"
    server.terminate()
    server.wait(10)


class Program:
    """A child process whose standard output is read line by line."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            command,
            cwd=REPOSITORY,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._lines: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._errors: list[str] = []
        self._error_reader = threading.Thread(target=self._read_errors, daemon=True)
        self._error_reader.start()
        self.last: str = ""

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)

    def _read_errors(self) -> None:
        assert self.process.stderr is not None
        self._errors += list(self.process.stderr)

    def wait_for_line(self, wanted: Callable[[str], bool], timeout_s: float = WAIT_S) -> str:
        """The first new line that is wanted."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            try:
                self.last = self._lines.get(timeout=0.1)
            except queue.Empty:
                if self.process.poll() is not None:
                    break
                continue
            if wanted(self.last):
                return self.last
        pytest.fail(f"not seen; the last line was {self.last!r}; errors: {''.join(self._errors)}")

    def wait_for_state(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first reported state of the window that is wanted (see probe.py)."""
        line = self.wait_for_line(lambda text: text.startswith("{") and wanted(json.loads(text)))
        state: dict[str, Any] = json.loads(line)
        return state

    def errors(self) -> str:
        return "".join(self._errors)

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(10)
        self._reader.join(5)
        self._error_reader.join(5)
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()


@pytest.fixture
def start(screen: str, own_home: Path) -> Iterator[Callable[..., Program]]:
    """Starts Python programs on the screen and ends them after the test."""
    programs: list[Program] = []
    environment = {
        **os.environ,
        "DISPLAY": screen,
        "QT_QPA_PLATFORM": "xcb",
        "RESNET_GUI_HOME": str(own_home),
        "PYTHONPATH": str(REPOSITORY),
        "PYTHONUNBUFFERED": "1",
    }
    environment.pop("WAYLAND_DISPLAY", None)

    def start_one(*arguments: str) -> Program:
        program = Program([sys.executable, *arguments], environment)
        programs.append(program)
        return program

    yield start_one
    for program in programs:
        program.end()


@pytest.fixture
def xdo(screen: str) -> Callable[..., None]:
    """Runs xdotool on the screen."""

    def run(*arguments: object) -> None:
        subprocess.run(
            ["xdotool", *map(str, arguments)],
            env={**os.environ, "DISPLAY": screen},
            check=True,
            timeout=20,
        )

    return run
