"""No display: said in one sentence, and the photos are classified in the terminal instead."""

from __future__ import annotations

import ctypes
import os
import secrets
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from resnet_gui.app import display
from resnet_gui.app.display import why_no_window

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only X and Wayland can be missing")
VARIABLES = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM", "XAUTHORITY", "XDG_SESSION_TYPE")


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


@contextmanager
def x_server(*arguments: str) -> Iterator[str]:
    """A real X server on a free display; yields its name."""
    if shutil.which("Xvfb") is None:
        pytest.skip("Xvfb is not installed")
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", "320x240x24", *arguments],
        pass_fds=(write,),
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    try:
        with os.fdopen(read) as ready:
            number = ready.readline().strip()
        assert number, "Xvfb did not start"
        yield f":{number}"
    finally:
        server.terminate()
        server.wait(10)


def with_libraries(monkeypatch: pytest.MonkeyPatch, *, without: Sequence[str] = ()) -> None:
    """As on a computer where all of the system's libraries are, but these."""
    load = ctypes.CDLL

    def load_or_not(library: str) -> object:
        if library in without:
            raise OSError(f"{library}: cannot open shared object file")
        return load(library) if library == "libxcb.so.1" else None

    monkeypatch.setattr(display.ctypes, "CDLL", load_or_not)


# --- found out before Qt ----------------------------------------------------------------------


def test_no_display_at_all() -> None:
    reason = why_no_window()
    assert reason is not None
    assert "no display" in reason


@pytest.mark.parametrize(
    "name",
    [
        ":987", ":987.0", "unix:987", "localhost:1987", "localhost/unix:987", "127.0.0.1:987",
        ":99999", ":123456789", "nonsense", ":", "::", "/nowhere/socket:987", "a..b:0",
        "x" * 300 + ":0",
    ],
)  # fmt: skip
def test_a_display_that_does_not_answer(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", name)
    assert why_no_window() == f"The display “{name}” does not answer, so no window can open."


def test_a_file_named_like_the_display_is_no_display(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "nonsense").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DISPLAY", "nonsense:0")
    assert why_no_window() is not None


def test_a_wayland_socket_that_nobody_serves(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    assert "“wayland-0” does not answer" in (why_no_window() or "")
    with socket.socket(socket.AF_UNIX) as left_over:  # what a compositor that crashed leaves
        left_over.bind(str(tmp_path / "wayland-0"))
    assert "“wayland-0” does not answer" in (why_no_window() or "")


def test_a_wayland_that_answers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    with_libraries(monkeypatch)
    with socket.socket(socket.AF_UNIX) as compositor:
        compositor.bind(str(tmp_path / "wayland-0"))
        compositor.listen()
        assert why_no_window() is None
        # But not for who asks for X alone.
        monkeypatch.setenv("QT_QPA_PLATFORM", "xcb")
        assert why_no_window() is not None


@pytest.mark.parametrize("platform", ["offscreen", "minimal", "vnc:size=9x9", "xcb;offscreen"])
def test_platforms_that_need_no_display(platform: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", platform)
    assert why_no_window() is None


@pytest.mark.parametrize("platform", ["xcb", "wayland", "wayland;xcb", "wayland-egl"])
def test_a_platform_that_was_asked_for_needs_its_display(
    platform: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", platform)
    assert "no display" in (why_no_window() or "")


def test_a_platform_that_qt_does_not_have(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", "beamer")
    assert "“beamer”" in (why_no_window() or "")


def test_missing_libraries_are_named_as_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    with_libraries(monkeypatch, without=("libfontconfig.so.1", "libxcb-cursor.so.0"))
    with x_server() as name:
        monkeypatch.setenv("DISPLAY", name)
        missing = why_no_window()
    assert missing is not None
    assert missing.endswith(": sudo apt-get install libfontconfig1 libxcb-cursor0")


def test_a_real_x_server(monkeypatch: pytest.MonkeyPatch) -> None:
    with x_server() as name:
        monkeypatch.setenv("DISPLAY", name)
        assert why_no_window() is None
        monkeypatch.setenv("DISPLAY", f"{name}.0")
        assert why_no_window() is None
        monkeypatch.setenv("QT_QPA_PLATFORM", "wayland")
        assert why_no_window() is not None
    monkeypatch.delenv("QT_QPA_PLATFORM")
    # Not the number of the server that has ended: another test's server may have it by now.
    monkeypatch.setenv("DISPLAY", ":4321")
    assert "does not answer" in (why_no_window() or "")


def test_an_x_server_that_lets_nobody_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As after `su` to another user: the socket takes the call, then Qt would abort."""
    if shutil.which("xauth") is None:
        cookie = tmp_path / "auth"
        key = secrets.token_bytes(16)
        fields = (b"host", b"0", b"MIT-MAGIC-COOKIE-1", key)
        cookie.write_bytes(b"\xff\xff" + b"".join(len(f).to_bytes(2, "big") + f for f in fields))
    else:
        cookie = tmp_path / "auth"
        subprocess.run(
            ["xauth", "-f", cookie, "add", ":0", ".", secrets.token_hex(16)],
            check=True,
            capture_output=True,
        )
    monkeypatch.setenv("XAUTHORITY", str(tmp_path / "none"))
    with x_server("-auth", str(cookie)) as name:
        monkeypatch.setenv("DISPLAY", name)
        assert "does not let this user in" in (why_no_window() or "")


# --- the program ------------------------------------------------------------------------------


def program(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    return subprocess.run(
        [sys.executable, "-m", "resnet_gui", *arguments],
        env={**kept, **environment},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=100,
    )


@pytest.mark.parametrize("environment", [{}, {"DISPLAY": ":987"}], ids=["none", "unreachable"])
def test_the_samples_are_classified_in_the_terminal(environment: dict[str, str]) -> None:
    done = program(**environment)
    assert done.returncode == 0, done.stderr
    first, *_ = done.stderr.splitlines()
    assert first.endswith(
        "so no window can open. Classifying the sample photos in the terminal instead."
    )
    assert "Traceback" not in done.stderr
    assert "qt.qpa" not in done.stderr
    for name, label in (("cat", "Egyptian cat"), ("espresso", "espresso"), ("rocket", "missile")):
        assert f"{name}.jpg" in done.stdout
        assert label in done.stdout


def test_given_files_are_classified_and_a_bad_one_counts(tmp_path: Path) -> None:
    good = Path(__file__).parents[2] / "assets" / "samples" / "cat.jpg"
    done = program(str(good), str(tmp_path / "[gone].jpg"))
    assert done.returncode == 1
    assert "Classifying these files in the terminal instead." in done.stderr
    assert "Egyptian cat" in done.stdout
    assert "[gone].jpg is not there" in done.stdout
    assert "Traceback" not in done.stderr
