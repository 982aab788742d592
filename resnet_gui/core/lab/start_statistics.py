"""Layer statistics of networks that nobody has trained: random weights, one batch. Needs torch.

Nothing here draws from torch's global random numbers, which belong to the training thread.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn

from resnet_gui.core.errors import ModelError
from resnet_gui.core.events import ImageSource
from resnet_gui.core.lab.histories import StartMeasured
from resnet_gui.core.lab.layer_statistics import measure_layers
from resnet_gui.core.nets.blocks import HighwayBlock, initialise
from resnet_gui.core.nets.meta import build_meta
from resnet_gui.core.photos.decode import decode
from resnet_gui.core.runs.events import LayerStatistics
from resnet_gui.core.runs.history import TrainingHistory
from resnet_gui.core.system.paths import sample_photos
from resnet_gui.core.zoo.spec import ModelSpec, Preprocessing

OUTPUTS = 10
# Networks for 224x224 pixels are measured on smaller images: the picture is the same, and the wait
# is a tenth.
_BATCHES = {32: (32, 32)}  # image side of the architecture -> images, side that is measured
_OTHER_BATCH = (16, 96)
_SEED = 1512


def measure_start(spec: ModelSpec) -> Iterator[StartMeasured]:
    """Build the architecture with random weights (the same each time) and measure it.

    Raises:
        ModelError: the architecture is not known, or the sample photos are missing.
    """
    count, side = _BATCHES.get(spec.preprocessing.crop, _OTHER_BATCH)
    x, y = sample_batch(count, side, spec.preprocessing)
    network = build_meta(spec.architecture, OUTPUTS, spec.architecture_options)
    network.to_empty(device="cpu")
    start_weights(network, torch.Generator().manual_seed(_SEED))
    statistics: LayerStatistics = measure_layers(network, x, y, epoch=0)
    history = TrainingHistory(
        id=spec.id,
        title=spec.title,
        architecture=spec.architecture,
        options=spec.architecture_options,
        epochs=(),
        layers=(statistics,),
    )
    yield StartMeasured(history, f"{count} crops of {side}×{side} pixels from the sample photos")


def start_weights(network: nn.Module, generator: torch.Generator) -> None:
    """Give every parameter and buffer its value at the beginning of a training: He-normal
    convolutions, torch's default for linear layers, BatchNorm as the identity."""
    initialise(network, generator)
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.reset_parameters()
            elif isinstance(module, nn.Linear):
                bound = module.in_features**-0.5
                for parameter in module.parameters():
                    parameter.uniform_(-bound, bound, generator=generator)
            elif isinstance(module, nn.Conv2d) and module.bias is not None:
                module.bias.zero_()
        for module in network.modules():  # after its convolution's zeros
            if isinstance(module, HighwayBlock):
                module.close_gate()


def sample_batch(count: int, side: int, preprocessing: Preprocessing) -> tuple[Tensor, Tensor]:
    """Crops of the photos that ship with the program, the same ones each time.

    Returns:
        x: (count, 3, side, side) float32, normalised. y: (count,) int64, classes in turn: a network
        with random weights knows nothing of them anyway.

    Raises:
        ModelError: the sample photos are missing.
    """
    photos = sample_photos()
    if not photos:
        raise ModelError(
            "The program's sample photos are missing, and the networks are measured on them.",
            "Install the program again.",
        )
    smaller = [decode(ImageSource.file(path)).convert("RGB") for path in photos]
    for photo in smaller:
        photo.thumbnail((side * 6, side * 6))
    random = np.random.default_rng(_SEED)
    crops = []
    for number in range(count):
        photo = smaller[number % len(smaller)]
        left = int(random.integers(0, photo.width - side + 1))
        top = int(random.integers(0, photo.height - side + 1))
        crops.append(np.asarray(photo.crop((left, top, left + side, top + side)), np.float32))
    pixels = np.stack(crops) / 255
    mean, std = (np.asarray(v, np.float32) for v in (preprocessing.mean, preprocessing.std))
    x = torch.from_numpy(np.ascontiguousarray(((pixels - mean) / std).transpose(0, 3, 1, 2)))
    return x, torch.arange(count) % OUTPUTS
