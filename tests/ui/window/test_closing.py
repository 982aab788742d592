"""Closing in order, however often it is asked for; opening whatever the settings say."""

from __future__ import annotations

import base64
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QByteArray
from PySide6.QtWidgets import QApplication, QMainWindow, QMessageBox
from pytestqt.qtbot import QtBot

from resnet_gui.app.main import WindowApp
from resnet_gui.app.signals import INTERRUPTED
from resnet_gui.core.system.settings import Settings, load_settings, settings_path
from resnet_gui.ui.train.controller import TrainController


def test_repeated_clicks_do_nothing_more(
    qtbot: QtBot, open_app: Callable[..., WindowApp], monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one lane still works the program must not call itself clean, nor wait longer."""
    app = open_app(start=False)
    release = threading.Event()
    began = threading.Event()

    def stuck() -> Iterator[None]:
        began.set()
        release.wait(60)
        yield None

    app.io.submit(stuck)
    assert began.wait(10)
    saved: list[Settings] = []
    monkeypatch.setattr("resnet_gui.ui.memory.save_settings", lambda new, _: saved.append(new))
    app.window.close()
    qtbot.wait(100)
    left = app.deadline.remainingTime()
    for _ in range(5):
        app.window.close()
    qtbot.wait(100)
    assert app.deadline.remainingTime() < left
    assert not app.clean
    assert app.window.isVisible()
    release.set()
    qtbot.waitUntil(lambda: app.clean, timeout=10_000)
    assert not app.window.isVisible()
    assert len(saved) == 1


@pytest.mark.parametrize("stuck", [False, True])
def test_what_was_remembered_last_is_on_the_disk(
    qtbot: QtBot, open_app: Callable[..., WindowApp], stuck: bool
) -> None:
    """It is saved in the io lane; if that one never comes back, at the deadline all the same."""
    app = open_app(start=False)
    release, began = threading.Event(), threading.Event()

    def wait() -> Iterator[None]:
        began.set()
        release.wait(60)
        yield None

    if stuck:
        app.io.submit(wait)
        assert began.wait(10)
        app.deadline.setInterval(100)
    app.window.memory.opened("/photos/last.jpg")
    app.window.close()
    qtbot.waitUntil(lambda: not app.window.isVisible(), timeout=10_000)
    assert load_settings().recent == ("/photos/last.jpg",)
    assert load_settings().window
    assert app.clean is not stuck
    release.set()
    qtbot.waitUntil(lambda: app.clean, timeout=10_000)


def quit_questions() -> list[QMessageBox]:
    return [
        box
        for box in QApplication.topLevelWidgets()
        if isinstance(box, QMessageBox) and box.isVisible()
    ]


def test_the_question_before_quitting_is_asked_once(
    qtbot: QtBot, app: WindowApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TrainController, "running", property(lambda self: True))
    for _ in range(3):
        app.window.close()
    [box] = quit_questions()
    box.button(QMessageBox.StandardButton.Cancel).click()
    assert app.window.isVisible()
    assert not quit_questions()
    app.window.close()
    [box] = quit_questions()
    box.button(QMessageBox.StandardButton.Close).click()
    qtbot.waitUntil(lambda: app.clean, timeout=20_000)
    assert app.exit_code == 0


def test_the_question_knows_when_the_training_has_ended(
    qtbot: QtBot, app: WindowApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ "A training is running. Stop it and quit?" stood above the result of the training."""
    running = [True]
    monkeypatch.setattr(TrainController, "running", property(lambda self: running[0]))
    app.window.close()
    [box] = quit_questions()
    app.window.train_controller.state_changed.emit()
    assert box.text().startswith("A training is running.")
    running.clear()
    running.append(False)
    app.window.train_controller.state_changed.emit()
    assert box.text() == "The training has ended. Quit?"
    assert not box.informativeText()
    button = box.button(QMessageBox.StandardButton.Close)
    assert button.text() == "Quit"
    button.click()
    qtbot.waitUntil(lambda: app.clean, timeout=20_000)


def test_a_signal_closes_without_a_question(
    qtbot: QtBot, app: WindowApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is there to answer it; the run goes on at the next start."""
    monkeypatch.setattr(TrainController, "running", property(lambda self: True))
    app.window.close()
    assert len(quit_questions()) == 1  # it was just being asked
    app.interrupt()
    qtbot.waitUntil(lambda: app.clean, timeout=20_000)
    assert app.exit_code == INTERRUPTED
    assert settings_path().is_file()


# --- what the settings say ----------------------------------------------------------------------


def shape(*numbers: int) -> str:
    """A stored geometry whose numbers (two rectangles, screen, …) were changed by hand."""
    window = QMainWindow()
    data = bytearray(window.saveGeometry().data())
    window.deleteLater()
    for place, number in enumerate(numbers):
        struct.pack_into(">i", data, 8 + 4 * place, number)
    return base64.b64encode(bytes(data)).decode("ascii")


FAR = 2**31 - 1


@pytest.mark.parametrize(
    "make",
    [
        lambda: "abc",  # no base64
        lambda: "größe ☕",
        lambda: "AAAA",  # base64, no shape
        lambda: base64.b64encode(b"\x01\xd9\xd0\xcb\0\3\0\0" + b"\xff" * 60).decode(),
        lambda: shape(*[FAR] * 8),
        lambda: shape(*[-FAR] * 8),
        lambda: shape(0, 0, -5, -5, 0, 0, -5, -5),
        lambda: shape(10**6, 10**6, 10**6 + 800, 10**6 + 600, 10**6, 10**6, 10**6 + 800, 10**6),
        lambda: shape(0, 0, 10**9, 10**9, 0, 0, 10**9, 10**9),
    ],
    ids=["abc", "umlaut", "AAAA", "ones", "far", "left", "negative", "off-screen", "enormous"],
)
def test_a_wrong_shape_does_not_stop_the_window(
    qtbot: QtBot, open_app: Callable[..., WindowApp], make: Callable[[], str]
) -> None:
    app = open_app(Settings(window=make()), start=False)
    screen = app.window.screen().availableGeometry()
    assert app.window.isVisible()
    assert screen.intersects(app.window.geometry())
    assert app.window.minimumWidth() <= app.window.width() <= max(screen.width(), 1120)
    assert app.window.minimumHeight() <= app.window.height() <= max(screen.height(), 740)


@pytest.mark.parametrize(
    "sizes", [(-5, -5), (2**31, 1), (10**400, 1), (0, 0), (1,), (1, 2, 3), (10**9, 10**9), ("a", 1)]
)
def test_a_wrong_splitter_does_not_stop_the_window(
    qtbot: QtBot, open_app: Callable[..., WindowApp], sizes: tuple[int, ...]
) -> None:
    app = open_app(Settings(splitter=sizes), start=False)
    app.window.page.stack.setCurrentIndex(1)
    qtbot.wait(1)
    assert min(app.window.page.splitter.sizes()) > 100


def test_a_good_shape_comes_back(
    qtbot: QtBot, open_app: Callable[..., WindowApp], tmp_path: Path
) -> None:
    app = open_app(start=False)
    app.window.resize(790, 600)
    app.window.save_now()
    qtbot.waitUntil(lambda: not app.io.busy)
    stored = load_settings()
    assert QByteArray.fromBase64(stored.window.encode()).size() > 20
    again = open_app(stored, start=False)
    assert (again.window.width(), again.window.height()) == (790, 600)
