"""What is told of a training to who does not see the Train page."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from pytestqt.qtbot import QtBot

from resnet_gui.app.main import WindowApp
from resnet_gui.ui.train.controller import TrainController
from resnet_gui.ui.train.run_view import TrainRunView
from tests.helpers.fake_engine import Rig
from tests.ui.train.test_charts import epoch_done

ENDED = "The training has ended. 97.0% validation accuracy, after 12 s."


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """As if a screen reader ran."""
    found: list[str] = []

    def update(event: QAccessibleAnnouncementEvent) -> None:
        if isinstance(event, QAccessibleAnnouncementEvent):
            found.append(event.message())

    monkeypatch.setattr(QAccessible, "isActive", lambda: True)
    monkeypatch.setattr(QAccessible, "updateAccessibility", update)
    return found


def test_a_screen_reader_says_how_far_it_is_three_times(
    qtbot: QtBot, rig: Rig, controller: TrainController, said: list[str]
) -> None:
    view = TrainRunView(controller, rig.io)
    qtbot.addWidget(view)
    view.show()
    for epoch in range(1, 11):
        controller.epoch_done.emit(epoch_done(epoch, val=epoch != 5))
    assert said == [
        "Epoch 3 of 10: 77.5% validation accuracy",
        "Epoch 5 of 10: 96.9% training accuracy",
        "Epoch 8 of 10: 89.6% validation accuracy",
    ]


def test_that_it_has_ended_is_said_on_the_page_in_front(app: WindowApp, said: list[str]) -> None:
    window = app.window
    page = window.train_page
    page.ended_unseen.emit("97.0% validation accuracy, after 12 s")
    assert ENDED in window.page.notices.texts
    assert said == [ENDED]
    [line] = [line for line in window.page.notices.shown if line.label.text() == ENDED]
    line.button.click()
    assert window.pages.current is page
    assert ENDED not in window.page.notices.texts
    page.ended_unseen.emit("97.0% validation accuracy, after 12 s")
    assert page.notices.texts == []  # it stands there in large letters
    assert said == [ENDED, ENDED]
