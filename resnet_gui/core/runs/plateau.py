"""The state of reduce-on-plateau, the one thing of a schedule that a checkpoint keeps. No torch."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from resnet_gui.core.runs.config import RunConfig
from resnet_gui.core.runs.schedules import SCHEDULES


@dataclass(frozen=True, slots=True)
class PlateauState:
    """State of reduce-on-plateau. scale: what the rate is multiplied with; bad_epochs: since the
    lowest loss, or since the last reduction."""

    scale: float = 1.0
    lowest_loss: float = math.inf
    bad_epochs: int = 0

    def after(self, loss: float, config: RunConfig) -> PlateauState:
        """The state after an epoch with this (validation) loss."""
        if not SCHEDULES[config.schedule].plateau:
            return self
        if loss < self.lowest_loss * (1 - 1e-4):
            return PlateauState(self.scale, loss, 0)
        if self.bad_epochs + 1 > config.plateau_patience:
            return PlateauState(self.scale * config.plateau_factor, self.lowest_loss, 0)
        return PlateauState(self.scale, self.lowest_loss, self.bad_epochs + 1)

    def to_json(self) -> dict[str, Any]:
        lowest = self.lowest_loss if math.isfinite(self.lowest_loss) else None
        return {"scale": self.scale, "lowest_loss": lowest, "bad_epochs": self.bad_epochs}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> PlateauState:
        """The inverse of `to_json`; what is missing gets its default."""
        lowest = value.get("lowest_loss")
        return cls(
            float(value.get("scale", 1.0)),
            math.inf if lowest is None else float(lowest),
            int(value.get("bad_epochs", 0)),
        )
