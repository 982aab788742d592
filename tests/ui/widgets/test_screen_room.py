"""How large a window may be, also where nobody says what the desktop's panels take."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from resnet_gui.ui.widgets.screen_room import screen_room


def test_on_wayland_there_is_room_for_a_panel(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    before = screen_room(window)
    assert before.height() < window.screen().availableSize().height()
    monkeypatch.setattr(QGuiApplication, "platformName", lambda: "wayland")
    assert before - screen_room(window) == QSize(0, 40)
