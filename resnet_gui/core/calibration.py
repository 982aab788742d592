"""What labelled photos said of how far a model's answers can be trusted; it stands in its file.
No torch, and no numpy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Calibration:
    """How a model's numbers become what is said of a photo.

    Attributes:
        temperature: logits are divided by it before the softmax (Guo et al. 2017,
            arXiv:1706.04599). It changes no order: the best class stays the best.
        photos: how many photos it was fitted on; 0: it was not fitted.
        unsure: a best class less probable than this is only a guess; None: nobody set it.
        unlike: a photo whose unknown score is above this is unlike what the model learned from;
            None: nobody knows. See `inference.unknown` for the score.
        means: for that score the direction of each class's features, (classes, D) float16 in
            base64; "": the score is the energy of the logits.
    """

    temperature: float = 1.0
    photos: int = 0
    unsure: float | None = None
    unlike: float | None = None
    means: str = ""

    @property
    def empty(self) -> bool:
        return self == Calibration()

    def with_unsure(self, unsure: float | None) -> Calibration:
        return replace(self, unsure=unsure)

    def to_json(self) -> dict[str, Any]:
        """As it stands in a model file: what is as it is anyway is left out."""
        values = {name: getattr(self, name) for name in Calibration.__slots__}
        plain = Calibration()
        return {name: value for name, value in values.items() if value != getattr(plain, name)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Calibration:
        """The inverse of `to_json`, for what `header_schema` has checked."""
        return cls(**{name: value[name] for name in cls.__slots__ if name in value})
