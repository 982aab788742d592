"""A run is read again as it ended: what the window shows of it after a restart."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from resnet_gui.core.errors import RunError
from resnet_gui.core.runs.events import (
    EpochDone,
    RunFailed,
    RunFinished,
    RunStarted,
    RunStopped,
    SamplesPredicted,
    TrainEvent,
)
from resnet_gui.core.runs.info import recipe_of
from resnet_gui.core.runs.listing import list_runs
from resnet_gui.core.runs.results import read_results
from resnet_gui.core.training.api import resume, train
from resnet_gui.core.zoo.storage.library import rename_model
from tests.core.runs.test_old_files import home
from tests.helpers.training import make_photos, make_tiny_model, tiny_config, user_zoo

__all__ = ["home"]  # a fixture


def test_a_run_is_read_as_it_told_itself(tmp_path: Path) -> None:
    make_tiny_model()
    data = make_photos(tmp_path / "wild_colours", count=6)
    config = tiny_config(data, method="head", epochs=3)
    seen: list[TrainEvent] = []
    for event in train(config, zoo=user_zoo(), stop=lambda: EpochDone in map(type, seen)):
        seen.append(event)  # noqa: PERF402 - it is asked meanwhile
    [run] = list_runs()
    assert (run.title, run.closed, run.recipe != "") == ("Green and red, Tiny", False, True)
    results = read_results(Path(run.path))
    assert isinstance(results.end, RunStopped)
    assert (results.end.epoch, results.end.best_epoch, results.end.resumable) == (1, 1, True)
    assert results.config == config

    events = list(resume(Path(run.path), zoo=user_zoo()))
    started = next(event for event in events if isinstance(event, RunStarted))
    *_, samples = (event for event in events if isinstance(event, SamplesPredicted))
    done = [event for event in events if isinstance(event, EpochDone)]
    results = read_results(Path(run.path))
    assert results.samples == samples
    assert results.started.history == (*started.history, *done)
    assert results.started.classes == ("green", "red")
    end = events[-1]
    assert isinstance(end, RunFinished)
    assert isinstance(results.end, RunFinished)
    assert results.end.accuracy == end.accuracy
    assert 0 < results.end.seconds <= end.seconds
    assert results.end.model_path == end.model_path


def test_a_run_that_is_left_says_so_until_it_goes_on(tmp_path: Path) -> None:
    """What closing the program does to a training."""
    make_tiny_model()
    config = tiny_config(make_photos(tmp_path / "colours", count=4), method="head", epochs=3)
    events = train(config, zoo=user_zoo())
    next(event for event in events if isinstance(event, SamplesPredicted))
    events.close()  # type: ignore[attr-defined]
    [run] = list_runs()
    assert run.closed
    results = read_results(Path(run.path))
    assert results.samples is not None
    going_on = resume(Path(run.path), zoo=user_zoo())
    next(event for event in going_on if isinstance(event, EpochDone))
    with pytest.raises(RunError, match="is being trained"):
        read_results(Path(run.path))
    assert read_results(Path(run.path), resting=False).info.title == run.title
    list(going_on)
    assert not list_runs()[0].closed


def test_a_run_whose_start_is_gone_says_so(tmp_path: Path) -> None:
    start = make_tiny_model()
    config = tiny_config(make_photos(tmp_path / "colours", count=4), method="head", epochs=3)
    events = train(config, zoo=user_zoo())
    next(event for event in events if isinstance(event, EpochDone))
    events.close()  # type: ignore[attr-defined]
    start.unlink()
    [run] = list_runs()
    with pytest.raises(RunError, match="started from the model “tiny”, which is not"):
        list(resume(Path(run.path), zoo=user_zoo()))


def test_the_start_model_is_renamed_while_a_run_needs_it(tmp_path: Path) -> None:
    """A head is put on the start model's network again at the end of its run."""
    start = make_tiny_model()
    config = tiny_config(make_photos(tmp_path / "colours", count=4), method="head", epochs=2)
    events = train(config, zoo=user_zoo())
    next(event for event in events if isinstance(event, EpochDone))
    rename_model(start, "Another name")
    *_, end = events
    assert isinstance(end, RunFinished)
    rename_model(Path(end.model_path), "Mine")
    spec = user_zoo().get(end.model_id).spec
    assert (spec.title, spec.base_model) == ("Mine", "tiny")
    assert spec.run_id == list_runs()[0].id != ""
    assert spec.accuracy is not None
    assert spec.accuracy.photos == end.accuracy.n


def test_equal_runs_have_equal_recipes(tmp_path: Path) -> None:
    config = tiny_config(tmp_path)
    recipe = recipe_of(config, "f0")
    assert recipe == recipe_of(config.replace(title="Mine", data="/moved", memory_mb=7), "f0")
    assert recipe != recipe_of(config, "f1")
    assert recipe != recipe_of(config.replace(seed=1), "f0")
    assert recipe != recipe_of(config.replace(model="other"), "f0")


@pytest.mark.usefixtures("home")
def test_runs_of_the_version_before_are_read() -> None:
    runs = {run.name: run for run in list_runs()}
    ends = {name: read_results(Path(run.path)).end for name, run in runs.items()}
    assert isinstance(ends["finished"], RunFinished)
    assert ends["finished"].accuracy.n > 0
    assert isinstance(ends["stopped"], RunStopped)
    assert isinstance(ends["interrupted"], RunStopped)
    assert not any(run.closed for run in runs.values())
    assert all(read_results(Path(run.path)).samples is None for run in runs.values())


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    "change",
    [
        {"result": 7}, {"result": {"value": "high", "n": -1}}, {"seconds": "long"},
        {"hardware": []}, {"state": "failed", "message": ["no"]}, {"reason": 1}, {"id": 4},
    ],
)  # fmt: skip
def test_values_that_are_none_are_left_empty(change: dict[str, object]) -> None:
    path = Path(list_runs()[0].path)
    document = json.loads((path / "run.json").read_text(encoding="utf-8"))
    (path / "run.json").write_text(json.dumps(document | change), encoding="utf-8")
    (path / "samples.json").write_text('{"samples": 3}', encoding="utf-8")
    results = read_results(path)
    assert results.samples is None
    assert isinstance(results.end, RunFailed | RunFinished | RunStopped)
