"""The window that later starts turn to: it answers them and takes their files."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtNetwork import QLocalServer, QLocalSocket

from resnet_gui.app.second_start import ANSWER, TOKENS, Claim, claim, give_up

_log = logging.getLogger(__name__)
_MOST_BYTES = 4 * 1024 * 1024


class FirstWindow(QObject):
    """Answers later starts, from `answer` (or `listen`) to `close`.

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
        self._name = ""
        self._callers: list[QLocalSocket] = []

    def listen(self) -> bool:
        """`claim` and `answer` in one; whether this is the first window now."""
        claimed = claim()
        return claimed is not None and self.answer(claimed)

    def answer(self, claimed: Claim) -> bool:
        """Answer whoever has come to this address, and who comes from now on."""
        self._name = claimed.name
        if claimed.listener is None:
            listening = self._server.listen(claimed.name)
        else:
            listening = self._server.listen(claimed.listener.detach())
        if not listening:
            _log.warning("later starts open windows of their own: %s", self._server.errorString())
        return listening

    @Slot()
    def close(self) -> None:
        """Listen no longer: the next start opens a window."""
        self._server.close()
        give_up(self._name)
        self._name = ""

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
                socket.write(ANSWER)
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
            os.environ[TOKENS[0]] = token
        self.handed.emit(files)


def _read(message: bytes) -> tuple[list[Path], str]:
    """Files and token of a message; nothing of one that is not ours."""
    try:
        said: Any = json.loads(message)
        return [Path(str(name)) for name in said["paths"]], str(said["token"])
    except (ValueError, KeyError, TypeError):
        _log.warning("a later start said something else than files")
        return [], ""
