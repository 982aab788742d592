"""Gradient norms and residual ratios: as computed by hand, and the network stays as it was."""

from __future__ import annotations

import copy
from collections import OrderedDict
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from resnet_gui.core.lab.layer_statistics import measure_layers, residual_functions
from resnet_gui.core.nets.blocks import (
    HighwayBlock,
    PlainBlock,
    PreActivationBottleneck,
    ResidualBlock,
)
from resnet_gui.core.nets.build import build_network
from resnet_gui.core.runs.events import LayerStatistics
from resnet_gui.core.zoo.providers.lite0 import MODEL_ID as LITE0
from resnet_gui.core.zoo.untrained import untrained_spec

ALL_KINDS = [
    "cifar-resnet8",
    "cifar-resnet8-b",
    "cifar-plain8",
    "cifar-highway8",
    "cifar-preresnet11",
    "resnet18",
]


def make_network(model_id: str, classes: int = 10, seed: int = 0) -> nn.Module:
    spec = untrained_spec(model_id)
    torch.manual_seed(seed)
    if spec is None:
        return build_network(model_id, classes)
    return build_network(spec.architecture, classes, spec.architecture_options)


def make_batch(images: int = 4, side: int = 32, seed: int = 1) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(images, 3, side, side, generator=generator)
    return x, torch.arange(images) % 10


class Block(nn.Module):
    """y = F(x) + x with F in our own form, its parts registered in the wrong order."""

    def __init__(self, function: nn.Module) -> None:
        super().__init__()
        self.after = nn.Linear(2, 2)
        self.residual = function

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.after(self.residual(x) + x)
        return result


Block.__name__ = "ResidualBlock"  # which kinds there are is registered by name


# --- what is measured -------------------------------------------------------------------------


def test_by_hand_on_two_numbers() -> None:
    function = nn.Linear(2, 2, bias=False)
    network = nn.Sequential(OrderedDict(block=Block(function)))
    with torch.no_grad():
        function.weight.copy_(torch.tensor([[0.0, 2.0], [0.0, 0.0]]))
        network.block.after.weight.copy_(torch.eye(2))
        network.block.after.bias.zero_()
    x = torch.tensor([[3.0, 4.0], [1.0, 0.0]])
    found = measure_layers(network, x, torch.tensor([0, 1]), epoch=7)
    # F(3, 4) = (8, 0), of norm 8 where x has 5; F(1, 0) = 0.
    assert found.residual_ratio == pytest.approx({"block": (8 / 5 + 0) / 2})
    assert found.epoch == 7
    # Logits (11, 4) and (1, 0): d loss / d logits = (softmax - truth) / 2.
    logits = torch.tensor([[11.0, 4.0], [1.0, 0.0]])
    delta = (logits.softmax(1) - torch.eye(2)) / 2
    assert found.gradient_norm == pytest.approx(
        {
            "block.residual": float((delta.T @ x).norm()),
            "block.after": float((delta.T @ logits).norm()),
        }
    )
    assert list(found.gradient_norm) == ["block.residual", "block.after"]


@pytest.mark.parametrize("model_id", ALL_KINDS)
def test_gradients_are_those_of_autograd(model_id: str) -> None:
    network = make_network(model_id).eval()
    x, y = make_batch()
    found = measure_layers(network, x, y)
    twin = copy.deepcopy(network).train()
    layers = {
        name: module.weight
        for name, module in twin.named_modules()
        if isinstance(module, nn.Conv2d | nn.Linear)
    }
    gradients = torch.autograd.grad(functional.cross_entropy(twin(x), y), list(layers.values()))
    expected = {
        name: float(gradient.norm()) for name, gradient in zip(layers, gradients, strict=True)
    }
    assert found.gradient_norm == pytest.approx(expected, rel=1e-4)
    assert all(value > 0 for value in found.gradient_norm.values())


@pytest.mark.parametrize("model_id", ALL_KINDS)
def test_names_come_in_the_order_of_the_forward_pass(model_id: str) -> None:
    network = make_network(model_id)
    order: list[str] = []
    blocks: list[str] = []
    known = (ResidualBlock, PlainBlock, HighwayBlock, PreActivationBottleneck)
    for name, module in network.named_modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            module.register_forward_hook(lambda m, a, o, name=name: order.append(name))
        if isinstance(module, known) or hasattr(module, "downsample"):
            module.register_forward_hook(lambda m, a, o, name=name: blocks.append(name))
    found = measure_layers(network, *make_batch())
    assert list(found.gradient_norm) == order
    assert list(found.residual_ratio) == blocks
    assert len(blocks) == (8 if model_id == "resnet18" else 3)


