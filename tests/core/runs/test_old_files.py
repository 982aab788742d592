"""What the version before wrote opens in this one: settings, models, runs (see the fixture's
README)."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from resnet_gui.core.events import ImageSource, Prediction
from resnet_gui.core.http.settings import HttpSettings, load_http_settings
from resnet_gui.core.inference.classifier import Classifier
from resnet_gui.core.lab.histories import HistoryFound, read_histories
from resnet_gui.core.runs.config import Method
from resnet_gui.core.runs.directory import RunDirectory
from resnet_gui.core.runs.events import EpochDone, RunFinished, RunStarted
from resnet_gui.core.runs.history import read_history
from resnet_gui.core.runs.info import RunState
from resnet_gui.core.runs.listing import interrupted_runs, list_runs, runs_dir
from resnet_gui.core.system.settings import Settings, load_settings
from resnet_gui.core.training.api import resume
from resnet_gui.core.zoo import Zoo
from resnet_gui.core.zoo.spec import ModelState
from resnet_gui.core.zoo.storage.store import load_speeds
from tests.helpers.archives import unpack

ARCHIVE = Path(__file__).resolve().parents[2] / "fixtures" / "version_0" / "home.tar.xz"


@pytest.fixture
def home(own_home: Path) -> Path:
    unpack(ARCHIVE, own_home.parent)
    for path in own_home.rglob("*.json"):
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace("@HOME@", json.dumps(str(own_home))[1:-1]), encoding="utf-8")
    return own_home


def test_settings_are_kept(home: Path) -> None:
    assert load_settings() == Settings(
        "tiny", "cpu", "dark", True, ("/a/photo.jpg", "/b"), "AdnQywAD", (600, 400), "/b"
    )
    assert load_http_settings() == HttpSettings(
        "http://proxy.example:3128",
        Path("/etc/own.pem"),
        "https://mirror.example/weights",
        Path("/weights"),
        offline=True,
    )
    assert load_speeds()["tiny", "CPU"].samples == (2.5, 2.25)


def test_models_answer_as_they_did(home: Path) -> None:
    expected = json.loads((home / "answers.json").read_text(encoding="utf-8"))
    zoo = Zoo.standard()
    yours = [entry for entry in zoo.entries() if entry.state is ModelState.YOURS]
    assert {entry.spec.id for entry in yours} == set(expected) == {"finished", "stopped", "tiny"}
    for model, photos in expected.items():
        sources = [ImageSource.file(home / "photos" / name) for name in photos]
        events = Classifier(zoo).classify(sources, model, top_k=5, device="cpu")
        answers = [event for event in events if isinstance(event, Prediction)]
        assert len(answers) == len(photos) == 2
        for answer, scores in zip(answers, photos.values(), strict=True):
            found = {score.label: score.probability for score in answer.scores}
            assert found == pytest.approx(scores, abs=1e-5)


def test_runs_are_listed(home: Path) -> None:
    runs = {run.name: run for run in list_runs()}
    assert {name: (run.state, run.title, run.resumable) for name, run in runs.items()} == {
        "finished": (RunState.FINISHED, "Finished", False),
        "stopped": (RunState.STOPPED, "Stopped", True),
        "interrupted": (RunState.INTERRUPTED, "Interrupted", True),
    }
    assert [run.name for run in interrupted_runs()] == ["interrupted"]
    for run in runs.values():
        assert (run.epochs_done, run.best_epoch, run.message) == (2, 2, "")
        assert run.data == str(home / "photos")
        assert bool(run.model_path) is (run.name != "interrupted")
    config = RunDirectory.open(runs_dir() / "finished").config
    assert (config.method, config.model, config.momentum) == (Method.SCRATCH, "cifar-resnet8", 0.0)
    split = RunDirectory.open(runs_dir() / "finished").split()
    assert (split.classes, len(split.train), len(split.val)) == (("green", "red"), 10, 2)


@pytest.mark.parametrize("name", ["stopped", "interrupted"])
def test_runs_go_on_to_their_end(home: Path, name: str) -> None:
    run = runs_dir() / name
    before = RunDirectory.open(run).metrics()
    events = list(resume(run))
    started = next(event for event in events if isinstance(event, RunStarted))
    assert (started.resumed, started.epoch, started.step) == (True, 2, 6)
    assert started.history == tuple(before)
    done = [event for event in events if isinstance(event, EpochDone)]
    assert [event.epoch for event in done] == [3, 4]
    assert all(math.isfinite(event.train_loss) for event in done)
    # It goes on with what it had learned, instead of beginning anew.
    assert done[0].train_loss < before[0].train_loss
    finished = events[-1]
    assert isinstance(finished, RunFinished)
    assert (finished.epoch, finished.step) == (4, 12)
    assert Path(finished.model_path).is_file()
    assert RunDirectory.open(run).metrics() == [*before, *done]


def test_histories_and_features_are_read(home: Path) -> None:
    history = read_history(home / "old.history.json")
    assert (history.id, history.epochs[0].train_loss, history.recipe) == ("old", 1.5, {"lr": 0.1})
    assert history.layers[0].residual_ratio == {"stage1.0": 0.75}
    found = list(read_histories(home / "none", runs_dir()))
    assert all(isinstance(event, HistoryFound) for event in found)
    assert {event.history.title for event in found if isinstance(event, HistoryFound)} == {
        "Finished", "Stopped", "Interrupted",
    }  # fmt: skip
    with np.load(home / "features.npz") as file:
        assert file["features"].tolist() == [[0.0, 1.0, 2.0]]
        assert str(file["model"]) == "tiny"
