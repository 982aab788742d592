"""How networks learned: the epochs and layer statistics of runs, bundled or the user's own. No
torch here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from resnet_gui.core.errors import ModelFileError
from resnet_gui.core.runs.events import EpochDone, LayerStatistics
from resnet_gui.core.system.documents import read_object
from resnet_gui.core.values import Value, from_json, to_json

SUFFIX = ".history.json"
_FORMAT_VERSION = 1
_UNREADABLE = (OSError, KeyError, OverflowError, TypeError, ValueError)


@dataclass(frozen=True, slots=True)
class TrainingHistory(Value):
    """One training from start to end.

    Attributes:
        id: unique among the histories of its source. title: what a person reads.
        architecture, options: as in ModelSpec.
        epochs: in order. layers: in order, epoch 0 first if it was measured.
        recipe: the run's settings, for the record.
    """

    id: str
    title: str
    architecture: str
    options: Mapping[str, Any]
    epochs: tuple[EpochDone, ...]
    layers: tuple[LayerStatistics, ...] = ()
    recipe: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        values = to_json(self)
        long = {name: values.pop(name) for name in ("epochs", "layers")}  # behind the short ones
        return {"format": _FORMAT_VERSION, **values, **long}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> TrainingHistory:
        """The inverse of `to_json`.

        Raises:
            KeyError, OverflowError, TypeError, ValueError: not such a value, or of a newer version.
        """
        if int(value["format"]) > _FORMAT_VERSION:
            raise ValueError("made by a newer version of this program")
        return from_json(cls, value)


def loss_chose(epochs: Sequence[EpochDone], best: EpochDone) -> bool:
    """Whether other epochs were right more often than the best one, which had the lowest
    validation loss: has to be said where their accuracies stand side by side."""
    accuracy, loss = best.val_accuracy, best.val_loss
    if accuracy is None or loss is None:
        return False
    validated = [
        (epoch.val_accuracy, epoch.val_loss)
        for epoch in epochs
        if epoch.val_accuracy is not None and epoch.val_loss is not None
    ]
    return any(other > accuracy for other, _ in validated) and not any(
        other < loss for _, other in validated
    )


def read_history(path: Path) -> TrainingHistory:
    """A history from its file.

    Raises:
        ModelFileError: missing, damaged or of a newer version.
    """
    try:
        return TrainingHistory.from_json(read_object(path))
    except _UNREADABLE as error:
        reason = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        if isinstance(error, OSError):
            reason = error.strerror or reason
        raise ModelFileError(
            path, f"The training history {path.name} cannot be read: {reason}."
        ) from error
