"""Says whether the window has little height: an old or an enlarged screen."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Signal
from PySide6.QtWidgets import QWidget

LOW = 500  # pixels; 768 of a screen, enlarged by half, are 512 with frame and task bar


class LowWindow(QObject):
    """Watches the window that a widget stands in, from its first show on.

    Attributes:
        low: whether it is lower than LOW.

    Signals:
        changed(bool): the new `low`.
    """

    changed = Signal(bool)

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self.low = False
        self._widget = widget
        self._window: QWidget | None = None
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind == QEvent.Type.Show and watched is self._widget:
            if self._window is not self._widget.window():
                self._window = self._widget.window()
                self._window.installEventFilter(self)
            self._look()
        elif kind == QEvent.Type.Resize and watched is self._window:
            self._look()
        return super().eventFilter(watched, event)

    def _look(self) -> None:
        low = self._window is not None and self._window.height() < LOW
        if low != self.low:
            self.low = low
            self.changed.emit(low)
