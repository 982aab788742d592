"""A new style sheet for what nobody sees, a part at a time.

Qt gives every widget of the program a new style in one go (`QApplication.setStyle`, by way of
`setStyleSheet`), and a tenth of them is seen: with six pages that took 60 ms, and most of it was
spent on hidden ones. It passes by a widget that does not count as polished and has a style set.
So hidden parts are marked that way before the switch, and get their share afterwards: one in each
turn of the event loop, or when they are shown, whichever comes first.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Slot
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QApplication, QStackedWidget, QWidget
from shiboken6 import isValid

_TURN_S = 0.008
_AFTER_PAINTING_MS = 15  # what is seen is painted before what is hidden has its turns
_POLISHED, _STYLED = Qt.WidgetAttribute.WA_WState_Polished, Qt.WidgetAttribute.WA_SetStyle
_OWN_FONT = Qt.WidgetAttribute.WA_SetFont


class Restyling(QObject):
    """Keeps what is hidden out of a switch, and catches up on it.

    Around a switch: `set_aside`, in `passed_by` the old style sheet's end, the new style sheet,
    `catch_up_soon`.

    Attributes:
        others: after `set_aside`, the widgets that the switch is for.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._parts: list[_Part] = []
        self.others: list[QWidget] = []
        # As long as one style sheet lives, Qt remembers which palette and type a widget had before
        # a sheet changed them; `polish` gives those back first.
        self._keeper = QWidget()
        self._keeper.setStyleSheet("QWidget { }")
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.timeout.connect(self._on_turn)

    def set_aside(self) -> None:
        """Let the switch that follows pass by what is hidden now."""
        self.catch_up()
        self._parts = [_Part(root) for root in _hidden_parts() if root is not self._keeper]
        aside = {widget for part in self._parts for widget in part.widgets}
        self.others = [widget for widget in QApplication.allWidgets() if widget not in aside]

    @contextmanager
    def passed_by(self) -> Iterator[None]:
        """No widget is given a style in this block. For the time between two sheets: polishing for
        none of them what the next one polishes anyway took a third of a switch."""
        widgets = [w for w in self.others if not w.testAttribute(_STYLED)]
        polished = [w for w in widgets if w.testAttribute(_POLISHED)]
        for widget in polished:
            widget.setAttribute(_POLISHED, False)
        for widget in widgets:
            widget.setAttribute(_STYLED, True)
        try:
            yield
        finally:
            for widget in polished:
                widget.setAttribute(_POLISHED, True)
            for widget in widgets:
                widget.setAttribute(_STYLED, False)

    def catch_up_soon(self) -> None:
        """The switch is over."""
        self.others = []
        for part in self._parts:
            part.root.installEventFilter(self)
        if self._parts:
            self._soon.start(_AFTER_PAINTING_MS)

    def catch_up(self) -> None:
        """Give all that was set aside the style of now, at once."""
        while self._parts:
            self._finish(self._parts[0])
        self._soon.stop()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Something that was set aside is about to be seen."""
        if event.type() == QEvent.Type.Show:
            for part in [part for part in self._parts if part.root is watched]:
                self._finish(part)
        return False

    @Slot()
    def _on_turn(self) -> None:
        end = time.perf_counter() + _TURN_S
        while self._parts and time.perf_counter() < end:
            self._finish(self._parts[0])
        if self._parts:
            self._soon.start(0)

    def _finish(self, part: _Part) -> None:
        self._parts.remove(part)
        if isValid(part.root):
            part.root.removeEventFilter(self)
        part.catch_up()


class _Part:
    """A hidden widget and all in it.

    Attributes:
        root: the widget that is hidden. widgets: it and all in it that have no style of their own.
    """

    def __init__(self, root: QWidget) -> None:
        self.root = root
        self.widgets = [w for w in _with_children(root) if not w.testAttribute(_STYLED)]
        self._polished = [w for w in self.widgets if w.testAttribute(_POLISHED)]
        self._fonts = own_fonts(self.widgets)
        for widget in self._polished:
            widget.setAttribute(_POLISHED, False)
        for widget in self.widgets:
            widget.setAttribute(_STYLED, True)

    def catch_up(self) -> None:
        """What `QApplication.setStyle` does to a widget."""
        there = [widget for widget in self.widgets if isValid(widget)]
        for widget in there:
            widget.setAttribute(_STYLED, False)
        style = QApplication.style()
        for widget in self._polished:
            if isValid(widget):
                widget.setAttribute(_POLISHED, True)
                style.polish(widget)
        for widget in there:
            if isValid(widget):
                QApplication.sendEvent(widget, QEvent(QEvent.Type.StyleChange))
                widget.update()
        give_back(self._fonts)


def own_fonts(widgets: list[QWidget]) -> list[tuple[QWidget, QFont]]:
    """The widgets whose type was set by code. A new style sheet gives each widget the font back
    that it had when it was first shown: sizes and bold that came later would be lost."""
    return [(widget, widget.font()) for widget in widgets if widget.testAttribute(_OWN_FONT)]


def give_back(fonts: list[tuple[QWidget, QFont]]) -> None:
    for widget, font in fonts:
        if isValid(widget) and widget.font() != font:
            widget.setFont(font)


def _hidden_parts() -> Iterator[QWidget]:
    """Windows that are closed, and the pages of open ones that are not in front."""
    for window in QApplication.topLevelWidgets():
        if not window.isVisible():
            if window.testAttribute(_POLISHED):  # else nothing of it costs anything
                yield window
            continue
        for stack in _with_children(window):
            if isinstance(stack, QStackedWidget) and stack.isVisible():
                pages = (stack.widget(n) for n in range(stack.count()))
                yield from (p for p in pages if p is not None and p is not stack.currentWidget())


def _with_children(root: QWidget) -> list[QWidget]:
    return [root, *root.findChildren(QWidget)]
