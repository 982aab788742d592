"""Whatever stands in the settings and the runs, the window opens; two windows keep each other's
settings."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable

from pytestqt.qtbot import QtBot

from resnet_gui.app.main import WindowApp
from resnet_gui.core.runs.listing import runs_dir
from resnet_gui.core.system.settings import load_settings, settings_path
from resnet_gui.ui.train.runs_list import describe
from resnet_gui.ui.window.shape import restore_shape

HOSTILE = [
    {"window": "abc", "splitter": [10**17, 5]},
    {"window": "ä", "last_folder": "\0"},
    {"splitter": [100_000, 100_000], "recent": ["\ud800", "\0", "/a\nb" * 3000]},
    {"splitter": [0, 0], "show_crop": "yes", "theme": "<b>", "device": "cuda:99", "model": "<b>"},
]


def save(qtbot: QtBot, app: WindowApp) -> None:
    app.window.save_now()
    qtbot.waitUntil(lambda: not app.io.busy)


def test_the_window_opens_with_any_settings(
    qtbot: QtBot, open_app: Callable[..., WindowApp]
) -> None:
    path = settings_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    for values in HOSTILE:
        path.write_text(json.dumps({"format": 1, **values}), encoding="utf-8")
        app = open_app(start=False)
        window = app.window
        assert window.isVisible()
        assert window.width() >= window.minimumWidth()
        save(qtbot, app)
        assert load_settings().window == window.memory.settings.window


def test_shapes_of_windows_that_qt_did_not_write(open_app: Callable[..., WindowApp]) -> None:
    """Qt's own format with numbers that are not its own: it stays on the screen."""
    window = open_app(start=False).window
    shape = window.saveGeometry().data()
    generator = random.Random(1)
    for _ in range(100):
        changed = bytearray(shape)
        for _ in range(generator.randint(1, 8)):
            changed[generator.randrange(8, len(shape))] = generator.choice((0, 0x7F, 0x80, 0xFF))
        stored = base64.b64encode(bytes(changed)).decode()
        restore_shape(window, window.page.splitter, stored, ())
        assert window.isVisible()
        assert window.geometry().intersects(window.screen().geometry())


def test_two_windows_on_one_home(qtbot: QtBot, open_app: Callable[..., WindowApp]) -> None:
    first, second = open_app(start=False), open_app(start=False)
    first.window.memory.change(last_folder="/first")
    second.window.memory.change(theme="dark")
    save(qtbot, first)
    save(qtbot, second)
    assert (load_settings().last_folder, load_settings().theme) == ("/first", "dark")
    first.window.memory.change(device="cpu")
    save(qtbot, first)
    assert (load_settings().theme, load_settings().device) == ("dark", "cpu")
    assert load_settings().last_folder == "/first"


def test_the_list_of_runs_shows_whatever_is_there(
    open_app: Callable[..., WindowApp], qtbot: QtBot
) -> None:
    odd = [None, [], {}, 10**17, -1, 1e300, "", "\ud800", "<b>", "x" * 10**5]
    for number, value in enumerate(odd):
        run = runs_dir() / f"run-{number}"
        run.mkdir(parents=True)
        settings = {"data": value, "model": value, "epochs": value, "method": value}
        document = {"format": 1, "title": value, "created": value, "config": settings}
        document |= {"state": "stopped", "message": value, "model_path": value}
        (run / "run.json").write_text(json.dumps(document))
        (run / "metrics.jsonl").write_text(json.dumps({"epoch": value}))
    for name, text in (("torn", "{"), ("deep", "[" * 10**5), ("dates", '{"format": 1}')):
        (runs_dir() / name).mkdir()
        (runs_dir() / name / "run.json").write_text(text)
    window = open_app().window
    qtbot.waitUntil(
        lambda: len(window.train_controller.earlier.runs) == len(odd) + 3, timeout=20_000
    )
    window.show_page("train")
    assert {run.name for run in window.train_controller.earlier.runs} >= {"torn", "deep", "run-0"}
    assert all(describe(run, run.model) for run in window.train_controller.earlier.runs)
    window.lab_page.refresh_if_shown()
    assert window.isVisible()
