"""The menu of what was opened before."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QWidget

from resnet_gui.core.system.paths import home_dir
from resnet_gui.ui.widgets.plain_text import action_text, set_tooltip


class RecentMenu(QMenu):
    """The files and folders opened last.

    Signals:
        path_chosen(str), forget_requested().
    """

    path_chosen = Signal(object)  # a str would lose what is no UTF-8 in a file name
    forget_requested = Signal()

    def __init__(self, title: str, recent: Callable[[], Sequence[str]], parent: QWidget) -> None:
        super().__init__(title, parent)
        self._recent = recent
        self._names: tuple[str, ...] = ()
        self.aboutToShow.connect(self._on_about_to_show)
        self.triggered.connect(self._on_triggered)

    @Slot()
    def _on_about_to_show(self) -> None:
        self.clear()
        names = self._names = tuple(self._recent())
        for number, name in enumerate(names):
            action = self.addAction(_shown_path(name))
            set_tooltip(action, name)
            action.setData(number)
        if names:
            self.addSeparator()
            self.addAction("Forget these").triggered.connect(self.forget_requested)
        else:
            self.addAction("Nothing yet").setEnabled(False)

    @Slot(QAction)
    def _on_triggered(self, action: QAction) -> None:
        if action.data() is not None:
            self.path_chosen.emit(self._names[action.data()])


def _shown_path(name: str) -> str:
    """A path short enough for a menu, shown as it is."""
    home = str(home_dir())
    shown = "~" + name[len(home) :] if name.startswith(home + "/") else name
    if len(shown) > 70:
        shown = f"{shown[:30]}…{shown[-38:]}"
    return action_text(shown)
