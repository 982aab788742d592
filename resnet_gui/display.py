"""Whether a window can open here, found out before Qt: Qt aborts the process if it cannot."""

from __future__ import annotations

import ctypes
import os
import re
import socket
import sys
from pathlib import Path

_HEADLESS_PLATFORMS = ("offscreen", "minimal", "vnc", "eglfs", "linuxfb")
# What Qt's xcb plugin needs beyond what PySide6 brings, with the Debian package of each.
_XCB_LIBRARIES = {
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
}


def why_no_window() -> str | None:
    """None if a window can open; else one sentence that says why not and what to do."""
    if sys.platform != "linux":
        return None
    platform = os.environ.get("QT_QPA_PLATFORM", "").split(":")[0].split(";")[0]
    if platform in _HEADLESS_PLATFORMS:
        return None
    if _wayland_answers():
        return _missing_libraries(("libEGL.so.1", "libGL.so.1"))
    display = os.environ.get("DISPLAY", "")
    if not display:
        return "There is no display (neither X nor Wayland), so no window can open."
    if not _x_answers(display):
        return f"The display “{display}” does not answer, so no window can open."
    return _missing_libraries(tuple(_XCB_LIBRARIES))


def _wayland_answers() -> bool:
    name, runtime = os.environ.get("WAYLAND_DISPLAY", ""), os.environ.get("XDG_RUNTIME_DIR", "")
    if not name:
        return False
    return _connects(socket.AF_UNIX, str(Path(runtime, name)))  # an absolute name stays itself


def _x_answers(display: str) -> bool:
    match = re.fullmatch(r"(?:unix)?([^:/]*)(?:/[^:]*)?:(\d+)(?:\.\d+)?", display)
    if match is None:
        return Path(display.rsplit(":", 1)[0]).exists()  # a socket's path, as on XQuartz
    host, number = match.group(1), int(match.group(2))
    if host:
        return _connects(socket.AF_INET, (host, 6000 + number))
    path = f"/tmp/.X11-unix/X{number}"
    return (
        _connects(socket.AF_UNIX, path)
        or _connects(socket.AF_UNIX, "\0" + path)
        or _connects(socket.AF_INET, ("127.0.0.1", 6000 + number))
    )


def _connects(family: int, address: str | tuple[str, int]) -> bool:
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.settimeout(2.0)
            probe.connect(address)
    except OSError:
        return False
    return True


def _missing_libraries(needed: tuple[str, ...]) -> str | None:
    missing = []
    for library in needed:
        try:
            ctypes.CDLL(library)
        except OSError:
            missing.append(_XCB_LIBRARIES[library])
    if not missing:
        return None
    return (
        "Qt needs system libraries that are not here, so no window can open. On Debian and Ubuntu: "
        f"sudo apt-get install {' '.join(missing)}"
    )
