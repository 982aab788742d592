"""Heat as a picture to lay over a photo: strong is bright and opaque, weak is dark and clear. No
torch here.

Opacity rises with the colours' lightness, so that the strength can be told on a photo of any
colour.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

from resnet_gui.core.explain.events import HEAT_COLOURS, Layer

_FAINTEST, _FULLEST = 90, 235  # opacity where there is no heat and where it is strongest, of 255
_SIDE = 256


def enlarged(heat: npt.NDArray[np.float32], side: int = _SIDE) -> npt.NDArray[np.float32]:
    """A smooth (side, side) map of a small one; each value stands in the middle of its cell. Beside
    steep places it swings over, a little below 0 or above 1.

    Args:
        heat: (h, w) float32, 0..1.
    """
    picture = Image.fromarray(np.ascontiguousarray(heat, dtype=np.float32))
    return np.asarray(picture.resize((side, side), Image.Resampling.BICUBIC), dtype=np.float32)


def coloured(heat: npt.NDArray[np.float32]) -> Layer:
    """The layer of a map: (h, w) float32, 0..1."""
    smooth = enlarged(heat).clip(0.0, 1.0)
    places = np.linspace(0.0, 1.0, len(HEAT_COLOURS))
    pixels = np.empty((*smooth.shape, 4), np.uint8)
    for channel in range(3):
        values = [colour[channel] for colour in HEAT_COLOURS]
        pixels[..., channel] = np.interp(smooth, places, values).round()
    pixels[..., 3] = (_FAINTEST + (_FULLEST - _FAINTEST) * smooth).round()
    return Layer(pixels.shape[1], pixels.shape[0], pixels.tobytes())
