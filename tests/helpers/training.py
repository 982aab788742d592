"""Small real things for the tests of training: photos, a tiny network, a zoo that has it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image

from resnet_gui.core.nets.build import build_network
from resnet_gui.core.runs.config import RunConfig
from resnet_gui.core.runs.events import EpochDone, TrainEvent
from resnet_gui.core.system.paths import user_models_dir
from resnet_gui.core.zoo import ModelSpec, Preprocessing, Zoo
from resnet_gui.core.zoo.providers.files import FileProvider
from resnet_gui.core.zoo.spec import ModelState
from resnet_gui.core.zoo.weights.load import save_model

# EfficientNet-Lite at a tenth of its width and depth: every code path in 40,000 weights.
TINY_OPTIONS = {"width_coefficient": 0.1, "depth_coefficient": 0.1, "dropout_rate": 0.0}
COLOURS = {"red": (200, 60, 40), "green": (50, 180, 60), "blue": (40, 70, 200)}


def make_photos(
    folder: Path, classes: tuple[str, ...] = ("red", "green"), count: int = 10, side: int = 48
) -> Path:
    """CLASS/*.jpg: noise around each class's colour, enough to learn in a few epochs."""
    names = list(COLOURS)
    for index, name in enumerate(classes):
        generator = np.random.default_rng(index)
        colour = np.array(COLOURS.get(name, COLOURS[names[index % len(names)]]))
        (folder / name).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            noise = generator.integers(-50, 50, (side, side + number, 3))
            pixels = np.clip(colour + noise, 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{number:03}.jpg", quality=90)
    return folder


def make_tiny_model(models: Path | None = None, name: str = "tiny") -> Path:
    """A model file with random weights in the user's models folder."""
    torch.manual_seed(7)
    network = build_network("efficientnet-lite0", 5, TINY_OPTIONS)
    # Without the statistics of some input, activations of random weights fade to nothing.
    network.train()
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = None  # the mean over all batches
    for _ in range(8):
        network(torch.randn(16, 3, 32, 32) + torch.randn(16, 3, 1, 1))
    path = (models or user_models_dir()) / f"{name}.safetensors"
    spec = ModelSpec(
        id=name,
        title="Tiny",
        family="Test",
        architecture="efficientnet-lite0",
        provider="yours",
        dataset="noise",
        classes=tuple("abcde"),
        preprocessing=Preprocessing(36, 32),
        parameters=0,
        architecture_options=TINY_OPTIONS,
    )
    save_model(path, spec, network.state_dict())
    return path


def user_zoo() -> Zoo:
    return Zoo((FileProvider(user_models_dir(), ModelState.YOURS),))


def tiny_config(data: Path, **settings: object) -> RunConfig:
    values: dict[str, object] = {
        "method": "full",
        "epochs": 4,
        "batch_size": 6,
        "lr": 5e-3,
        "device": "cpu",
        "precision": "fp32",
    }
    return RunConfig(data=str(data), model="tiny").replace(**(values | settings))


def curve(events: list[TrainEvent]) -> list[tuple[float | None, ...]]:
    """What two equal runs have equal: all of the epochs but their times."""
    return [
        (e.epoch, e.step, e.train_loss, e.train_accuracy, e.val_loss, e.val_accuracy, e.lr, e.best)
        for e in events
        if isinstance(e, EpochDone)
    ]
