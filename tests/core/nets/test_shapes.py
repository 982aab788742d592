"""Sizes, shapes and depths of the small networks are those of the papers."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from resnet_gui.core.nets.blocks import PreActivationBottleneck
from tests.core.nets.networks import SMALL, Silence, noise, untrained
from tests.helpers.models import counts

# --- sizes ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("depth", "millions"),
    [(20, "0.27"), (32, "0.46"), (44, "0.66"), (56, "0.85"), (110, "1.7"), (1202, "19.4")],
)
def test_sizes_of_table_6(depth: int, millions: str) -> None:
    found = counts(f"cifar-resnet{depth}")
    digits = len(millions.partition(".")[2])
    assert f"{found.parameters / 1e6:.{digits}f}" == millions
    assert found.layers == depth


@pytest.mark.parametrize(("depth", "millions"), [(164, "1.7"), (1001, "10.2")])
def test_sizes_of_the_2016_paper(depth: int, millions: str) -> None:
    found = counts(f"cifar-preresnet{depth}")
    # The published 10.2 is what the convolutions and the linear layer have; BatchNorm has the rest.
    assert f"{(found.parameters - found.norm_parameters) / 1e6:.1f}" == millions
    assert 0 < found.parameters / 1e6 - float(millions) < 0.15
    assert found.layers == depth


@pytest.mark.parametrize("depth", [20, 110])
def test_option_a_is_free_and_option_b_and_gates_are_not(depth: int) -> None:
    plain, a, b, highway = (
        counts(f"cifar-{name}{depth}{option}").parameters
        for name, option in (("plain", ""), ("resnet", ""), ("resnet", "-b"), ("highway", ""))
    )
    assert a == plain
    # Two projections, 16 -> 32 and 32 -> 64 channels, each with a BatchNorm.
    assert b - a == 16 * 32 + 2 * 32 + 32 * 64 + 2 * 64
    # A gate per block: a 1x1 convolution with bias; the first of a stage sees fewer channels.
    n = (depth - 2) // 6
    gates = n * sum(w * w + w for w in (16, 32, 64))
    gates -= (32 - 16) * 32 + (64 - 32) * 64
    assert highway - a == gates


@pytest.mark.parametrize("depth", [18, 34])
def test_plain_twins_are_resnets_without_projections(depth: int) -> None:
    from torchvision import models

    with torch.device("meta"):
        twin = models.get_model(f"resnet{depth}", weights=None)
    projections = sum(p.numel() for name, p in twin.named_parameters() if ".downsample." in name)
    assert projections > 0
    found = counts(f"plain{depth}")
    assert found.parameters == sum(p.numel() for p in twin.parameters()) - projections
    assert found.layers == depth


def test_plain_18_is_resnet_18_with_the_shortcuts_cut() -> None:
    """Same layers in the same order: torchvision's weights fit, and its outputs come out."""
    from torchvision import models

    torch.manual_seed(0)
    theirs = models.get_model("resnet18", weights=None, num_classes=7).eval()
    ours = untrained("plain18", 7).eval()
    weights = [v for name, v in theirs.state_dict().items() if ".downsample." not in name]
    ours.load_state_dict(dict(zip(ours.state_dict(), weights, strict=True)))
    for block in theirs.modules():
        if isinstance(block, models.resnet.BasicBlock):
            block.downsample = Silence(block.stride)
    x = noise(2, 3, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(ours(x), theirs(x))


# --- shapes -----------------------------------------------------------------------------------


def stage_shapes(network: nn.Module, x: Tensor) -> list[tuple[int, ...]]:
    shapes: list[tuple[int, ...]] = []
    for name in ("stem", "stage1", "stage2", "stage3"):
        network.get_submodule(name).register_forward_hook(
            lambda module, args, output: shapes.append(tuple(output.shape[1:]))
        )
    with torch.no_grad():
        network(x)
    return shapes


@pytest.mark.parametrize("model_id", ["cifar-resnet20", "cifar-plain20", "cifar-highway20"])
def test_stages_of_the_6n_plus_2_networks(model_id: str) -> None:
    shapes = stage_shapes(untrained(model_id), noise(2, 3, 32, 32))
    assert shapes == [(16, 32, 32), (16, 32, 32), (32, 16, 16), (64, 8, 8)]


def test_stages_of_the_pre_activated_networks() -> None:
    shapes = stage_shapes(untrained("cifar-preresnet29"), noise(2, 3, 32, 32))
    assert shapes == [(16, 32, 32), (64, 32, 32), (128, 16, 16), (256, 8, 8)]


@pytest.mark.parametrize("model_id", SMALL)
@pytest.mark.parametrize(
    ("classes", "height", "width"), [(2, 32, 32), (100, 64, 48), (10, 29, 37), (1, 33, 32)]
)
def test_any_number_of_classes_and_any_size(
    model_id: str, classes: int, height: int, width: int
) -> None:
    with torch.no_grad():
        logits = untrained(model_id, classes)(noise(2, 3, height, width))
    assert logits.shape == (2, classes)
    assert logits.dtype == torch.float32


def test_the_stride_of_a_bottleneck_is_its_first_convolutions() -> None:
    """As in the authors' code; later variants give it to the 3x3 convolution."""
    block = PreActivationBottleneck(64, 32, 2)
    strides = [m.stride for m in block.residual.modules() if isinstance(m, nn.Conv2d)]
    assert strides == [(2, 2), (1, 1), (1, 1)]
    assert block.projection is not None
    assert block.projection.stride == (2, 2)


# --- depth ------------------------------------------------------------------------------------


@pytest.mark.parametrize("model_id", ["cifar-resnet1202", "cifar-preresnet1001"])
def test_the_deepest_run_forward_and_backward(model_id: str) -> None:
    """Two images of 8x8 pixels: two to four seconds each on two cores."""
    network = untrained(model_id)
    loss = functional.cross_entropy(network(noise(2, 3, 8, 8)), torch.tensor([3, 7]))
    loss.backward()
    norms = [p.grad.norm() for p in network.parameters() if p.grad is not None]
    assert len(norms) == len(list(network.parameters()))
    assert torch.stack(norms).isfinite().all()
    # Through all the shortcuts the signal reaches the first layer.
    first = next(network.parameters())
    assert first.grad is not None
    assert first.grad.norm() > 1e-3
