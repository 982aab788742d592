"""Training again from a model, on the folder as it is now. No torch here."""

from __future__ import annotations

from resnet_gui.core.dataset.summary import DatasetSummary
from resnet_gui.core.runs.config import RunConfig
from resnet_gui.core.zoo import ModelEntry


def config_again(entry: ModelEntry, summary: DatasetSummary, device_kind: str = "cpu") -> RunConfig:
    """The settings to train a model again, from itself, on a folder that was corrected or has got
    classes more: those of its run, where they are known and still fit, else a preset's.

    Args:
        summary: a scan of the folder of now.
        device_kind: "cpu", "cuda:0" or "mps".
    """
    raise NotImplementedError
