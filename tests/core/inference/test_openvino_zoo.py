"""Every architecture of the zoo through OpenVINO, against torch: float32 within 1e-4 and bfloat16
within 3 % of the largest |logit|.

Trained networks hold that, all that are at hand but one (`TRAINED_BEYOND_BF16`). Random weights do
where the network does not enlarge roundings; where it does, the figures below are what was
measured, and bfloat16 itself is as far off in torch: no way of computing it would be nearer. What
such a model does in the program is decided by `check`: it answers in float32, or exactly.
"""

from __future__ import annotations

import pytest
from torch import nn

from resnet_gui.core.inference.convert import computes_in_bf16
from resnet_gui.core.inference.exact import open_exact
from resnet_gui.core.preprocessing import Preprocessing
from resnet_gui.core.system.openvino_import import openvino_version
from resnet_gui.core.system.processor import cpu
from resnet_gui.core.zoo import Zoo
from tests.helpers.architectures import all_architectures
from tests.helpers.lifelike import begun_network, lifelike_network, photo_crops
from tests.helpers.precision import Measured, measure, preprocessing_for

pytestmark = pytest.mark.skipif(not openvino_version(), reason="the extra “fast” is not installed")
ALL = all_architectures()
FP32, BF16 = 1e-4, 0.03  # the bounds, as a share of the largest |logit|
_TAME = 3  # times that noise is enlarged, at most, by the trained networks
_PHOTOS = 9
_EVERYDAY = ("cifar-highway20", "cifar-preresnet29")
_TRAINED = ("plain20-cifar10", "resnet20-cifar10")
_TRAINED_SLOW = ("plain56-cifar10", "resnet56-cifar10", "resnet56v2-cifar10", "efficientnet-lite0")

# With random weights, 1,202 layers without open shortcuts say the same of every photo, or what
# rounding makes of it (torch is three times the largest logit from its own float64): there is
# nothing to compare.
_MUTE = ("cifar-plain1202", "cifar-highway1202")
# Lifelike networks that are beyond a bound or at it, with what was measured here. Another seed, or
# other photos, gives figures two or three times larger or smaller.
BEYOND_FP32 = {
    "cifar-highway110": 0.2,
    "cifar-plain110": 0.085,
    "cifar-plain44": 1.7e-4,
    "cifar-preresnet1001": 7.8e-4,
    "cifar-resnet1202-b": 4.4e-4,
    "plain34": 1.4e-4,
    "plain56-cifar10": 6.2e-4,
    "resnet101-keras": 3.4e-4,
    "resnet101.imagenet1k_v1": 1.9e-4,
    "resnet152-keras": 5.3e-4,
    "resnet152.imagenet1k_v1": 5.0e-4,
    "resnext101_32x8d.imagenet1k_v1": 1.6e-4,
    "resnext101_64x4d": 9.6e-5,
    "wide_resnet101_2.imagenet1k_v1": 2.3e-4,
}
BEYOND_BF16 = {
    "cifar-highway110": 0.21,
    "cifar-plain110": 0.56,
    "cifar-plain32": 0.17,
    "cifar-plain44": 0.54,
    "cifar-preresnet1001": 0.59,
    "cifar-preresnet110": 0.26,
    "cifar-preresnet164": 0.19,
    "cifar-preresnet29": 0.027,
    "cifar-resnet110": 0.067,
    "cifar-resnet110-b": 0.038,
    "cifar-resnet1202": 0.032,
    "cifar-resnet1202-b": 1.7,
    "cifar-resnet32-b": 0.061,
    "cifar-resnet44": 0.072,
    "cifar-resnet44-b": 0.048,
    "cifar-resnet56-b": 0.054,
    "efficientnet-lite0": 0.35,
    "plain18": 0.053,
    "plain20-cifar10": 0.051,
    "plain34": 0.48,
    "plain56-cifar10": 0.49,
    "resnet101-keras": 0.46,
    "resnet101.imagenet1k_v1": 0.34,
    "resnet101v2": 0.2,
    "resnet152-keras": 0.4,
    "resnet152.imagenet1k_v1": 0.49,
    "resnet152v2": 0.2,
    "resnet18": 0.033,
    "resnet34": 0.047,
    "resnet50-keras": 0.26,
    "resnet50.imagenet1k_v1": 0.16,
    "resnet50v2": 0.085,
    "resnet56-cifar10": 0.037,
    "resnet56v2-cifar10": 0.054,
    "resnext101_32x8d.imagenet1k_v1": 0.4,
    "resnext101_64x4d": 0.29,
    "resnext50_32x4d.imagenet1k_v1": 0.15,
    "wide_resnet101_2.imagenet1k_v1": 0.34,
    "wide_resnet50_2.imagenet1k_v1": 0.18,
}