def rebuilt_blocks(network: nn.Module, x: Tensor) -> dict[str, float]:
    """Ratios of one of our own networks, block after block without hooks."""
    ratios: dict[str, float] = {}
    x = network.get_submodule("stem")(x)
    for stage in ("stage1", "stage2", "stage3"):
        for name, block in network.get_submodule(stage).named_children():
            function = block.get_submodule("residual")
            before = x.clone()
            if isinstance(block, PreActivationBottleneck):
                x = block.preactivation(x)
            f = function(x)
            ratio = f.flatten(1).norm(dim=1) / before.flatten(1).norm(dim=1)
            ratios[f"{stage}.{name}"] = float(ratio.mean())
            x = block(before)
    return ratios


@pytest.mark.parametrize("model_id", [name for name in ALL_KINDS if name != "resnet18"])
def test_ratios_are_those_of_the_blocks_run_one_by_one(model_id: str) -> None:
    network = make_network(model_id)
    x, y = make_batch()
    found = measure_layers(network, x, y)
    with torch.no_grad():
        expected = rebuilt_blocks(network.train(), x)
    assert found.residual_ratio == pytest.approx(expected, rel=1e-4)


def test_torchvisions_blocks() -> None:
    network = make_network("resnet18")
    assert [function for _, function in residual_functions(network).values()] == [
        network.get_submodule(f"layer{stage}.{block}.bn2")
        for stage in (1, 2, 3, 4)
        for block in (0, 1)
    ]
    x, y = make_batch(side=64)
    found = measure_layers(network, x, y)
    with torch.no_grad():
        network.train()
        names = ("conv1", "bn1", "relu", "maxpool")
        x = nn.Sequential(*(network.get_submodule(name) for name in names))(x)
        names = ("conv1", "bn1", "relu", "conv2", "bn2")
        f = nn.Sequential(*(network.get_submodule(f"layer1.0.{name}") for name in names))(x)
    ratio = float((f.flatten(1).norm(dim=1) / x.flatten(1).norm(dim=1)).mean())
    assert found.residual_ratio["layer1.0"] == pytest.approx(ratio, rel=1e-4)
    with torch.device("meta"):
        deeper = build_network("resnet50", 10)
    functions = [function for _, function in residual_functions(deeper).values()]
    assert functions[0] is deeper.get_submodule("layer1.0.bn3")
    assert len(functions) == 16


def test_a_block_without_f_has_ratio_zero() -> None:
    network = make_network("cifar-resnet14")
    block = network.get_submodule("stage1.1")
    nn.init.zeros_(block.get_parameter("residual.norm2.weight"))
    found = measure_layers(network, *make_batch())
    assert found.residual_ratio["stage1.1"] == 0
    assert found.residual_ratio["stage1.0"] > 0.1


