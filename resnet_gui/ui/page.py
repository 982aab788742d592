"""What every page is to the window, and what it gets from it."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from PySide6.QtCore import QMimeData, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

from resnet_gui.jobs.lane import JobLane
from resnet_gui.ui.correcting.corrector import Corrector
from resnet_gui.ui.downloads import Downloads
from resnet_gui.ui.engine import Engine
from resnet_gui.ui.filing.filer import Filer
from resnet_gui.ui.imports import Imports
from resnet_gui.ui.means import Means
from resnet_gui.ui.memory import Memory
from resnet_gui.ui.model_store import ModelStore
from resnet_gui.ui.widgets.notice_bar import NoticeBar
from resnet_gui.ui.widgets.theme import ThemeManager

Keys = str | Sequence[str] | QKeySequence.StandardKey


@dataclass(frozen=True, slots=True)
class Lanes:
    """The window's three threads of work."""

    inference: JobLane
    io: JobLane
    training: JobLane


@dataclass(frozen=True, slots=True)
class PageContext:
    """What a page is built from.

    Attributes:
        samples: photos that came with the program.
        filer: carries out and undoes what moves a person's files.
        corrector: keeps what a person decides about photos in the wrong class.
    """

    engine: Engine
    lanes: Lanes
    store: ModelStore
    downloads: Downloads
    imports: Imports
    memory: Memory
    theme: ThemeManager
    samples: list[Path]
    filer: Filer
    corrector: Corrector

    @property
    def means(self) -> Means:
        """What a page's controller is built from."""
        lanes = self.lanes
        return Means(self.engine, self.store, lanes.inference, lanes.io, lanes.training)


def set_keys(action: QAction, keys: Keys) -> None:
    """Give an action its keys: "Ctrl+O" or several of them, or one of Qt's names for the system's
    usual ones."""
    if isinstance(keys, QKeySequence.StandardKey):
        action.setShortcuts(keys)
    else:
        names = (keys,) if isinstance(keys, str) else keys
        action.setShortcuts([QKeySequence(name) for name in names])


def _always() -> bool:
    return True


@dataclass(frozen=True, slots=True)
class PageAction:
    """Something that can be done on a page, as the window's menus show it.

    Attributes:
        menu: the menu's title, "File", "Edit" or "View" or a new one of the page's own.
        action: its text, its keys (which count while the page is shown) and what it does. Also a
            separator, or the action of a whole menu.
        elsewhere: its text while another page is shown; choosing it there brings this page to the
            front first. Empty: it is not in the menus then, and its keys do nothing.
        usable: whether there is something to do right now; else it is grey.
        text: the action's text on this page.
    """

    menu: str
    action: QAction
    elsewhere: str = ""
    usable: Callable[[], bool] = _always
    text: str = ""


class Page(QWidget):
    """What the window asks of each of its pages. All runs in the GUI thread: no method here may
    look at the disk.

    Attributes:
        drop_hint: what letting go over this page does: "Drop to …".
        takes: what can be dropped or pasted here, in words.
        other_keys: keys of parts of the page, which are in no menu, and what each does.
        offered: what this page adds to the menus, in order; see `offer_action`.
        notices: where this page speaks up; the page gives it a place in its layout.

    Signals:
        busy_changed(bool): whether something goes on here that a person elsewhere should know of.
        wanted(): this page should come to the front.
        announced(object): a sentence that a person should see now, whichever page is in front.
            There it has a button that leads to this page.
    """

    drop_hint = ""
    takes = "something for this page"
    other_keys: Sequence[tuple[str, str]] = ()
    busy_changed = Signal(bool)
    wanted = Signal()
    announced = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.offered: list[PageAction] = []
        self.notices = NoticeBar()

    def offer_action(
        self,
        menu: str,
        what: str | QAction,
        slot: Callable[[], object] | None = None,
        *,
        keys: Keys = (),
        elsewhere: str = "",
        usable: Callable[[], bool] = _always,
    ) -> QAction:
        """Add to the menus what can be done here: see `PageAction`.

        Args:
            what: its text, or an action that is there already.
            slot: what is done; with `elsewhere` after the page has come to the front.
            keys: see `set_keys`.
        """
        action = QAction(what, self) if isinstance(what, str) else what
        if keys:
            set_keys(action, keys)
        if elsewhere:
            action.triggered.connect(self.wanted)
        if slot is not None:
            action.triggered.connect(slot)
        # Its keys work without the menu bar, too (on the whole screen), as long as the page shows.
        self.addAction(action)
        self.offered.append(PageAction(menu, action, elsewhere, usable, action.text()))
        return action

    def offer_line(self, menu: str) -> None:
        """Add a line between groups of entries."""
        line = QAction(self)
        line.setSeparator(True)
        self.offered.append(PageAction(menu, line))

    def paste(self, mime: QMimeData) -> None:
        """Use what is on the clipboard, as if it were dropped here."""
        if self.may_take(mime):
            self.notices.forget_misses()
            self.take(mime)
        else:
            self.notices.add(
                f"The clipboard holds nothing that this page can use. Copy {self.takes} first.",
                "miss",
            )

    def may_take(self, mime: QMimeData) -> bool:
        """Whether this page can perhaps use what is dragged over it, judged by names and kinds."""
        return False

    def take(self, mime: QMimeData) -> None:
        """Use what was dropped, after `may_take` said yes."""

    def shown(self) -> None:
        """The page has come to the front."""

    def hidden(self) -> None:
        """Another page has come to the front."""

    def refresh_theme(self) -> None:
        """Take the theme's new colours for what is drawn once."""


@dataclass(frozen=True, slots=True)
class PageEntry:
    """One page in the window's list.

    Attributes:
        name: what code calls it. title: what people read. icon: see `widgets.icons`.
        page: its class, made from a `PageContext`, as "module:Class", which is imported when the
            page is built (as entry points of packages are written); or the class itself.
    """

    name: str
    title: str
    icon: str
    page: str | Callable[[PageContext], Page]

    @property
    def module(self) -> str:
        """Where its class is."""
        return self.page.partition(":")[0] if isinstance(self.page, str) else self.page.__module__

    def page_class(self) -> Callable[[PageContext], Page]:
        """What makes controller and page. Imports it."""
        if not isinstance(self.page, str):
            return self.page
        found = getattr(importlib.import_module(self.module), self.page.partition(":")[2])
        return cast(Callable[[PageContext], Page], found)

    def makes(self, kind: type[Page]) -> bool:
        """Whether this is the page of that class. Imports nothing."""
        return self.page in (kind, f"{kind.__module__}:{kind.__qualname__}")
