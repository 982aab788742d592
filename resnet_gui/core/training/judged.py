"""What a network says of some photos. No torch here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True)
class Judged:
    """Outputs for some photos of a part. positions: in the part. logits: (N, classes) float32."""

    positions: list[int]
    logits: Tensor
