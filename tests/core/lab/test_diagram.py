"""Diagrams: their sums are the network's, and shortcuts are named as what they are."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from resnet_gui.core.lab.diagram import describe, describe_spec
from resnet_gui.core.lab.diagram_types import Path, count_text, shape_text
from resnet_gui.core.nets.build import build_network
from resnet_gui.core.nets.registration import Shortcut
from resnet_gui.core.zoo import Zoo
from resnet_gui.core.zoo.providers.lite0 import lite0_weights_path
from resnet_gui.core.zoo.untrained import untrained_spec

CIFAR = [
    "cifar-resnet20",
    "cifar-resnet56-b",
    "cifar-plain56",
    "cifar-highway20",
    "cifar-preresnet29",
    "plain18",
]


@pytest.mark.parametrize("model_id", CIFAR)
def test_sums_equal_the_formulas(model_id: str) -> None:
    """The spec's figures come from closed formulas, the diagram's from a pass through the net."""
    spec = untrained_spec(model_id)
    assert spec is not None
    diagram = describe_spec(spec)
    assert diagram.parameters == spec.parameters
    assert sum(block.parameters for block in diagram.blocks) == spec.parameters
    assert diagram.multiply_adds / 1e9 == pytest.approx(spec.gflops)
    depth = spec.architecture_options["depth"]
    assert diagram.weighted_layers == depth


def test_published_figures() -> None:
    small = untrained_spec("cifar-resnet20")
    assert small is not None
    assert describe_spec(small).multiply_adds / 1e9 == pytest.approx(0.0406, abs=5e-5)
    large = describe_spec(Zoo.standard().get("resnet50").spec)
    assert large.multiply_adds / 1e9 == pytest.approx(4.09, abs=5e-3)
    assert large.parameters == 25_557_032
    assert large.weighted_layers == 50
    assert [len(stage.blocks) for stage in large.stages] == [1, 3, 4, 6, 3, 1]


def test_shortcuts_are_named_as_what_they_are() -> None:
    def kinds(model_id: str) -> list[Shortcut]:
        spec = untrained_spec(model_id) or Zoo.standard().get(model_id).spec
        blocks = describe_spec(spec).blocks
        return [block.shortcut for block in blocks if block.name not in ("stem", "head")]

    one, pad = Shortcut.IDENTITY, Shortcut.PADDED
    assert kinds("cifar-resnet20") == [one] * 3 + [pad, one, one] * 2
    assert kinds("cifar-resnet20-b") == [one] * 3 + [Shortcut.PROJECTION, one, one] * 2
    assert set(kinds("cifar-plain20")) == {Shortcut.NONE}
    assert set(kinds("cifar-highway20")) == {Shortcut.GATE}
    assert kinds("resnet18") == [one, one] + [Shortcut.PROJECTION, one] * 3


def test_a_block_tells_its_layers() -> None:
    diagram = describe_spec(Zoo.standard().get("resnet50").spec)
    block = diagram.stages[2].blocks[0]
    assert block.name == "layer2.0"
    assert block.title == "Block 2.1"
    assert block.formula == "relu(F(x) + W·x)"
    assert block.halves
    assert (block.input_shape, block.output_shape) == ((256, 56, 56), (512, 28, 28))
    main = [layer for layer in block.layers if layer.path is Path.MAIN and layer.weighted]
    assert [layer.title for layer in main] == [
        "1×1 convolution",
        "3×3 convolution, stride 2",
        "1×1 convolution",
    ]
    assert block.layers[-1].path is Path.AFTER
    assert sum(layer.path is Path.SHORTCUT for layer in block.layers) == 2


def test_efficientnet_falls_back_to_its_own_blocks() -> None:
    if lite0_weights_path() is None:
        pytest.skip("extra “offline” is not installed")
    diagram = describe_spec(Zoo.standard().get("efficientnet-lite0").spec)
    assert sum(block.parameters for block in diagram.blocks) == diagram.parameters == 4_652_008
    blocks = [block for block in diagram.blocks if block.name not in ("stem", "head")]
    assert len(blocks) == 16
    for block in blocks:
        skips = block.shortcut is Shortcut.IDENTITY
        assert skips == (block.input_shape == block.output_shape)


def test_a_network_without_blocks_is_one_part() -> None:
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 36, 2))
    diagram = describe(network, (3, 8, 8))
    assert [stage.role for stage in diagram.stages] == ["stem"]
    assert diagram.parameters == sum(p.numel() for p in network.parameters())
    assert diagram.multiply_adds == 4 * 36 * 27 + 4 * 36 * 2


def test_the_network_stays_as_it_was() -> None:
    network = build_network("cifar_resnet", 10, {"depth": 8})
    before = {name: value.clone() for name, value in network.state_dict().items()}
    network.train()
    describe(network, (3, 32, 32))
    assert network.training
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    assert not any(module._forward_hooks for module in network.modules())


def test_figures_in_words() -> None:
    assert [count_text(n) for n in (590, 21_300, 25_557_032, 4_089_184_256)] == [
        "590",
        "21.3 k",
        "25.6 M",
        "4.09 G",
    ]
    assert shape_text((16, 32, 32)) == "16 × 32 × 32"
