"""Grad-CAM against an independent way of computing it, for every architecture."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor, nn

from resnet_gui.core.errors import ModelError
from resnet_gui.core.explain.explainer import scaled
from resnet_gui.core.explain.gradcam import find_last_stage, grad_cam
from resnet_gui.core.nets.build import build_network, head_name
from resnet_gui.core.nets.registry import architectures, last_stage_of
from tests.helpers.models import random_state
from tests.helpers.training import TINY_OPTIONS

FAMILIES: list[Any] = [
    ("resnet18", {}, 64),
    ("efficientnet-lite0", TINY_OPTIONS, 64),
    ("cifar_resnet", {"depth": 8}, 32),
    ("cifar_resnet", {"depth": 8, "kind": "plain"}, 32),
    ("cifar_resnet", {"depth": 8, "kind": "highway"}, 32),
    ("cifar_preresnet", {"depth": 11}, 32),
    ("cifar_resnet", {"depth": 8, "head": {"width": 8}}, 32),
    ("plain_resnet", {"depth": 18}, 64),
    pytest.param("keras_resnet50", {}, 64, marks=pytest.mark.slow),
    ("resnet50v2", {}, 64),
]


def by_backward_hooks(
    network: nn.Module, module: nn.Module, x: Tensor, index: int
) -> npt.NDArray[np.float32]:
    """Selvaraju et al. 2017, equations 1 and 2, with a whole backward pass from the class to the
    photo, as the textbooks do it."""
    outputs: list[Tensor] = []
    gradients: list[Tensor] = []

    def note(module: nn.Module, args: Any, output: Tensor) -> None:
        outputs.append(output.detach().clone())
        output.register_hook(gradients.append)

    handle = module.register_forward_hook(note)
    try:
        network(x.clone().requires_grad_())[0, index].backward()
    finally:
        handle.remove()
    gradient = gradients[0]  # of the last output: backwards, it is the first
    heat = torch.zeros(outputs[-1].shape[2:])
    for channel in range(gradient.shape[1]):
        alpha = gradient[0, channel].sum() / gradient[0, channel].numel()
        heat = heat + alpha * outputs[-1][0, channel]
    return np.maximum(heat.numpy(), 0)


@pytest.mark.parametrize(("name", "options", "side"), FAMILIES, ids=str)
def test_equals_an_independent_way(name: str, options: dict[str, Any], side: int) -> None:
    network = build_network(name, 3, options)
    network.load_state_dict(random_state(name, 3, options=options))
    network.eval().requires_grad_(False)
    x = torch.randn(1, 3, side, side, generator=torch.Generator().manual_seed(1))
    stage = last_stage_of(name, options)
    some = False  # not zeros compared with zeros
    for index in range(3):
        heat, probability = grad_cam(network, stage, x, index)
        expected = by_backward_hooks(network, network.get_submodule(stage), x, index)
        assert heat.shape == expected.shape
        assert np.abs(scaled(heat) - scaled(expected)).max() < 1e-5
        assert abs(probability - float(network(x).softmax(1)[0, index])) < 1e-6
        assert np.abs(grad_cam(network, "", x, index)[0] - heat).max() <= 1e-5 * heat.max()
        if some := bool(heat.max() > 0):
            break
    assert some
    assert not any(p.requires_grad or p.grad is not None for p in network.parameters())


def test_every_registration_names_its_last_stage() -> None:
    """Its map has the head's width. Of each family's networks the first is built."""
    some = {"cifar_resnet": {"depth": 8}, "cifar_preresnet": {"depth": 11}}
    some["plain_resnet"] = {"depth": 18}
    families = set()
    for item in architectures():
        options = some.get(item.name, {})
        stage = last_stage_of(item.name, options)
        assert stage, item.name
        if item.family not in families:
            families.add(item.family)
            shape, width = map_of(item.name, options, stage)
            assert (item.name, shape[1]) == (item.name, width)
            assert shape[2] * shape[3] > 1


def map_of(name: str, options: dict[str, Any], stage: str) -> tuple[tuple[int, ...], int]:
    """Shape of the stage's last output, and the head's width."""
    shapes: list[tuple[int, ...]] = []
    with torch.device("meta"):
        network = build_network(name, 5, options).eval()
        network.get_submodule(stage).register_forward_hook(
            lambda module, args, output: shapes.append(tuple(output.shape))
        )
        network(torch.zeros(1, 3, 64, 64))
    head = network.get_submodule(head_name(network))
    assert isinstance(head, nn.Linear)
    return shapes[-1], head.in_features


class Outside(nn.Module):
    """A user's network: a map, and a head that writes into it."""

    def __init__(self, *, pools_early: bool = False) -> None:
        super().__init__()
        self.entry = nn.Conv2d(3, 8, 3, 2, 1)
        self.last = nn.Sequential(nn.BatchNorm2d(8), nn.ReLU(inplace=True))
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(8, 2)
        self.pools_early = pools_early

    def forward(self, x: Tensor) -> Tensor:
        if self.pools_early:
            logits: Tensor = self.head(x.mean((2, 3))[:, [0] * 8])
            return logits
        seen: Tensor = self.head(self.pool(self.last(self.entry(x)).add_(1)).flatten(1))
        return seen


def test_a_network_that_nobody_registered() -> None:
    torch.manual_seed(0)
    network = Outside().eval()
    x = torch.randn(1, 3, 16, 16)
    assert find_last_stage(network, x) == "last"
    heat, _ = grad_cam(network, "", x, 0)
    assert heat.shape == (8, 8)
    # Nothing is left behind in it.
    assert not any(module._forward_hooks for module in network.modules())


@pytest.mark.parametrize(
    "ask",
    [
        lambda x: grad_cam(Outside(), "no such layer", x, 0),
        lambda x: grad_cam(Outside(), "head", x, 0),
        lambda x: grad_cam(Outside(pools_early=True), "last", x, 0),
        lambda x: grad_cam(Outside(pools_early=True), "", x, 0),
    ],
)
def test_a_network_without_a_map_says_what_to_do(ask: Callable[[Tensor], Any]) -> None:
    with pytest.raises(ModelError, match="occlusion"):
        ask(torch.randn(1, 3, 16, 16))
