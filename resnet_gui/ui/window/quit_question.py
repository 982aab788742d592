"""The question before a running training is stopped by closing the window."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtWidgets import QWidget

from resnet_gui.ui.widgets.plain_text import MessageBox


class QuitQuestion(QObject):
    """Asked once, and not with a loop of its own: the run goes on meanwhile.

    Signals:
        confirmed(): the window should close all the same.
    """

    confirmed = Signal()

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._box: MessageBox | None = None

    def ask(self) -> None:
        if self._box is not None:
            self._box.activateWindow()
            return
        box = self._box = MessageBox(
            self._window,
            "A training is running",
            "A training is running. Stop it and quit?",
            "What it learned up to its last epoch is kept. At the next start it can go on.",
        )
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setStandardButtons(MessageBox.StandardButton.Cancel | MessageBox.StandardButton.Close)
        box.button(MessageBox.StandardButton.Close).setText("Stop and quit")
        box.finished.connect(self._on_answered)
        box.open()

    @Slot(bool)
    def training_changed(self, running: bool) -> None:
        """The run may end while the question stands there: then nothing would be stopped."""
        if self._box is None or running:
            return
        self._box.setText("The training has ended. Quit?")
        self._box.setInformativeText("")
        self._box.button(MessageBox.StandardButton.Close).setText("Quit")

    @Slot(int)
    def _on_answered(self, answer: int) -> None:
        self._box = None
        if answer == MessageBox.StandardButton.Close:
            self.confirmed.emit()
