"""What every test gets: a home of its own, and a check that it leaves no thread or timer behind."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import NoReturn

import pytest

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
if "PYTEST_XDIST_WORKER" in os.environ:  # one of several processes: one core each
    os.environ.setdefault("OMP_NUM_THREADS", "1")
if "DISPLAY" not in os.environ and "WAYLAND_DISPLAY" not in os.environ:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

REPOSITORY = Path(__file__).resolve().parent.parent
SHARED_DATA = REPOSITORY.parent / "shared" / "data"
# Threads of libraries that live as long as the process.
_LIBRARY_THREADS = ("pydevd", "tqdm", "QThread", "Dummy", "watchdog", "pytest_timeout")


def skip_unless_required(what: str, reason: str) -> NoReturn:
    """Skip a test, or fail it where RESNET_GUI_REQUIRE (a comma-separated list) names `what`: in
    CI a skipped drag test would look like a passed one."""
    if what in os.environ.get("RESNET_GUI_REQUIRE", "").split(","):
        pytest.fail(f"required here, but: {reason}")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder with the photos that are not part of the project; skips where it is absent."""
    if not SHARED_DATA.is_dir():
        skip_unless_required("data", "the shared data folder is not beside the project")
    return SHARED_DATA


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Settings, models and caches of the test's own: never those of the person at the keyboard."""
    home = tmp_path / "home"
    monkeypatch.setenv("RESNET_GUI_HOME", str(home))
    monkeypatch.delenv("TORCH_HOME", raising=False)
    # No process that converts a model beside most tests; those about that take it away.
    monkeypatch.setenv("RESNET_GUI_EXACT", "1")
    return home


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What a test logged of names that are no UTF-8 is escaped: workers (pytest-xdist) hand their
    reports over as UTF-8."""
    report = yield
    report.sections = [
        (title, text.encode("utf-8", "backslashreplace").decode())
        for title, text in report.sections
    ]
    return report


@pytest.fixture(autouse=True)
def no_conversion_left() -> Iterator[None]:
    """Fails a test that leaves a model's conversion running in a home that is gone by then."""
    yield
    background = sys.modules.get("resnet_gui.core.inference.background")
    if background is not None:
        try:
            background.CONVERSIONS.wait(0)
        except subprocess.TimeoutExpired:
            background.CONVERSIONS.wait(60)  # else the next test would fail for it
            pytest.fail("a conversion was left running")


@pytest.fixture(autouse=True)
def no_leaked_threads() -> Iterator[None]:
    """Fails a test that leaves a thread running."""
    before = set(threading.enumerate())
    yield
    deadline = time.monotonic() + 3
    while True:
        left = [
            thread
            for thread in threading.enumerate()
            if thread not in before
            and thread.is_alive()
            and not thread.name.startswith(_LIBRARY_THREADS)
        ]
        if not left:
            return
        if time.monotonic() > deadline:
            pytest.fail(f"threads left running: {[thread.name for thread in left]}")
        time.sleep(0.01)
