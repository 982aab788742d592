"""A schedule, a level of augmentation, a preset is one entry: added from outside, it works."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from resnet_gui.core.errors import RunConfigError
from resnet_gui.core.photos.store import crop_reader
from resnet_gui.core.runs.augmentations import AUGMENTATIONS, Augmentation
from resnet_gui.core.runs.config import SETTINGS, Method, RunConfig
from resnet_gui.core.runs.events import EpochDone, RunFinished
from resnet_gui.core.runs.schedules import SCHEDULES, Schedule
from resnet_gui.core.training.api import train
from resnet_gui.core.training.augment import Variation, preview_augmentation
from resnet_gui.core.training.presets import PRESETS, Case, Preset, config_for
from resnet_gui.core.zoo import Preprocessing
from tests.helpers.training import make_photos, make_tiny_model, tiny_config, user_zoo


def test_a_schedule(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def halved(config: RunConfig, step: int, steps_per_epoch: int, epochs: int) -> float:
        return 0.5 ** (step // steps_per_epoch)

    with pytest.raises(RunConfigError, match="onecycle or cosine"):
        tiny_config(tmp_path, schedule="halved")
    monkeypatch.setitem(SCHEDULES, "halved", Schedule("halved", "Halved", halved, ends_low=True))
    make_tiny_model()
    config = tiny_config(make_photos(tmp_path), schedule="Halved", epochs=3, early_stopping=1)
    assert RunConfig.from_json(config.to_json()) == config
    assert "halved" in SETTINGS["schedule"].kind.wanted()
    assert config.patience == 0, "it ends low"
    events = list(train(config, zoo=user_zoo()))
    rates = [event.lr for event in events if isinstance(event, EpochDone)]
    assert rates == pytest.approx([config.lr, config.lr / 2, config.lr / 4])


class Grey(nn.Module):
    """A photo without colours."""

    def forward(self, photo: Tensor) -> Tensor:
        return photo[:1].expand(3, -1, -1)


def grey(variation: Variation, preprocessing: Preprocessing) -> list[nn.Module]:
    return [Grey()]


def test_a_level_of_augmentation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    level = Augmentation("grey", "Without colours", crop_reader, f"{__name__}:grey")
    monkeypatch.setitem(AUGMENTATIONS, "grey", level)
    data = make_photos(tmp_path)
    photo = next(data.glob("*/*.jpg"))
    (seen, *_) = preview_augmentation([photo], Variation("grey"), Preprocessing(36, 32))
    pixels = torch.frombuffer(bytearray(seen.image.data), dtype=torch.uint8).view(-1, 3)
    assert torch.equal(pixels[:, 0], pixels[:, 2])
    make_tiny_model()
    *_, last = train(tiny_config(data, augmentation="grey", epochs=1), zoo=user_zoo())
    assert isinstance(last, RunFinished)


def test_a_preset(monkeypatch: pytest.MonkeyPatch) -> None:
    def recipe(case: Case) -> dict[str, object]:
        return {"epochs": 3 if case.photos < 100 else 2, "schedule": "constant"}

    monkeypatch.setitem(PRESETS, "mine", Preset("mine", "Mine", "My own.", Method.FULL, recipe))
    config = config_for("mine", data="/x", model="m", photos=200)
    assert (config.preset, config.method, config.epochs) == ("mine", Method.FULL, 2)
    with pytest.raises(ValueError, match="nobody's"):
        config_for("nobody's", data="/x", model="m", photos=200)


def test_every_setting_says_what_it_takes() -> None:
    for name, setting in SETTINGS.items():
        assert setting.label or setting.tip, name
        assert setting.kind.wanted(), name
