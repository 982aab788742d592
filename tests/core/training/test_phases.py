"""Head first, then everything: what each phase is told, what is kept, when a run ends."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from resnet_gui.core.events import Notice
from resnet_gui.core.runs.config import Method, RunConfig
from resnet_gui.core.runs.events import BatchDone, EpochDone, RunFinished, RunStarted
from resnet_gui.core.runs.listing import RunDirectory, runs_dir
from resnet_gui.core.training.api import resume, train
from resnet_gui.core.training.presets import head_recipe
from resnet_gui.core.training.validate import Validation
from resnet_gui.core.zoo.weights.load import load_network
from tests.helpers.training import (
    curve,
    make_photos,
    make_tiny_model,
    tiny_config,
    user_zoo,
)

PROGRESSIVE: dict[str, Any] = {"method": "progressive", "epochs": 6, "head_epochs": 4}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    make_tiny_model()
    return make_photos(tmp_path / "colours")


@pytest.fixture
def contrary(tmp_path: Path) -> Path:
    """Validation photos whose classes are swapped: the more is learned, the higher their loss."""
    make_tiny_model()
    train_part = make_photos(tmp_path / "contrary" / "train")
    (tmp_path / "contrary" / "val").mkdir()
    for name, other in (("red", "green"), ("green", "red")):
        shutil.copytree(train_part / name, tmp_path / "contrary" / "val" / other)
    return tmp_path / "contrary"


def run(config: RunConfig) -> tuple[list[Any], list[EpochDone], RunFinished]:
    events = list(train(config, zoo=user_zoo()))
    assert isinstance(events[-1], RunFinished)
    return events, [e for e in events if isinstance(e, EpochDone)], events[-1]


def test_the_head_phase_is_a_run_of_the_fast_recipe(data: Path) -> None:
    fast = head_recipe(20)
    _, alone, _ = run(tiny_config(data, method="head", epochs=4, **fast))
    other = {"optimizer": "sgd", "lr": 1e-4, "label_smoothing": 0.1, "schedule": "onecycle"}
    config = tiny_config(data, fast_head=True, **PROGRESSIVE, **other)
    _, epochs, _ = run(config)
    assert [e.phase for e in epochs] == ["head"] * 4 + ["network"] * 2
    assert curve(epochs)[:4] == curve(alone)  # type: ignore[arg-type]
    assert max(e.lr for e in epochs[4:]) <= 1e-4
    _, slow, _ = run(config.replace(fast_head=False))
    assert curve(slow)[:4] != curve(alone)  # type: ignore[arg-type]


def test_two_sittings_with_a_fast_head_equal_one(data: Path) -> None:
    config = tiny_config(data, fast_head=True, **PROGRESSIVE)
    _, whole, _ = run(config)
    for stop_after in (3, 4):  # within the head's phase, and between the two
        parts: list[EpochDone] = []
        first = train(config, zoo=user_zoo())
        for event in first:
            if isinstance(event, EpochDone):
                parts.append(event)
                if event.epoch == stop_after:
                    break
        first.close()  # type: ignore[attr-defined]
        again = list(resume(runs_dir() / parts[0].run, zoo=user_zoo()))
        parts += [e for e in again if isinstance(e, EpochDone)]
        assert curve(parts) == curve(whole)  # type: ignore[arg-type]


def test_the_network_goes_on_from_the_best_head(contrary: Path) -> None:
    settings = PROGRESSIVE | {"fast_head": True, "lr": 1e-9, "head_epochs": 5}
    _, epochs, _ = run(tiny_config(contrary, **settings))
    losses = [e.val_loss for e in epochs]
    assert losses[0] is not None
    assert losses[4] is not None
    assert losses[4] > losses[0] + 1e-3, "the last head is worse than the first"
    assert losses[5] == pytest.approx(losses[0], abs=1e-4)


def test_a_head_is_replaced_only_by_a_lower_loss(contrary: Path, data: Path) -> None:
    settings = PROGRESSIVE | {"fast_head": True, "lr": 1e-2, "schedule": "constant"}
    _, epochs, finished = run(tiny_config(contrary, **settings))
    lowest = min(epochs, key=lambda e: e.val_loss or 0.0)
    assert finished.best_epoch == lowest.epoch <= 4
    kept = load_network(user_zoo().get(finished.model_id)).state_dict()
    before = load_network(user_zoo().get("tiny")).state_dict()
    backbone = [name for name in before if not name.startswith("_fc")]
    assert all(torch.equal(kept[name], before[name]) for name in backbone)
    _, epochs, finished = run(tiny_config(data, **settings))
    assert finished.best_epoch == min(epochs, key=lambda e: e.val_loss or 0.0).epoch > 4


@pytest.mark.parametrize("method", ["head", "full", "progressive"])
def test_the_best_epoch_has_the_lowest_loss(data: Path, method: str) -> None:
    settings = {"method": method, "epochs": 12, "lr": 3e-2, "schedule": "constant"}
    head_epochs = {"head_epochs": 6} if method == "progressive" else {}
    _, epochs, finished = run(tiny_config(data, **settings, **head_epochs))
    assert finished.best_epoch == min(epochs, key=lambda e: e.val_loss or 0.0).epoch
    best = [e for e in epochs if e.best]
    assert [e.val_loss for e in best] == sorted((e.val_loss or 0.0 for e in best), reverse=True)


def test_what_beats_the_best_so_far() -> None:
    surer, more_right = Validation(20.0, 80, 100, ()), Validation(30.0, 90, 100, ())
    for method in Method:
        scratch = method is Method.SCRATCH
        assert surer.beats(more_right.loss, more_right.accuracy, method) is not scratch
        assert more_right.beats(surer.loss, surer.accuracy, method) is scratch
        assert not surer.beats(surer.loss, surer.accuracy, method)
        assert Validation(19.0, 80, 100, ()).beats(surer.loss, surer.accuracy, method)
        assert Validation(0.0, 0, 0, ()).beats(surer.loss, surer.accuracy, method), "the last one"
        assert surer.beats(None, None, method)


@pytest.mark.parametrize("schedule", ["onecycle", "cosine", "linear"])
def test_no_run_stops_early_under_a_schedule_that_ends_low(contrary: Path, schedule: str) -> None:
    config = tiny_config(contrary, method="head", epochs=8, schedule=schedule, early_stopping=1)
    events, epochs, finished = run(config)
    assert (len(epochs), finished.reason) == (8, "completed")
    said = [event.message for event in events if isinstance(event, Notice)]
    assert any("early_stopping is ignored" in text for text in said)
    events, epochs, finished = run(config.replace(schedule="constant"))
    assert (len(epochs), finished.reason) == (2, "early_stopping")
    assert not any(isinstance(event, Notice) for event in events)


@pytest.mark.parametrize(("left_over", "steps"), [(1, 2), (2, 2), (3, 3)])
def test_no_step_on_so_few_that_batchnorm_says_nothing(
    tmp_path: Path, left_over: int, steps: int
) -> None:
    """Two classes of photos in batches of 5, and what is left over."""
    make_tiny_model()
    make_photos(tmp_path / "few" / "val", count=2)
    make_photos(tmp_path / "few" / "train", ("red",), count=5)
    make_photos(tmp_path / "few" / "train", ("green",), count=5 + left_over)
    counts = {}
    for freeze in ("off", "on"):
        config = tiny_config(tmp_path / "few", epochs=2, batch_size=5, freeze_batchnorm=freeze)
        events, _, finished = run(config)
        done = [event for event in events if isinstance(event, BatchDone)]
        counts[freeze] = len(done) / 2
        assert {event.steps_in_epoch for event in done} == {counts[freeze]}
        network = load_network(user_zoo().get(finished.model_id))
        seen = int(network.state_dict()["_bn0.num_batches_tracked"])
        before = int(load_network(user_zoo().get("tiny")).state_dict()["_bn0.num_batches_tracked"])
        if freeze == "off":
            assert seen - before == steps * finished.best_epoch
    assert counts == {"off": steps, "on": 3}


def test_a_folder_smaller_than_that_is_trained_with_all_the_same(tmp_path: Path) -> None:
    make_tiny_model()
    for part in ("train", "val"):
        make_photos(tmp_path / "two" / part, count=1)
    config = tiny_config(tmp_path / "two", epochs=2, freeze_batchnorm="off")
    events, epochs, _ = run(config)
    assert len(epochs) == 2
    assert sum(isinstance(event, BatchDone) for event in events) == 2
    pairs = make_photos(tmp_path / "pairs" / "train", count=2).parent
    make_photos(pairs / "val", count=1)
    events, _, _ = run(tiny_config(pairs, epochs=1, batch_size=2, freeze_batchnorm="off"))
    assert sum(isinstance(event, BatchDone) for event in events) == 2, "a batch of two is wanted"


def test_a_run_recorded_before_goes_on_as_it_began(data: Path) -> None:
    """Its run.json knows nothing of what was added since."""
    since = (
        "nesterov", "decayed", "fast_head", "shift_pixels", "shift_reflect", "alternate_flip",
        "cutout", "ema_decay",
    )  # fmt: skip
    settings = {**PROGRESSIVE, "optimizer": "sgd", "schedule": "onecycle", "early_stopping": 6}
    config = tiny_config(data, augmentation="light", **settings)
    assert (config.nesterov, config.decayed, config.fast_head) == (True, "weights", False)
    _, whole, _ = run(config)
    first = train(config, zoo=user_zoo())
    parts = [next(e for e in first if isinstance(e, EpochDone))]
    first.close()  # type: ignore[attr-defined]
    path = runs_dir() / parts[0].run / "run.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    for name in since:
        del document["config"][name]
    path.write_text(json.dumps(document), encoding="utf-8")
    assert RunDirectory.open(path.parent).config == config
    again = list(resume(path.parent, zoo=user_zoo()))
    assert next(e for e in again if isinstance(e, RunStarted)).resumed
    parts += [e for e in again if isinstance(e, EpochDone)]
    assert curve(parts) == curve(whole)  # type: ignore[arg-type]
