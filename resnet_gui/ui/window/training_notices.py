"""What a person who looks elsewhere is told about a training."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal, Slot
from PySide6.QtWidgets import QApplication, QSystemTrayIcon, QWidget

from resnet_gui.ui.train.page import TrainPage
from resnet_gui.ui.widgets.notice_bar import NoticeBar, NoticeLine

_TRAY_MS = 10_000


class TrainingNotices(QObject):
    """Speaks up on the first page, in the task bar and in the tray.

    Signals:
        show_requested(): the person wants to see the Train page.
    """

    show_requested = Signal()

    def __init__(self, train: TrainPage, notices: NoticeBar, window: QWidget) -> None:
        super().__init__(window)
        self._notices, self._window = notices, window
        self._offer: NoticeLine | None = None
        train.resume_offered.connect(self._on_resume_offered)
        train.ended_unseen.connect(self._on_ended)

    @Slot(object)
    def _on_resume_offered(self, text: str) -> None:
        """The window opens on another page: say there, too, that a run can go on."""
        self._offer = self._notices.add(text, "notice", "Show")
        self._offer.acted.connect(self._on_accepted)

    @Slot()
    def _on_accepted(self) -> None:
        if self._offer is not None:
            self._notices.remove(self._offer)
        self.show_requested.emit()

    @Slot(str)
    def _on_ended(self, text: str) -> None:
        window = self._window
        if window.isActiveWindow():
            return
        QApplication.alert(window)
        if QSystemTrayIcon.isSystemTrayAvailable():
            tray = QSystemTrayIcon(window.windowIcon(), window)
            tray.show()
            tray.showMessage("Training has ended", text, window.windowIcon())
            QTimer.singleShot(_TRAY_MS, tray, tray.deleteLater)
