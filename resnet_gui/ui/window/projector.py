"""The Lab on the whole screen: its own type grows, the rest of the window makes room."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtWidgets import QMainWindow, QWidget


class Projector(QObject):
    """Takes the whole screen and gives it back.

    Attributes:
        on: whether the window has the whole screen for that.
    """

    def __init__(self, window: QMainWindow, others: Sequence[QWidget]) -> None:
        """`others`: what is hidden meanwhile."""
        super().__init__(window)
        self._window, self._others = window, others
        self._before = Qt.WindowState.WindowNoState
        self.on = False

    @Slot(bool)
    def switch(self, on: bool) -> None:
        self.on = on
        for part in self._others:
            part.setVisible(not on)
        if on:
            self._before = self._window.windowState()
            self._window.setWindowState(self._before | Qt.WindowState.WindowFullScreen)
        else:
            self._window.setWindowState(self._before & ~Qt.WindowState.WindowFullScreen)
