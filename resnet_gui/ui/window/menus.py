"""The window's menus, and what two of them do by themselves: recent files and help."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
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

if TYPE_CHECKING:
    from resnet_gui.ui.window.main_window import MainWindow

_KEYS = (
    ("Drop", "photos, folders, images from a browser, or a model file"),
    ("Ctrl+1 Ctrl+2 Ctrl+3 Ctrl+4", "classify, train, models, lab"),
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


@dataclass(frozen=True, slots=True)
class Menus:
    """The parts of the menus that the window changes later."""

    recent: RecentMenu
    crop: QAction
    themes: QActionGroup


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

    @Slot()
    def _on_about_to_show(self) -> None:
        self.clear()
        names = self._names = tuple(self._recent())
        for number, name in enumerate(names):
            action = self.addAction(_shown_path(name))
            set_tooltip(action, name)
            action.setData(number)
            action.triggered.connect(self._on_chosen)
        if names:
            self.addSeparator()
            self.addAction("Forget these").triggered.connect(self.forget_requested)
        else:
            self.addAction("Nothing yet").setEnabled(False)

    @Slot()
    def _on_chosen(self) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            self.path_chosen.emit(self._names[action.data()])


def build_menus(window: MainWindow) -> Menus:
    """Fill the window's menu bar."""
    keys = QKeySequence.StandardKey
    page, controller = window.page, window.controller
    file = window.menuBar().addMenu("&File")
    _action(file, "&Open photos…", window.open_files, keys.Open)
    _action(file, "Open &folder…", window.open_folder, "Ctrl+Shift+O")
    recent = RecentMenu("Open &recent", lambda: window.settings.recent, window)
    file.addMenu(recent)
    _action(file, "&Sample photos", window.open_samples)
    file.addSeparator()
    _action(file, "&Import weights…", window.import_weights)
    file.addSeparator()
    _action(file, "&Quit", window.close, keys.Quit)
    edit = window.menuBar().addMenu("&Edit")
    _action(edit, "&Paste photo", window.paste, keys.Paste)
    _action(edit, "&Copy result", page.copy_result, keys.Copy)
    edit.addSeparator()
    _action(edit, "&Next photo", window.show_next, "Alt+Right")
    _action(edit, "Pre&vious photo", window.show_previous, "Alt+Left")
    _action(edit, "&Remove photo from window", controller.remove_current, "Ctrl+Backspace")
    _action(edit, "C&lear window", controller.clear)
    edit.addSeparator()
    _action(edit, "Se&ttings…", window.settings_dialog.open_fresh, keys.Preferences)
    view = window.menuBar().addMenu("&View")
    for number, button in enumerate(window.rail.buttons):
        _action(view, button.text(), button.click, f"Ctrl+{number + 1}")
    view.addSeparator()
    _action(view, "Choose &model…", page.show_models, "Ctrl+M")
    crop = _action(view, "What the network &sees", None, "Ctrl+E")
    crop.setCheckable(True)
    crop.toggled.connect(page.crop_button.setChecked)
    theme_menu = view.addMenu("&Theme")
    themes = QActionGroup(window)
    for name in THEMES:
        action = QAction(name.capitalize(), window, checkable=True)
        action.setData(name)
        themes.addAction(action)
        theme_menu.addAction(action)
    help_menu = window.menuBar().addMenu("&Help")
    _action(help_menu, "&Keyboard and mouse", window.show_keys)
    _action(help_menu, "&About ResNet GUI", window.show_about)
    return Menus(recent, crop, themes)


def keys_text() -> Rich:
    """The table of keys."""
    rows = rich_join(
        rich("<tr><td><b>{keys}</b></td><td>{what}</td></tr>", keys=keys, what=what)
        for keys, what in _KEYS
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


def _action(
    menu: QMenu,
    text: str,
    slot: Callable[[], object] | None,
    shortcut: QKeySequence.StandardKey | str | None = None,
) -> QAction:
    action = menu.addAction(text)
    if shortcut is not None:
        action.setShortcut(QKeySequence(shortcut))
    if slot is not None:
        action.triggered.connect(slot)
    return action


def _shown_path(name: str) -> str:
    """A path short enough for a menu, shown as it is."""
    home = str(Path.home())
    shown = "~" + name[len(home) :] if name.startswith(home + "/") else name
    if len(shown) > 70:
        shown = f"{shown[:30]}…{shown[-38:]}"
    return action_text(shown)
