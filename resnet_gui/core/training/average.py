"""A running average of a network's weights, which is often better than the last weights in the
middle of a run (Polyak & Juditsky 1992; as in EfficientNet, Tan & Le 2019). Needs torch."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

_Tensors = tuple[Tensor, ...] | list[Tensor]
_MODULE = "module."  # AveragedModel's prefix


def running_average(module: nn.Module, decay: float) -> AveragedModel:
    """An exponential average of parameters and BatchNorm statistics, updated once per step.

    In the first steps the decay is smaller, (1 + n) / (10 + n), so that a short run is not an
    average of its random start.

    Args:
        decay: 0..1, of the average per step.
    """

    @torch.no_grad()
    def update(averaged: _Tensors, current: _Tensors, count: Tensor | int) -> None:
        if not averaged[0].is_floating_point():  # how many batches BatchNorm has seen
            for mine, theirs in zip(averaged, current, strict=True):
                mine.copy_(theirs)
            return
        n = int(count)
        weight = 1 - min(decay, (1 + n) / (10 + n))
        torch._foreach_lerp_(averaged, current, weight)

    return AveragedModel(module, multi_avg_fn=update, use_buffers=True)


def averaged_weights(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The averaged network's own state dict, from the saved state of `running_average`."""
    return {
        name.removeprefix(_MODULE): tensor
        for name, tensor in state.items()
        if name.startswith(_MODULE)
    }
