"""The exception tree. Each error says what happened and what to do next, in words for a person.

`str(error)` is the whole sentence that a window or a terminal shows. Fields carry the data.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


class ResNetGuiError(Exception):
    """Base of all errors that are shown to a person.

    Attributes:
        what: what happened, one sentence.
        advice: what to do next, one sentence; empty if there is nothing to do.
    """

    def __init__(self, what: str, advice: str = "") -> None:
        self.what = what
        self.advice = advice
        super().__init__(f"{what} {advice}".strip())


# --- images ---------------------------------------------------------------------------------


class ImageReadError(ResNetGuiError):
    """A file that should be a photo could not be read. `name` is the path or the source's name."""

    def __init__(self, name: str | Path, what: str, advice: str = "") -> None:
        self.name = str(name)
        super().__init__(what, advice)


class UnsupportedImageError(ImageReadError):
    """The file is not a photo, or of a format that is not read here (camera RAW, SVG, video)."""


class CorruptImageError(ImageReadError):
    """The file claims an image format but its data is cut off or damaged."""


class ImageTooLargeError(ImageReadError):
    """More pixels than the limit against decompression bombs allows."""


# --- models ---------------------------------------------------------------------------------


class ModelError(ResNetGuiError):
    """Something is wrong with a model."""


class UnknownModelError(ModelError):
    """No model of this id. `similar` are ids that look like it."""

    def __init__(self, model_id: str, similar: Sequence[str] = ()) -> None:
        self.model_id = model_id
        self.similar = tuple(similar)
        hint = f"Did you mean {', '.join(similar)}?" if similar else ""
        super().__init__(
            f"There is no model “{model_id}”.",
            f"{hint} “resnet-gui models” lists them all.".strip(),
        )


class WeightsMissingError(ModelError):
    """The model is known but its weights are not on this computer."""

    def __init__(self, model_id: str, advice: str) -> None:
        self.model_id = model_id
        super().__init__(f"The weights of “{model_id}” are not on this computer.", advice)


class ModelFileError(ModelError):
    """A model file is damaged, too new, or not a model of this program."""

    def __init__(self, path: str | Path, what: str, advice: str = "") -> None:
        self.path = str(path)
        super().__init__(what, advice)


class CheckpointMismatchError(ModelFileError):
    """The weights do not fit the architecture: `expected` and `found` name both."""

    def __init__(self, path: str | Path, expected: str, found: str) -> None:
        self.expected = expected
        self.found = found
        super().__init__(
            path,
            f"{Path(path).name}: the weights do not fit the architecture (expected {expected}, "
            f"found {found}).",
            "Choose the model that the file was made for.",
        )


# --- devices, settings, network ---------------------------------------------------------------


class DeviceError(ResNetGuiError):
    """The chosen device is not there or failed."""


class SettingsError(ResNetGuiError):
    """The settings could not be read or written."""


class NetworkError(ResNetGuiError):
    """Something could not be fetched. `url` is what was asked for."""

    def __init__(self, url: str, what: str, advice: str = "") -> None:
        self.url = url
        super().__init__(what, advice)


class DownloadError(NetworkError):
    """Weights could not be downloaded, or what came was not what was published."""


# --- datasets and training --------------------------------------------------------------------


class DatasetError(ResNetGuiError):
    """A folder cannot be trained on or measured with. `path` is the folder."""

    def __init__(self, path: str | Path, what: str, advice: str = "") -> None:
        self.path = str(path)
        super().__init__(what, advice)


class DatasetChangedError(DatasetError):
    """The folder is not what it was when the run began: resuming would mix two datasets."""


class TrainingError(ResNetGuiError):
    """Something is wrong with a training."""


class RunConfigError(TrainingError):
    """A setting of a run is out of range or unknown. `field` names it as in `--set field=…`."""

    def __init__(self, field: str, what: str, advice: str = "") -> None:
        self.field = field
        super().__init__(what, advice)


class NonFiniteLossError(TrainingError):
    """The loss became infinite or not a number at `epoch`, `step` (both counted from 1)."""

    def __init__(self, epoch: int, step: int, advice: str) -> None:
        self.epoch = epoch
        self.step = step
        super().__init__(
            f"The training diverged: the loss is not a number any more (epoch {epoch}, "
            f"step {step}).",
            advice,
        )


class OutOfMemoryError(TrainingError):
    """Not even one photo at a time fits into the memory of the device."""


class RunError(TrainingError):
    """A run's directory is missing, damaged, in use, or of another version. `path` names it."""

    def __init__(self, path: str | Path, what: str, advice: str = "") -> None:
        self.path = str(path)
        super().__init__(what, advice)


class RunMismatchError(RunError):
    """What a run was trained with is not what is here now: `expected` and `found` name both."""

    def __init__(self, path: str | Path, subject: str, expected: str, found: str) -> None:
        self.expected = expected
        self.found = found
        super().__init__(
            path,
            f"The run “{Path(path).name}” cannot go on: its {subject} is {expected}, "
            f"but {found} is here now.",
            "Start a new run instead.",
        )
