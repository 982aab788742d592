"""The window as it was, where what was kept of it is of no use."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMainWindow, QSplitter
from pytestqt.qtbot import QtBot

from resnet_gui.ui.widgets.screen_room import screen_room
from resnet_gui.ui.window.shape import restore_shape, shape_of


def reopened(qtbot: QtBot, normal: QRect) -> QMainWindow:
    """As after a start, of a window that was closed maximised and had this size otherwise."""
    before, after = QMainWindow(), QMainWindow()
    for window in (before, after):
        qtbot.addWidget(window)
    before.setGeometry(normal)
    before.showMaximized()
    restore_shape(after, QSplitter(after), shape_of(before), [])
    after.show()
    assert after.isMaximized()
    return after


def test_a_window_that_was_maximised_has_its_old_size_again(qtbot: QtBot) -> None:
    window = reopened(qtbot, QRect(10, 40, 500, 400))
    window.showNormal()
    qtbot.waitUntil(lambda: window.size() == QSize(500, 400))


def test_one_whose_size_was_lost_can_be_made_smaller(qtbot: QtBot) -> None:
    """On Wayland Qt keeps the whole screen as the size of a window that a person maximised."""
    screen = QGuiApplication.primaryScreen().availableGeometry()
    window = reopened(qtbot, screen)
    window.showNormal()
    qtbot.waitUntil(lambda: not window.isMaximized())
    # Not the whole screen less a hair, which is what Qt makes of it.
    assert window.size() == QSize(1120, 740).boundedTo(screen_room(window))
