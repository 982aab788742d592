"""How the learning rate moves: pure functions of the step. No torch here, and nothing to save but
the state of reduce-on-plateau."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from typing import Any

from resnet_gui.core.documents import number_in, whole_in
from resnet_gui.core.training.config import RunConfig, Schedule

# One-cycle as in Smith & Topin 2018 (arXiv:1708.07120), with torch's defaults.
_RISE = 0.3
PLATEAUS = (Schedule.PLATEAU, Schedule.STEP_PLATEAU)
_START_DIVISOR = 25.0
_END_DIVISOR = 1e4


@dataclass(frozen=True, slots=True)
class PlateauState:
    """State of reduce-on-plateau. scale: what the rate is multiplied with; bad_epochs: since the
    lowest loss, or since the last reduction."""

    scale: float = 1.0
    lowest_loss: float = math.inf
    bad_epochs: int = 0

    def after(self, loss: float, config: RunConfig) -> PlateauState:
        """The state after an epoch with this (validation) loss."""
        if config.schedule not in PLATEAUS:
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
        """The inverse of `to_json`; what is missing gets its default.

        Raises:
            AttributeError, ValueError: not such a value.
        """
        lowest = value.get("lowest_loss")
        return cls(
            number_in(value.get("scale", 1.0), 0, 1, "scale"),
            math.inf if lowest is None else number_in(lowest, 0, sys.float_info.max, "lowest_loss"),
            whole_in(value.get("bad_epochs", 0), 0, 10**6, "bad_epochs"),
        )


def lr_factor(config: RunConfig, step: int, steps_per_epoch: int, epochs: int) -> float:
    """What the peak rate is multiplied with in a step.

    Args:
        step: of the phase, counted from 0.
        steps_per_epoch, epochs: of the phase.

    Returns:
        0..1; of plateau and constant 1.
    """
    total = max(1, steps_per_epoch * epochs)
    if config.schedule is Schedule.ONE_CYCLE:
        peak = max(1.0, _RISE * total - 1)
        if step <= peak:
            return _cosine(1 / _START_DIVISOR, 1.0, step / peak)
        return _cosine(1.0, 1 / _START_DIVISOR / _END_DIVISOR, (step - peak) / (total - 1 - peak))
    if config.schedule in (Schedule.COSINE, Schedule.LINEAR):
        # Warm-up takes at most half: ten epochs of it must not eat a run of five.
        warm = min(config.warmup_epochs * steps_per_epoch, total / 2)
        if step < warm:
            return (step + 1) / (warm + 1)
        progress = (step - warm) / max(1.0, total - warm)
        if config.schedule is Schedule.LINEAR:
            return max(0.0, 1.0 - progress)
        return _cosine(1.0, 0.0, progress)
    if config.schedule in (Schedule.STEP, Schedule.STEP_PLATEAU):
        epoch = step // max(1, steps_per_epoch)
        gammas = config.gammas or (config.gamma,) * len(config.milestones)
        passed = zip(config.milestones, gammas, strict=True)
        return math.prod(gamma for milestone, gamma in passed if epoch >= milestone)
    return 1.0


def learning_rate(
    config: RunConfig, peak: float, step: int, steps_per_epoch: int, epochs: int, scale: float
) -> float:
    """The learning rate of one group of parameters in one step.

    Args:
        peak: the group's peak rate. scale: of `PlateauState`.
    """
    rate = peak * lr_factor(config, step, steps_per_epoch, epochs) * scale
    if config.schedule in PLATEAUS:
        return max(rate, min(config.min_lr, peak))
    return rate


def _cosine(start: float, end: float, progress: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * min(1.0, max(0.0, progress)))) / 2
