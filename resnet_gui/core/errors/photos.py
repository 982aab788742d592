"""What can be wrong with a photo."""

from __future__ import annotations

from pathlib import Path

from resnet_gui.core.errors.base import ResNetGuiError


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
    """More pixels than the limit against decompression bombs allows, or more memory to decode it
    than a photo may take."""
