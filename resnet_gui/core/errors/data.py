"""What can be wrong with a folder of photos."""

from __future__ import annotations

from pathlib import Path

from resnet_gui.core.errors.base import ResNetGuiError


class DatasetError(ResNetGuiError):
    """A folder cannot be trained on or measured with. `path` is the folder."""

    def __init__(self, path: str | Path, what: str, advice: str = "") -> None:
        self.path = str(path)
        super().__init__(what, advice)


class DatasetChangedError(DatasetError):
    """The folder is not what it was when the run began: resuming would mix two datasets."""
