"""Networks with random weights, measured on the spot: the same each time, and nobody's numbers."""

from __future__ import annotations

import torch

from resnet_gui.core.lab.sentences import main_gradients
from resnet_gui.core.lab.start_statistics import measure_start, sample_batch
from resnet_gui.core.nets.families.cifar import CIFAR_PREPROCESSING
from resnet_gui.core.zoo.untrained import untrained_spec


def measure(model_id: str) -> list[float]:
    spec = untrained_spec(model_id)
    assert spec is not None
    [event] = measure_start(spec)
    assert event.history.layers[0].epoch == 0
    assert "32 crops" in event.batch
    return [value for _, value in main_gradients(event.history.layers[0])]


def test_shortcuts_keep_gradients_level_at_initialisation() -> None:
    """The chart's message, measured: from the first layer to the last convolution."""
    plain, residual = measure("cifar-plain56"), measure("cifar-resnet56")
    assert len(plain) == len(residual) == 56
    assert plain[0] / plain[-2] > 100
    assert residual[0] / residual[-2] < 20


def test_it_is_the_same_each_time_and_draws_from_nobody() -> None:
    torch.manual_seed(7)
    before = torch.get_rng_state()
    first = measure("cifar-highway20")
    assert torch.equal(before, torch.get_rng_state())
    assert measure("cifar-highway20") == first


def test_the_batch() -> None:
    x, y = sample_batch(12, 32, CIFAR_PREPROCESSING)
    assert x.shape == (12, 3, 32, 32)
    assert x.dtype == torch.float32
    assert 0.3 < float(x.std()) < 3
    assert y.tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]
