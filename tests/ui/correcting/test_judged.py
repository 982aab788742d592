"""Very many photos that a model has judged."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from resnet_gui.ui.correcting.judged import Judged, JudgedLater, paths_of
from resnet_gui.ui.improve.class_panel import ClassPanel
from resnet_gui.ui.widgets import turns


def test_a_photo_is_made_when_somebody_looks_at_it() -> None:
    made: list[str] = []

    def judge(path: str) -> Judged:
        made.append(path)
        return Judged(path, "ants")

    photos = JudgedLater([f"{number}.jpg" for number in range(1000)], judge, str)
    assert len(photos) == 1000
    assert photos[3] == Judged("3.jpg", "ants")
    assert [photo.path for photo in photos[-2:]] == ["998.jpg", "999.jpg"]
    assert list(paths_of(photos))[:2] == ["0.jpg", "1.jpg"]
    assert len(made) == 3
    assert list(paths_of([Judged("a.jpg", "ants")])) == ["a.jpg"]


def test_buttons_of_very_many_classes_come_in_turns(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "TURN_S", 0.0)
    panel = ClassPanel()
    qtbot.addWidget(panel)
    names = [f"species {number:03}" for number in range(1000)]
    panel.show_classes(names)
    assert 9 <= len(panel.buttons) < 50  # those that have keys at once
    panel.show_state("A photo", "", count=1, fine=True)
    qtbot.waitUntil(lambda: len(panel.buttons) == 200)
    assert [button.name for button in panel.buttons] == names[:200]
    assert all(button.isEnabled() for button in panel.buttons)
    panel.show_classes(names[:3])
    assert [button.name for button in panel.buttons] == names[:3]
