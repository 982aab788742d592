"""The Train page's state machine on a made-up engine, and a folder to train on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from resnet_gui.core.events import ImageSource
from resnet_gui.core.photos.decode import decode
from resnet_gui.core.runs.events import EpochDone, RunStarted, RunStopped
from resnet_gui.core.zoo import ModelEntry
from resnet_gui.ui.train.controller import TrainController, TrainState
from tests.helpers.fake_engine import Rig, model


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two classes of six small photos."""
    made = tmp_path_factory.mktemp("photos") / "garden"
    for number, name in enumerate(("ant", "bee")):
        (made / name).mkdir(parents=True)
        for photo in range(6):
            pixels = Image.new("RGB", (40, 40 + photo), (100 * number, 20 * photo, 50))
            pixels.save(made / name / f"{photo}.png")
    return made


@pytest.fixture(scope="session")
def dataset(photos: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two classes of 24 crops each: easy, and real photos."""
    folder = tmp_path_factory.mktemp("data") / "cat or coffee ☕"
    for name, label in (("chelsea", "cat"), ("coffee", "coffee")):
        image = decode(ImageSource.file(photos[name]))
        (folder / label).mkdir(parents=True)
        for number in range(24):
            x, y = (number * 7) % 150, (number * 5) % 80
            image.crop((x, y, x + 280, y + 200)).save(folder / label / f"{number:02d}.jpg")
    return folder


@pytest.fixture
def controller(rig: Rig) -> TrainController:
    """One that would start from model a."""
    rig.look(model("a"), model("b"))
    controller = TrainController(rig.means, rig.parent)
    controller.set_model("a")
    return controller


def ready(rig: Rig, controller: TrainController, folder: Path) -> None:
    controller.open_folder(folder)
    assert controller.state is TrainState.SCANNING
    rig.until(lambda: controller.state is TrainState.READY)


def started(run: str = "r", *history: EpochDone) -> RunStarted:
    return RunStarted(
        run, f"/runs/{run}", len(history), 0, "a", "head", 3, 2, bool(history), ("ant", "bee"),
        8, 4, 0, 4, "A made-up CPU", "cpu", "fp32", True, history,
    )  # fmt: skip


def stopped(model_id: str = "made") -> RunStopped:
    return RunStopped("r", 1, 2, 0.5, 1, f"/models/{model_id}", model_id, True, 3.0)


def own(model_id: str, base: str = "", **changes: Any) -> ModelEntry:
    """A model that a run made."""
    return model(model_id, base_model=base, run_id=f"run {model_id}", **changes)
