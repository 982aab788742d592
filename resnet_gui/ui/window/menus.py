"""The window's menus, as far as they do something by themselves, and what Help says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QWidget

from resnet_gui import __version__
from resnet_gui.core.system.settings import THEMES
from resnet_gui.ui.widgets.plain_text import (
    MessageBox,
    Rich,
    action_text,
    rich,
    rich_join,
    set_tooltip,
)

_KEYS = (
    ("F11", "on the Lab page: large type on the whole screen (Esc leaves it)"),
    ("Ctrl+O", "open photos"),
    ("Ctrl+Shift+O", "open a folder"),
    ("Ctrl+V", "paste a photo or its path"),
    ("Ctrl+C", "copy the answer"),
    ("Ctrl+M", "choose the model"),
    ("Ctrl+E", "show what the network sees"),
    ("Alt+← Alt+→", "previous, next photo (arrow keys in the strip)"),
    ("Ctrl+Backspace", "take the photo out of the window (the file stays)"),
)


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


class ThemeMenu(QMenu):
    """One of the themes.

    Signals:
        chosen(str).
    """

    chosen = Signal(str)

    def __init__(self, title: str, theme: str, parent: QWidget) -> None:
        super().__init__(title, parent)
        group = QActionGroup(self)
        for name in THEMES:
            action = self.addAction(name.capitalize())
            action.setCheckable(True)
            action.setChecked(name == theme)
            action.setData(name)
            group.addAction(action)
        self.triggered.connect(self._on_triggered)

    @Slot(QAction)
    def _on_triggered(self, action: QAction) -> None:
        self.chosen.emit(str(action.data()))


def keys_text(pages: Sequence[str]) -> Rich:
    """The table of keys. `pages`: the pages' titles, in order."""
    shortcuts = " ".join(f"Ctrl+{number}" for number in range(1, len(pages) + 1))
    keys = (
        ("Drop", "photos, folders, images from a browser, or a model file"),
        (shortcuts, ", ".join(title.lower() for title in pages)),
        *_KEYS,
    )
    rows = rich_join(
        rich("<tr><td><b>{keys}</b></td><td>{what}</td></tr>", keys=keys, what=what)
        for keys, what in keys
    )
    return rich("<table cellspacing='6'>{rows}</table>", rows=rows)


def about_text() -> Rich:
    return rich(
        "<p><b>ResNet GUI {version}</b></p><p>Drag a photo in and see what it is. "
        "Everything is computed on this computer; nothing is uploaded.</p>"
        "<p>MIT licence. Models have licences of their own: see their cards.</p>",
        version=__version__,
    )


def show_box(parent: QWidget, title: str, text: Rich) -> None:
    """A small window with a text; nothing waits for it."""
    box = MessageBox(parent, title, text)
    box.setModal(False)
    box.finished.connect(box.deleteLater)
    box.show()


def _shown_path(name: str) -> str:
    """A path short enough for a menu, shown as it is."""
    home = str(Path.home())
    shown = "~" + name[len(home) :] if name.startswith(home + "/") else name
    if len(shown) > 70:
        shown = f"{shown[:30]}…{shown[-38:]}"
    return action_text(shown)
