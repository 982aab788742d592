"""The composition root of the window: services, lanes, engine, logging, and the staged shutdown."""

from __future__ import annotations

import faulthandler
import logging
import logging.handlers
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, TextIO

from PySide6.QtCore import QObject, QTimer, Slot
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication

from resnet_gui.app.desktop import desktop_scheme
from resnet_gui.app.engine import LocalEngine
from resnet_gui.app.garbage import GarbageKeeper
from resnet_gui.app.second_start import Claim, Outcome, claim, give_up, hand_over
from resnet_gui.app.signals import INTERRUPTED, EndSignals
from resnet_gui.core.system import paths
from resnet_gui.core.system.settings import Settings, load_settings
from resnet_gui.core.system.visible_text import VisibleFormatter
from resnet_gui.core.zoo import Zoo
from resnet_gui.jobs.lane import JobLane
from resnet_gui.ui.engine import Engine
from resnet_gui.ui.page import Lanes
from resnet_gui.ui.widgets.theme import ThemeManager
from resnet_gui.ui.window.main_window import MainWindow

if TYPE_CHECKING:
    from resnet_gui.app.first_window import FirstWindow

_log = logging.getLogger(__name__)
_SHUTDOWN_DEADLINE_MS = 8000
_ANSWER_DELAY_MS = 300
# How long a lane's thread may keep the interpreter while the window's thread waits for it. Painting
# asks for it dozens of times; with Python's usual 5 ms a list of photos being answered stood still
# twice as often for 50 ms or more, and answers came no sooner.
_SWITCH_INTERVAL_S = 0.0005
_START_DELAY_MS = 40  # the first paint, undisturbed by the engine's import in its thread


class WindowApp(QObject):
    """Owns the lanes and the window, and ends them in order: ask the lanes to stop, wait for
    their word (not in the GUI thread), close the window; leave at the deadline all the same.

    Attributes:
        clean: whether every lane has ended.
        deadline: runs while the lanes are ending.
        exit_code: the process's; 130 where a signal ended it.
    """

    def __init__(self, application: QApplication, engine: Engine, settings: Settings) -> None:
        super().__init__()
        self.application = application
        self._garbage = GarbageKeeper(self)  # before there is any thread but this one
        self.inference = JobLane("inference", self)
        self.io = JobLane("io", self)
        self.training = JobLane("training", self)
        self.theme = ThemeManager(application, desktop_scheme(application))
        self.window = MainWindow(
            engine,
            Lanes(self.inference, self.io, self.training),
            self.theme,
            settings,
            paths.sample_photos(),
        )
        self._lanes = (self.inference, self.io, self.training)
        self._secured = self._ended = False
        self.clean = False
        self.exit_code = 0
        self.deadline = QTimer(self)
        self.deadline.setSingleShot(True)
        self.deadline.setInterval(_SHUTDOWN_DEADLINE_MS)
        self.deadline.timeout.connect(self._finish)
        self.window.close_requested.connect(self._on_close_requested)
        self.window.memory.secured.connect(self._on_settings_secured)
        for lane in self._lanes:
            lane.stopped.connect(self._on_lane_stopped)

    @Slot()
    def _on_close_requested(self) -> None:
        if self.deadline.isActive() or self._ended:
            return  # asked twice; the deadline stays the first one's
        self.deadline.start()
        self.inference.close()
        self.training.close()
        self.window.memory.close()

    @Slot()
    def _on_settings_secured(self) -> None:
        self._secured = True
        self.io.close()

    @Slot()
    def interrupt(self) -> None:
        """Close by the same steps as a click does, without a question; the exit code is 130."""
        self.exit_code = INTERRUPTED
        self.window.close_unasked()

    @Slot()
    def _on_lane_stopped(self) -> None:
        if all(lane.ended for lane in self._lanes):
            self.clean = True
            self._finish()

    @Slot()
    def _finish(self) -> None:
        """Once: a lane may end after the deadline."""
        if self._ended:
            return
        self._ended = True
        self.deadline.stop()
        self.theme.catch_up()
        if not self._secured:
            self.window.memory.save_here()
        self.window.allow_close()
        self.window.close()
        self._garbage.end()
        self.application.quit()


