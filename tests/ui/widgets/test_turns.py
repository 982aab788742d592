"""Long work of the GUI thread in turns."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from resnet_gui.ui.widgets import turns
from resnet_gui.ui.widgets.turns import Turns


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def owner(qtbot: QtBot) -> Iterator[QObject]:
    owner = QObject()
    yield owner
    owner.deleteLater()


def work(told: list[str], name: str, steps: int = 3) -> Iterator[None]:
    for step in range(steps):
        told.append(f"{name}{step}")
        yield
    told.append(f"{name} done")


def test_little_is_done_at_once(owner: QObject, told: list[str]) -> None:
    here = Turns(owner)
    here.start(work(told, "a"))
    assert told == ["a0", "a1", "a2", "a done"]
    assert not here.running


def test_much_is_done_in_turns_and_the_newest_work_counts(
    qtbot: QtBot, owner: QObject, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "TURN_S", 0.0)  # each step has a turn of its own
    here = Turns(owner)
    here.start(work(told, "a", 10_000))
    assert told == ["a0"]
    assert here.running
    qtbot.waitUntil(lambda: "a1" in told)
    here.start(work(told, "b"))
    qtbot.waitUntil(lambda: not here.running)
    assert told[-4:] == ["b0", "b1", "b2", "b done"]
    assert "a done" not in told
    here.start(work(told, "c", 100))
    here.stop()
    qtbot.wait(20)
    assert not here.running
    assert told[-1] == "c0"


def test_work_may_begin_other_work(owner: QObject, told: list[str]) -> None:
    here = Turns(owner)

    def first() -> Iterator[None]:
        yield
        here.start(work(told, "next"))

    here.start(first())
    assert told[-1] == "next done"
    assert not here.running