# A trained network beyond the bound, with what was measured here; torch's own bfloat16: 0.031.
TRAINED_BEYOND_BF16 = {"efficientnet-lite0": 0.037}


def measured(network: nn.Module, preprocessing: Preprocessing) -> Measured:
    found = measure(network, preprocessing, photo_crops(preprocessing.crop, _PHOTOS, seed=1))
    print(found)  # noqa: T201 - shown by pytest -s
    return found


def within_bounds(found: Measured, bf16: float = BF16) -> None:
    assert found.fp32 < FP32
    if computes_in_bf16():
        assert found.bf16 < bf16
        assert found.same == found.sure


def trained(model_id: str) -> Measured:
    entry = Zoo.standard().ready(model_id)
    return measured(open_exact(entry, cpu()).network, entry.spec.preprocessing)


def check_lifelike(model_id: str) -> None:
    preprocessing = preprocessing_for(ALL[model_id])
    found = measured(lifelike_network(ALL[model_id], preprocessing), preprocessing)
    if model_id in BEYOND_FP32:
        assert found.fp32 < 2 * BEYOND_FP32[model_id]
        # As far from torch as torch is from the truth.
        assert found.fp32 < max(FP32, 5 * found.exact)
    else:
        assert found.fp32 < FP32
    if not computes_in_bf16():
        return
    if model_id in BEYOND_BF16:
        assert found.bf16 < 2 * BEYOND_BF16[model_id]
        # Beyond a third there is no answer left in either to be compared.
        assert found.bf16 < max(BF16, 2 * found.own_bf16) or found.own_bf16 > 0.33
        assert found.enlarged > _TAME
    else:
        within_bounds(found)


@pytest.mark.parametrize("model_id", _TRAINED)
def test_trained_networks(model_id: str) -> None:
    within_bounds(trained(model_id))


@pytest.mark.slow
@pytest.mark.parametrize("model_id", _TRAINED_SLOW)
def test_large_trained_networks(model_id: str) -> None:
    found = trained(model_id)
    if model_id not in TRAINED_BEYOND_BF16:
        within_bounds(found)
        return
    within_bounds(found, 1.5 * TRAINED_BEYOND_BF16[model_id])
    assert found.bf16 < 2 * found.own_bf16 or not computes_in_bf16()


@pytest.mark.parametrize("model_id", _EVERYDAY)
def test_small_architectures(model_id: str) -> None:
    check_lifelike(model_id)


@pytest.mark.slow
@pytest.mark.parametrize("model_id", [name for name in ALL if name not in _EVERYDAY + _MUTE])
def test_all_architectures(model_id: str) -> None:
    check_lifelike(model_id)


@pytest.mark.slow
@pytest.mark.parametrize("model_id", ["plain20-cifar10", "resnet56v2-cifar10"])
def test_the_first_steps_of_a_training_are_enough(model_id: str) -> None:
    """The same networks from random weights that are beyond the bound above."""
    preprocessing = preprocessing_for(ALL[model_id])
    within_bounds(measured(begun_network(ALL[model_id], preprocessing), preprocessing))
