"""Training again from a model, on the folder as it is now. No torch here."""

from __future__ import annotations

from typing import Any

from resnet_gui.core.dataset.summary import DatasetSummary
from resnet_gui.core.errors import RunConfigError
from resnet_gui.core.evaluation.learned_photos import training_of
from resnet_gui.core.runs.config import SETTINGS, Method, RunConfig
from resnet_gui.core.training.presets import PRESETS, config_for
from resnet_gui.core.zoo import ModelEntry
from resnet_gui.core.zoo.ensembles import single

# What a new run has of its own.
_OWN = frozenset({"data", "model", "title", "preset", "method", "device", "precision"})


def config_again(entry: ModelEntry, summary: DatasetSummary, device_kind: str = "cpu") -> RunConfig:
    """The settings to train a model again, from itself, on a folder that was corrected or has got
    classes more: those of its run, where its file tells them and they still fit, else a preset's.
    A model from random weights goes on gently from the weights that it has.

    The new run gets a new head, so that classes may be others; all else goes on from the model.

    Args:
        summary: a scan of the folder of now.
        device_kind: "cpu", "cuda:0" or "mps".

    Raises:
        ModelError: it is an ensemble, which has no weights of its own.
    """
    single(entry)

    def made(preset: str | None, photos: int, **settings: Any) -> RunConfig:
        return config_for(
            preset,
            data=summary.root,
            model=entry.spec.id,
            photos=photos,
            device_kind=device_kind,
            **settings,
        )

    photos = len(summary.photos)
    before = training_of(entry)
    if before is None:
        return made(None, photos)
    if before.config.method is Method.SCRATCH:
        return made("balanced", photos)
    preset = before.config.preset if before.config.preset in PRESETS else None
    method = before.config.method
    try:
        usual = made(preset, before.photos or photos, method=method)
        changed = {
            name: getattr(before.config, name)
            for name in SETTINGS
            if name not in _OWN and getattr(before.config, name) != getattr(usual, name)
        }
        return made(preset, photos, method=method, **changed)
    except RunConfigError:  # of a folder that is quite another one by now
        return made(preset, photos)
