"""The real window on the real engine, closed in order after each test."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import shiboken6
from PIL import Image
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from resnet_gui.app.engine import LocalEngine
from resnet_gui.app.main import WindowApp
from resnet_gui.core.system.settings import Settings, load_settings
from resnet_gui.core.zoo import Zoo
from resnet_gui.core.zoo.providers.lite0 import lite0_weights_path
from resnet_gui.ui.widgets.restyle import Restyling
from tests.helpers.fake_engine import Rig

ANSWER_MS = 60_000  # the first answer includes torch's import on a busy machine
CATS = ("cat", "tabby", "tiger cat", "Egyptian cat")  # the sample cat: which one is not sure


class PatientBot(QtBot):
    """Waits as long as a busy machine may take. On an idle one a test that passes is no slower, and
    one that waits for what never comes fails later."""

    def waitUntil(self, callback: Callable[[], bool | None], *, timeout: int = ANSWER_MS) -> None:
        super().waitUntil(callback, timeout=timeout)

    def waitExposed(self, widget: Any, *, timeout: int = ANSWER_MS) -> Any:
        return super().waitExposed(widget, timeout=timeout)

    def waitSignal(self, signal: Any, *, timeout: int = ANSWER_MS, **more: Any) -> Any:
        return super().waitSignal(signal, timeout=timeout, **more)


@pytest.fixture
def qtbot(qapp: QApplication, request: pytest.FixtureRequest) -> PatientBot:
    """As pytest-qt's, with more patience."""
    return PatientBot(request)


@pytest.fixture(scope="session")
def lite0() -> None:
    """Skips where the embedded model is not installed."""
    if lite0_weights_path() is None:
        pytest.skip("extra “offline” is not installed")


@pytest.fixture
def open_app(qtbot: QtBot, lite0: None) -> Iterator[Callable[..., WindowApp]]:
    """Opens windows; closes what was opened and checks that the lanes ended."""
    apps: list[WindowApp] = []

    def open_one(
        settings: Settings | None = None, *, start: bool = True, all_pages: bool = True
    ) -> WindowApp:
        """`all_pages`: as the window is a second after its start."""
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        engine = LocalEngine(Zoo.standard())
        app = WindowApp(application, engine, settings or load_settings())
        apps.append(app)
        app.window.show()
        qtbot.waitExposed(app.window)
        if start:
            app.window.start([])
        if all_pages:
            app.window.pages.build_rest()
        if start:
            qtbot.waitUntil(lambda: app.window.store.inventory is not None)
        return app

    hook = sys.excepthook
    yield open_one
    sys.excepthook = hook
    for app in apps:
        close_app(qtbot, app)


def close_app(qtbot: QtBot, app: WindowApp) -> None:
    """Close as a person does and wait for the staged shutdown."""
    if not shiboken6.isValid(app):
        return
    if app.window.isVisible():
        app.window.close()
    qtbot.waitUntil(lambda: app.clean, timeout=20_000)
    for lane in (app.inference, app.io, app.training):
        assert lane.wait(5)
    app.window.deleteLater()
    app.deleteLater()
    qtbot.wait(1)


@pytest.fixture
def app(open_app: Callable[..., WindowApp]) -> WindowApp:
    """One open window that has started its work."""
    return open_app()


@pytest.fixture
def rig(qtbot: QtBot) -> Iterator[Rig]:
    """A made-up engine and real lanes, for one controller alone."""
    rig = Rig(qtbot)
    yield rig
    rig.close()


@pytest.fixture(autouse=True, scope="session")
def imports_frozen() -> None:
    """Takes what was imported out of the garbage collector's sight: `no_leaked_timers` lets it
    look at everything after each test."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def no_leaked_timers() -> Iterator[None]:
    """Fails a test that leaves a timer running."""
    yield
    application = QApplication.instance()
    if application is None:
        return
    application.processEvents()
    gc.collect()
    looked_for = (QTimer, Restyling)
    left = [
        each for each in gc.get_objects() if type(each) in looked_for and shiboken6.isValid(each)
    ]
    for each in left:
        if isinstance(each, Restyling):
            each.catch_up()  # as the window's end does: a switch leaves something for later
    left = [timer for timer in left if isinstance(timer, QTimer) and timer.isActive()]
    assert not left, f"timers left running: {[(t.parent(), t.interval()) for t in left]}"


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Real photos from scikit-image as files."""
    from skimage import data

    folder = tmp_path_factory.mktemp("photos")
    found = {}
    for name in ("chelsea", "coffee", "rocket", "astronaut"):
        path = folder / f"{name}.jpg"
        Image.fromarray(getattr(data, name)()).save(path, quality=92)
        found[name] = path
    return found


os.environ.setdefault("QT_LOGGING_RULES", "qt.qpa.*=false")
