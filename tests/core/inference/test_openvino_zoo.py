"""Every architecture of the zoo through OpenVINO, with random weights, against torch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from resnet_gui.core.inference.backend import Rows
from resnet_gui.core.inference.check import check_pictures
from resnet_gui.core.inference.convert import computes_in_bf16, write_model
from resnet_gui.core.inference.converted import conversions_dir
from resnet_gui.core.inference.exact import ExactBackend
from resnet_gui.core.inference.openvino_backend import OpenVinoBackend
from resnet_gui.core.inference.tensors import normalise
from resnet_gui.core.nets.build import build_network
from resnet_gui.core.preprocessing import Preprocessing
from resnet_gui.core.system.openvino_import import openvino_version
from resnet_gui.core.system.processor import cpu
from resnet_gui.core.zoo import ModelSpec, Zoo
from resnet_gui.core.zoo.untrained import untrained_entries

pytestmark = pytest.mark.skipif(not openvino_version(), reason="the extra “fast” is not installed")
_SIDE = 96  # pixels; the sums are those of 224, only fewer
_PHOTOS = 9  # of `check_pictures`, the first ones
_EVERYDAY = ("resnet20-cifar10", "cifar-preresnet29")


def _architectures() -> dict[str, ModelSpec]:
    """One spec for each architecture with its options, by id."""
    found: dict[tuple[str, str], ModelSpec] = {}
    for entry in [*Zoo.standard().entries(), *untrained_entries()]:
        spec = entry.spec
        options = str(sorted(spec.architecture_options.items()))
        found.setdefault((spec.architecture, options), spec)
    return {spec.id: spec for spec in found.values()}


ALL = _architectures()


def trained_alike(spec: ModelSpec, preprocessing: Preprocessing) -> nn.Module:
    """A network with random weights whose BatchNorm knows what passes through it: with the
    statistics of a new one (0 and 1) values would grow or fade from layer to layer."""
    torch.manual_seed(0)
    network = build_network(
        spec.architecture, max(10, len(spec.classes)), spec.architecture_options
    )
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = None  # the mean over all that it sees
        norm.reset_running_stats()
        nn.init.uniform_(norm.weight, 0.6, 1.4)
        nn.init.normal_(norm.bias, std=0.2)
    crops = torch.from_numpy(check_pictures(preprocessing))
    network.train()
    with torch.no_grad():
        network(normalise(crops.permute(0, 3, 1, 2), preprocessing))
    return network.eval()


def share(expected: Rows, found: Rows) -> float:
    """The largest difference as a share of the largest |logit|."""
    return float(np.abs(found - expected).max() / np.abs(expected).max())


def check(model_id: str, folder: Path) -> None:
    """float32 within 1e-4 and bfloat16 within 3 %; a network that passes errors on enlarged (deep
    and without shortcuts, or with many thin layers and random weights) may be as far from torch as
    torch is from itself: in float64, and in its own bfloat16."""
    spec = ALL[model_id]
    crop = min(_SIDE, spec.preprocessing.crop)
    preprocessing = Preprocessing(crop, crop, spec.preprocessing.mean, spec.preprocessing.std)
    network = trained_alike(spec, preprocessing)
    conversions_dir().mkdir(parents=True)
    folder.mkdir()
    write_model(network, preprocessing, folder)
    crops = check_pictures(preprocessing)
    expected = ExactBackend(network, preprocessing, cpu()).infer(crops)
    assert np.ptp(expected, axis=0).max() > 0.1 * np.abs(expected).max()  # they do tell apart
    whole = share(expected, OpenVinoBackend(folder, "fp32").infer(crops))
    print(f"\n{model_id}: fp32 {whole:.1e}", end="")  # noqa: T201 - shown by pytest -s
    x = normalise(torch.from_numpy(crops).permute(0, 3, 1, 2), preprocessing)
    if computes_in_bf16():
        half = share(expected[:_PHOTOS], OpenVinoBackend(folder, "bf16").infer(crops[:_PHOTOS]))
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
            own = share(expected[:_PHOTOS], network(x[:_PHOTOS]).float().numpy())
        print(f", bf16 {half:.2%}, torch's {own:.2%}", end="")  # noqa: T201
        assert half < max(0.03, 1.5 * own)
    if whole >= 1e-4:
        with torch.inference_mode():
            true = network.double()(x.double()).numpy()
        print(f", torch from float64 {share(true, expected):.1e}", end="")  # noqa: T201
        assert whole < 5 * share(true, expected)


@pytest.mark.parametrize("model_id", _EVERYDAY)
def test_small_architectures(model_id: str, tmp_path: Path) -> None:
    check(model_id, tmp_path / "model")


@pytest.mark.slow
@pytest.mark.parametrize("model_id", [name for name in ALL if name not in _EVERYDAY])
def test_all_architectures(model_id: str, tmp_path: Path) -> None:
    check(model_id, tmp_path / "model")
