"""What every page is to the window, and what it gets from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QMimeData, Signal
from PySide6.QtWidgets import QWidget

from resnet_gui.jobs.lane import JobLane
from resnet_gui.ui.downloads import Downloads
from resnet_gui.ui.engine import Engine
from resnet_gui.ui.imports import Imports
from resnet_gui.ui.memory import Memory
from resnet_gui.ui.model_store import ModelStore
from resnet_gui.ui.widgets.theme import ThemeManager


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
    """

    engine: Engine
    lanes: Lanes
    store: ModelStore
    downloads: Downloads
    imports: Imports
    memory: Memory
    theme: ThemeManager
    samples: list[Path]


class Page(QWidget):
    """What the window asks of each of its pages. All runs in the GUI thread: no method here may
    look at the disk.

    Attributes:
        drop_hint: what letting go over this page does.

    Signals:
        busy_changed(bool): whether something goes on here that a person elsewhere should know of.
    """

    drop_hint = ""
    busy_changed = Signal(bool)

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
        build: makes controller and page.
    """

    name: str
    title: str
    icon: str
    build: Callable[[PageContext], Page]
