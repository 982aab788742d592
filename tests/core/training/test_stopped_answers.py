"""A run that is stopped keeps what its best epoch said of the validation photos."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from resnet_gui.core.calibration import Calibration
from resnet_gui.core.evaluation.calibrate import fit_calibration
from resnet_gui.core.evaluation.evaluate import Evaluated, evaluate
from resnet_gui.core.evaluation.metrics import Ints
from resnet_gui.core.evaluation.predictions import Measured, Predictions, read_predictions
from resnet_gui.core.evaluation.store import run_result, weights_key
from resnet_gui.core.inference.backend import Rows
from resnet_gui.core.inference.unknown import Numbers, energy
from resnet_gui.core.runs.config import RunConfig
from resnet_gui.core.runs.events import (
    EpochDone,
    Preparing,
    RunFinished,
    RunStopped,
    SamplesPredicted,
    TrainEvent,
)
from resnet_gui.core.runs.listing import RunDirectory, runs_dir
from resnet_gui.core.training import validation_answers
from resnet_gui.core.training.api import resume, train
from tests.helpers.training import make_photos, make_tiny_model, tiny_config, user_zoo


@pytest.fixture
def data(tmp_path: Path) -> Path:
    make_tiny_model()
    return make_photos(tmp_path / "colours")


def until(events: Iterator[TrainEvent], epochs: int) -> list[EpochDone]:
    """Follow a run for so many epochs, then let it go, as the window's Stop does."""
    seen = []
    for event in events:
        if isinstance(event, EpochDone):
            seen.append(event)
            if len(seen) == epochs:
                break
    events.close()  # type: ignore[attr-defined]
    return seen


def kept(run: str) -> Predictions:
    path = run_result(run)
    assert path is not None
    return read_predictions(path)


def the_run() -> RunDirectory:
    (path,) = runs_dir().iterdir()
    return RunDirectory.open(path)


@pytest.mark.parametrize("method", ["head", "full"])
def test_they_are_what_its_model_says(data: Path, method: str) -> None:
    seen = until(train(tiny_config(data, method=method, epochs=9), zoo=user_zoo()), 3)
    run = the_run()
    found = kept(run.name)
    best = [epoch for epoch in seen if epoch.best][-1]
    facts = found.facts
    assert (facts.n, facts.epoch, facts.part, facts.trained_on) == (4, best.epoch, "val", 0)
    assert facts.right == round((best.val_accuracy or 0) * 4)
    assert found.figures().loss == pytest.approx(best.val_loss, abs=1e-4)
    entry = user_zoo().ready(facts.model)
    assert facts.weights == weights_key(entry)
    *_, measured, result = evaluate(entry, data, part="val", device="cpu", exact=True)
    assert isinstance(measured, Measured)
    assert isinstance(result, Evaluated)
    assert measured.predictions.paths == found.paths
    assert np.allclose(measured.predictions.logits, found.logits, atol=1e-3)


def test_also_where_a_flag_stops_it(data: Path) -> None:
    epochs = 0

    def stop() -> bool:
        return epochs == 2

    last: TrainEvent | None = None
    for last in train(tiny_config(data, epochs=9), zoo=user_zoo(), stop=stop):
        epochs += isinstance(last, EpochDone)
    assert isinstance(last, RunStopped)
    assert kept(last.run).facts.n == 4


def test_those_of_an_earlier_sitting_stay_as_long_as_its_epoch_is_the_best(data: Path) -> None:
    # A rate so high that nothing after the first epoch is better.
    config = tiny_config(data, epochs=9, lr=0.9, schedule="constant")
    until(train(config, zoo=user_zoo()), 1)
    run = the_run()
    path = run_result(run.name)
    assert path is not None
    before = path.read_bytes()
    assert kept(run.name).facts.epoch == 1
    seen = until(resume(run.path, zoo=user_zoo()), 1)
    if not any(epoch.best for epoch in seen):
        assert path.read_bytes() == before
    facts = kept(run.name).facts
    assert facts.epoch == max([1, *(epoch.epoch for epoch in seen if epoch.best)])
    assert facts.weights == weights_key(user_zoo().ready(facts.model))


def test_the_finished_run_keeps_its_own(data: Path) -> None:
    until(train(tiny_config(data, epochs=3), zoo=user_zoo()), 1)
    run = the_run()
    *_, finished = resume(run.path, zoo=user_zoo())
    assert kept(run.name).facts.epoch == finished.best_epoch  # type: ignore[union-attr]


def many(data: Path) -> RunConfig:
    """A run whose validation photos are enough for a calibration."""
    make_photos(data, count=102, side=34)
    return tiny_config(data, epochs=1, batch_size=64, val_fraction=0.5)


def calibrated_by(run: str) -> tuple[int, int]:
    """Photos of its model's calibration, and how many answers it kept."""
    found = kept(run).facts
    return user_zoo().ready(found.model).spec.calibration.photos, found.n


def test_a_run_that_was_let_go_at_its_very_end_loses_none_of_them(data: Path) -> None:
    events = train(many(data), zoo=user_zoo())
    trained = False
    for event in events:
        trained = trained or isinstance(event, EpochDone)
        if trained and isinstance(event, Preparing):
            break
    events.close()  # type: ignore[attr-defined]
    run = the_run()
    assert calibrated_by(run.name) == (102, 102)
    *_, finished = resume(run.path, zoo=user_zoo())
    assert isinstance(finished, RunFinished)
    assert calibrated_by(run.name) == (102, 102)


def test_a_stop_at_the_very_end_loses_none_of_them(data: Path) -> None:
    events: list[TrainEvent] = []

    def trained() -> bool:
        return any(isinstance(event, SamplesPredicted) for event in events)

    for event in train(many(data), zoo=user_zoo(), stop=trained):
        events.append(event)  # noqa: PERF402
    last = events[-1]
    assert isinstance(last, RunFinished)
    assert calibrated_by(last.run) == (102, 102)


def test_of_very_many_answers_some_are_fitted_and_all_kept(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fitted: list[int] = []

    def fit(logits: Rows, truth: Ints) -> tuple[Calibration, Numbers]:
        fitted.append(len(truth))
        return fit_calibration(logits, truth)

    monkeypatch.setattr(validation_answers, "fit_calibration", fit)
    monkeypatch.setattr(validation_answers, "FEWEST", 1)
    monkeypatch.setattr(validation_answers, "_MOST_FITTED", 8)  # numbers, of 10 photos' 20
    until(train(tiny_config(data, epochs=9, val_fraction=0.5), zoo=user_zoo()), 1)
    found = kept(the_run().name)
    assert fitted == [4]
    assert found.facts.n == len(found.unlike) == 10
    assert np.allclose(found.unlike, energy(found.logits))
