"""Answers that outlive the program: the same photos again, in another window."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from resnet_gui.app.main import WindowApp
from resnet_gui.core.inference.classifier import Classifier
from resnet_gui.core.library import store
from resnet_gui.ui.widgets.photo_list import PhotoState
from tests.ui.conftest import ANSWER_MS, close_app


def test_a_second_look_asks_no_model(
    qtbot: QtBot,
    open_app: Callable[..., WindowApp],
    photos: dict[str, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = next(iter(photos.values())).parent

    def answers(app: WindowApp) -> list[tuple[str, float]]:
        controller = app.window.controller
        controller.open_paths([folder])
        qtbot.waitUntil(
            lambda: [p.state for p in controller.photos.photos()] == [PhotoState.DONE] * 4,
            timeout=ANSWER_MS,
        )
        tops = [p.prediction.top for p in controller.photos.photos() if p.prediction is not None]
        return [(top.label, top.probability) for top in tops]

    app = open_app()
    first = answers(app)
    app.window.controller.clear()  # that loses nothing
    close_app(qtbot, app)
    assert store.used_bytes() > 0

    def never(*arguments: object, **options: object) -> None:
        pytest.fail("a model was asked")

    monkeypatch.setattr(Classifier, "ask", never)
    assert answers(open_app()) == first
