"""The running average of the weights: what it is, what it is worth, and that it resumes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from resnet_gui.core.runs.checkpoint import load_checkpoint
from resnet_gui.core.runs.config import RunConfig
from resnet_gui.core.runs.events import EpochDone, RunFinished, RunStarted
from resnet_gui.core.runs.listing import RunDirectory
from resnet_gui.core.runs.schedules import lr_factor
from resnet_gui.core.training.api import resume, train
from resnet_gui.core.training.average import averaged_weights, running_average
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
    average = running_average(module, 0.9)
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
