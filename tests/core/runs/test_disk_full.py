"""A disk that is full, or fills up, in a training: said by name, nothing lost, and it can go on."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import torch

from resnet_gui.core.errors import DiskFullError, ResNetGuiError, RunError
from resnet_gui.core.nets.build import build_network
from resnet_gui.core.runs.events import EpochDone, RunFailed, RunFinished, RunStarted
from resnet_gui.core.runs.listing import RunState, list_runs, runs_dir
from resnet_gui.core.training.api import resume, train
from resnet_gui.core.zoo import Zoo
from resnet_gui.core.zoo.providers.files import FileProvider
from resnet_gui.core.zoo.spec import ModelState
from resnet_gui.core.zoo.storage import imports as import_weights
from resnet_gui.core.zoo.weights.load import load_network
from tests.helpers.small_disk import remount, small_disk
from tests.helpers.training import (
    curve,
    make_photos,
    make_tiny_model,
    tiny_config,
    user_zoo,
)

PLENTY = 64 * 2**20
EPOCHS = 4


def train_until_full(
    folder: Path, data: Path, size: int, fill_after: int | None, method: str = "full"
) -> None:
    """One run on a disk of `size` bytes, on which somebody else takes all that is left after an
    epoch (`fill_after`); then there is space again, and the run goes on."""
    config = tiny_config(data, method=method, epochs=EPOCHS)
    whole = curve(list(train(config, zoo=user_zoo())))
    with small_disk(folder, size) as disk:
        places: dict[str, Any] = {"models": disk / "models", "zoo": user_zoo()}
        done: list[EpochDone] = []
        ended: list[RunFailed] = []
        try:
            for event in train(config, folder=disk / "runs", **places):
                if isinstance(event, EpochDone):
                    done.append(event)
                    if len(done) == fill_after:
                        fill(disk)
                elif isinstance(event, RunFailed):
                    ended.append(event)
                assert not isinstance(event, RunFinished), "the disk was too large for this test"
        except ResNetGuiError as error:
            named = str(error)
            assert not done
        else:
            named = ended[0].message
            assert ended[0].resumable
            # One more than was told may be on the disk, if only its best weights had no room.
            assert ended[0].epoch - 1 - len(done) in (0, 1)
        assert "space" in named, named
        assert "Errno" not in named
        if fill_after is not None:
            assert len(done) == fill_after
        if done:  # the best so far can be used
            assert Path(ended[0].model_path).parent == disk / "models"
            check_model(Path(ended[0].model_path), done)
        (disk / "filler").unlink(missing_ok=True)
        remount(disk, f"size={PLENTY}")
        assert not list(disk.rglob("*.tmp"))
        known = list_runs(disk / "runs")
        if not known:  # not even its settings could be written: nothing is left of it
            assert not done
            assert not list((disk / "runs").glob("*"))
            return
        assert known[0].state in (RunState.FAILED, RunState.INTERRUPTED)
        assert known[0].resumable
        rest = list(resume(Path(known[0].path), **places))
        assert isinstance(rest[-1], RunFinished)
        before = next(list(e.history) for e in rest if isinstance(e, RunStarted))
        assert curve(before)[: len(done)] == curve(list(done))
        assert curve(before) + curve(rest) == whole
        assert Path(rest[-1].model_path).stem == known[0].name
        assert len(list((disk / "models").iterdir())) == 1
        load_network(zoo_of(disk / "models").get(known[0].name))


def fill(disk: Path) -> None:
    """Somebody else takes what is left."""
    free = os.statvfs(disk)
    with (disk / "filler").open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, free.f_bavail * free.f_frsize)


def zoo_of(models: Path) -> Zoo:
    return Zoo((FileProvider(models, ModelState.YOURS),))


def check_model(path: Path, done: list[EpochDone]) -> None:
    entry = zoo_of(path.parent).ready(path.stem)
    load_network(entry)
    best = next(epoch for epoch in reversed(done) if epoch.best)
    assert entry.spec.metrics["best_epoch"] == best.epoch
    assert entry.spec.metrics["accuracy"] == best.val_accuracy


@pytest.fixture
def data(tmp_path: Path) -> Path:
    make_tiny_model()
    return make_photos(tmp_path / "colours", count=4)


@pytest.mark.parametrize(("size", "fill_after"), [(4 * 2**10, None), (2**20, None), (PLENTY, 1)])
def test_a_full_disk(tmp_path: Path, data: Path, size: int, fill_after: int | None) -> None:
    train_until_full(tmp_path / "disk", data, size, fill_after)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("method", ["full", "head"])
def test_twenty_full_disks(tmp_path: Path, data: Path, method: str) -> None:
    # The tiny network has 170 KB, a checkpoint of all of it with the optimizer three times as much.
    step = {"full": 128, "head": 56}[method] * 2**10
    cases: list[tuple[int, int | None]] = [(4 * 2**10, None)]
    cases += [(step * number, None) for number in range(1, 12)]
    cases += [(PLENTY, after) for after in (1, 2, 3)]
    cases += [(3 * 2**20 + extra, after) for after in (1, 2) for extra in (0, 1000, 4096)]
    assert len(cases) > 20
    for number, (size, after) in enumerate(cases):
        train_until_full(tmp_path / f"disk-{number}", data, size, after, method)


@pytest.mark.parametrize("kind", ["model file", "weights", "noticed before"])
def test_an_import_onto_a_full_disk(
    tmp_path: Path, own_home: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Of weights the space is looked up before; it may be gone a moment later."""
    source, size = make_tiny_model(tmp_path / "elsewhere"), 64 * 2**10
    if kind != "model file":
        source, size = tmp_path / "net.pth", 8 * 2**20
        torch.save(build_network("resnet18", 5).state_dict(), source)
    if kind == "weights":
        monkeypatch.setattr(import_weights, "check_space", lambda *_: None)
    with small_disk(own_home, size) as disk:
        with pytest.raises(DiskFullError, match="not enough space"):
            list(import_weights.import_weights(source))
        assert not [path for path in disk.rglob("*") if path.is_file()]
        remount(disk, "size=128m")
        list(import_weights.import_weights(source))
        load_network(user_zoo().ready(source.stem))


def test_models_that_cannot_be_kept_are_said_before_the_training(
    tmp_path: Path, data: Path
) -> None:
    """With runs on another drive it was trained to the end, and then said."""
    (tmp_path / "file").write_text("")
    models = tmp_path / "file" / "models"
    config = tiny_config(data, method="head", epochs=3)
    said = "its folder .*models cannot be written .Not a directory"
    with pytest.raises(RunError, match=said):
        list(train(config, folder=tmp_path / "runs", models=models, zoo=user_zoo()))
    assert list_runs(tmp_path / "runs") == []
    events = train(config, zoo=user_zoo())
    epoch = next(event for event in events if isinstance(event, EpochDone))
    events.close()  # type: ignore[attr-defined]
    with pytest.raises(RunError, match=said):
        list(resume(runs_dir() / epoch.run, models=models, zoo=user_zoo()))
    assert [run.state for run in list_runs()] == [RunState.STOPPED]
