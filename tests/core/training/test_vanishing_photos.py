"""Photos that vanish in mid-training: what is counted is what was seen, and what was missing is
said."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from resnet_gui.cli.main import train as cli_train
from resnet_gui.core.dataset import DatasetSummary, scan_dataset
from resnet_gui.core.events import Notice
from resnet_gui.core.photos.store import PhotoStore
from resnet_gui.core.runs.config import RunConfig
from resnet_gui.core.runs.events import (
    EpochDone,
    PhotoSkipped,
    RunFailed,
    RunFinished,
    RunStarted,
    TrainEvent,
)
from resnet_gui.core.runs.listing import runs_dir
from resnet_gui.core.training.api import resume, train
from tests.cli.test_train import command
from tests.helpers.training import curve, make_photos, make_tiny_model, tiny_config, user_zoo

STREAMED = {"augmentation": "standard", "epochs": 2}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    make_tiny_model()
    return make_photos(tmp_path / "colours")


@pytest.fixture
def big(data: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Photos that count as too many for the memory: every epoch of `STREAMED` reads them anew."""
    monkeypatch.setattr(PhotoStore, "_keep", lambda *_: None)
    return data


def scan(folder: Path) -> DatasetSummary:
    return list(scan_dataset(folder))[-1].summary  # type: ignore[union-attr]


def after(kind: type[object], config: RunConfig, act: Callable[[], object]) -> Iterator[TrainEvent]:
    """The events of a run; `act` comes after the first one of this kind."""
    done = False
    for event in train(config, zoo=user_zoo()):
        yield event
        if not done and isinstance(event, kind):
            done = True
            act()


def run_json(run: str) -> dict[str, object]:
    value = json.loads((runs_dir() / run / "run.json").read_text(encoding="utf-8"))
    assert isinstance(value, dict)
    return value


def test_only_what_was_seen_is_counted(big: Path) -> None:
    config = tiny_config(big, **STREAMED)
    summary = scan(big)
    gone = [big / "red" / f"{n:03}.jpg" for n in range(1, 10)]
    events = list(after(EpochDone, config, lambda: [path.unlink() for path in gone]))
    finished = events[-1]
    assert isinstance(finished, RunFinished)
    skipped = {Path(event.path) for event in events if isinstance(event, PhotoSkipped)}
    assert skipped == set(gone)
    first, second = (event for event in events if isinstance(event, EpochDone))
    assert first.train_photos + first.val_photos == len(summary.photos) == 20
    assert second.train_photos + second.val_photos == 11
    (notice,) = (e.message for e in events if isinstance(e, Notice) and "of this run" in e.message)
    assert "9 of the 20 photos" in notice
    assert second.val_photos < first.val_photos
    best = second if finished.best_epoch == 2 else first
    assert finished.accuracy.n == best.val_photos
    assert finished.accuracy.missing == first.val_photos - best.val_photos


def test_the_sentence_says_what_is_missing(tmp_path: Path) -> None:
    make_tiny_model()
    for part, count in (("train", 4), ("val", 4), ("test", 5)):
        make_photos(tmp_path / "parts" / part, count=count)
    summary = scan(tmp_path / "parts")
    for number in range(3):
        (tmp_path / "parts" / "test" / "red" / f"{number:03}.jpg").unlink()
    config = tiny_config(tmp_path / "parts", method="head", epochs=1)
    *events, finished = train(config, summary=summary, zoo=user_zoo())
    assert isinstance(finished, RunFinished)
    assert (finished.accuracy.n, finished.accuracy.missing) == (7, 3)
    assert "; 3 more photos of this part could not be read" in finished.accuracy.sentence()
    assert sum(isinstance(event, PhotoSkipped) for event in events) == 3
    assert run_json(finished.run)["result"]["missing"] == 3  # type: ignore[index]
    for path in (tmp_path / "parts" / "test").glob("*/*.jpg"):
        path.unlink()
    *events, finished = train(config, summary=summary, zoo=user_zoo())
    assert isinstance(finished, RunFinished)
    assert finished.accuracy.part == "validation"
    assert any(isinstance(e, Notice) and "None of the 10 test photos" in e.message for e in events)


def test_the_training_accuracy_counts_what_was_seen(tmp_path: Path) -> None:
    make_tiny_model()
    data = make_photos(tmp_path / "single", ("red", "green", "blue"), count=1)
    summary = scan(data)
    (data / "red" / "000.jpg").unlink()
    config = tiny_config(data, method="head", epochs=1)
    *_, finished = train(config, summary=summary, zoo=user_zoo())
    assert isinstance(finished, RunFinished)
    assert (finished.accuracy.part, finished.accuracy.n, finished.accuracy.missing) == (
        "training", 2, 1,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "settings"),
    [(EpochDone, STREAMED), (RunStarted, {"method": "head", "epochs": 2})],
    ids=["photos", "features"],
)
def test_a_run_whose_folder_is_gone_waits_for_it(
    big: Path, kind: type[object], settings: dict[str, object]
) -> None:
    config = tiny_config(big, **settings)
    away = big.with_name("away")
    events = list(after(kind, config, lambda: big.rename(away)))
    failed = events[-1]
    assert isinstance(failed, RunFailed)
    assert failed.resumable
    assert "is not there any more" in failed.message
    assert str(big) in failed.message
    assert not (runs_dir() / failed.run / "features.safetensors").exists()
    away.rename(big)
    again = list(resume(runs_dir() / failed.run, zoo=user_zoo()))
    assert isinstance(again[-1], RunFinished)
    assert not any(isinstance(event, PhotoSkipped) for event in again)
    done = [event for event in events if isinstance(event, EpochDone)]
    assert curve(done) + curve(again) == curve(list(train(config, zoo=user_zoo())))  # type: ignore[arg-type]


def test_without_its_validation_photos_a_run_fails_and_keeps_its_best(big: Path) -> None:
    config = tiny_config(big, **STREAMED)
    split_file = "split.json"

    def remove() -> None:
        (path,) = runs_dir().glob(f"*/{split_file}")
        for name, _ in json.loads(path.read_text(encoding="utf-8"))["val"]:
            (big / name).unlink()

    *_, failed = after(EpochDone, config, remove)
    assert isinstance(failed, RunFailed)
    assert failed.resumable
    assert "None of the 4 validation photos can be read" in failed.message
    assert failed.best_epoch == 1
    assert Path(failed.model_path).is_file()


def test_the_command_ends_with_code_1(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = cli_train._scan

    def scan_and_lose(folder: Path, as_json: bool) -> DatasetSummary:
        summary = real(folder, as_json)
        (data / "red" / "003.jpg").unlink()
        return summary

    words = ["--model", "tiny", "--epochs", "1", "--method", "head", "--device", "cpu"]
    monkeypatch.setattr(cli_train, "_scan", scan_and_lose)
    code, _, text = command("train", data, *words)
    assert code == 1
    assert "1 of the 20 photos of this run could not be read" in text
    monkeypatch.setattr(cli_train, "_scan", real)
    assert command("train", data, *words)[0] == 0
    (data / "red" / "004.jpg").write_bytes(b"")
    code, _, text = command("train", data, *words)
    assert code == 1
    assert "004.jpg" in text
