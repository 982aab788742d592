"""The running average of the weights: what it is, what it is worth, and that it resumes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import nn
from torch.optim.swa_utils import AveragedModel
from torch.utils._python_dispatch import TorchDispatchMode

from resnet_gui.core.runs.checkpoint import load_checkpoint
from resnet_gui.core.runs.config import RunConfig
from resnet_gui.core.runs.events import EpochDone, RunFinished, RunStarted
from resnet_gui.core.runs.listing import RunDirectory
from resnet_gui.core.runs.schedules import lr_factor
from resnet_gui.core.training.api import resume, train
from resnet_gui.core.training.average import RunningAverage, averaged_weights
from tests.helpers.training import curve, make_photos, make_tiny_model, tiny_config, user_zoo

SETTINGS: dict[str, Any] = {"ema_decay": 0.8, "freeze_batchnorm": "off"}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    make_tiny_model()
    return make_photos(tmp_path / "colours")


def run_of(events: list[Any]) -> RunDirectory:
    return RunDirectory.open(Path(next(e.run_dir for e in events if isinstance(e, RunStarted))))


def test_the_average_follows_its_formula() -> None:
    module = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    average = RunningAverage(module, 0.9)
    expected = torch.zeros(2, 2)
    for n in range(30):
        with torch.no_grad():
            module[0].weight.fill_(float(n))
        module(torch.randn(4, 2))
        average.update_parameters(module)
        decay = 0.0 if n == 0 else min(0.9, (1 + n) / (10 + n))
        expected = decay * expected + (1 - decay) * n
    kept = averaged_weights(average.state_dict())
    torch.testing.assert_close(kept["0.weight"], expected)
    assert int(kept["1.num_batches_tracked"]) == 30
    assert kept.keys() == module.state_dict().keys()


class _Reads(TorchDispatchMode):
    """Notes where the numbers were that Python read: a GPU would have to be waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.places: list[str] = []

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        if func is torch.ops.aten._local_scalar_dense.default:
            self.places.append(args[0].device.type)
        return func(*args, **(kwargs or {}))


def test_an_average_on_a_device_waits_for_nothing() -> None:
    """Tensors of torch's meta device have no numbers, so that reading one fails, as does copying
    one to the CPU. How often the average was updated is counted on the CPU, also after a resume."""
    module = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2)).to("meta")
    average = RunningAverage(module, 0.9)
    with _Reads() as reads:
        for _ in range(3):
            average.update_parameters(module)
        average.load_state_dict({**average.state_dict(), "n_averaged": torch.tensor(7)})
        average.update_parameters(module)
        with pytest.raises(RuntimeError, match="meta"):
            module[0].weight.sum().item()
    assert {p.device.type for p in average.module.parameters()} == {"meta"}
    assert int(average.n_averaged) == 8
    assert set(reads.places[:-1]) == {"cpu"}
    assert reads.places[-1] == "meta"  # what was to fail


def test_the_average_is_that_of_torch_to_the_bit() -> None:
    """AveragedModel's own, to which the same formula is given."""

    @torch.no_grad()
    def update(averaged: Any, current: Any, count: Any) -> None:
        n = int(count)
        for mine, theirs in zip(averaged, current, strict=True):
            if mine.is_floating_point():
                mine.lerp_(theirs, 1 - min(0.99, (1 + n) / (10 + n)))
            else:
                mine.copy_(theirs)

    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv2d(3, 5, 3), nn.BatchNorm2d(5), nn.Flatten(), nn.Linear(5, 2))
    ours = RunningAverage(module, 0.99)
    torchs = AveragedModel(module, multi_avg_fn=update, use_buffers=True)
    for _ in range(12):
        with torch.no_grad():
            for parameter in module.parameters():
                parameter.add_(torch.randn_like(parameter))
        module(torch.randn(4, 3, 3, 3))
        ours.update_parameters(module)
        torchs.update_parameters(module)
    found, expected = ours.state_dict(), torchs.state_dict()
    assert list(found) == list(expected)
    assert all(torch.equal(found[name], expected[name]) for name in expected)


@pytest.mark.parametrize("method", ["full", "last", "scratch"])
def test_a_run_with_an_average_resumes_bit_equal(data: Path, method: str) -> None:
    config = tiny_config(data, method=method, **SETTINGS)
    whole = list(train(config.replace(title="whole"), zoo=user_zoo()))
    first = train(config.replace(title="parts"), zoo=user_zoo())
    events: list[Any] = []
    for event in first:
        events.append(event)
        if isinstance(event, EpochDone) and event.epoch == 2:
            first.close()  # type: ignore[attr-defined]
            break
    events += list(resume(run_of(events).path, zoo=user_zoo()))
    assert curve(events) == curve(whole)
    finished, other = events[-1], whole[-1]
    assert isinstance(finished, RunFinished)
    assert isinstance(other, RunFinished)
    mine, theirs = load_file(finished.model_path), load_file(other.model_path)
    assert mine.keys() == theirs.keys()
    assert all(torch.equal(mine[name], theirs[name]) for name in mine)
    last, again = (load_checkpoint(run_of(e).last) for e in (events, whole))
    assert last.average
    assert all(torch.equal(last.average[name], again.average[name]) for name in last.average)


def test_the_average_is_what_is_saved(data: Path) -> None:
    events = list(train(tiny_config(data, epochs=1, **SETTINGS), zoo=user_zoo()))
    finished = events[-1]
    assert isinstance(finished, RunFinished)
    last = load_checkpoint(run_of(events).last)
    saved, kept = load_file(finished.model_path), averaged_weights(last.average)
    assert all(torch.equal(saved[name], kept[name]) for name in saved)
    assert any(not torch.equal(saved[name], last.weights[name]) for name in saved)


def test_linear_rises_and_falls_to_zero() -> None:
    config = RunConfig("d", "m").replace(schedule="linear", warmup_epochs=2, epochs=10)
    assert config.schedule == "linear"
    factors = [lr_factor(config, step, 10, 10) for step in range(100)]
    peak = factors.index(max(factors))
    assert peak == 20
    assert factors[20] == 1.0
    assert factors[:20] == pytest.approx([(n + 1) / 21 for n in range(20)])
    assert factors[20:] == pytest.approx([1 - n / 80 for n in range(80)])
