"""Settings, presets, schedules: values without torch."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resnet_gui.core.errors import RunConfigError
from resnet_gui.core.evaluation.intervals import wilson_interval
from resnet_gui.core.runs.config import Method, RunConfig
from resnet_gui.core.runs.plateau import PlateauState
from resnet_gui.core.runs.schedules import SCHEDULES, learning_rate, lr_factor
from resnet_gui.core.training.presets import PRESETS, automatic_preset, config_for, head_recipe
from resnet_gui.core.values import from_json


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("epochs", "0", "1 to"),
        ("epochs", "many", "whole number"),
        ("epochs", 2.5, "whole number"),
        ("lr", "nan", "a number"),
        ("lr", -1, "1e-09"),
        ("method", "all", "head or"),
        ("milestones", "9,3", "rising"),
        ("cache_features", "maybe", "on or off"),
        ("accumulate", 64, "pieces"),
        ("colour", "red", "no setting"),
        ("data", " ", "folder"),
    ],
)
def test_wrong_settings_name_the_field(field: str, value: Any, words: str) -> None:
    with pytest.raises(RunConfigError, match=words) as caught:
        RunConfig("/x", "m").replace(**{field: value})
    assert caught.value.field == field


@pytest.mark.parametrize("field", ["lr", "method"])
def test_a_wrong_value_is_not_repeated_at_length(field: str) -> None:
    with pytest.raises(RunConfigError) as caught:
        RunConfig("/x", "m").replace(**{field: "x" * 100_000})
    assert len(str(caught.value)) < 300


def test_texts_become_values() -> None:
    texts = {"epochs": "7", "lr": "1e-2", "milestones": "2,4", "cache_features": "off"}
    config = RunConfig("/x", "m").replace(**texts, schedule="Step")
    assert (config.epochs, config.lr, config.milestones) == (7, 0.01, (2, 4))
    assert config.cache_features is False
    assert config.schedule == "step"


@settings(deadline=None)  # a busy machine is no failure
@given(st.integers(1, 10**6), st.sampled_from(["cpu", "cuda:0", "mps"]))
def test_every_preset_is_valid_and_survives_json(photos: int, kind: str) -> None:
    for preset in (None, *PRESETS):
        for method in (None, *Method):
            config = config_for(
                preset, data="/x", model="m", photos=photos, device_kind=kind,
                method=method,
            )  # fmt: skip
            assert RunConfig.from_json(config.to_json()) == config


def test_nothing_touched_is_head_training_on_the_cpu_and_for_small_folders() -> None:
    assert automatic_preset(245, "cpu") == "fast"
    assert automatic_preset(50_000, "cpu") == "fast"
    assert automatic_preset(245, "cuda:0") == "fast"
    assert automatic_preset(50_000, "cuda:0") == "balanced"
    assert config_for(None, data="/x", model="m", photos=245).method is Method.HEAD


@pytest.mark.parametrize("schedule", list(SCHEDULES))
def test_patience_ends_no_run_whose_schedule_ends_low(schedule: str) -> None:
    config = RunConfig("/x", "m", schedule=schedule, early_stopping=4)
    low = lr_factor(config.replace(milestones="90"), 79, 10, 8) < 0.1
    assert config.patience == (0 if low else 4)


@pytest.mark.parametrize("preset", ["balanced", "best"])
@pytest.mark.parametrize("photos", [245, 50_000])
def test_the_deep_presets_begin_with_the_fast_one(preset: str, photos: int) -> None:
    def make(chosen: str, kind: str = "cpu") -> RunConfig:
        return config_for(chosen, data="/x", model="m", photos=photos, device_kind=kind)

    fast, deep = make("fast"), make(preset)
    assert deep.fast_head
    assert deep.head_epochs == fast.epochs
    assert {name: getattr(fast, name) for name in head_recipe(photos)} == head_recipe(photos)
    assert deep.patience == deep.early_stopping == 0
    if photos == 245:
        assert deep.batch_size == 16
        assert deep.label_smoothing == 0.0
        assert deep.lr * deep.backbone_lr_factor == pytest.approx(1e-5)
        gpu = make(preset, "cuda:0")
        assert gpu.lr * gpu.backbone_lr_factor == pytest.approx(1e-5 * (gpu.batch_size / 16) ** 0.5)


def test_settings_of_a_newer_version_are_refused() -> None:
    with pytest.raises(RunConfigError, match="newer version"):
        RunConfig.from_json({"format": 99, "data": "/x", "model": "m"})


@settings(deadline=None)  # a busy machine is no failure
@given(st.integers(1, 50), st.integers(1, 50), st.sampled_from(list(SCHEDULES)))
def test_rates_stay_between_nothing_and_the_peak(steps: int, epochs: int, kind: str) -> None:
    config = RunConfig("/x", "m", schedule=kind)
    for step in range(steps * epochs):
        assert 0.0 <= lr_factor(config, step, steps, epochs) <= 1.0


def test_one_cycle_is_torchs() -> None:
    import torch

    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([parameter], lr=1.0)
    reference = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=1.0, total_steps=40)
    config = RunConfig("/x", "m", schedule="onecycle")
    for step in range(40):
        assert lr_factor(config, step, 10, 4) == pytest.approx(
            optimizer.param_groups[0]["lr"], abs=1e-9
        )
        optimizer.step()
        if step < 39:
            reference.step()


def test_step_milestones_and_plateau() -> None:
    config = RunConfig("/x", "m", schedule="step", milestones=(2, 3), gamma=0.1)
    factors = [lr_factor(config, epoch * 5, 5, 4) for epoch in range(4)]
    assert factors == pytest.approx([1, 1, 0.1, 0.01])
    config = RunConfig("/x", "m", schedule="plateau", plateau_patience=2, min_lr=0.4)
    state = PlateauState()
    scales = []
    for loss in (1.0, 0.5, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6):
        state = state.after(loss, config)
        scales.append(state.scale)
    root = math.sqrt(0.1)
    assert scales == pytest.approx([1, 1, 1, 1, root, root, root, 0.1])
    assert from_json(PlateauState, state.to_json()) == state
    assert learning_rate(config, 1.0, 0, 5, 9, state.scale) == 0.4, "the floor"


def test_wilson_interval() -> None:
    assert wilson_interval(10, 20) == pytest.approx((0.299298, 0.700702), abs=1e-6)
    assert wilson_interval(0, 0) == (0.0, 1.0)
    assert wilson_interval(5, 5)[1] == 1.0
