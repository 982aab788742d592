"""Ctrl-C, SIGTERM and a closed terminal end the window by its closing steps.

Python runs its signal handlers between two of its own instructions, and while Qt's loop waits there
are none: an idle window would never hear of them. The interpreter's C handler, however, writes each
signal's number into a socket at once (`set_wakeup_fd`). A thread sleeps on that socket, so that a
second signal ends the process even where the window's thread hangs.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
from collections.abc import Callable
from types import FrameType

from PySide6.QtCore import QObject, Qt, Signal, Slot

_log = logging.getLogger(__name__)
INTERRUPTED = 130  # the exit code, as on the command line
# Windows has no SIGHUP and cannot deliver SIGTERM; its SIGBREAK is Ctrl-Break and a closed console.
_NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")


class EndSignals(QObject):
    """Listens from its construction to `close`. Make it in the main thread.

    Args:
        force: called in the listening thread at the second signal; ends the process.

    Signals:
        received(): the first signal came (in the thread that this object lives in).
    """

    received = Signal()
    _heard = Signal()

    def __init__(
        self, parent: QObject | None = None, *, force: Callable[[], object] | None = None
    ) -> None:
        super().__init__(parent)
        self._force = force or _end_at_once
        self._heard.connect(self._on_heard, Qt.ConnectionType.QueuedConnection)
        self._reader, self._writer = socket.socketpair()
        self._writer.setblocking(False)  # the C handler must never wait
        self._before = {
            number: signal.signal(number, _do_nothing)
            for number in (getattr(signal, name, None) for name in _NAMES)
            # Ignored: as nohup and "&" in a script want it.
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN
        }
        self._fd_before = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        # A daemon: it must not keep the process alive.
        self._thread = threading.Thread(target=self._listen, name="signals", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Listen no longer; the handlers are those from before."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._fd_before)
        self._writer.close()  # ends the thread
        self._thread.join()
        self._reader.close()

    def _listen(self) -> None:
        count = 0
        while numbers := self._reader.recv(64):
            for number in numbers:
                if number not in self._before:
                    continue
                count += 1
                if count > 1:
                    self._force()
                else:
                    self._heard.emit()

    @Slot()
    def _on_heard(self) -> None:
        _log.info("asked to end by a signal")
        self.received.emit()


def _do_nothing(_number: int, _frame: FrameType | None) -> None:
    """A handler must be there for the number to be written; the thread does the rest."""


def _end_at_once() -> None:
    os._exit(INTERRUPTED)
