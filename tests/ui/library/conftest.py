"""The Classify page on a made-up engine, with as many photos as a test wants."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from resnet_gui.core.events import ClassScore, ImageSource, Prediction
from resnet_gui.core.system.settings import Settings
from resnet_gui.ui.classify.page import ClassifyPage
from resnet_gui.ui.correcting.corrector import Corrector
from resnet_gui.ui.downloads import Downloads
from resnet_gui.ui.filing.filer import Filer
from resnet_gui.ui.imports import Imports
from resnet_gui.ui.library.model import LibraryModel
from resnet_gui.ui.library.view import LibraryView
from resnet_gui.ui.memory import Memory
from resnet_gui.ui.page import Lanes, PageContext
from resnet_gui.ui.widgets.photo_list import Photo, PhotoList, PhotoState
from resnet_gui.ui.widgets.theme import ThemeManager
from tests.helpers.fake_engine import Rig, model

Fill = Callable[..., list[Photo]]


def answer(label: str, probability: float, second: float = 0.0, *, model: str = "a") -> Prediction:
    scores = (ClassScore(label, 0, probability), ClassScore("other", 1, second))
    return Prediction(0, "", model, scores, 64, 48, "CPU", 1.0, 1.0)


def give(photos: PhotoList, answers: Sequence[Prediction | str | None]) -> list[Photo]:
    """Answers for the first photos: a prediction, why it could not be read, or nothing."""
    told = []
    for photo, said in zip(photos.photos(), answers, strict=False):
        if isinstance(said, Prediction):
            photo.state, photo.prediction = PhotoState.DONE, said
        elif said is not None:
            photo.state, photo.problem = PhotoState.FAILED, said
        told.append(photo)
    photos.touch(told)
    return told


@pytest.fixture
def photos(rig: Rig) -> PhotoList:
    return PhotoList(rig.io, rig.parent)


@pytest.fixture
def fill(photos: PhotoList) -> Fill:
    """Adds photos of these names."""

    def add(*names: str) -> list[Photo]:
        return photos.add([ImageSource.file(name) for name in names])

    return add


@pytest.fixture
def library(qtbot: QtBot, rig: Rig, photos: PhotoList) -> LibraryView:
    """On the screen and active."""
    view = LibraryView(photos, rig.io)
    qtbot.addWidget(view)
    view.resize(900, 600)
    view.show()
    view.set_active(True)
    rig.settle()
    return view


@pytest.fixture
def memory(rig: Rig) -> Memory:
    return Memory(Settings(), rig.io, rig.parent)


@pytest.fixture
def page(qtbot: QtBot, rig: Rig, memory: Memory) -> ClassifyPage:
    """The whole page, with model a chosen."""
    rig.engine.models = [model("a"), model("b"), model("c")]
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    filer = Filer(rig.io, rig.parent)
    context = PageContext(
        rig.engine,
        Lanes(rig.inference, rig.io, rig.training),
        rig.store,
        Downloads(rig.engine.download, rig.io, rig.parent),
        Imports(rig.engine.import_weights, rig.io, rig.parent),
        memory,
        ThemeManager(application),
        [],
        filer,
        Corrector(rig.io, filer, rig.parent),
    )
    page = ClassifyPage(context)
    qtbot.addWidget(page)
    page.resize(1000, 640)
    page.show()
    page.controller.start("a", "auto")
    rig.settle()
    return page


def settled(rig: Rig, model: LibraryModel) -> None:
    rig.until(lambda: model.settled)


def names(model: LibraryModel) -> list[str]:
    return [photo.source.short_name for photo in model.photos()]
