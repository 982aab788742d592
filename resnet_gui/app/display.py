"""Whether a window can open here, found out before Qt: Qt aborts the process if it cannot."""

from __future__ import annotations

import ctypes
import os
import re
import socket
import sys
import time
from pathlib import Path

_HEADLESS_PLATFORMS = (
    "offscreen",
    "minimal",
    "minimalegl",
    "vnc",
    "eglfs",
    "linuxfb",
    "vkkhrdisplay",
)
# What PySide6 needs of the system, with the Debian package of each.
_COMMON = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libfontconfig.so.1": "libfontconfig1",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libdbus-1.so.3": "libdbus-1-3",
    "libxkbcommon.so.0": "libxkbcommon0",
}
_XCB = {
    "libX11-xcb.so.1": "libx11-xcb1",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
}
_WAYLAND = {
    "libwayland-client.so.0": "libwayland-client0",
    "libwayland-cursor.so.0": "libwayland-cursor0",
}
_GREETINGS, _PAUSE_S = 3, 0.15
_NO_DISPLAY = "There is no display (neither X nor Wayland), so no window can open."


def why_no_window() -> str | None:
    """None if a window can open; else one sentence that says why not and what to do."""
    if sys.platform != "linux":
        return None
    # "wayland;xcb": the first that works; "xcb:arguments".
    wanted = [name.partition(":")[0] for name in os.environ.get("QT_QPA_PLATFORM", "").split(";")]
    wanted = [name for name in wanted if name]
    reason = _NO_DISPLAY
    for platform in wanted or ["wayland", "xcb"]:
        if platform in _HEADLESS_PLATFORMS:
            return None
        if platform.startswith("wayland"):
            problem = _wayland_problem()
        elif platform == "xcb":
            problem = _x_problem()
        else:
            problem = f"QT_QPA_PLATFORM names “{platform}”, which Qt does not have here."
        if problem is None:
            return None
        if problem:
            reason = problem
    return reason


def _wayland_problem() -> str | None:
    """None: a window can open. Empty: no such display is set."""
    name, runtime = os.environ.get("WAYLAND_DISPLAY", ""), os.environ.get("XDG_RUNTIME_DIR", "")
    if not name:
        return ""
    if not _connects(socket.AF_UNIX, str(Path(runtime, name))):  # an absolute name stays itself
        return f"The Wayland display “{name}” does not answer, so no window can open."
    return _missing_libraries(_COMMON | _WAYLAND)


def _x_problem() -> str | None:
    """None: a window can open. Empty: no such display is set."""
    display = os.environ.get("DISPLAY", "")
    if not display:
        return ""
    if not _x_answers(display):
        return f"The display “{display}” does not answer, so no window can open."
    missing = _missing_libraries(_COMMON | _XCB)
    if missing is None and not _x_lets_in():
        return (
            f"The display “{display}” does not let this user in (is XAUTHORITY right?), so no "
            "window can open."
        )
    return missing


def _x_answers(display: str) -> bool:
    """Whether anybody listens there at all. Asked first, because a lost host keeps Xlib waiting
    for minutes."""
    match = re.fullmatch(r"(?:unix)?([^:/]*)(?:/[^:]*)?:(\d{1,5})(?:\.\d+)?", display)
    if match is None:
        # A socket's path, perhaps with a display number behind it.
        return any(
            _connects(socket.AF_UNIX, path) for path in (display, display.rpartition(":")[0])
        )
    host, number = match.group(1), int(match.group(2))
    if host:
        return _connects(socket.AF_INET, (host, 6000 + number))
    path = f"/tmp/.X11-unix/X{number}"
    return (
        _connects(socket.AF_UNIX, path)
        or _connects(socket.AF_UNIX, "\0" + path)
        or _connects(socket.AF_INET, ("127.0.0.1", 6000 + number))
    )


def _x_lets_in() -> bool:
    """The whole greeting, with the key from XAUTHORITY, by the library that Qt uses too.

    A connection that stands is kept until the program ends: Xvfb starts anew when its last client
    leaves, and would turn away Qt, which comes next.
    """
    try:
        xcb = ctypes.CDLL("libxcb.so.1")
    except OSError:
        return False
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connect.argtypes = (ctypes.c_char_p, ctypes.c_void_p)
    xcb.xcb_connection_has_error.argtypes = (ctypes.c_void_p,)
    xcb.xcb_disconnect.argtypes = (ctypes.c_void_p,)
    for attempt in range(_GREETINGS):
        # The call before, which only asked whether anybody listens, may have been the last client
        # of a server that starts anew then.
        time.sleep(attempt * _PAUSE_S)
        connection = xcb.xcb_connect(None, None)
        if not xcb.xcb_connection_has_error(connection):
            return True
        xcb.xcb_disconnect(connection)
    return False


def _connects(family: int, address: str | tuple[str, int]) -> bool:
    try:
        if isinstance(address, tuple):
            socket.create_connection(address, timeout=2.0).close()
        else:
            with socket.socket(family, socket.SOCK_STREAM) as probe:
                probe.settimeout(2.0)
                probe.connect(address)
    except (OSError, ValueError, OverflowError):  # the address may be any nonsense
        return False
    return True


def _missing_libraries(needed: dict[str, str]) -> str | None:
    missing = []
    for library, package in needed.items():
        try:
            ctypes.CDLL(library)
        except OSError:
            missing.append(package)
    if not missing:
        return None
    return (
        "Qt needs system libraries that are not here, so no window can open. On Debian and Ubuntu: "
        f"sudo apt-get install {' '.join(missing)}"
    )
