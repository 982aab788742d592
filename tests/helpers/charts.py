"""A chart's menu, as a person uses it."""

from __future__ import annotations

from PySide6.QtCore import QPoint
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtWidgets import QApplication, QMenu, QWidget


def open_menu(chart: QWidget, position: QPoint | None = None) -> QMenu:
    """The menu that a right click opens there; in the middle where nobody says."""
    at = chart.rect().center() if position is None else position
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, chart.mapToGlobal(at))
    QApplication.sendEvent(chart, event)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    return menu


def choose(menu: QMenu, text: str) -> None:
    [action] = [action for action in menu.actions() if action.text() == text]
    menu.close()
    action.trigger()
