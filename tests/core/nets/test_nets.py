"""The networks of our own against the papers: sizes, shapes, and what each kind of block does.

He et al. 2015 (arXiv:1512.03385), section 4.2 and table 6; He et al. 2016 (arXiv:1603.05027);
Srivastava et al. 2015 (arXiv:1505.00387).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from resnet_gui.core.errors import DepthError, ModelError
from resnet_gui.core.nets import blocks, cifar, imagenet
from resnet_gui.core.nets.blocks import (
    HighwayBlock,
    PaddedShortcut,
    PlainBlock,
    PreActivationBottleneck,
    ProjectionShortcut,
    ResidualBlock,
    make_shortcut,
)
from resnet_gui.core.nets.build import build_network
from resnet_gui.core.nets.cifar import CifarPreActivationResNet, CifarResNet
from resnet_gui.core.nets.imagenet import PlainNet
from resnet_gui.core.zoo import ModelEntry, ModelState
from resnet_gui.core.zoo.untrained import untrained_spec
from resnet_gui.core.zoo.weights.load import load_network, save_model
from resnet_gui.core.zoo.weights.model_file import read_header, spec_from_header
from tests.helpers.models import CLASSES, counts, small_spec

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


def silence(block: nn.Module) -> None:
    """Make the block's F zero: its last weighted layer gives nothing."""
    residual = block.get_submodule("residual")
    last = [m for m in residual.children() if isinstance(m, nn.Conv2d | nn.BatchNorm2d)][-1]
    for parameter in last.parameters():
        nn.init.zeros_(parameter)


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


# --- what the blocks do -----------------------------------------------------------------------


class Silence(nn.Module):
    """A shortcut that carries nothing, of the right size."""

    def __init__(self, stride: int) -> None:
        super().__init__()
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        # The channels are broadcast.
        return torch.zeros_like(x[:, :1, :: self.stride, :: self.stride])


def test_a_plain_network_is_a_residual_network_with_the_shortcuts_cut() -> None:
    residual, plain = untrained("cifar-resnet20").eval(), untrained("cifar-plain20", seed=1).eval()
    plain.load_state_dict(residual.state_dict())  # strict: the very same names and shapes
    x = noise(2, 3, 32, 32)
    with torch.no_grad():
        assert not torch.allclose(residual(x), plain(x))
        for block in residual.modules():
            if isinstance(block, ResidualBlock):
                conv = block.residual.get_submodule("conv1")
                assert isinstance(conv, nn.Conv2d)
                block.shortcut = Silence(conv.stride[0])
        torch.testing.assert_close(residual(x), plain(x), rtol=0, atol=0)


def test_twins_begin_with_the_same_weights() -> None:
    residual, plain = untrained("cifar-resnet20").state_dict(), untrained("cifar-plain20")
    for name, value in plain.state_dict().items():
        assert torch.equal(value, residual[name]), name


def test_a_residual_block_without_f_is_relu() -> None:
    block = ResidualBlock(8, 8, 1, "A")
    silence(block)
    x = noise(2, 8, 5, 5)
    assert torch.equal(block(x), x.relu())
    block = ResidualBlock(8, 12, 2, "A")
    silence(block)
    assert torch.equal(block(x), PaddedShortcut(8, 12, 2)(x).relu())


def test_a_residual_block_adds_before_relu() -> None:
    block = ResidualBlock(8, 12, 2, "B")
    x = noise(4, 8, 6, 6)
    torch.testing.assert_close(block(x), (block.residual(x) + block.shortcut(x)).relu())


def test_a_pre_activation_block_without_f_is_exactly_the_identity() -> None:
    block = PreActivationBottleneck(64, 16, 1)
    assert block.projection is None
    silence(block)
    x = noise(2, 64, 5, 5)
    before = x.clone()
    assert torch.equal(block(x), before)  # negative values pass: nothing stands in the way
    assert torch.equal(x, before)


def test_pre_activation_blocks_add_up() -> None:
    """Equation 4 of the 2016 paper: x_L = x_l + the sum of the residual functions between."""
    torch.manual_seed(0)
    stage = nn.Sequential(*(PreActivationBottleneck(32, 8, 1) for _ in range(4)))
    added: list[Tensor] = []
    for block in stage:
        block.get_submodule("residual").register_forward_hook(
            lambda module, args, output: added.append(output.clone())
        )
    x = noise(3, 32, 4, 4)
    torch.testing.assert_close(stage(x), x + torch.stack(added).sum(0))


def test_a_pre_activation_block_is_what_the_paper_draws() -> None:
    """Figure 4 (e): norm, ReLU, convolution, three times; the projection sees what is activated."""
    block = PreActivationBottleneck(16, 8, 2)
    block.train()
    x = noise(4, 16, 6, 6)

    def active(value: Tensor) -> Tensor:
        return functional.batch_norm(value, None, None, training=True).relu()

    f, start = block.residual, active(x)
    middle = functional.conv2d(start, f.get_parameter("conv1.weight"), stride=2)
    middle = functional.conv2d(active(middle), f.get_parameter("conv2.weight"), padding=1)
    result = functional.conv2d(active(middle), f.get_parameter("conv3.weight"))
    assert block.projection is not None
    result = result + functional.conv2d(start, block.projection.weight, stride=2)
    torch.testing.assert_close(block(x), result)


