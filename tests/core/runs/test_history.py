"""Histories of trainings: what is written comes back; what cannot be read is named."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resnet_gui.core.errors import ModelFileError
from resnet_gui.core.runs.events import EpochDone
from resnet_gui.core.runs.history import (
    SUFFIX,
    LayerStatistics,
    TrainingHistory,
    read_history,
)
from resnet_gui.core.values import from_json


def make_epoch(epoch: int, **changes: Any) -> EpochDone:
    values: dict[str, Any] = {
        "run": "cifar",
        "epoch": epoch,
        "epochs": 3,
        "step": 10 * epoch,
        "phase": "network",
        "train_loss": 2.0 / epoch,
        "train_accuracy": 0.1 * epoch,
        "val_loss": 2.1 / epoch,
        "val_accuracy": 0.09 * epoch,
        "lr": 0.1,
        "seconds": 1.5,
        "photos_per_s": 512.0,
        "best": epoch == 3,
        **changes,
    }
    return EpochDone(**values)


def make_history(**changes: Any) -> TrainingHistory:
    values: dict[str, Any] = {
        "id": "cifar-resnet20",
        "title": "ResNet-20 auf 32×32 — “CIFAR”",
        "architecture": "cifar_resnet",
        "options": {"depth": 20, "kind": "residual", "shortcut": "A"},
        "epochs": tuple(make_epoch(number) for number in (1, 2, 3)),
        "layers": (
            LayerStatistics(0, {"stem.conv": 3.5, "head": 0.25}, {"stage1.0": 1.41}),
            LayerStatistics(3, {"stem.conv": 0.5, "head": 0.5}, {"stage1.0": 0.3}),
        ),
        "recipe": {"lr": 0.1, "milestones": [1, 2], "seed": None},
        **changes,
    }
    return TrainingHistory(**values)


def write(path: Path, value: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")
    return path


# --- what is written comes back ---------------------------------------------------------------


def test_round_trip_through_a_file(tmp_path: Path) -> None:
    history = make_history()
    path = write(tmp_path / f"one{SUFFIX}", history.to_json())
    again = read_history(path)
    assert again == history
    assert list(again.layers[0].gradient_norm) == ["stem.conv", "head"]  # order is meaning here
    assert [epoch.epoch for epoch in again.epochs] == [1, 2, 3]


_figures = st.floats(allow_nan=False)
_epochs = st.builds(
    EpochDone,
    run=st.text(),
    epoch=st.integers(0, 10**6),
    epochs=st.integers(0, 10**6),
    step=st.integers(0, 10**12),
    phase=st.sampled_from(["head", "network"]),
    train_loss=_figures,
    train_accuracy=_figures,
    val_loss=st.none() | _figures,
    val_accuracy=st.none() | _figures,
    lr=_figures,
    seconds=_figures,
    photos_per_s=_figures,
    best=st.booleans(),
)
_layers = st.builds(
    LayerStatistics,
    epoch=st.integers(0, 10**6),
    gradient_norm=st.dictionaries(st.text(), _figures, max_size=5),
    residual_ratio=st.dictionaries(st.text(), _figures, max_size=5),
)
_histories = st.builds(
    TrainingHistory,
    id=st.text(),
    title=st.text(),
    architecture=st.text(),
    options=st.dictionaries(st.text(), st.integers() | st.text() | st.none(), max_size=3),
    epochs=st.lists(_epochs, max_size=4).map(tuple),
    layers=st.lists(_layers, max_size=3).map(tuple),
    recipe=st.dictionaries(st.text(), _figures | st.booleans(), max_size=3),
)


@settings(max_examples=60, deadline=None)
@given(history=_histories)
def test_round_trip_of_any(history: TrainingHistory) -> None:
    """To the last bit of every figure, infinite ones (a training that diverged) included."""
    again = TrainingHistory.from_json(json.loads(json.dumps(history.to_json())))
    assert again == history
    for left, right in zip(history.layers, again.layers, strict=True):
        assert list(left.gradient_norm) == list(right.gradient_norm)
        assert list(left.residual_ratio) == list(right.residual_ratio)


def test_a_diverged_training_has_a_history() -> None:
    history = make_history(epochs=(make_epoch(1, train_loss=math.nan, val_loss=math.nan),))
    again = TrainingHistory.from_json(json.loads(json.dumps(history.to_json())))
    assert math.isnan(again.epochs[0].train_loss)
    assert again.epochs[0].val_loss is not None
    assert math.isnan(again.epochs[0].val_loss)


def test_epochs_are_those_of_metrics_files() -> None:
    epoch = make_epoch(1, val_loss=None, val_accuracy=None)
    value = make_history(epochs=(epoch,)).to_json()
    assert from_json(EpochDone, value["epochs"][0]) == epoch
    value["epochs"] = [epoch.to_json()]  # a line of metrics.jsonl, with its "event"
    assert TrainingHistory.from_json(value).epochs == (epoch,)


def test_histories_are_frozen_and_keep_their_own_values() -> None:
    history = make_history()
    with pytest.raises(dataclasses.FrozenInstanceError):
        history.title = "other"  # type: ignore[misc]
    value = history.to_json()
    value["options"]["depth"] = 56
    value["layers"][0]["gradient_norm"].clear()
    assert history == make_history()


def test_a_recipe_and_layers_may_be_missing() -> None:
    value = make_history(recipe={}, layers=()).to_json()
    del value["recipe"], value["layers"]
    assert TrainingHistory.from_json(value) == make_history(recipe={}, layers=())


# --- what cannot be read is named -------------------------------------------------------------


def test_a_newer_version_is_refused(tmp_path: Path) -> None:
    value = make_history().to_json()
    path = write(tmp_path / f"new{SUFFIX}", value | {"format": value["format"] + 1})
    with pytest.raises(ModelFileError) as caught:
        read_history(path)
    assert "newer version" in str(caught.value)
    assert path.name in str(caught.value)


@pytest.mark.parametrize("field", ["format", "id", "title", "architecture", "options", "epochs"])
def test_a_missing_field_is_named(tmp_path: Path, field: str) -> None:
    value = make_history().to_json()
    del value[field]
    with pytest.raises(ModelFileError) as caught:
        read_history(write(tmp_path / f"part{SUFFIX}", value))
    assert f"'{field}' is missing" in str(caught.value)


@pytest.mark.parametrize(
    "change",
    [
        {"format": None},
        {"format": "one"},
        {"format": math.inf},
        {"options": 5},
        {"options": "depth"},
        {"recipe": [1]},
        {"epochs": 3},
        {"epochs": [3]},
        {"epochs": [{"run": "cifar"}]},
        {"epochs": [make_epoch(1).to_json() | {"train_loss": "low"}]},
        {"epochs": [make_epoch(1).to_json() | {"epoch": math.inf}]},
        {"layers": None},
        {"layers": ["stem"]},
        {"layers": [{"epoch": 0, "gradient_norm": [1.0], "residual_ratio": {}}]},
        {"layers": [{"epoch": 0, "gradient_norm": {"stem": None}, "residual_ratio": {}}]},
        {"layers": [{"epoch": 0, "gradient_norm": {}}]},
    ],
    ids=str,
)
def test_a_wrong_value_is_named_by_its_file(tmp_path: Path, change: dict[str, Any]) -> None:
    path = write(tmp_path / f"wrong{SUFFIX}", make_history().to_json() | change)
    with pytest.raises(ModelFileError) as caught:
        read_history(path)
    assert path.name in str(caught.value)
    assert caught.value.path == str(path)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b'"text"', b"\xff\xfe\x00", b"[" * 100_000, b"7"],
    ids=["empty", "cut", "list", "null", "text", "binary", "nested", "number"],
)
def test_a_damaged_file_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / f"damaged{SUFFIX}"
    path.write_bytes(content)
    with pytest.raises(ModelFileError) as caught:
        read_history(path)
    assert path.name in str(caught.value)


@settings(max_examples=100, deadline=None)
@given(end=st.integers(0, 10**4))
def test_a_file_cut_anywhere_is_an_error_of_ours(
    tmp_path_factory: pytest.TempPathFactory, end: int
) -> None:
    whole = json.dumps(make_history().to_json()).encode()
    path = tmp_path_factory.getbasetemp() / f"cut{SUFFIX}"
    path.write_bytes(whole[: end % len(whole)])
    with pytest.raises(ModelFileError):
        read_history(path)


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError) as caught:
        read_history(tmp_path / f"gone{SUFFIX}")
    assert f"gone{SUFFIX}" in str(caught.value)
    assert "No such file" in str(caught.value)
    assert str(tmp_path) not in str(caught.value)  # the name is enough
