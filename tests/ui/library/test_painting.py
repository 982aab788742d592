"""What is painted once and kept looks as it should when something changes."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import QRect
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from resnet_gui.ui.library.looks import GRID, TABLE
from resnet_gui.ui.library.view import LibraryView
from resnet_gui.ui.widgets.photo_list import Photo, PhotoList, PhotoState
from tests.helpers.fake_engine import Rig, heard
from tests.ui.library.conftest import Fill, answer, settled


def seen(library: LibraryView, row: int) -> QImage:
    """A photo's cell, or its whole row."""
    view = library.view
    cell = view.visualRect(library.model.index(row, 0))
    if view is library.table:
        cell = QRect(0, cell.top(), view.viewport().width(), cell.height())
    return view.viewport().grab(cell).toImage()


def reddish(image: QImage) -> int:
    """Pixels that are nearly pure red."""
    step = range(0, image.height(), 3)
    colours = (QColor(image.pixel(x, y)) for y in step for x in range(0, image.width(), 3))
    return sum(c.red() > 200 and c.green() < 60 and c.blue() < 60 for c in colours)


@pytest.mark.parametrize("kind", [GRID, TABLE])
def test_a_cell_follows_its_photo(
    qtbot: QtBot,
    rig: Rig,
    library: LibraryView,
    photos: PhotoList,
    fill: Fill,
    tmp_path: Path,
    kind: str,
) -> None:
    path = tmp_path / "red.png"
    Image.new("RGB", (400, 300), (255, 0, 0)).save(path)
    library.set_kind(kind)
    first, *_ = fill(str(path), *(str(tmp_path / f"none {n}.png") for n in range(20)))
    settled(rig, library.model)
    rig.until(lambda: reddish(seen(library, 0)) > 100)  # its thumbnail has come
    assert reddish(seen(library, 1)) == 0

    looks = [seen(library, 0)]

    def changed(what: str) -> None:
        settled(rig, library.model)
        rig.until(lambda: seen(library, 0) != looks[-1])
        looks.append(seen(library, 0))
        assert all(a != b for a, b in itertools.pairwise(looks)), what

    first.state, first.prediction = PhotoState.DONE, answer("ant", 0.9)
    photos.touch([first])
    changed("an answer")
    first.state, first.prediction = PhotoState.DONE, answer("bee", 0.9)
    photos.touch([first])
    changed("another answer")
    first.state = PhotoState.WAITING
    photos.touch([first])
    changed("an answer of before")
    library.view.setCurrentIndex(library.model.index(0, 0))
    changed("selected")
    first.state, first.problem = PhotoState.FAILED, "It is cut."
    photos.touch([first])
    changed("it cannot be read")
    assert reddish(seen(library, 0)) < 60, "no picture of what cannot be read"


@pytest.mark.parametrize("kind", [GRID, TABLE])
def test_another_photo_in_the_same_place_looks_like_itself(
    rig: Rig, library: LibraryView, photos: PhotoList, fill: Fill, tmp_path: Path, kind: str
) -> None:
    for name, colour in (("red", (255, 0, 0)), ("blue", (0, 0, 255))):
        Image.new("RGB", (400, 300), colour).save(tmp_path / f"{name}.png")
    library.set_kind(kind)
    red, *_ = fill(*(str(tmp_path / f"{name}.png") for name in ("red", "blue")))
    rig.until(lambda: reddish(seen(library, 0)) > 100)
    photos.remove_many([red])
    rig.until(lambda: reddish(seen(library, 0)) == 0)


def test_many_changes_are_told_of_once(photos: PhotoList, fill: Fill) -> None:
    """Every other one of 20,000 photos used to be 10,000 signals."""
    added = fill(*(f"/x/{number}.jpg" for number in range(400)))
    told, ranges = heard(photos.changed), heard(photos.dataChanged)
    photos.touch(added[::2])
    assert len(told) == len(ranges) == 1
    assert told[0] == added[::2]


def test_what_is_selected_in_too_many_parts_is_let_go(
    rig: Rig, library: LibraryView, photos: PhotoList, fill: Fill
) -> None:
    """Qt took half a second to select 10,000 photos that lie apart."""
    added = fill(*(f"/x/{number:04d}.jpg" for number in range(3000)))
    settled(rig, library.model)

    def comes_back(taken: list[Photo]) -> int:
        removed = photos.remove_many(taken)
        library.view.selectAll()
        photos.restore(removed)
        settled(rig, library.model)
        return len(library.selected())

    assert comes_back(added[::30]) == 2900
    assert comes_back(added[::2]) == 0
    assert photos.rowCount() == 3000