@pytest.mark.parametrize("model_id", ["cifar-resnet8", "cifar-preresnet11"])
def test_the_head_sees_the_mean_over_the_pixels(model_id: str) -> None:
    """Of what is activated: after its last block the pre-activated network still has to be."""
    network = untrained(model_id).eval()
    seen: dict[str, Tensor] = {}
    network.get_submodule("stage3").register_forward_hook(
        lambda module, args, output: seen.update(features=output.clone())
    )
    network.get_submodule("head").register_forward_pre_hook(
        lambda module, args: seen.update(pooled=args[0])
    )
    with torch.no_grad():
        network(noise(2, 3, 32, 32))
        features = seen["features"]
        if model_id == "cifar-preresnet11":
            assert (features < 0).any()
            features = network.get_submodule("norm")(features).relu()
    torch.testing.assert_close(seen["pooled"], features.mean((2, 3)))


@pytest.mark.parametrize(("out_channels", "stride"), [(8, 1), (12, 2)])
def test_the_gate_of_a_highway_block(out_channels: int, stride: int) -> None:
    block = HighwayBlock(8, out_channels, stride, "A")
    assert block.gate.bias is not None
    x = noise(3, 8, 6, 6)
    nn.init.constant_(block.gate.bias, -torch.inf)  # closed: x goes on
    assert torch.equal(block(x), block.shortcut(x).relu())
    if stride == 1:
        assert torch.equal(block(x), x.relu())
    nn.init.constant_(block.gate.bias, torch.inf)  # open: F(x) alone
    plain = PlainBlock(8, out_channels, stride, "A")
    plain.load_state_dict(
        {name: v for name, v in block.state_dict().items() if name.startswith("residual.")}
    )
    torch.testing.assert_close(block(x), plain(x))


def test_gates_begin_almost_closed() -> None:
    network = untrained("cifar-highway20").eval()
    seen: list[Tensor] = []
    for block in network.modules():
        if isinstance(block, HighwayBlock):
            assert block.gate.bias is not None
            assert torch.equal(block.gate.bias, torch.full_like(block.gate.bias, -3.0))
            block.gate.register_forward_hook(
                lambda module, args, output: seen.append(output.sigmoid().mean())
            )
    with torch.no_grad():
        network(noise(4, 3, 32, 32))
    assert len(seen) == 9
    assert all(0 < value < 0.25 for value in seen)


def test_option_a_takes_every_other_pixel_and_adds_zero_channels() -> None:
    x = noise(2, 3, 5, 6)
    carried = PaddedShortcut(3, 7, 2)(x)
    assert carried.shape == (2, 7, 3, 3)
    for row in range(3):
        for column in range(3):
            assert torch.equal(carried[:, :3, row, column], x[:, :, 2 * row, 2 * column])
    assert not carried[:, 3:].any()


def test_shortcuts_are_identities_where_the_shape_stays() -> None:
    for option in "AB":
        assert isinstance(make_shortcut(option, 16, 16, 1), nn.Identity)
    assert isinstance(make_shortcut("A", 16, 32, 2), PaddedShortcut)
    projection = make_shortcut("B", 16, 32, 2)
    assert isinstance(projection, ProjectionShortcut)
    assert projection(noise(2, 16, 7, 7)).shape == (2, 32, 4, 4)


# --- at the start -----------------------------------------------------------------------------


@pytest.mark.parametrize("model_id", SMALL)
def test_weights_begin_he_normal(model_id: str) -> None:
    for name, module in untrained(model_id).named_modules():
        if isinstance(module, nn.Conv2d):
            weight = module.weight.detach()
            expected = (2 / (weight.shape[0] * weight[0, 0].numel())) ** 0.5
            # Five standard errors of a measured standard deviation.
            tolerance = 5 / (2 * weight.numel()) ** 0.5
            assert float(weight.std()) == pytest.approx(expected, rel=tolerance), name
            assert abs(float(weight.mean())) < 5 * expected / weight.numel() ** 0.5, name
        elif isinstance(module, nn.BatchNorm2d):
            assert (module.weight == 1).all()
            assert not module.bias.any()


@pytest.mark.parametrize("model_id", SMALL)
def test_a_seed_makes_the_same_network(model_id: str) -> None:
    first, again, other = (untrained(model_id, seed=seed) for seed in (5, 5, 6))
    x = noise(2, 3, 32, 32)
    with torch.no_grad():
        logits = first(x)
        assert torch.equal(logits, again(x))
        assert not torch.allclose(logits, other(x))


# --- how they are run -------------------------------------------------------------------------


