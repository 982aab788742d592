"""Small photos and the parts of Make classes on a made-up engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import shiboken6
from pytestqt.qtbot import QtBot

from resnet_gui.ui.making.controller import MakingController
from resnet_gui.ui.making.guesses import Guesses
from resnet_gui.ui.making.view import MakingView
from resnet_gui.ui.widgets.notice_bar import NoticeBar
from resnet_gui.ui.widgets.reveal import Reveal
from tests.helpers.fake_engine import Rig
from tests.helpers.pictures import encoded, gradient

Make = Callable[[], MakingController]


@pytest.fixture
def loose(tmp_path: Path) -> list[Path]:
    """Eight photos, all different."""
    folder = tmp_path / "loose"
    folder.mkdir()
    paths = [folder / f"{number}.jpg" for number in range(8)]
    for number, path in enumerate(paths):
        path.write_bytes(encoded(gradient(24, 24, number), "JPEG"))
    return paths


@pytest.fixture
def make(rig: Rig) -> Make:
    """Controllers that have loaded what is kept."""

    def make_one() -> MakingController:
        controller = MakingController(rig.io, rig.engine.fetch_image, rig.parent)
        controller.load()
        rig.until(lambda: controller.loaded)
        return controller

    return make_one


@pytest.fixture
def controller(make: Make) -> MakingController:
    return make()


@pytest.fixture
def notices(qtbot: QtBot) -> NoticeBar:
    """Where the part says what happened."""
    return NoticeBar()


@pytest.fixture
def guesses(rig: Rig) -> Guesses:
    return Guesses(rig.engine, rig.inference, rig.parent)


@pytest.fixture
def view(
    qtbot: QtBot, rig: Rig, controller: MakingController, notices: NoticeBar, guesses: Guesses
) -> Iterator[MakingView]:
    """The whole part, shown alone."""
    reveal = Reveal(rig.io, notices, rig.parent)
    view = MakingView(controller, guesses, rig.io, notices, reveal)
    view.resize(900, 700)
    view.show()
    qtbot.waitExposed(view)
    controller.changed.emit(controller.boxes.fill(controller.boxes.snapshot()))
    yield view
    rig.settle()
    for widget in (view, notices):
        widget.hide()
        shiboken6.delete(widget)
