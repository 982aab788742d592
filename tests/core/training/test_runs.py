"""Whole runs: methods, stopping, resuming, failing. On a tiny network, with real files."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open

from resnet_gui.core.errors import (
    DatasetChangedError,
    DatasetError,
    RunConfigError,
    RunError,
    RunMismatchError,
)
from resnet_gui.core.events import ImageSource, Notice, Prediction
from resnet_gui.core.inference.classifier import Classifier
from resnet_gui.core.runs.events import (
    BatchDone,
    EpochDone,
    PhotoSkipped,
    Preparing,
    RunFailed,
    RunFinished,
    RunStarted,
    RunStopped,
    SamplesPredicted,
)
from resnet_gui.core.runs.listing import RunDirectory, RunState, list_runs, runs_dir
from resnet_gui.core.system.devices import resolve_device
from resnet_gui.core.system.paths import user_models_dir
from resnet_gui.core.training import phase
from resnet_gui.core.training.api import resume, train
from resnet_gui.core.zoo import Preprocessing
from resnet_gui.core.zoo.weights.load import load_network, save_model
from tests.helpers.training import (
    curve,
    make_photos,
    make_tiny_model,
    tiny_config,
    user_zoo,
)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    make_tiny_model()
    return make_photos(tmp_path / "colours")


def run_all(config: Any, **options: Any) -> list[Any]:
    events = list(train(config, zoo=user_zoo(), **options))
    for event in events:
        json.dumps(event.to_json())
    return events


def last(events: list[Any]) -> Any:
    return events[-1]


def test_a_device_that_cannot_train_is_named_and_another_trains(data: Path) -> None:
    events = run_all(tiny_config(data, method="head", epochs=1, device="openvino:gpu"))
    (why,) = (event.message for event in events if isinstance(event, Notice))
    assert why.startswith("“openvino:gpu” answers about photos, but training is not possible there")
    started = next(event for event in events if isinstance(event, RunStarted))
    assert started.device_kind == resolve_device("auto").kind
    assert started.device in why


METHODS: dict[str, dict[str, Any]] = {
    "head": {"method": "head"},
    "head-augmented": {"method": "head", "augmentation": "light"},
    "last": {"method": "last", "last_stages": 2},
    "full": {"method": "full", "augmentation": "standard"},
    "scratch": {"method": "scratch", "augmentation": "strong", "optimizer": "sgd"},
    "progressive": {"method": "progressive", "head_epochs": 2},
    "average": {"method": "full", "ema_decay": 0.9, "freeze_batchnorm": "off"},
    "average-scratch": {
        "method": "scratch",
        "augmentation": "light",
        "ema_decay": 0.9,
        "cutout": 8,
        "alternate_flip": True,
        "shift_pixels": 4,
        "shift_reflect": True,
        "schedule": "linear",
    },
    "mlp": {"method": "head", "head": "mlp", "head_width": 16, "dropout": 0.3},
    "mlp-full": {"method": "full", "head": "mlp", "head_width": 16, "dropout": 0.3},
}


@pytest.mark.parametrize("name", METHODS)
def test_every_method_makes_a_model_that_classifies(data: Path, name: str) -> None:
    events = run_all(tiny_config(data, **METHODS[name]))
    finished = last(events)
    assert isinstance(finished, RunFinished)
    epochs = [event for event in events if isinstance(event, EpochDone)]
    assert [event.epoch for event in epochs] == [1, 2, 3, 4]
    assert all(math.isfinite(event.train_loss) for event in epochs)
    assert sum(isinstance(event, SamplesPredicted) for event in events) == 4
    photo = next((data / "red").iterdir())
    answers = Classifier(user_zoo()).classify([ImageSource.file(photo)], finished.model_id)
    prediction = next(event for event in answers if isinstance(event, Prediction))
    assert {score.label for score in prediction.scores} == {"red", "green"}
    header = user_zoo().get(finished.model_id).spec
    assert header.metrics["accuracy_part"] == "validation"
    assert Path(finished.model_path).parent == user_models_dir()


def test_head_training_learns_the_colours(data: Path) -> None:
    events = run_all(tiny_config(data, method="head", epochs=30, lr=2e-2))
    assert last(events).best_val_accuracy >= 0.75
    assert "validation" in last(events).accuracy.part


@pytest.mark.parametrize(
    ("name", "optimizer"),
    [
        ("head", "adamw"),
        ("last", "adam"),
        ("full", "sgd"),
        ("scratch", "adamw"),
        ("progressive", "sgd"),
        ("mlp-full", "adamw"),
    ],
)
def test_four_epochs_equal_two_and_two(data: Path, name: str, optimizer: str) -> None:
    config = tiny_config(data, **{**METHODS[name], "optimizer": optimizer, "schedule": "onecycle"})
    unbroken = run_all(config)
    first: list[Any] = []
    generator = train(config, zoo=user_zoo())
    for event in generator:
        first.append(event)
        if isinstance(event, EpochDone) and event.epoch == 2:
            break
    generator.close()
    path = Path(next(e.run_dir for e in first if isinstance(e, RunStarted)))
    assert RunDirectory.open(path).info().state is RunState.STOPPED
    assert RunDirectory.open(path).info().model_path, "a stopped run leaves a usable model"
    second = list(resume(path, zoo=user_zoo()))
    started = next(event for event in second if isinstance(event, RunStarted))
    assert started.resumed
    assert curve(list(started.history)) == curve(first)
    assert curve(first) + curve(second) == curve(unbroken)
    models = [load_network(user_zoo().get(last(e).model_id)) for e in (unbroken, second)]
    for left, right in zip(*(m.state_dict().values() for m in models), strict=True):
        assert torch.equal(left, right)


@pytest.mark.parametrize("schedule", ["cosine", "step", "plateau", "constant"])
def test_stopping_in_the_middle_of_an_epoch_repeats_it_exactly(data: Path, schedule: str) -> None:
    config = tiny_config(
        data, epochs=3, schedule=schedule, milestones="1,2", plateau_patience=1, early_stopping=9
    )
    unbroken = run_all(config)
    batches = 0

    def stop() -> bool:
        return batches >= 5

    first: list[Any] = []
    for event in train(config, zoo=user_zoo(), stop=stop):
        first.append(event)
        batches += isinstance(event, BatchDone)
    stopped = last(first)
    assert isinstance(stopped, RunStopped)
    assert stopped.epoch == 1
    assert stopped.resumable
    second = list(resume(runs_dir() / stopped.run, zoo=user_zoo()))
    assert curve(first) + curve(second) == curve(unbroken)


def test_same_seed_same_curve_other_seed_another(data: Path) -> None:
    config = tiny_config(data, epochs=2, augmentation="standard")
    assert curve(run_all(config)) == curve(run_all(config))
    assert curve(run_all(config)) != curve(run_all(config.replace(seed=1)))


class _OutOfMemory:
    """A device on which at most `fits` photos go through at once, from some step on."""

    def __init__(self, fits: int, epoch: int, step: int) -> None:
        self.fits, self.since = fits, (epoch, step)

    def __call__(self, epoch: int, step: int, photos: int) -> None:
        if photos > self.fits and (epoch, step) >= self.since:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")


@pytest.mark.parametrize(("epoch", "step", "optimizer"), [(1, 1, "adamw"), (2, 2, "sgd")])
def test_out_of_memory_ends_like_small_pieces_from_the_start(
    data: Path, epoch: int, step: int, optimizer: str
) -> None:
    config = tiny_config(data, epochs=3, batch_size=8, optimizer=optimizer, augmentation="light")
    small = run_all(config.replace(accumulate=4))
    broken = run_all(config, guard=_OutOfMemory(2, epoch, step))
    notices = [event.message for event in broken if isinstance(event, Notice)]
    assert any("memory did not suffice" in message for message in notices)
    for left, right in zip(curve(small), curve(broken), strict=True):
        assert left == pytest.approx(right, rel=1e-3, abs=1e-4)
    run = RunDirectory.open(runs_dir() / last(broken).run)
    with safe_open(run.last, framework="pt") as file:
        assert json.loads(file.metadata()["resnet_gui_checkpoint"])["pieces"] == 4


def test_not_even_one_photo_fits(data: Path) -> None:
    events = run_all(tiny_config(data), guard=_OutOfMemory(0, 2, 1))
    failed = last(events)
    assert isinstance(failed, RunFailed)
    assert failed.error_type == "OutOfMemoryError"
    assert "smaller" in failed.message
    assert Path(failed.model_path).is_file(), "the first epoch's model is kept"
    assert list_runs()[0].state is RunState.FAILED


def test_divergence_keeps_the_best_and_advises(data: Path) -> None:
    # Two layers without a bound between them: their values blow each other up.
    config = tiny_config(
        data, method="head", head="mlp", optimizer="sgd", lr=1e-3, epochs=30, schedule="constant"
    )
    generator = train(config, zoo=user_zoo())
    done = next(event for event in generator if isinstance(event, EpochDone) and event.epoch == 2)
    generator.close()
    path = runs_dir() / done.run
    document = json.loads((path / "run.json").read_text(encoding="utf-8"))
    document["config"]["lr"] = 100.0
    (path / "run.json").write_text(json.dumps(document), encoding="utf-8")
    after = list(resume(path, zoo=user_zoo()))
    failed = last(after)
    assert isinstance(failed, RunFailed)
    assert failed.error_type == "NonFiniteLossError"
    assert "smaller learning rate" in failed.message
    load_network(user_zoo().get(failed.model_id))


def test_early_stopping_and_keep_best(data: Path) -> None:
    events = run_all(
        tiny_config(data, method="head", epochs=50, early_stopping=3, lr=0.5, schedule="constant")
    )
    finished = last(events)
    assert finished.reason == "early_stopping"
    assert finished.epoch < 50
    best = next(e for e in events if isinstance(e, EpochDone) and e.epoch == finished.best_epoch)
    assert best.best
    assert best.val_accuracy == finished.best_val_accuracy


def test_a_test_part_gives_the_test_accuracy(tmp_path: Path) -> None:
    make_tiny_model()
    for part, count in (("train", 6), ("val", 4), ("test", 5)):
        make_photos(tmp_path / "parts" / part, count=count)
    finished = last(run_all(tiny_config(tmp_path / "parts", method="head")))
    assert (finished.accuracy.part, finished.accuracy.n) == ("test", 10)
    assert "chose the best epoch" not in finished.accuracy.sentence()


def test_without_validation_photos_it_says_so(tmp_path: Path) -> None:
    make_tiny_model()
    data = make_photos(tmp_path / "one", count=1)
    events = run_all(tiny_config(data, method="head", epochs=2))
    assert last(events).accuracy.part == "training"
    assert "says nothing of new photos" in last(events).accuracy.sentence()
    assert last(events).best_val_accuracy is None


@pytest.mark.parametrize("method", ["head", "full"])
def test_a_photo_that_breaks_after_the_scan_is_skipped_and_named(data: Path, method: str) -> None:
    from resnet_gui.core.dataset import scan_dataset

    summary = list(scan_dataset(data))[-1].summary  # type: ignore[union-attr]
    victim = data / "red" / "004.jpg"
    victim.write_bytes(victim.read_bytes()[:400])
    (data / "green" / "003.jpg").unlink()
    events = run_all(tiny_config(data, method=method, epochs=2), summary=summary)
    skipped = [event for event in events if isinstance(event, PhotoSkipped)]
    assert sorted(Path(event.path).name for event in skipped) == ["003.jpg", "004.jpg"]
    assert all(Path(event.path).name in event.message for event in skipped)
    assert isinstance(last(events), RunFinished)


def test_photos_beyond_the_memory_budget_are_read_anew(data: Path) -> None:
    events = run_all(tiny_config(data, epochs=2))
    big = make_photos(data.parent / "big", count=4, side=1200)
    config = tiny_config(big, epochs=2, memory_mb=1, image_size=256, augmentation="standard")
    streamed = run_all(config)
    kept = run_all(config.replace(memory_mb=500))
    assert curve(streamed) == curve(kept)
    assert isinstance(last(events), RunFinished)


@pytest.mark.parametrize("augmentation", ["none", "light", "standard"])
def test_a_run_goes_on_with_less_memory_than_it_began_with(
    data: Path, monkeypatch: pytest.MonkeyPatch, augmentation: str
) -> None:
    """Dropout draws while the next batches are made in another thread."""
    config = tiny_config(
        data, augmentation=augmentation, cutout=6, dropout=0.3, freeze_batchnorm="off", epochs=2
    )
    unbroken = run_all(config)
    generator = train(config, zoo=user_zoo())
    first = [next(event for event in generator if isinstance(event, EpochDone))]
    generator.close()
    monkeypatch.setattr(phase, "free_memory_bytes", lambda: 0)
    second = list(resume(runs_dir() / first[0].run, zoo=user_zoo()))
    assert curve([*first, *second]) == curve(unbroken)


def test_images_too_small_to_begin_with_are_refused_before_the_run(data: Path) -> None:
    config = tiny_config(data, method="scratch", progressive_resizing=True)
    with pytest.raises(RunConfigError, match="16 × 16 pixels, with which progressive_resizing"):
        run_all(config)
    assert list_runs() == []
    assert isinstance(last(run_all(config.replace(epochs=1, image_size=64))), RunFinished)


def test_stop_before_the_first_epoch_can_be_resumed(data: Path) -> None:
    config = tiny_config(data, epochs=2)
    events = list(train(config, zoo=user_zoo(), stop=lambda: True))
    stopped = last(events)
    assert isinstance(stopped, RunStopped)
    assert (stopped.epoch, stopped.model_path) == (0, "")
    again = list(resume(runs_dir() / stopped.run, zoo=user_zoo()))
    assert curve(again) == curve(run_all(config))


def test_what_cannot_be_resumed_says_why(data: Path) -> None:
    finished = last(run_all(tiny_config(data, epochs=1)))
    with pytest.raises(RunError, match="finished already"):
        list(resume(runs_dir() / finished.run, zoo=user_zoo()))
    with pytest.raises(RunError, match="no run"):
        list(resume(runs_dir() / "nothing", zoo=user_zoo()))
    generator = train(tiny_config(data), zoo=user_zoo())
    event = next(e for e in generator if isinstance(e, EpochDone))
    path = runs_dir() / event.run
    with pytest.raises(RunError, match="being trained"):
        list(resume(path, zoo=user_zoo()))
    generator.close()
    (data / "red" / "new.jpg").write_bytes((data / "red" / "000.jpg").read_bytes())
    with pytest.raises(DatasetChangedError, match="has changed"):
        list(resume(path, zoo=user_zoo()))
    (data / "red" / "new.jpg").unlink()
    checkpoint = path / "last.safetensors"
    whole = checkpoint.read_bytes()
    checkpoint.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(RunError, match="damaged"):
        list(resume(path, zoo=user_zoo()))


@pytest.mark.parametrize("method", ["head", "full"])
def test_a_resumed_run_keeps_the_preprocessing_it_began_with(data: Path, method: str) -> None:
    """The start model's may be mended by an update in between, as EfficientNet-Lite0's was."""
    config = tiny_config(data, method=method, epochs=2)
    unbroken = run_all(config)
    generator = train(config, zoo=user_zoo())
    first = [next(e for e in generator if isinstance(e, EpochDone))]
    generator.close()
    entry = user_zoo().get("tiny")
    mended = Preprocessing(36, 32, (0.5,) * 3, (0.5,) * 3, "bicubic")
    save_model(
        user_models_dir() / "tiny.safetensors",
        dataclasses.replace(entry.spec, preprocessing=mended),
        load_network(entry).state_dict(),
    )
    second = list(resume(runs_dir() / first[0].run, zoo=user_zoo()))
    assert curve([*first, *second]) == curve(unbroken)
    made = user_zoo().get(last(second).model_id).spec
    assert made.preprocessing == entry.spec.preprocessing != mended


def test_a_head_is_not_put_on_another_backbone(data: Path) -> None:
    generator = train(tiny_config(data, method="head"), zoo=user_zoo())
    event = next(e for e in generator if isinstance(e, EpochDone))
    generator.close()
    path = user_models_dir() / "tiny.safetensors"
    entry = user_zoo().get("tiny")
    state = load_network(entry).state_dict()
    state["_conv_stem.weight"] += 1
    save_model(path, entry.spec, state)
    events = list(resume(runs_dir() / event.run, zoo=user_zoo()))
    assert isinstance(last(events), RunFailed)
    assert last(events).error_type == RunMismatchError.__name__


def test_wrong_folders_and_settings_raise_before_anything_is_made(data: Path) -> None:
    with pytest.raises(DatasetError, match="only one class"):
        run_all(tiny_config(make_photos(data.parent / "single", ("red",))))
    with pytest.raises(DatasetError, match="not there"):
        run_all(tiny_config(data / "nothing"))
    with pytest.raises(RunConfigError, match="NVIDIA"):
        run_all(tiny_config(data, precision="fp16"))
    assert list_runs() == []


def test_a_preparing_event_tells_how_far_the_features_are(data: Path) -> None:
    events = run_all(tiny_config(data, method="head", epochs=1))
    steps = [e for e in events if isinstance(e, Preparing) and e.what == "features"]
    assert steps[-1].done == steps[-1].total == 20


def test_batchnorm_statistics_stay_where_data_is_small(data: Path) -> None:
    for freeze, same in (("auto", True), ("off", False)):
        finished = last(run_all(tiny_config(data, freeze_batchnorm=freeze)))
        after = load_network(user_zoo().get(finished.model_id)).state_dict()
        before = load_network(user_zoo().get("tiny")).state_dict()
        name = "_bn0.running_mean"
        assert torch.equal(after[name], before[name]) is same


def test_last_stages_leaves_the_rest_alone(data: Path) -> None:
    finished = last(run_all(tiny_config(data, method="last", last_stages=1)))
    after = load_network(user_zoo().get(finished.model_id)).state_dict()
    before = load_network(user_zoo().get("tiny")).state_dict()
    changed = {n for n in before if "_fc" not in n and not torch.equal(before[n], after[n])}
    assert changed
    assert all(name.startswith(("_conv_head", "_bn1")) for name in changed)
    failed = last(run_all(tiny_config(data, method="last", last_stages=99)))
    assert "stages" in failed.message
