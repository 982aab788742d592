"""A checkpoint's values are checked before a resume computes with them."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from resnet_gui.core.errors import ModelFileError, RunConfigError, RunError
from resnet_gui.core.runs.checkpoint import Progress, restore_optimizer
from resnet_gui.core.runs.config import RunConfig
from resnet_gui.core.runs.plateau import PlateauState
from resnet_gui.core.training.data.features import Features
from resnet_gui.core.training.kept_features import load_features, save_features
from resnet_gui.core.values import from_json
from resnet_gui.core.zoo.storage.offline_kit import read_kit

NO_NUMBER = (None, "12", [], {}, True, float("nan"), float("inf"), -5, 10**400)


@pytest.mark.parametrize("name", ["epoch", "step", "pieces", "best_right", "bad_epochs", "seconds"])
def test_a_number_that_is_none_is_refused(name: str) -> None:
    sound = Progress().to_json()
    assert from_json(Progress, sound) == Progress()
    for value in NO_NUMBER:
        with pytest.raises(ValueError):
            from_json(Progress, {**sound, name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("best_loss", []), ("best_loss", "1"), ("best_accuracy", 1.5), ("best_accuracy", "0.5"),
        ("backbone", None), ("backbone", 1), ("phase", "other"), ("phase", []), ("scaler", 5),
        ("scaler", {"scale": "x"}), ("plateau", []), ("plateau", {"scale": 1e9}),
        ("plateau", {"lowest_loss": "x"}), ("plateau", {"bad_epochs": 1.5}),
    ],
)  # fmt: skip
def test_other_values_are_refused(name: str, value: object) -> None:
    with pytest.raises(ValueError):
        from_json(Progress, {**Progress().to_json(), name: value})


def test_a_plateau_goes_there_and_back() -> None:
    for state in (PlateauState(), PlateauState(0.1, 0.25, 3)):
        assert from_json(PlateauState, state.to_json()) == state


@pytest.mark.parametrize(
    "change",
    [
        {"weight/exp_avg": torch.zeros(2, 3)},  # the shape of another layer
        {"weight/exp_avg": torch.zeros(3, 2, dtype=torch.int64)},
        {"weight/step": torch.zeros(2)},
        {"weight/momentum_buffer": torch.zeros(3, 2)},  # another optimizer's
        {"other/exp_avg": torch.zeros(3, 2)},
    ],
)
def test_an_optimizers_state_has_to_fit(change: dict[str, torch.Tensor], tmp_path: Path) -> None:
    layer = nn.Linear(2, 3)
    states = {"weight/step": torch.tensor(3.0), "weight/exp_avg": torch.ones(3, 2)}
    states["weight/exp_avg_sq"] = torch.full((3, 2), 2.0)
    optimizer = torch.optim.AdamW(layer.parameters())
    restore_optimizer(optimizer, layer.named_parameters(), states, tmp_path / "garden")
    assert torch.equal(optimizer.state[layer.weight]["exp_avg_sq"], torch.full((3, 2), 2.0))
    with pytest.raises(RunError, match="garden"):
        restore_optimizer(optimizer, layer.named_parameters(), states | change, tmp_path / "garden")


def test_kept_features_have_to_fit_the_split(tmp_path: Path) -> None:
    path = tmp_path / "features.safetensors"

    def kept(rows: list[int], train: torch.Tensor, photos: int = 4) -> Features | None:
        features = Features(
            train, torch.tensor(rows), torch.ones(1, 2), torch.tensor([0]), (("a.jpg", "gone"),)
        )
        save_features(path, "hash", features)
        return load_features(path, "hash", 2, photos, 1)

    whole = kept([0, 3, 2], torch.ones(3, 2))
    assert whole is not None
    assert whole.failures == (("a.jpg", "gone"),)
    assert load_features(path, "another hash", 2, 4, 1) is None
    assert kept([0, 3, 2], torch.ones(3, 2), photos=3) is None  # a photo that the split lacks
    assert kept([0, 0, 2], torch.ones(3, 2)) is None
    assert kept([0, -1, 2], torch.ones(3, 2)) is None
    assert kept([0, 1], torch.ones(3, 2)) is None
    assert kept([0, 1, 2], torch.ones(3, 5)) is None  # another backbone's width
    assert kept([0, 1, 2], torch.full((3, 2), float("nan"))) is None


@pytest.mark.parametrize("field", ["lr", "pixel_mean", "milestones", "method"])
def test_a_message_has_no_more_of_a_value_than_can_be_read(field: str) -> None:
    with pytest.raises(RunConfigError) as caught:
        RunConfig(data="d", model="m").replace(**{field: "x" * 100_000})
    assert len(str(caught.value)) < 300
    assert "xxx…" in str(caught.value)


@pytest.mark.parametrize("text", ['{"format": 1, "files": []}', '{"format": 0.5, "files": [1]}'])
def test_a_bundle_of_nothing_is_said_to_be_damaged(text: str, tmp_path: Path) -> None:
    (tmp_path / "bundle.json").write_text(text, encoding="utf-8")
    with pytest.raises(ModelFileError, match="damaged"):
        read_kit(tmp_path)
