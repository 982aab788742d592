"""A running average of a network's weights, which is often better than the last weights in the
middle of a run (Polyak & Juditsky 1992; as in EfficientNet, Tan & Le 2019). Needs torch."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

_MODULE = "module."  # AveragedModel's prefix


class RunningAverage(AveragedModel):
    """An exponential average of parameters and BatchNorm statistics, updated once per step.

    In the first steps the decay is smaller, (1 + n) / (10 + n), so that a short run is not an
    average of its random start.

    It updates itself as AveragedModel would, which brings the count to the GPU and reads it back
    at each step: training would wait for the GPU twice more. Here the count stays on the CPU.

    Args of the constructor:
        decay: 0..1, of the average per step.
    """

    def __init__(self, module: nn.Module, decay: float) -> None:
        super().__init__(module, use_buffers=True)
        self._decay = decay

    @torch.no_grad()
    def update_parameters(self, model: nn.Module) -> None:
        n = int(self.n_averaged)
        weight = 1 - min(self._decay, (1 + n) / (10 + n))
        groups: dict[torch.dtype, tuple[list[Tensor], list[Tensor]]] = {}
        for mine, theirs in zip(_tensors(self.module), _tensors(model), strict=True):
            # How many batches BatchNorm has seen has no average.
            if n == 0 or not mine.is_floating_point():
                mine.copy_(theirs)
            else:
                averaged, current = groups.setdefault(mine.dtype, ([], []))
                averaged.append(mine)
                current.append(theirs)
        for averaged, current in groups.values():
            torch._foreach_lerp_(averaged, current, weight)
        self.n_averaged += 1


def _tensors(module: nn.Module) -> Iterator[Tensor]:
    for tensor in itertools.chain(module.parameters(), module.buffers()):
        yield tensor.detach()


def averaged_weights(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The averaged network's own state dict, from the saved state of `RunningAverage`."""
    return {
        name.removeprefix(_MODULE): tensor
        for name, tensor in state.items()
        if name.startswith(_MODULE)
    }
