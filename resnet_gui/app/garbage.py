"""Lets garbage in cycles be collected in the GUI thread alone; why: `core/system/garbage`."""

from __future__ import annotations

import contextlib

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot

from resnet_gui.core.system import garbage

# Often while much is made, so that little is looked at each time; rarely while nothing happens.
_SHORTEST_MS, _LONGEST_MS = 25, 1600


class GarbageKeeper(QObject):
    """Looks some times a second whether there is something to collect, from its making to `end`."""

    _asked = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._timer = QTimer(self)
        self._timer.setInterval(_SHORTEST_MS)
        self._timer.timeout.connect(self._look)
        self._asked.connect(self._look, Qt.ConnectionType.QueuedConnection)
        self._timer.start()
        garbage.keep(self._wake)

    def end(self) -> None:
        """Leave the collector to Python again."""
        self._timer.stop()
        garbage.let_go()

    def _wake(self) -> None:
        """In a worker."""
        with contextlib.suppress(RuntimeError):  # this is gone: the program is ending
            self._asked.emit()

    @Slot()
    def _look(self) -> None:
        collected = garbage.collect_due()
        interval = _SHORTEST_MS if collected else min(2 * self._timer.interval(), _LONGEST_MS)
        if interval != self._timer.interval():
            self._timer.setInterval(interval)
