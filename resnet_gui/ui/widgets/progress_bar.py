"""A progress bar that does not paint the window."""

from __future__ import annotations

from PySide6.QtWidgets import QProgressBar


class ProgressBar(QProgressBar):
    """QProgressBar paints at once whenever its value changes, and with it all else in the window
    that waits to be painted. This one waits, too."""

    def show_progress(self, done: int, total: int) -> None:
        """total: 0: nobody knows, and the bar moves without an end."""
        if (done, 0, total) != (self.value(), self.minimum(), self.maximum()):
            self.setUpdatesEnabled(False)
            self.setRange(0, total)
            self.setValue(done)
            self.setUpdatesEnabled(True)
