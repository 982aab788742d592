"""A small folder of classes, and the page on a made-up engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import shiboken6
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from resnet_gui.core.improve.events import Guess, Improving, LeastSure, Suspect, SuspectsFound
from resnet_gui.core.system.settings import Settings
from resnet_gui.ui.correcting.corrector import Corrector
from resnet_gui.ui.downloads import Downloads
from resnet_gui.ui.filing.filer import Filer
from resnet_gui.ui.imports import Imports
from resnet_gui.ui.improve.controller import ImproveController
from resnet_gui.ui.improve.page import ImprovePage
from resnet_gui.ui.memory import Memory
from resnet_gui.ui.page import Lanes, PageContext
from resnet_gui.ui.widgets.theme import ThemeManager
from tests.helpers.fake_engine import Rig, model
from tests.helpers.pictures import encoded, gradient


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """ants/0.jpg … 5.jpg and bees/0.jpg … 5.jpg, all different."""
    root = tmp_path / "photos" / "insects"
    for number, name in enumerate(("ants", "bees")):
        (root / name).mkdir(parents=True)
        for photo in range(6):
            seed = 10 * number + photo
            (root / name / f"{photo}.jpg").write_bytes(encoded(gradient(40, 40, seed), "JPEG"))
    return root


@pytest.fixture
def loose(tmp_path: Path) -> Path:
    """Five photos without classes."""
    folder = tmp_path / "photos" / "loose"
    folder.mkdir(parents=True)
    for number in range(5):
        (folder / f"new{number}.jpg").write_bytes(encoded(gradient(40, 40, 50 + number), "JPEG"))
    return folder


def found(folder: Path, wrong: int = 2) -> SuspectsFound:
    """All bees, and the first of them probably wrong."""
    suspects = tuple(
        Suspect(str(folder / "bees" / f"{n}.jpg"), "bees", "ants", 0.02, 0.97, 4.0 - n, n < wrong)
        for n in range(6)
    )
    return SuspectsFound(str(folder), "a", suspects, 12, wrong)


def to_label(folder: Path, loose: Path, count: int = 5) -> LeastSure:
    guesses = tuple(
        Guess(str(loose / f"new{n}.jpg"), "ants" if n % 2 else "bees", 0.6, "bees", 0.4)
        for n in range(count)
    )
    return LeastSure(str(folder), "a", guesses, count, 12, classes=("ants", "bees"))


def working() -> list[Improving]:
    return [Improving("features", 6, 12), Improving("learning", 1, 5)]


@pytest.fixture
def controller(rig: Rig) -> ImproveController:
    """With model a, and nothing opened."""
    rig.look(model("a"))
    filer = Filer(rig.io, rig.parent)
    corrector = Corrector(rig.io, filer, rig.parent)
    return ImproveController(rig.means, corrector, rig.parent)


@pytest.fixture
def page(qtbot: QtBot, rig: Rig) -> Iterator[ImprovePage]:
    """The whole page, shown, with model a."""
    rig.look(model("a"))
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    filer = Filer(rig.io, rig.parent)
    context = PageContext(
        rig.engine,
        Lanes(rig.inference, rig.io, rig.training),
        rig.store,
        Downloads(rig.engine.download, rig.io, rig.parent),
        Imports(rig.engine.import_weights, rig.io, rig.parent),
        Memory(Settings(), rig.io, rig.parent),
        ThemeManager(application),
        [],
        filer,
        Corrector(rig.io, filer, rig.parent),
    )
    page = ImprovePage(context)
    page.resize(1000, 640)
    page.show()
    qtbot.waitExposed(page)
    page.shown()
    yield page
    rig.settle()
    page.hide()
    shiboken6.delete(page)
