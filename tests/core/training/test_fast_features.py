"""Features of a run through OpenVINO: the numbers of torch, one way for a whole run."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors import safe_open

from resnet_gui.core.dataset import scan_dataset
from resnet_gui.core.evaluation.compare import compare
from resnet_gui.core.evaluation.evaluate import Evaluated, evaluate
from resnet_gui.core.evaluation.paired import Compared
from resnet_gui.core.evaluation.predictions import read_predictions, write_predictions
from resnet_gui.core.evaluation.store import run_result
from resnet_gui.core.inference.backend import EXACT, OPENVINO
from resnet_gui.core.inference.converted import clear_conversions, conversions_dir
from resnet_gui.core.inference.feature_cache import clear_features
from resnet_gui.core.inference.openvino_backend import OpenVinoBackend
from resnet_gui.core.runs.config import RunConfig
from resnet_gui.core.runs.events import Accuracy, EpochDone, PhotoSkipped, Preparing, RunFinished
from resnet_gui.core.runs.listing import RunDirectory, runs_dir
from resnet_gui.core.system.openvino_import import openvino_version
from resnet_gui.core.training import feature_ways, kept_features
from resnet_gui.core.training.api import resume, train
from resnet_gui.core.training.kept_features import load_features
from tests.helpers.conversions import copy_converted_home, make_converted_home
from tests.helpers.training import curve, make_photos, tiny_config, user_zoo

pytestmark = pytest.mark.skipif(not openvino_version(), reason="the extra “fast” is not installed")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_converted_home(tmp_path_factory.mktemp("made"))


@pytest.fixture
def data(made: Path, own_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Photos of two classes; the tiny model and its conversion are there."""
    copy_converted_home(made, own_home)
    monkeypatch.delenv("RESNET_GUI_EXACT")
    return make_photos(tmp_path / "colours")


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Which way features were computed, and of how many photos, each time that some were."""
    found: list[tuple[str, int]] = []
    by_torch, fast = kept_features.compute_features, kept_features.compute_fast

    def spied_torch(*args: Any) -> Iterator[Any]:
        found.append((EXACT, len(args[2].train) + len(args[2].val)))
        return by_torch(*args)

    def spied_fast(*args: Any) -> Iterator[Any]:
        found.append((OPENVINO, len(args[3].train) + len(args[3].val)))
        return fast(*args)

    monkeypatch.setattr(kept_features, "compute_features", spied_torch)
    monkeypatch.setattr(kept_features, "compute_fast", spied_fast)
    return found


def head(data: Path, **settings: Any) -> RunConfig:
    return tiny_config(data, method="head", epochs=2, **settings)


def run(config: RunConfig) -> list[Any]:
    events = list(train(config, zoo=user_zoo()))
    assert isinstance(events[-1], RunFinished)
    return events


def broken_off(config: RunConfig) -> tuple[list[EpochDone], Path]:
    """The first epoch of a run, and its directory."""
    generator = train(config, zoo=user_zoo())
    first = next(event for event in generator if isinstance(event, EpochDone))
    generator.close()
    return [first], runs_dir() / first.run


def noted(path: Path) -> Any:
    return RunDirectory.open(path).document["features"]


def kept(path: Path) -> np.ndarray[Any, Any]:
    with safe_open(path / "features.safetensors", framework="pt") as file:
        backbone = file.metadata()["resnet_gui_features"]
        width = file.get_slice("train").get_shape()[1]
    features = load_features(path / "features.safetensors", backbone, width, 16, 4)
    assert features is not None
    return np.concatenate([features.train.numpy(), features.val.numpy()])


def test_they_are_those_of_torch_and_teach_the_same_head(
    data: Path, computed: list[tuple[str, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    fast, fast_run = broken_off(head(data))
    monkeypatch.setenv("RESNET_GUI_EXACT", "1")
    exact, exact_run = broken_off(head(data))
    assert computed == [(OPENVINO, 20), (EXACT, 20)]
    assert noted(fast_run) == {"backend": OPENVINO, "precision": "fp32"}
    assert noted(exact_run) == {"backend": EXACT, "precision": "fp32"}
    mine, theirs = kept(fast_run), kept(exact_run)
    apart = np.abs(mine - theirs).max(axis=1)
    assert apart.min() <= 1e-4 * np.abs(theirs).max()  # of photos that need no crop
    # Noise is the worst there is for reading quickly.
    assert np.linalg.norm(mine - theirs) <= 0.05 * np.linalg.norm(theirs)
    for one, other in zip(fast, exact, strict=True):
        assert one.val_loss == pytest.approx(other.val_loss, abs=0.02)
        assert one.train_loss == pytest.approx(other.train_loss, abs=0.02)


def test_the_second_run_computes_nothing_whichever_way_the_first_went(
    data: Path, computed: list[tuple[str, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = run(head(data)), run(head(data))
    assert curve(first) == curve(second)
    assert computed == [(OPENVINO, 20)]
    clear_features()
    with monkeypatch.context() as exact:  # as before there was a conversion
        exact.setenv("RESNET_GUI_EXACT", "1")
        wanted = curve(run(head(data)))
    assert curve(run(head(data))) == wanted
    assert computed == [(OPENVINO, 20), (EXACT, 20)]
    make_photos(data, ("blue",), count=3)
    run(head(data))
    assert computed[2:] == [(EXACT, 3)], "fewer than all the others anew"


def test_a_resume_keeps_to_the_way_of_the_run(
    data: Path, computed: list[tuple[str, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as exact:
        exact.setenv("RESNET_GUI_EXACT", "1")
        wanted = curve(run(head(data)))
        slow, slow_run = broken_off(head(data))
    clear_features()
    quick, quick_run = broken_off(head(data))
    for first, path in ((slow, slow_run), (quick, quick_run)):
        clear_features()
        (path / "features.safetensors").unlink()  # there was no room for them
        events = list(resume(path, zoo=user_zoo()))
        assert isinstance(events[-1], RunFinished)
        if first is slow:
            assert curve([*first, *events]) == wanted
    assert computed == [(EXACT, 20), (OPENVINO, 20), (EXACT, 20), (OPENVINO, 20)]
    clear_features()
    assert curve([*quick, *events]) == curve(run(head(data)))


def test_a_resume_has_its_features_without_the_conversion(
    data: Path, computed: list[tuple[str, int]]
) -> None:
    wanted = curve(run(head(data)))
    first, path = broken_off(head(data))
    clear_features()
    clear_conversions()
    assert curve([*first, *resume(path, zoo=user_zoo())]) == wanted
    assert computed == [(OPENVINO, 20)]


def test_where_openvino_fails_all_of_them_come_from_torch(
    data: Path, computed: list[tuple[str, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = 0
    original = OpenVinoBackend.quick_features

    def failing(self: OpenVinoBackend, crops: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls > 3:
            raise RuntimeError("out of order")
        return original(self, crops)

    monkeypatch.setattr(OpenVinoBackend, "quick_features", failing)
    failed = curve(run(head(data)))
    assert computed == [(OPENVINO, 20), (EXACT, 20)]
    monkeypatch.setenv("RESNET_GUI_EXACT", "1")
    assert curve(run(head(data))) == failed
    assert len(computed) == 2


def test_what_is_no_number_is_no_feature(
    data: Path, computed: list[tuple[str, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        OpenVinoBackend,
        "quick_features",
        lambda _, crops: np.full((len(crops), 1280), np.nan, np.float32),
    )
    run(head(data))
    assert computed == [(OPENVINO, 20), (EXACT, 20)]


def test_a_conversion_is_not_for_other_sizes(data: Path, computed: list[tuple[str, int]]) -> None:
    run(head(data, image_size=40))
    assert computed == [(EXACT, 20)]


def test_for_many_photos_a_conversion_is_made_first(
    data: Path,
    computed: list[tuple[str, int]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hidden = tmp_path / "hidden"
    conversions_dir().rename(hidden)

    class Process:
        """As `Conversions`: the conversion is there after a moment."""

        asked = 0

        def begin(self, entry: Any) -> None:
            assert entry.spec.id == "tiny"

        def underway(self, entry: Any) -> bool:
            self.asked += 1
            if self.asked == 3:
                shutil.copytree(hidden, conversions_dir())
            return self.asked < 3

    monkeypatch.setattr(feature_ways, "CONVERSIONS", Process())
    monkeypatch.setattr(feature_ways, "_ASKED_S", 0.0)
    run(head(data))
    assert computed == [(EXACT, 20)], "not for few"
    clear_features()
    monkeypatch.setattr(feature_ways, "WORTH_CONVERTING", 20)
    events = run(head(data))
    assert computed[1:] == [(OPENVINO, 20)]
    assert events.count(Preparing("model", 0, 0)) == 1
    assert events.count(Preparing("converting", 0, 0)) == 2, "and said what it waits for"


def test_a_photo_that_cannot_be_read_is_left_out(
    data: Path, computed: list[tuple[str, int]]
) -> None:
    summary = list(scan_dataset(data))[-1].summary  # type: ignore[union-attr]
    victim = data / "red" / "004.jpg"
    victim.write_bytes(victim.read_bytes()[:400])
    events = list(train(head(data), zoo=user_zoo(), summary=summary))
    skipped = [event for event in events if isinstance(event, PhotoSkipped)]
    assert [event.path for event in skipped] == [str(victim)]
    assert computed == [(OPENVINO, 20)]


def test_the_finished_model_is_measured_in_the_runs_way_and_exact_agrees(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "parts"
    for part in ("train", "val", "test"):
        shutil.copytree(data, folder / part)
    victim = folder / "test" / "red" / "004.jpg"
    config = tiny_config(folder, method="head", epochs=3)
    summary = list(scan_dataset(folder))[-1].summary  # type: ignore[union-attr]
    victim.write_bytes(victim.read_bytes()[:400])
    events = list(train(config, zoo=user_zoo(), summary=summary))
    finished = events[-1]
    assert isinstance(finished, RunFinished)
    assert isinstance(finished.accuracy, Accuracy)
    assert (finished.accuracy.part, finished.accuracy.n) == ("test", 19)
    assert [e.path for e in events if isinstance(e, PhotoSkipped)] == [str(victim)]
    entry = user_zoo().ready(finished.model_id)
    exact = list(evaluate(entry, folder, part="val", exact=True))[-1]
    assert isinstance(exact, Evaluated)
    best = [event for event in events if isinstance(event, EpochDone) and event.best][-1]
    assert exact.top1 == best.val_accuracy
    assert exact.loss == pytest.approx(best.val_loss, abs=0.02)


def test_answers_from_fast_features_are_not_taken_for_exact_ones(data: Path) -> None:
    *_, finished = run(head(data))
    kept = run_result(finished.run)
    assert kept is not None
    answers = read_predictions(kept)
    assert (answers.facts.backend, answers.facts.precision) == (OPENVINO, "fp32")
    entry = user_zoo().ready(finished.model_id)

    def taken(exact: bool) -> bool:
        *_, last = compare(entry, entry, data, part="val", device="cpu", exact=exact)
        assert isinstance(last, Compared)
        return all(last.kept)

    assert taken(exact=False)
    assert not taken(exact=True)
    # Runs of before said “exact” of them.
    facts = dataclasses.replace(answers.facts, backend=EXACT)
    write_predictions(kept, dataclasses.replace(answers, facts=facts))
    assert not taken(exact=True)
