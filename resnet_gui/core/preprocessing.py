"""How a photo becomes a network's input, as a value. The work is done in `photos.preprocess`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from resnet_gui.core.header_schema import PREPROCESSING
from resnet_gui.core.values import Value, from_json


@dataclass(frozen=True, slots=True)
class Preprocessing(Value):
    """How a photo becomes a network's input: resize, centre crop, scale, normalise.

    Attributes:
        resize: length of the shorter side after resizing, in pixels. 0: no resizing.
        crop: side of the square centre crop, in pixels.
        mean, std: per channel (R, G, B), for pixel values scaled to 0..1.
        interpolation: "bilinear", "bicubic" or "nearest".
    """

    resize: int
    crop: int
    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)
    interpolation: str = "bilinear"

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Preprocessing:
        """The inverse of `to_json`.

        Raises:
            ValueError: a field is missing or out of range; the text names it.
        """
        return from_json(cls, PREPROCESSING.read(value, "preprocessing"))
