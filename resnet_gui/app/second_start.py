"""A second start hands its files to the window that is open already. No torch, no widgets: the
second process is to be gone at once.

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
import stat
import sys
import tempfile
from collections.abc import Sequence
from enum import Enum, auto
from pathlib import Path
from typing import Any

from PySide6.QtCore import QDeadlineTimer, QObject, Signal, Slot
from PySide6.QtNetwork import QLocalServer, QLocalSocket

from resnet_gui.core.system import paths
from resnet_gui.core.system.locks import lock
from resnet_gui.core.system.settings import load_settings

_log = logging.getLogger(__name__)
_CONNECT_MS = 1000
_ANSWER_MS = 5000  # a window that is just being built answers when it is there
_PATIENCE_S = 5.0
_MOST_BYTES = 4 * 1024 * 1024
_LONGEST_PATH = 100  # bytes; a socket's address has some more
_TOKENS = ("XDG_ACTIVATION_TOKEN", "DESKTOP_STARTUP_ID")
_ANSWER = b"taken\n"


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
    socket = QLocalSocket()
    socket.connectToServer(name)
    if not socket.waitForConnected(_CONNECT_MS):
        return Outcome.NOBODY
    if load_settings().another_window:
        return Outcome.SILENT
    files = [str(Path(argument).absolute()) for argument in arguments]
    token = next((os.environ[name] for name in _TOKENS if os.environ.get(name)), "")
    socket.write(json.dumps({"paths": files, "token": token}).encode("ascii") + b"\n")
    deadline = QDeadlineTimer(_ANSWER_MS)
    while not socket.canReadLine():
        if not socket.waitForReadyRead(int(deadline.remainingTime())):
            return Outcome.SILENT
    return Outcome.TAKEN if socket.readLine().data() == _ANSWER else Outcome.SILENT


class FirstWindow(QObject):
    """Listens for later starts, from `listen` to `close`.

    Signals:
        handed(list[Path]): another start gave its files, perhaps none; the window should come to
            the front.
    """

    handed = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._on_connected)
        self._callers: list[QLocalSocket] = []

    def listen(self) -> bool:
        """Be the window that later starts turn to, unless there is one.

        Returns:
            whether this is it now. Where the system does not let us listen, each start has its
            own window.
        """
        name = address()
        try:
            with lock(_lock_path(name), _PATIENCE_S):
                if _ours(name) and _answers(name):
                    return False
                QLocalServer.removeServer(name)  # what a killed process left
                if self._server.listen(name):
                    return True
        except OSError as error:
            _log.warning("later starts open windows of their own: %s", error)
            return False
        _log.warning("later starts open windows of their own: %s", self._server.errorString())
        return False

    @Slot()
    def close(self) -> None:
        """Listen no longer: the next start opens a window."""
        self._server.close()

    @Slot()
    def _on_connected(self) -> None:
        while (socket := self._server.nextPendingConnection()) is not None:
            self._callers.append(socket)
            socket.readyRead.connect(self._on_ready)
            socket.disconnected.connect(self._on_ready)
        self._on_ready()

    @Slot()
    def _on_ready(self) -> None:
        for socket in list(self._callers):
            connected = socket.state() is QLocalSocket.LocalSocketState.ConnectedState
            # Who has gone without waiting for an answer has opened a window of its own.
            if connected and socket.canReadLine():
                message = bytes(socket.readLine().data())
                socket.write(_ANSWER)
                socket.flush()
                self._drop(socket)
                self._take(message)
            elif not connected or socket.bytesAvailable() > _MOST_BYTES:
                self._drop(socket)

    def _drop(self, socket: QLocalSocket) -> None:
        self._callers.remove(socket)
        socket.disconnectFromServer()
        socket.deleteLater()

    def _take(self, message: bytes) -> None:
        files, token = _read(message)
        if token:  # with it the system lets us come to the front; Qt looks for it here
            os.environ[_TOKENS[0]] = token
        self.handed.emit(files)


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
    socket = QLocalSocket()
    socket.connectToServer(name)
    return socket.waitForConnected(_CONNECT_MS)


def _lock_path(name: str) -> Path:
    return Path(tempfile.gettempdir(), f"{Path(name).name}.lock")


def _read(message: bytes) -> tuple[list[Path], str]:
    """Files and token of a message; nothing of one that is not ours."""
    try:
        said: Any = json.loads(message)
        return [Path(str(name)) for name in said["paths"]], str(said["token"])
    except (ValueError, KeyError, TypeError):
        _log.warning("a later start said something else than files")
        return [], ""
