"""What is found out about an answer, as frozen values. No torch here."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from resnet_gui.core.photos.geometry import CropBox
from resnet_gui.core.values import Value, to_json

if TYPE_CHECKING:  # numpy would be 70 ms of the window's start
    import numpy as np
    import numpy.typing as npt

# Of heat maps, from weak to strong, evenly spaced: R, G, B. matplotlib's “inferno” (Smith and van
# der Walt 2015; CC0) at nine places: its lightness rises evenly, so that it reads alike for every
# kind of colour vision and in grey, and hardly any photo has its colours.
HEAT_COLOURS = (
    (0, 0, 4), (31, 12, 72), (85, 15, 109), (136, 34, 106), (186, 54, 85),
    (227, 89, 51), (249, 140, 10), (249, 201, 50), (252, 255, 164),
)  # fmt: skip


class Method(StrEnum):
    """How it is found out where a model looked."""

    GRADCAM = "gradcam"  # what the last map tells the head, one pass
    OCCLUSION = "occlusion"  # what covering a part of the photo costs the answer, many passes


@dataclass(frozen=True, slots=True)
class Layer:
    """A picture with transparency: 8-bit R, G, B, A (not premultiplied), rows top to bottom."""

    width: int
    height: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Explaining:
    """How far it is: so many of the passes through the network; total 0: nobody knows."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Explained(Value):
    """Where a model looked for one class.

    Attributes:
        path: the source's name. model: id of the model.
        label, index: the class. probability: what this model gives it for this photo, 0..1.
        heat: (h, w) float32, 0..1, the largest value 1, over the whole input of the network, row 0
            on top; all 0 where nothing on the photo speaks for the class.
        box: what of the upright photo the heat covers, in the photo's pixels; larger than the
            photo where the network sees black around it.
        peak: x, y of the strongest place in the photo's pixels; None where all is 0.
        width, height: the upright photo, in pixels.
        layer: the heat as a picture with transparency, to be laid over `box`.
    """

    path: str
    model: str
    method: Method
    label: str
    index: int
    probability: float
    heat: npt.NDArray[np.float32]
    box: CropBox
    peak: tuple[float, float] | None
    width: int
    height: int
    layer: Layer

    def to_json(self) -> dict[str, Any]:
        return {
            "path": self.path,
            "model": self.model,
            "method": self.method.value,
            "label": self.label,
            "index": self.index,
            "probability": self.probability,
            "peak": to_json(self.peak),
            "box": to_json(self.box),
            "error": None,
        }


@dataclass(frozen=True, slots=True)
class Neighbour(Value):
    """A training photo, and how near it is.

    Attributes:
        path: the file. label: the class that it was trained with.
        similarity: cosine between its features and the photo's, -1..1; 1: the same direction.
        same: it is the photo itself.
    """

    path: str
    label: str
    similarity: float
    same: bool = False


@dataclass(frozen=True, slots=True)
class NeighboursFound:
    """The nearest training photos, the nearest first.

    Attributes:
        of: how many were compared. missing: how many more there were, which are gone or unknown.
    """

    neighbours: tuple[Neighbour, ...]
    of: int
    missing: int = 0


@dataclass(frozen=True, slots=True)
class NeighboursUnknown:
    """Why no training photos can be shown.

    Attributes:
        reason: one sentence.
        photos: how many there are to compute features of, if that would help; 0: it would not.
    """

    reason: str
    photos: int = 0
