"""The state of reduce-on-plateau, the one thing of a schedule that a checkpoint keeps. No torch."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from resnet_gui.core.runs.config import RunConfig
from resnet_gui.core.runs.schedules import SCHEDULES
from resnet_gui.core.system.documents import number_in, whole_in
from resnet_gui.core.values import Value


@dataclass(frozen=True, slots=True)
class PlateauState(Value):
    """State of reduce-on-plateau. scale: what the rate is multiplied with; bad_epochs: since the
    lowest loss (None: there was none), or since the last reduction."""

    scale: float = 1.0
    lowest_loss: float | None = None
    bad_epochs: int = 0

    def after(self, loss: float, config: RunConfig) -> PlateauState:
        """The state after an epoch with this (validation) loss."""
        if not SCHEDULES[config.schedule].plateau:
            return self
        if self.lowest_loss is None or loss < self.lowest_loss * (1 - 1e-4):
            return PlateauState(self.scale, loss, 0)
        if self.bad_epochs + 1 > config.plateau_patience:
            return PlateauState(self.scale * config.plateau_factor, self.lowest_loss, 0)
        return PlateauState(self.scale, self.lowest_loss, self.bad_epochs + 1)

    def __post_init__(self) -> None:
        """
        Raises:
            ValueError: a field is out of range; the text names it.
        """
        number_in(self.scale, 0, 1, "scale")
        if self.lowest_loss is not None:
            number_in(self.lowest_loss, 0, sys.float_info.max, "lowest_loss")
        whole_in(self.bad_epochs, 0, 10**6, "bad_epochs")
