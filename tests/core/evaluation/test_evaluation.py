"""Measuring a model on labelled photos."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from resnet_gui.core.dataset import scan_dataset
from resnet_gui.core.errors import DatasetError
from resnet_gui.core.evaluation import evaluate as module
from resnet_gui.core.evaluation.evaluate import Evaluated, evaluate, match_classes
from resnet_gui.core.evaluation.predictions import Measured
from resnet_gui.core.events import ImageFailed, ImageSource, Notice, Prediction
from resnet_gui.core.inference.classifier import Classifier
from resnet_gui.core.training.api import train
from resnet_gui.core.zoo.weights.model_file import copy_model
from tests.helpers.training import make_photos, make_tiny_model, tiny_config, user_zoo


@pytest.fixture
def trained(tmp_path: Path) -> tuple[Path, str]:
    """A folder and the id of a model that was trained on it."""
    make_tiny_model()
    data = make_photos(tmp_path / "colours")
    *_, finished = train(tiny_config(data, method="head", epochs=20, lr=2e-2), zoo=user_zoo())
    return data, finished.model_id  # type: ignore[union-attr]


def measure(model: str, folder: Path, **options: Any) -> Evaluated:
    *_, result = evaluate(user_zoo().get(model), folder, device="cpu", **options)
    assert isinstance(result, Evaluated)
    return result


def test_it_agrees_with_classifying_photo_by_photo(trained: tuple[Path, str]) -> None:
    data, model = trained
    result = measure(model, data, part="all")
    photos = sorted(data.glob("*/*.jpg"))
    sources = [ImageSource.file(path) for path in photos]
    answers = [
        event
        for event in Classifier(user_zoo()).classify(sources, model, "cpu")
        if isinstance(event, Prediction)
    ]
    right = sum(Path(a.path).parent.name == a.top.label for a in answers)
    assert result.n == len(photos) == 20
    assert result.top1 == right / 20
    assert result.top1_ci95[0] < result.top1 <= result.top1_ci95[1]
    assert result.top5 == 1.0
    assert result.classes == ("green", "red")
    assert [sum(row) for row in result.confusion] == [10, 10]
    assert sum(result.confusion[i][i] for i in range(2)) == right
    assert [item.n for item in result.per_class] == [10, 10]
    value = json.loads(json.dumps(result.to_json()))
    assert {
        "model",
        "data",
        "n",
        "top1",
        "top1_ci95",
        "top5",
        "loss",
        "per_class",
        "confusion",
    } <= (value.keys())


def test_its_loss_is_that_of_what_the_model_says(trained: tuple[Path, str]) -> None:
    """As everywhere else: with the temperature that is in the model's file."""
    data, model = trained
    path = user_zoo().get(model).weights_path
    assert path is not None
    plain = measure(model, data, part="all")
    assert plain.temperature == 1
    copy_model(path, path.with_suffix(".new"), calibration={"temperature": 2.5, "photos": 200})
    path.with_suffix(".new").replace(path)
    *_, measured, result = evaluate(user_zoo().get(model), data, device="cpu", part="all")
    assert isinstance(measured, Measured)
    assert isinstance(result, Evaluated)
    assert result.temperature == 2.5
    assert result.top1 == plain.top1
    assert result.loss != pytest.approx(plain.loss, rel=0.01)
    assert result.loss == pytest.approx(measured.predictions.figures().loss)


def test_more_classes_than_fit_into_a_matrix_are_counted_all_the_same(
    trained: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    data, model = trained
    before = measure(model, data, part="all")
    monkeypatch.setattr(module, "_ALL_CLASSES", 1)
    assert measure(model, data, part="all") == before
    monkeypatch.setattr(module, "_MOST_CLASSES", 1)
    result = measure(model, data, part="all")
    assert result.confusion == ()
    assert (result.classes, result.per_class) == (before.classes, before.per_class)
    assert result.top1 == before.top1


def test_parts_are_chosen(trained: tuple[Path, str], tmp_path: Path) -> None:
    _, model = trained
    for part, count in (("train", 4), ("val", 3), ("test", 2)):
        make_photos(tmp_path / "parts" / part, count=count, side=50)
    for part, n in (("auto", 4), ("test", 4), ("val", 6), ("train", 8), ("all", 18)):
        assert measure(model, tmp_path / "parts", part=part).n == n
    with pytest.raises(DatasetError, match="no photos in a part"):
        measure(model, trained[0], part="test")


def test_unknown_classes_and_bad_photos_are_named(trained: tuple[Path, str]) -> None:
    data, model = trained
    make_photos(data, ("Purple",), count=2)
    summary = list(scan_dataset(data))[-1].summary  # type: ignore[union-attr]
    (data / "red" / "001.jpg").write_bytes(b"")
    entry = user_zoo().get(model)
    events = list(evaluate(entry, data, part="all", summary=summary, device="cpu"))
    assert any(isinstance(e, Notice) and "Purple" in e.message for e in events)
    assert [Path(e.path).name for e in events if isinstance(e, ImageFailed)] == ["001.jpg"]
    result = events[-1]
    assert isinstance(result, Evaluated)
    assert (result.n, result.failed) == (19, 1)
    with pytest.raises(DatasetError, match="knows none of the classes"):
        measure("tiny", data)


def test_files_that_are_no_photos_are_counted_and_named(trained: tuple[Path, str]) -> None:
    data, model = trained
    (data / "red" / "001.jpg").write_bytes(b"")
    (data / "red" / "002.jpg").write_bytes(b"no photo")
    events = list(evaluate(user_zoo().get(model), data, part="all", device="cpu"))
    assert [Path(e.path).name for e in events if isinstance(e, ImageFailed)] == [
        "001.jpg", "002.jpg",
    ]  # fmt: skip
    result = events[-1]
    assert isinstance(result, Evaluated)
    assert (result.n, result.failed) == (18, 2)
    assert "2 more photos could not be read" in result.caution()


def test_classes_match_by_name() -> None:
    classes = ("tabby cat", "Great-Dane", "crane", "crane", "Été")
    names = ("Tabby_Cat", "great dane", "crane", "été", "dog")
    assert match_classes(names, classes) == [0, 1, 2, 4, None]