def test_a_network_of_another_kind_has_gradients_and_no_ratios() -> None:
    network = make_network(LITE0)
    found = measure_layers(network, *make_batch(side=64))
    assert found.residual_ratio == {}
    layers = [m for m in network.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    assert len(found.gradient_norm) == len(layers) > 40
    assert next(iter(found.gradient_norm)) == "_conv_stem"
    assert list(found.gradient_norm)[-1] == "_fc"


def test_a_layer_that_is_not_used_is_left_out() -> None:
    class Half(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.used = nn.Linear(3, 2)
            self.idle = nn.Linear(3, 2)

        def forward(self, x: Tensor) -> Tensor:
            result: Tensor = self.used(x.mean((2, 3)))
            return result

    x, _ = make_batch()
    assert list(measure_layers(Half(), x, torch.zeros(4, dtype=torch.long)).gradient_norm) == [
        "used"
    ]


def test_under_autocast_it_is_nearly_the_same() -> None:
    network = make_network("cifar-resnet8")
    x, y = make_batch()
    exact = measure_layers(network, x, y)
    with torch.autocast("cpu", torch.bfloat16):
        rough = measure_layers(network, x, y)
    assert rough.gradient_norm == pytest.approx(exact.gradient_norm, rel=0.1)
    assert rough.residual_ratio == pytest.approx(exact.residual_ratio, rel=0.05)


# --- the network stays as it was --------------------------------------------------------------


def everything(network: nn.Module) -> dict[str, Any]:
    return {
        "state": {name: v.clone() for name, v in network.state_dict().items()},
        "gradients": [None if p.grad is None else p.grad.clone() for p in network.parameters()],
        "wanted": [p.requires_grad for p in network.parameters()],
        "modes": [m.training for m in network.modules()],
        "hooks": [len(m._forward_hooks) + len(m._forward_pre_hooks) for m in network.modules()],
    }


def assert_same(before: dict[str, Any], after: dict[str, Any]) -> None:
    for key in ("wanted", "modes", "hooks"):
        assert before[key] == after[key], key
    for name, value in before["state"].items():
        assert torch.equal(value, after["state"][name]), name
    for left, right in zip(before["gradients"], after["gradients"], strict=True):
        assert (left is None) == (right is None)
        assert left is None or torch.equal(left, right)


def network_in_use(model_id: str) -> nn.Module:
    """Halfway through a fine-tune: a frozen part in evaluation mode, gradients elsewhere."""
    network = make_network(model_id)
    x, y = make_batch(seed=3)
    functional.cross_entropy(network(x), y).backward()
    frozen = next(network.children())
    frozen.eval()
    for parameter in frozen.parameters():
        parameter.requires_grad_(False)
        parameter.grad = None
    return network


@pytest.mark.parametrize("model_id", ALL_KINDS)
def test_it_leaves_no_trace(model_id: str) -> None:
    network = network_in_use(model_id)
    before, kept = everything(network), [p.grad for p in network.parameters()]
    first = measure_layers(network, *make_batch())
    assert_same(before, everything(network))
    # The very same tensors: an optimizer may hold them.
    assert all(now.grad is then for now, then in zip(network.parameters(), kept, strict=True))
    with torch.no_grad():  # grad mode is the caller's
        assert measure_layers(network, *make_batch()) == first
        assert not torch.is_grad_enabled()


@pytest.mark.parametrize("fails_in", ["forward", "loss", "hook"])
def test_it_leaves_no_trace_when_it_fails(fails_in: str) -> None:
    network = network_in_use("cifar-resnet8")
    x, y = make_batch()
    if fails_in == "forward":
        x = x[:, :2]
    elif fails_in == "loss":
        y = y + 10
    else:

        def fail(module: nn.Module, args: Any, output: Tensor) -> None:
            raise ValueError("in the middle")

        network.get_submodule("stage3").register_forward_hook(fail)
    before = everything(network)
    with pytest.raises((RuntimeError, ValueError, IndexError)):
        measure_layers(network, x, y)
    assert_same(before, everything(network))


# --- what it shows ----------------------------------------------------------------------------


def spread(found: LayerStatistics) -> float:
    """Gradient of the first 3x3 layer of the first block over that of the last block's last."""
    layers = [name for name in found.gradient_norm if ".residual.conv" in name]
    return found.gradient_norm[layers[0]] / found.gradient_norm[layers[-1]]


def test_shortcuts_keep_gradients_of_one_size_in_56_layers() -> None:
    """At initialisation, with BatchNorm, the plain network's gradients do not vanish towards the
    input: over its 54 layers they grow 2,100 to 4,700 times (four seeds). With shortcuts they grow
    9 to 12 times; with gates that begin almost closed they shrink to 0.35 to 0.44.
    """
    batch = make_batch(images=8, side=16)
    plain, residual, highway = (
        measure_layers(make_network(f"cifar-{kind}56"), *batch)
        for kind in ("plain", "resnet", "highway")
    )
    assert len(plain.gradient_norm) == len(residual.gradient_norm) == 56
    assert spread(plain) > 300
    assert 1 < spread(residual) < 40
    assert spread(highway) < 3
    # Each F adds less and less to what has added up, 1/sqrt(l) for the l-th block of equal ones;
    # without shortcuts every block replaces its input.
    deep = [f"stage1.{i}" for i in range(1, 9)]
    ratios = [residual.residual_ratio[name] for name in deep]
    assert ratios == sorted(ratios, reverse=True)
    assert max(residual.residual_ratio[f"stage3.{i}"] for i in range(1, 9)) < 0.8
    assert min(plain.residual_ratio[f"stage3.{i}"] for i in range(1, 9)) > 1.1
