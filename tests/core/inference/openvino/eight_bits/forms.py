"""Forms of 8 bits in tests: photos to make one from, and what is known of it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from resnet_gui.core.events import ClassifyEvent, ImageSource, Prediction
from resnet_gui.core.inference import quantize
from resnet_gui.core.inference.backend import INT8, Crops
from resnet_gui.core.inference.classifier import Classifier
from resnet_gui.core.inference.convert import write_model
from resnet_gui.core.inference.eight_bits import (
    EightBits,
    eight_bits_of,
    place_of,
    write_eight_bits,
)
from resnet_gui.core.inference.quantize import make_eight_bits
from resnet_gui.core.system.openvino_import import openvino_version
from resnet_gui.core.system.versions import version_of
from resnet_gui.core.zoo import ModelEntry
from resnet_gui.core.zoo.weights.load import load_network
from tests.core.inference.openvino.conftest import (
    conversion_now,
    ended_process,
    insects_entry,
)
from tests.helpers.pictures import encoded, gradient

NEEDS_NNCF = pytest.mark.skipif(
    not openvino_version() or not version_of("nncf"), reason="the extra “int8” is not installed"
)
PHOTOS = 72


def jpegs(folder: Path, count: int = PHOTOS) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for number in range(count):
        path = folder / f"{number:03d}.jpg"
        path.write_bytes(encoded(gradient(64 + number % 9, 48, seed=number), "JPEG"))
        made.append(path)
    return made


def quickly(patch: pytest.MonkeyPatch) -> None:
    """How much faster so small a network gets nobody asks; it is not measured for seconds."""
    patch.setattr(quantize, "_ROUND_S", 0.01)
    patch.setattr(quantize, "MIN_TIMES_AS_FAST", 0.0)


def known_now() -> EightBits:
    known = eight_bits_of(conversion_now())
    assert known is not None
    return known


def file_sources(paths: Sequence[Path]) -> list[ImageSource]:
    return [ImageSource.file(path) for path in paths]


def classify(classifier: Classifier, photos: Sequence[ImageSource]) -> list[ClassifyEvent]:
    return list(classifier.classify(photos, "insects", "cpu"))


def are_in_8_bits(events: Sequence[ClassifyEvent]) -> list[bool]:
    return ["8 bits" in event.device for event in events if isinstance(event, Prediction)]


OFF: dict[str, Callable[[], bool]] = {
    "wants_eight_bits": lambda: False,
    "wants_exact": lambda: False,
}


def answered(events: Sequence[ClassifyEvent]) -> list[Prediction]:
    return [event for event in events if isinstance(event, Prediction)]


def instead(change: Callable[[Tensor], Tensor]) -> Callable[[Path, Crops], None]:
    """What is written is no form of 8 bits, but a network whose head is another."""

    def quantized(folder: Path, crops: Crops) -> None:
        entry = insects_entry()
        network: nn.Module = load_network(entry)
        with torch.no_grad():
            head = network.get_parameter("head.weight")
            head.copy_(change(head))
        write_model(network, entry.spec.preprocessing, folder / INT8)

    return quantized


def spoil(change: Callable[[Tensor], Tensor]) -> None:
    """What was checked answers otherwise now, as one does that meets photos of another kind."""
    shutil.rmtree(place_of(conversion_now()) / "compiled")
    known = known_now()
    instead(change)(conversion_now().folder, np.zeros(0, np.uint8))
    write_eight_bits(conversion_now(), known)


def like_the_process(
    entry: ModelEntry, device: object, photos: Sequence[str] = (), *, in_turn: bool = False
) -> subprocess.Popen[bytes]:
    make_eight_bits(entry, [Path(name) for name in photos])
    return ended_process()
