"""The real window, offscreen."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from resnet_gui.core.system import settings as stored
from tests.corpus.child import expect

if TYPE_CHECKING:
    from resnet_gui.app.main import WindowApp


class Windows:
    """Opens the real window on whatever lies in the home, and closes it as a person does."""

    def __init__(self) -> None:
        from PySide6.QtCore import QtMsgType, qInstallMessageHandler
        from PySide6.QtWidgets import QApplication

        from resnet_gui.app.engine import LocalEngine
        from resnet_gui.app.main import WindowApp
        from resnet_gui.core.zoo import Zoo

        self._complaints: list[str] = []

        def note(kind: QtMsgType, _context: object, text: str) -> None:
            if kind != QtMsgType.QtInfoMsg and "This plugin does not support" not in text:
                self._complaints.append(text)

        qInstallMessageHandler(note)
        self._application = QApplication.instance() or QApplication(["corpus"])
        self._make = lambda: WindowApp(
            self._application, LocalEngine(Zoo.standard()), stored.load_settings()
        )

    def open_one(self, *, work: bool = False) -> None:
        """Open the window, and with `work` let it load and look at each of its pages.

        Raises:
            WrongError: Qt complains, a slot fails, or it does not close; and what the program does.
        """
        from PySide6.QtCore import QEvent

        errors: list[str] = []
        hook, sys.excepthook = sys.excepthook, lambda *error: errors.append(repr(error[1]))
        self._complaints.clear()
        try:
            app = self._make()
            app.window.show()
            self._application.processEvents()
            expect(app.window.isVisible(), "no window")
            if work:
                self._work(app)
            app.window.close()
            self._wait(lambda: app.clean, "it did not close")
            app.window.deleteLater()
            app.deleteLater()
            self._application.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        finally:
            sys.excepthook = hook
        expect(not errors, f"errors in the window: {errors}")
        expect(not self._complaints, f"Qt complains: {self._complaints[:3]}")

    def _work(self, app: WindowApp) -> None:
        lanes = app.inference, app.io, app.training
        app.window.start([])
        for entry in app.window.pages.entries:
            app.window.show_page(entry.name)
            self._wait(lambda: not any(lane.busy for lane in lanes), "the lanes work for ever")

    def _wait(self, come: Callable[[], bool], what: str) -> None:
        from PySide6.QtCore import QDeadlineTimer, QEventLoop

        deadline = QDeadlineTimer(20_000)
        while not come() and not deadline.hasExpired():
            self._application.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 20)
        expect(come(), what)
