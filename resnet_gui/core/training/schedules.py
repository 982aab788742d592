"""How the learning rate moves: pure functions of the step. No torch here, and nothing to save: the
state of reduce-on-plateau is in `runs.plateau`."""

from __future__ import annotations

import math

from resnet_gui.core.runs.config import RunConfig, Schedule
from resnet_gui.core.runs.plateau import PLATEAUS

# One-cycle as in Smith & Topin 2018 (arXiv:1708.07120), with torch's defaults.
_RISE = 0.3
_START_DIVISOR = 25.0
_END_DIVISOR = 1e4


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
