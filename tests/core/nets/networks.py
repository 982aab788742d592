"""Networks of the papers, small enough for a test."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from resnet_gui.core.nets.build import build_network
from resnet_gui.core.zoo.untrained import untrained_spec

# One small network of each architecture and kind.
SMALL = [
    "cifar-resnet8",
    "cifar-resnet8-b",
    "cifar-plain8",
    "cifar-highway8",
    "cifar-preresnet11",
    "plain18",
]


def untrained(model_id: str, classes: int = 10, seed: int = 0) -> nn.Module:
    spec = untrained_spec(model_id)
    assert spec is not None
    torch.manual_seed(seed)
    return build_network(spec.architecture, classes, spec.architecture_options)


def noise(*shape: int, seed: int = 1) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


class Silence(nn.Module):
    """A shortcut that carries nothing, of the right size."""

    def __init__(self, stride: int) -> None:
        super().__init__()
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        # The channels are broadcast.
        return torch.zeros_like(x[:, :1, :: self.stride, :: self.stride])
