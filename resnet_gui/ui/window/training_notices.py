"""What a person who looks elsewhere is told about a training."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Slot
from PySide6.QtWidgets import QApplication, QSystemTrayIcon, QWidget

from resnet_gui.ui.window.announcements import Announcements
from resnet_gui.ui.window.pages import Pages

_TRAY_MS = 10_000


class TrainingNotices(QObject):
    """Speaks up on the page in front, in the task bar and in the tray."""

    def __init__(self, pages: Pages, announcements: Announcements, window: QWidget) -> None:
        super().__init__(window)
        self._pages, self._announcements, self._window = pages, announcements, window
        pages.when_built("train", self._listen)

    def _listen(self) -> None:
        from resnet_gui.ui.train.page import TrainPage

        train = self._pages.of(TrainPage)
        train.resume_offered.connect(self._on_resume_offered)
        train.ended_unseen.connect(self._on_ended)

    @Slot(object)
    def _on_resume_offered(self, text: str) -> None:
        """The window opens on another page: say there, too, that a run can go on."""
        self._announcements.say("train", text)

    @Slot(str)
    def _on_ended(self, text: str) -> None:
        window = self._window
        self._announcements.say("train", f"The training has ended. {text}.")
        if window.isActiveWindow():
            return
        QApplication.alert(window)
        if QSystemTrayIcon.isSystemTrayAvailable():
            tray = QSystemTrayIcon(window.windowIcon(), window)
            tray.show()
            tray.showMessage("Training has ended", text, window.windowIcon())
            QTimer.singleShot(_TRAY_MS, tray, tray.deleteLater)
