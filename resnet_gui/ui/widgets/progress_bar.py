"""A progress bar that does not paint the window."""

from __future__ import annotations

from PySide6.QtWidgets import QProgressBar

_MOST = 10**9  # Qt counts to 2**31: beyond (a download in bytes), in thousandths


class ProgressBar(QProgressBar):
    """QProgressBar paints at once whenever its value changes, and with it all else in the window
    that waits to be painted. This one waits, too. It has no text of its own."""

    def __init__(self, name: str = "") -> None:
        """name: what it shows, for those who do not see it."""
        super().__init__()
        self.setTextVisible(False)
        self.setAccessibleName(name)

    def show_progress(self, done: int, total: int) -> None:
        """total: 0: nobody knows, and the bar moves without an end."""
        if total > _MOST:
            done, total = done * 1000 // total, 1000
        if (done, 0, total) != (self.value(), self.minimum(), self.maximum()):
            self.setUpdatesEnabled(False)
            self.setRange(0, total)
            self.setValue(done)
            self.setUpdatesEnabled(True)
