"""Whether a network takes images as small as a run asks for. Needs torch."""

from __future__ import annotations

import torch
from torch import nn

from resnet_gui.core.errors import RunConfigError
from resnet_gui.core.nets.build import build_network
from resnet_gui.core.runs.config import Method, RunConfig
from resnet_gui.core.training.network import architecture_options
from resnet_gui.core.training.setup import input_side
from resnet_gui.core.zoo.spec import ModelEntry

_ALWAYS_FITS = 64  # pixels; every architecture of the zoo halves an image five times at most


def check_input_size(entry: ModelEntry, config: RunConfig) -> None:
    """Try one black image, where the run's are smaller than any network was made for.

    Raises:
        RunConfigError: the network cannot take them.
        ModelError: it cannot be built.
    """
    size = config.image_size or entry.spec.preprocessing.crop
    first = input_side(config, size, 1)
    doubtful = [side for side in (size, first) if side < _ALWAYS_FITS]
    if not config.image_size and first == size:
        return  # the model's own size, all the time
    if not doubtful:
        return
    options = architecture_options(entry.spec.architecture_options, config)
    network = build_network(entry.spec.architecture, 2, options)
    single = config.batch_size // config.accumulate <= 1
    # One value per channel has no variance: BatchNorm cannot learn from it.
    network.train(single and config.method is Method.SCRATCH)
    more = " one at a time" if network.training else ""
    for side in doubtful:
        error = _refused(network, side)
        if error is None:
            continue
        if side < size:
            raise RunConfigError(
                "progressive_resizing",
                f"{entry.spec.title} cannot take images of {side} × {side} pixels{more}, with "
                "which progressive_resizing begins: they shrink to nothing on the way through its "
                "layers.",
                "Turn progressive_resizing off, or raise image_size.",
            ) from error
        raise RunConfigError(
            "image_size",
            f"{entry.spec.title} cannot take images of {side} × {side} pixels{more}: they shrink "
            "to nothing on the way through its layers.",
            "Raise batch_size or image_size."
            if network.training
            else f"Raise image_size, for instance to {_ALWAYS_FITS}, or leave it at 0 for the "
            "model's own size.",
        ) from error


def _refused(network: nn.Module, side: int) -> Exception | None:
    """What the network says to an image of this side; None: it takes it."""
    if side < 1:
        return ValueError("no pixel is left")
    try:
        with torch.no_grad():
            network(torch.zeros(1, 3, side, side))
    except (RuntimeError, ValueError) as error:
        return error
    return None
