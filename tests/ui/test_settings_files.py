"""Whatever stands in the settings, the window opens, and two windows keep each other's settings."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable

from resnet_gui.app import WindowApp
from resnet_gui.core.settings import Settings, load_settings, settings_path

HOSTILE = [
    {"window": "abc"},
    {"window": "ä"},
    {"window": "AAAA" * 1000},
    {"window": 10**18, "splitter": [10**18, 10**18]},
    {"splitter": [100_000, 100_000], "recent": ["\ud800", "\0", "/a\nb" * 3000]},
    {"splitter": [0, 0], "theme": "<b>", "device": "cuda:99", "model": "<img src='/dev/zero'>"},
    {"last_folder": "\0", "recent": [[]] * 50, "show_crop": "yes"},
]


def test_the_window_opens_with_any_settings(open_app: Callable[..., WindowApp]) -> None:
    path = settings_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    for values in HOSTILE:
        path.write_text(json.dumps({"format": 1, **values}), encoding="utf-8")
        window = open_app(start=False).window
        assert window.isVisible()
        assert window.width() >= window.minimumWidth()
        window.save_now()
        assert load_settings().window == window.settings.window


def test_shapes_of_windows_that_qt_did_not_write(open_app: Callable[..., WindowApp]) -> None:
    """Qt's own format with numbers that are not its own: it stays on the screen."""
    window = open_app(start=False).window
    shape = window.saveGeometry().data()
    generator = random.Random(1)
    for _ in range(100):
        changed = bytearray(shape)
        for _ in range(generator.randint(1, 8)):
            changed[generator.randrange(8, len(shape))] = generator.choice((0, 0x7F, 0x80, 0xFF))
        window.settings = Settings(window=base64.b64encode(bytes(changed)).decode())
        window._restore()
        assert window.isVisible()
        assert window.geometry().intersects(window.screen().geometry())


def test_two_windows_on_one_home(open_app: Callable[..., WindowApp]) -> None:
    first = open_app(start=False).window
    second = open_app(start=False).window
    first._remember(last_folder="/first")
    second._remember(theme="dark")
    first.save_now()
    second.save_now()
    assert (load_settings().last_folder, load_settings().theme) == ("/first", "dark")
    first._remember(device="cpu")
    first.save_now()
    assert (load_settings().theme, load_settings().device) == ("dark", "cpu")
    assert load_settings().last_folder == "/first"