def run_window(arguments: Sequence[str], *, alone: bool = True) -> int:
    """Open the window and run until it is closed.

    Args:
        arguments: photos, folders and model files to open.
        alone: whether no other window was there a moment ago.

    Returns:
        the exit code.
    """
    crash_log = _start_logging()
    _application()
    claimed = claim()
    if claimed is None and alone and hand_over(arguments) is Outcome.TAKEN:
        return 0  # of two starts at once the other one was the first
    signals = EndSignals()
    app = open_window(arguments)
    if claimed is not None:
        later_starts = _LaterStarts(app.window, claimed)
        app.window.close_requested.connect(later_starts.end)
    signals.received.connect(app.interrupt)
    code = app.application.exec() or app.exit_code
    logging.shutdown()
    if crash_log is not None:
        crash_log.flush()
    if not app.clean:
        # A read stuck in a dead network drive: its thread would keep the process alive for ever.
        os._exit(code)
    signals.close()
    return code


def open_window(arguments: Sequence[str]) -> WindowApp:
    """Build and show the window; its work starts with the event loop, which the caller runs."""
    started = time.perf_counter()
    sys.setswitchinterval(_SWITCH_INTERVAL_S)
    application = _application()
    app = WindowApp(application, LocalEngine(Zoo.standard()), load_settings())
    _catch_unforeseen(app.window)
    app.window.show()
    # After the first paint: torch's import must not delay the window.
    files = [Path(argument).absolute() for argument in arguments]
    starter = _Starter(app.window, files)
    QTimer.singleShot(_START_DELAY_MS, starter, starter.start)
    _log.info("window up after %.0f ms", (time.perf_counter() - started) * 1000)
    return app


def _application() -> QApplication:
    # The name under which window managers know the window, however it was started.
    application = QApplication.instance() or QApplication(["resnet-gui"])
    assert isinstance(application, QApplication)
    application.setApplicationName("resnet-gui")
    application.setApplicationDisplayName("ResNet GUI")
    application.setDesktopFileName("resnet-gui")
    application.setWindowIcon(QIcon(str(paths.assets_dir() / "icon.svg")))
    return application


class _Starter(QObject):
    """Starts the window's work from the event loop."""

    def __init__(self, window: MainWindow, files: list[Path]) -> None:
        super().__init__(window)
        self._window, self._files = window, files

    @Slot()
    def start(self) -> None:
        self._window.start(self._files)


class _LaterStarts(QObject):
    """Answers them once the window is up: that needs QtNetwork, which the first paint does not."""

    def __init__(self, window: MainWindow, claimed: Claim) -> None:
        super().__init__(window)
        self._window, self._claimed = window, claimed
        self._first: FirstWindow | None = None
        self._ended = False
        if claimed.listener is None:
            self._begin()  # nobody listens there yet
        else:
            QTimer.singleShot(_ANSWER_DELAY_MS, self, self._begin)

    @Slot()
    def _begin(self) -> None:
        from resnet_gui.app.first_window import FirstWindow

        if not self._ended:
            self._first = first = FirstWindow(self)
            first.handed.connect(self._window.come_to_front)
            first.answer(self._claimed)

    @Slot()
    def end(self) -> None:
        """The next start opens a window."""
        self._ended = True
        if self._first is not None:
            self._first.close()
        elif self._claimed.listener is not None:
            self._claimed.listener.close()
            give_up(self._claimed.name)


def _start_logging() -> TextIO | None:
    """A log in the user's folder, and faulthandler for crashes in native code."""
    handlers: list[logging.Handler] = [logging.StreamHandler()]
    handlers[0].setLevel(logging.WARNING)
    crash_log: TextIO | None = None
    try:
        paths.log_dir().mkdir(parents=True, exist_ok=True)
        handlers.append(
            logging.handlers.RotatingFileHandler(
                paths.log_dir() / "resnet-gui.log",
                maxBytes=1_000_000,
                backupCount=2,
                encoding="utf-8",
            )
        )
        crash_log = (paths.log_dir() / "crash.log").open("a", encoding="utf-8")
        faulthandler.enable(crash_log)
    except OSError:
        faulthandler.enable()
    for handler in handlers:
        handler.setFormatter(VisibleFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=handlers, force=True)
    logging.getLogger("PIL").setLevel(logging.WARNING)
    return crash_log


def _catch_unforeseen(window: MainWindow) -> None:
    """An error in a slot is logged and shown; the window stays."""

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        _log.error("unforeseen error", exc_info=(kind, error, trace))
        window.pages.current.notices.add(
            f"Something unexpected went wrong ({kind.__name__}: {error}). You can go on; the log "
            f"in {paths.log_dir()} has more.",
            "warning",
        )

    sys.excepthook = hook
