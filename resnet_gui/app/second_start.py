"""A second start hands its files to the window that is open already (`first_window` takes them). No
torch, no widgets: the second process is to be gone at once. And no Qt in a usual, first start: it
only wants to know that nobody is there.

The window listens on a local socket whose name stands for the user, the home and the screen. Of a
process that was killed a socket may be left on which nobody answers; who listens next takes its
place. A lock sees to it that of two starts at once one is the first.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import socket
import stat
import sys
import tempfile
from collections.abc import Sequence
from enum import Enum, auto
from pathlib import Path
from typing import NamedTuple

from resnet_gui.core.system import paths
from resnet_gui.core.system.settings import load_settings

_log = logging.getLogger(__name__)
_CONNECT_MS = 1000
ANSWER_MS = 5000  # a window that is just being built answers when it is there
_PATIENCE_S = 5.0
_BACKLOG = 32  # starts that may wait for an answer
_LONGEST_PATH = 100  # bytes; a socket's address has some more
TOKENS = ("XDG_ACTIVATION_TOKEN", "DESKTOP_STARTUP_ID")
ANSWER = b"taken\n"


class Outcome(Enum):
    """What came of handing files over."""

    TAKEN = auto()  # the other window has them
    NOBODY = auto()  # no window is open
    SILENT = auto()  # one is, but it does not answer, or another one is wanted


def hand_over(arguments: Sequence[str]) -> Outcome:
    """Give files to the window that is open already, unless the settings say that each start
    opens a window of its own."""
    name = address()
    if not _ours(name):
        return Outcome.NOBODY
    from PySide6.QtCore import QDeadlineTimer
    from PySide6.QtNetwork import QLocalSocket  # the first start has no use for it yet

    there = QLocalSocket()
    there.connectToServer(name)
    if not there.waitForConnected(_CONNECT_MS):
        return Outcome.NOBODY
    if load_settings().another_window:
        return Outcome.SILENT
    files = [str(Path(argument).absolute()) for argument in arguments]
    token = next((os.environ[name] for name in TOKENS if os.environ.get(name)), "")
    there.write(json.dumps({"paths": files, "token": token}).encode("ascii") + b"\n")
    deadline = QDeadlineTimer(ANSWER_MS)
    while not there.canReadLine():
        if not there.waitForReadyRead(int(deadline.remainingTime())):
            return Outcome.SILENT
    return Outcome.TAKEN if there.readLine().data() == ANSWER else Outcome.SILENT


class Claim(NamedTuple):
    """An address at which later starts find somebody from now on.

    Attributes:
        name: what the socket is called.
        listener: a socket that listens there; None: Qt's own has to, at once (Windows).
    """

    name: str
    listener: socket.socket | None


def claim() -> Claim | None:
    """Be the window that later starts turn to, unless there is one. They wait until it answers
    (`FirstWindow`), so Qt's part of it need not be there yet.

    Returns:
        None: there is one, or the system does not let us listen: then each start has its own
        window.
    """
    name = address()
    if sys.platform != "win32":
        with contextlib.suppress(OSError):  # there is something of that name, as a rule
            return Claim(name, _listening_at_once(name))
    from resnet_gui.core.system.locks import lock  # filelock: a usual start needs none

    try:
        with lock(_lock_path(name), _PATIENCE_S):
            if _ours(name) and _answers(name):
                return None
            if sys.platform == "win32":
                return Claim(name, None)
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name)  # noqa: PTH108 - what a killed process left
            return Claim(name, _listening(name))
    except OSError as error:
        _log.warning("later starts open windows of their own: %s", error)
        return None


def give_up(name: str) -> None:
    """Nobody listens at this address any more: the next start opens a window."""
    if name and sys.platform != "win32":  # where names go with who listens
        with contextlib.suppress(OSError):
            os.unlink(name)  # noqa: PTH108


def _listening(name: str) -> socket.socket:
    """A socket of that name that listens. Raises OSError, also where the name is taken."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(name)
        os.chmod(name, 0o600)  # noqa: PTH101
        listener.listen(_BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def _listening_at_once(name: str) -> socket.socket:
    """As `_listening`, but nobody ever meets a socket of that name on which nobody listens yet,
    and would take it for what a killed process left."""
    aside = f"{name}.{os.getpid()}"
    listener = _listening(aside)
    try:
        os.link(aside, name)
    except OSError:
        listener.close()
        raise
    finally:
        os.unlink(aside)  # noqa: PTH108
    return listener


def address() -> str:
    """What the socket is called: on Windows a name, elsewhere a path."""
    screen = os.environ.get("WAYLAND_DISPLAY") or os.environ.get("DISPLAY", "")
    user = str(os.getuid()) if sys.platform != "win32" else os.environ.get("USERNAME", "")
    home = os.path.realpath(paths.config_dir())
    text = "\0".join((user, home, screen))
    digest = hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:20]
    name = f"{paths.APP_NAME}-{digest}"
    return name if sys.platform == "win32" else str(_folder() / name)


def _folder() -> Path:
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    if runtime and len(os.fsencode(runtime)) < _LONGEST_PATH - 40:
        with contextlib.suppress(OSError):
            if _mine(Path(runtime).stat()) and os.access(runtime, os.W_OK):
                return Path(runtime)
    return Path(tempfile.gettempdir())


def _mine(status: os.stat_result) -> bool:
    return sys.platform == "win32" or status.st_uid == os.getuid()


def _ours(name: str) -> bool:
    """Whether this user made the socket: in a folder for all, another one could have."""
    if sys.platform == "win32":
        return True
    try:
        status = os.lstat(name)
    except OSError:
        return False
    return _mine(status) and stat.S_ISSOCK(status.st_mode)


def _answers(name: str) -> bool:
    from PySide6.QtNetwork import QLocalSocket

    there = QLocalSocket()
    there.connectToServer(name)
    return there.waitForConnected(_CONNECT_MS)


def _lock_path(name: str) -> Path:
    return Path(tempfile.gettempdir(), f"{Path(name).name}.lock")
