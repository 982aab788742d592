"""Photos to be decoded, and how alike two are."""

from __future__ import annotations

import numpy as np
from PIL import Image

from resnet_gui.core.events import ImageSource
from tests.helpers.pictures import SRGB_PRIMARIES

UPRIGHT = ["red", "green", "blue", "yellow"]


def of_bytes(data: bytes, name: str = "pasted") -> ImageSource:
    return ImageSource(name, data)


def pixels(image: Image.Image) -> np.ndarray:
    assert image.mode == "RGB"
    return np.asarray(image).astype(int)


def assert_close(image: Image.Image, expected: Image.Image, tolerance: float) -> None:
    """The mean difference: a codec's loss is small everywhere, a wrong colour is not."""
    assert image.size == expected.size
    assert np.abs(pixels(image) - pixels(expected)).mean() <= tolerance


R, G, B = SRGB_PRIMARIES