@pytest.mark.parametrize("model_id", SMALL)
def test_channels_last_and_bf16(model_id: str) -> None:
    network = untrained(model_id).eval()
    x = noise(2, 3, 32, 32)
    with torch.no_grad():
        expected = network(x)
        x = x.to(memory_format=torch.channels_last)
        network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        scale = float(expected.abs().max())
        torch.testing.assert_close(network(x), expected, rtol=0, atol=1e-4 * scale)
    network.train()
    with torch.autocast("cpu", torch.bfloat16):
        logits = network(x)
        loss = functional.cross_entropy(logits.float(), torch.tensor([1, 2]))
    loss.backward()
    assert logits.dtype == torch.bfloat16
    assert all(p.grad is not None and p.grad.isfinite().all() for p in network.parameters())


@pytest.mark.parametrize("model_id", SMALL)
def test_built_without_memory(model_id: str) -> None:
    with torch.device("meta"):
        network = untrained(model_id)
        assert network(torch.empty(2, 3, 32, 32)).shape == (2, 10)
    assert all(p.is_meta for p in network.parameters())
    real = untrained(model_id)
    shapes = {name: v.shape for name, v in real.state_dict().items()}
    assert {name: v.shape for name, v in network.state_dict().items()} == shapes


def test_nothing_is_drawn_where_there_is_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first draw on the meta device imports torch._refs, which takes over a second."""
    drawn: list[Tensor] = []
    monkeypatch.setattr(nn.init, "kaiming_normal_", lambda weight, **_: drawn.append(weight))
    with torch.device("meta"):
        untrained("cifar-resnet8")
    assert not drawn
    untrained("cifar-resnet8")
    assert len(drawn) == 7


@pytest.mark.parametrize("model_id", SMALL)
def test_a_model_file_comes_back(tmp_path: Path, model_id: str) -> None:
    found = untrained_spec(model_id)
    assert found is not None
    network = untrained(model_id, len(CLASSES))
    with torch.no_grad():
        for _ in range(2):
            network(noise(4, 3, 32, 32, seed=2))  # statistics that are not those of a fresh one
    network.eval()
    spec = small_spec(
        architecture=found.architecture, architecture_options=found.architecture_options
    )
    path = tmp_path / "insects.safetensors"
    save_model(path, spec, network.state_dict())
    read = spec_from_header(path, read_header(path), "yours")
    assert read.architecture_options == found.architecture_options
    assert read.parameters == sum(p.numel() for p in network.parameters())
    again = load_network(ModelEntry(read, ModelState.YOURS, path))
    x = noise(2, 3, 32, 32)
    with torch.no_grad():
        assert torch.equal(again(x), network(x))


@pytest.mark.parametrize(
    ("architecture", "options"),
    [
        ("cifar_resnet", {}),
        ("cifar_resnet", {"depth": 21}),
        ("cifar_resnet", {"depth": "20"}),
        ("cifar_resnet", {"depth": None}),
        ("cifar_resnet", {"depth": 20, "kind": "dense"}),
        ("cifar_resnet", {"depth": 20, "kind": ["plain"]}),
        ("cifar_resnet", {"depth": 20, "shortcut": "C"}),
        ("cifar_resnet", {"depth": 20, "shortcut": "b"}),
        ("cifar_resnet", {"depth": 20, "kind": "plain", "shortcut": "B"}),
        ("cifar_resnet", {"depth": 20, "kind": "highway", "shortcut": "B"}),
        ("cifar_resnet", {"depth": 20, "width": 2}),
        ("cifar_resnet", {"depth": 20, "classes": 4}),
        ("cifar_preresnet", {"depth": 21}),
        ("cifar_preresnet", {"depth": 29, "shortcut": "A"}),
        ("plain_resnet", {}),
        ("plain_resnet", {"depth": 50}),
        ("plain_resnet", {"depth": 18, "shortcut": "A"}),
        ("cifar_densenet", {"depth": 20}),
    ],
)
def test_wrong_options_are_model_errors(architecture: str, options: dict[str, Any]) -> None:
    with pytest.raises(ModelError) as caught, torch.device("meta"):
        build_network(architecture, 10, options)
    assert isinstance(caught.value, DepthError) or architecture in str(caught.value)


# --- to be read beside the papers -------------------------------------------------------------


@pytest.mark.parametrize(
    "described",
    [
        CifarResNet,
        CifarPreActivationResNet,
        PlainNet,
        ResidualBlock,
        PlainBlock,
        HighwayBlock,
        PreActivationBottleneck,
        PaddedShortcut,
        ProjectionShortcut,
        blocks.basic_function,
        make_shortcut,
    ],
)
def test_docstrings_name_shapes(described: Callable[..., Any]) -> None:
    text = inspect.getdoc(described) or ""
    assert "(N, " in text
    assert "->" in text


@pytest.mark.parametrize("module", [cifar, imagenet])
def test_modules_name_their_paper(module: Any) -> None:
    assert "arXiv:1512.03385" in (module.__doc__ or "")
