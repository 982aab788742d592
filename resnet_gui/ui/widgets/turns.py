"""Long work of the GUI thread, some milliseconds at a time."""

from __future__ import annotations

import time
from collections.abc import Iterator

from PySide6.QtCore import QObject, QTimer, Slot

TURN_S = 0.008


class Turns(QObject):
    """Goes on with one piece of work in each turn of the event loop until it is done. What is done
    within the first few milliseconds is done when `start` returns, so that little is as ever.

    Attributes:
        running: whether something is left to do.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._work: Iterator[None] | None = None
        self._next = QTimer(self)
        self._next.setSingleShot(True)
        self._next.setInterval(0)
        self._next.timeout.connect(self._on_turn)

    @property
    def running(self) -> bool:
        return self._work is not None

    def start(self, work: Iterator[None]) -> None:
        """Begin something, instead of what is going on. `work` yields wherever it can be left for
        a while, every millisecond or two."""
        self._work = work
        self._on_turn()

    def stop(self) -> None:
        """Leave it as far as it is."""
        self._work = None
        self._next.stop()

    @Slot()
    def _on_turn(self) -> None:
        work, end = self._work, time.perf_counter() + TURN_S
        while work is not None and work is self._work:
            try:
                next(work)
            except StopIteration:
                if work is self._work:
                    self._work = None
                return
            if time.perf_counter() >= end:
                self._next.start()
                return
