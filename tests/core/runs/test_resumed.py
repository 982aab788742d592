"""Runs that go on in another version, under another title, with names that are no text."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from pathlib import Path

import pytest
from safetensors import safe_open
from safetensors.torch import save_file

from resnet_gui.core.errors import RunError
from resnet_gui.core.runs.checkpoint import Progress, load_checkpoint
from resnet_gui.core.runs.events import EpochDone, RunFinished, RunStarted
from resnet_gui.core.runs.listing import RunDirectory, RunState, list_runs, rename_run, runs_dir
from resnet_gui.core.runs.plateau import PlateauState
from resnet_gui.core.training.api import resume, train
from resnet_gui.core.values import from_json
from resnet_gui.core.zoo.weights.model_file import read_header
from tests.helpers.training import curve, make_photos, make_tiny_model, tiny_config, user_zoo

KEY = "resnet_gui_checkpoint"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    make_tiny_model()
    return make_photos(tmp_path / "colours", count=4)


def stopped_run(data: Path, method: str = "head", epochs: int = 3) -> Path:
    generator = train(tiny_config(data, method=method, epochs=epochs), zoo=user_zoo())
    done = next(event for event in generator if isinstance(event, EpochDone))
    generator.close()
    return runs_dir() / done.run


def rewrite(path: Path, change: dict[str, object], drop: tuple[str, ...] = ()) -> None:
    """Change the JSON of a checkpoint; its tensors stay."""
    with safe_open(path, framework="pt") as file:
        document = json.loads(file.metadata()[KEY])
        tensors = {key: file.get_tensor(key).clone() for key in file.keys()}  # noqa: SIM118
    document = {k: v for k, v in (document | change).items() if k not in drop}
    save_file(tensors, path, metadata={KEY: json.dumps(document)})


def test_a_checkpoint_of_another_version_goes_on(data: Path) -> None:
    whole = curve(list(train(tiny_config(data, method="head", epochs=3), zoo=user_zoo())))
    run = stopped_run(data)
    # As an older version wrote it, and as a newer one that keeps something more.
    rewrite(run / "last.safetensors", {"average": 0.999}, ("scaler", "bad_epochs", "plateau"))
    events = list(resume(run, zoo=user_zoo()))
    started = next(event for event in events if isinstance(event, RunStarted))
    assert curve(list(started.history)) + curve(events) == whole


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(Progress)])
def test_any_field_may_be_missing(name: str) -> None:
    full = Progress(3, 9, "head", 2, PlateauState(0.5, 0.1, 2), 2, 0.5, 0.1, 3, 6, 1, 9.0, {}, "ab")
    assert from_json(Progress, full.to_json()) == full
    value = full.to_json()
    del value[name]
    default = getattr(Progress(), name)
    assert from_json(Progress, value) == dataclasses.replace(full, **{name: default})


def test_a_checkpoint_with_wrong_values_is_damaged(data: Path) -> None:
    run = stopped_run(data)
    for change in ({"epoch": "3"}, {"plateau": []}, {"format": None}, {"best_epoch": 1.5}):
        rewrite(run / "last.safetensors", change)
        with pytest.raises(RunError, match=r"last.safetensors is missing or damaged"):
            load_checkpoint(run / "last.safetensors")
        rewrite(run / "last.safetensors", {"epoch": 1, "best_epoch": 1, "format": 1, "plateau": {}})
    load_checkpoint(run / "last.safetensors")


def test_renaming_in_mid_training_is_not_undone(data: Path) -> None:
    events = train(tiny_config(data, method="head", epochs=3), zoo=user_zoo())
    for event in events:
        if isinstance(event, EpochDone) and event.epoch == 1:
            rename_run(Path(list_runs()[0].path), "Bienen")
            assert list_runs()[0].title == "Bienen"
    assert isinstance(event, RunFinished)
    info = list_runs()[0]
    assert (info.title, info.state) == ("Bienen", RunState.FINISHED)
    assert read_header(Path(event.model_path)).document["title"] == "Bienen"
    rename_run(Path(info.path), "Ameisen")
    assert (list_runs()[0].title, list_runs()[0].state) == ("Ameisen", RunState.FINISHED)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_folders_whose_names_are_no_text(data: Path) -> None:
    """The bytes of their photos' paths are kept in JSON."""
    name = os.fsdecode(b"gr\xfcn")  # Latin-1, as old archives have it
    (data / "green").rename(data / name)
    photo = next((data / name).iterdir())
    photo.rename(photo.with_name(os.fsdecode(b"\xff.jpg")))
    run = stopped_run(data)
    (finished,) = [e for e in resume(run, zoo=user_zoo()) if isinstance(e, RunFinished)]
    assert user_zoo().ready(finished.model_id).spec.classes == (
        "gr\N{REPLACEMENT CHARACTER}n",
        "red",
    )
    split = RunDirectory.open(run).split()
    paths = {Path(item.path).parts for item in (*split.train, *split.val)}
    assert (name, os.fsdecode(b"\xff.jpg")) in paths
