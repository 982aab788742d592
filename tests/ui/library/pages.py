"""Many photos on the Classify page, for tests."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from PIL import Image

from resnet_gui.core.events import ImageFailed
from resnet_gui.ui.classify.page import ClassifyPage
from resnet_gui.ui.library.looks import GRID
from resnet_gui.ui.library.view import LibraryView
from resnet_gui.ui.widgets.photo_list import PhotoState
from tests.helpers.fake_engine import Rig, prediction
from tests.ui.library.conftest import settled

LABELS = ("ant", "bee", "=SUM(1)")


def open_photos(rig: Rig, page: ClassifyPage, folder: Path, count: int) -> None:
    """`count` photos, the last of which cannot be read, with answers in turn."""
    made = []
    for number in range(count):
        path = folder / f"{number:02d}.png"
        Image.new("RGB", (60 + number, 40), (number * 5 % 255, 90, 60)).save(path)
        made.append(path)
    answers = [
        dataclasses.replace(prediction(n, LABELS[n % 3]), path=str(made[n]))
        for n in range(count - 1)
    ]
    rig.engine.script("classify", answers[0])
    rig.engine.script(
        "classify",
        *(dataclasses.replace(said, position=said.position - 1) for said in answers[1:]),
        ImageFailed(count - 2, str(made[-1]), "a", "ImageReadError", "It is cut."),
    )
    page.controller.open_paths(made)
    rig.until(
        lambda: all(p.state is not PhotoState.WAITING for p in page.controller.photos.photos())
    )
    rig.settle()


def library_of(rig: Rig, page: ClassifyPage, look: str = GRID) -> LibraryView:
    page.look.set_look(look)
    library = page.look.shown
    assert library is not None
    settled(rig, library.model)
    return library
