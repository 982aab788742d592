"""How networks are built, kept and run, and how they are described."""

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
from tests.core.nets.networks import SMALL, noise, untrained
from tests.helpers.models import CLASSES, small_spec

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
