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
