"""An object of Qt that is garbage in a cycle is destroyed in the GUI thread, whoever makes much."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator

from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from resnet_gui.app.main import WindowApp
from resnet_gui.core.system import garbage
from tests.ui.conftest import ANSWER_MS, close_app


class Ring(QObject):
    """Nobody else knows it."""

    def __init__(self) -> None:
        super().__init__()
        self.me = self


def test_a_worker_destroys_nothing_of_the_window(qtbot: QtBot, app: WindowApp) -> None:
    threads: list[int] = []

    def note() -> None:
        threads.append(threading.get_ident())

    def work() -> Iterator[int]:
        for number in range(20):
            held = [[] for _ in range(5_000)]  # each some hundredth could set the collector off
            yield number
            del held
        garbage.collect()  # as a training's end, which wants its memory back

    lanes = app.inference, app.io, app.training
    # The end of an import freezes what there is, garbage as well.
    qtbot.waitUntil(lambda: not any(lane.busy for lane in lanes), timeout=ANSWER_MS)
    for _ in range(10):
        weakref.finalize(Ring(), note)
    job = app.io.submit(work)
    qtbot.waitUntil(lambda: not job.active, timeout=ANSWER_MS)
    assert len(threads) == 10
    assert set(threads) == {threading.get_ident()}
    close_app(qtbot, app)
    assert gc.isenabled()  # as before
