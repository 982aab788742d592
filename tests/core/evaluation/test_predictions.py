"""Kept answers: a round trip, galleries, files that are wrong, and what a run leaves."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from resnet_gui.core.calibration import Calibration
from resnet_gui.core.errors import DatasetError
from resnet_gui.core.evaluation import predictions as module
from resnet_gui.core.evaluation import store
from resnet_gui.core.evaluation.evaluate import Evaluated, evaluate
from resnet_gui.core.evaluation.predictions import (
    Measured,
    read_facts,
    read_predictions,
    write_predictions,
)
from resnet_gui.core.evaluation.store import run_result, stored_results, weights_key
from resnet_gui.core.runs.events import RunFinished
from resnet_gui.core.training.api import train
from resnet_gui.core.zoo.storage.library import rename_model
from resnet_gui.core.zoo.weights.model_file import copy_model
from tests.helpers.predictions import made
from tests.helpers.training import make_photos, make_tiny_model, tiny_config, user_zoo


def test_they_come_back_as_they_were(tmp_path: Path) -> None:
    wanted = made()
    names = ("a/\udcff.jpg", *wanted.paths[1:])
    facts = dataclasses.replace(wanted.facts, calibration={"temperature": 1.5, "photos": 200})
    wanted = dataclasses.replace(wanted, paths=names, facts=facts)
    write_predictions(tmp_path / "a.safetensors", wanted)
    found = read_predictions(tmp_path / "a.safetensors")
    assert found.facts == wanted.facts == read_facts(tmp_path / "a.safetensors")
    assert found.paths == wanted.paths
    assert (found.logits == wanted.logits).all()
    assert (found.truth == wanted.truth).all()
    assert found.calibration == Calibration(1.5, 200)
    assert found.figures().right == found.facts.right


def test_very_many_are_kept_in_half_precision(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = made()
    monkeypatch.setattr(module, "_WHOLE_BYTES", wanted.logits.nbytes - 1)
    path = tmp_path / "a.safetensors"
    write_predictions(path, wanted)
    assert path.stat().st_size < wanted.logits.nbytes + 200 * 30
    found = read_predictions(path)
    assert found.logits.dtype == np.float32
    assert np.allclose(found.logits, wanted.logits, atol=0.01)
    monkeypatch.setattr(module, "MAX_BYTES", 100)
    with pytest.raises(ValueError, match="too many"):
        write_predictions(tmp_path / "b.safetensors", wanted)
    with pytest.raises(DatasetError, match="too large"):
        read_predictions(path)


def test_every_cells_count_is_its_gallerys_length() -> None:
    predictions = made(400, 5)
    matrix = predictions.figures().confusion()
    seen: list[int] = []
    for truth in range(5):
        for answer in range(5):
            photos = predictions.cell(truth, answer)
            assert len(photos) == matrix[truth, answer]
            assert all(predictions.truth[i] == truth for i in photos)
            assert all(predictions.logits[i].argmax() == answer for i in photos)
            seen += photos
    assert sorted(seen) == list(range(400))


def test_galleries_begin_with_what_tells_most() -> None:
    predictions = made(300, 4)
    losses, sure = predictions.losses(), predictions.confidences()
    worst = [losses[i] for i in predictions.worst()]
    assert worst == sorted(worst, reverse=True)
    wrong = predictions.confidently_wrong()
    assert len(wrong) == predictions.facts.n - predictions.facts.right
    assert [sure[i] for i in wrong] == sorted((sure[i] for i in wrong), reverse=True)
    first = predictions.least_sure()[0]
    two = np.sort(predictions.logits[first])[-2:]
    assert two[1] - two[0] < 0.2


@pytest.mark.parametrize(
    "wrong",
    [
        {"n": 199}, {"right": 300}, {"classes": ()}, {"classes": tuple("abc")},
        {"calibration": {"temperature": 0}}, {"fitted": {"means": 3}}, {"version": 99},
    ],
    ids=str,
)  # fmt: skip
def test_wrong_facts_are_refused(wrong: dict[str, object], tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    good = made()
    facts = dataclasses.replace(good.facts, **wrong)  # type: ignore[arg-type]
    write_predictions(path, dataclasses.replace(good, facts=facts))
    with pytest.raises(DatasetError, match="cannot be read"):
        read_predictions(path)


def test_wrong_numbers_and_paths_are_refused(tmp_path: Path) -> None:
    path, good = tmp_path / "a.safetensors", made()
    for change in (
        {"truth": good.truth + 9},
        {"truth": good.truth - 9},
        {"logits": good.logits * np.float32("nan")},
        {"logits": good.logits[:, :2]},
        {"unlike": good.unlike[:3]},
        {"paths": ("/etc/passwd", *good.paths[1:])},
        {"paths": ("../../x", *good.paths[1:])},
        {"paths": good.paths[1:]},
    ):
        write_predictions(path, dataclasses.replace(good, **change))  # type: ignore[arg-type]
        with pytest.raises(DatasetError, match="damaged"):
            read_predictions(path)
    whole = path.read_bytes()
    for content in (b"", b"no tensors", whole[:-9], whole[: len(whole) // 2]):
        path.write_bytes(content)
        with pytest.raises(DatasetError, match="damaged"):
            read_predictions(path)
    path.unlink()
    with pytest.raises(DatasetError, match="cannot be read"):
        read_facts(path)


# --- real ones ------------------------------------------------------------------------------------


def test_an_evaluation_is_kept_and_says_the_same(own_home: Path, tmp_path: Path) -> None:
    path = make_tiny_model()
    data = make_photos(tmp_path / "letters", ("a", "b"), count=6)
    *_, measured, result = evaluate(user_zoo().ready("tiny"), data, part="all", device="cpu")
    assert isinstance(measured, Measured)
    assert isinstance(result, Evaluated)
    assert measured.path is not None
    found = read_predictions(measured.path)
    figures = found.figures()
    assert (figures.n, figures.accuracy, figures.interval) == (12, result.top1, result.top1_ci95)
    assert figures.confusion().tolist() == [list(row) for row in result.confusion]
    assert figures.loss == pytest.approx(result.loss)
    assert figures.top5 == result.top5
    for item, measure in zip(figures.classes, result.per_class, strict=True):
        assert (item.label, item.support, item.recall) == (measure.label, measure.n, measure.recall)
        assert item.precision == measure.precision
    assert {found.path(i) for i in range(12)} == set(data.glob("*/*.jpg"))
    assert found.facts.data == str(data)
    # Measured again, or under another title, it takes the same place.
    key = weights_key(user_zoo().ready("tiny"))
    rename_model(path, "Another name")
    copy_model(path, path.with_suffix(".tmp"), calibration={"temperature": 2.0})
    path.with_suffix(".tmp").replace(path)
    assert weights_key(user_zoo().ready("tiny")) == key
    *_, again, _ = evaluate(user_zoo().ready("tiny"), data, part="all", device="cpu")
    assert isinstance(again, Measured)
    assert again.path == measured.path
    assert [stored.facts.title for stored in stored_results()] == ["Another name"]
    assert again.predictions.calibration.temperature == 2.0
    assert store.used_bytes() > 0
    store.clear()
    assert not list(stored_results())


def test_the_oldest_results_make_room(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    size = 0
    for number in range(4):
        one = made(seed=number)
        facts = dataclasses.replace(one.facts, fingerprint=f"{number}" * 64)
        path = store.keep(dataclasses.replace(one, facts=facts))
        assert path is not None
        size = path.stat().st_size
        monkeypatch.setattr(store, "MAX_BYTES", int(size * 2.5))
    kept = sorted(stored.facts.fingerprint[0] for stored in stored_results())
    assert kept == ["2", "3"]


@pytest.mark.parametrize("method", ["head", "full"])
def test_a_run_keeps_its_validation_photos_answers(
    method: str, own_home: Path, tmp_path: Path
) -> None:
    make_tiny_model()
    data = make_photos(tmp_path / "colours", count=250 if method == "head" else 12)
    config = tiny_config(data, method=method, epochs=3, lr=2e-2, val_fraction=0.25)
    *_, finished = train(config, zoo=user_zoo())
    assert isinstance(finished, RunFinished)
    path = run_result(finished.run)
    assert path is not None
    found = read_predictions(path)
    accuracy = finished.accuracy
    assert (found.facts.n, found.facts.right) == (accuracy.n, accuracy.right)
    assert (found.facts.part, found.facts.part_of, found.facts.run) == ("val", "run", finished.run)
    assert found.facts.epoch == finished.best_epoch
    entry = user_zoo().get(finished.model_id)
    assert found.facts.weights == weights_key(entry)
    assert all(found.path(i).is_file() for i in range(found.facts.n))
    # The same as measuring the model on these photos.
    *_, measured, _ = evaluate(entry, data, part="val", device="cpu")
    assert isinstance(measured, Measured)
    assert measured.predictions.paths == found.paths
    assert np.allclose(measured.predictions.logits, found.logits, atol=1e-3)
    assert entry.spec.calibration == found.calibration
    if method == "head":
        assert found.facts.n == 124
        assert entry.spec.calibration.photos == 124
        assert entry.spec.calibration.means
        assert np.allclose(measured.predictions.unlike, found.unlike, atol=1e-3)
        over = (found.unlike > entry.spec.calibration.unlike).sum()
        assert 1 <= over <= 3  # 2 of a hundred
    else:
        assert entry.spec.calibration.empty  # six photos say nothing
    document = json.loads((path.parent / "run.json").read_text())
    assert document["state"] == "finished"


def test_looking_several_times_is_kept_apart(own_home: Path) -> None:
    make_tiny_model()
    make_tiny_model(name="other")
    plain, other = (user_zoo().get(name) for name in ("tiny", "other"))
    several = dataclasses.replace(plain, spec=dataclasses.replace(plain.spec, views="flip"))
    together = dataclasses.replace(plain, members=(plain, other))
    keys = {weights_key(entry) for entry in (plain, several, together)}
    assert len(keys) == 3
    assert weights_key(other) == weights_key(plain)  # the same weights under another name
