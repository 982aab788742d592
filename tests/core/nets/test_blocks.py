"""What the blocks compute, and how their weights begin."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from resnet_gui.core.nets.blocks import (
    HighwayBlock,
    PaddedShortcut,
    PlainBlock,
    PreActivationBottleneck,
    ProjectionShortcut,
    ResidualBlock,
    make_shortcut,
)
from tests.core.nets.networks import SMALL, Silence, noise, untrained


def silence(block: nn.Module) -> None:
    """Make the block's F zero: its last weighted layer gives nothing."""
    residual = block.get_submodule("residual")
    last = [m for m in residual.children() if isinstance(m, nn.Conv2d | nn.BatchNorm2d)][-1]
    for parameter in last.parameters():
        nn.init.zeros_(parameter)


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
