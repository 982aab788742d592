"""How the learning rate moves: one entry a schedule, a pure function of the step. No torch here,
and nothing to save: the state of reduce-on-plateau is in `plateau`.

To add one: an entry in SCHEDULES. The settings, the form and the command line read it from there.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

# One-cycle as in Smith & Topin 2018 (arXiv:1708.07120), with torch's defaults.
_RISE = 0.3
_START_DIVISOR = 25.0
_END_DIVISOR = 1e4


class Rates(Protocol):
    """The settings of `config.RunConfig` that the schedules here read."""

    @property
    def schedule(self) -> str: ...
    @property
    def warmup_epochs(self) -> float: ...
    @property
    def milestones(self) -> tuple[int, ...]: ...
    @property
    def gamma(self) -> float: ...
    @property
    def gammas(self) -> tuple[float, ...]: ...
    @property
    def min_lr(self) -> float: ...


@dataclass(frozen=True, slots=True)
class Schedule:
    """One way in which the learning rate moves.

    Attributes:
        name: in settings. label: for a person.
        factor: (RunConfig, step of the phase from 0, steps per epoch, epochs of the phase) -> what
            the peak rate is multiplied with, 0..1.
        ends_low: the rate is high until near the end, and so are the losses: no good news for some
            epochs says nothing there, and what stops in mid-cycle is worse than what ran to the
            end.
        plateau: besides, the rate is reduced where the loss stands still.
        reads: the settings that are its own.
    """

    name: str
    label: str
    factor: Callable[[Any, int, int, int], float]
    ends_low: bool = False
    plateau: bool = False
    reads: tuple[str, ...] = ()


def learning_rate(
    config: Rates, peak: float, step: int, steps_per_epoch: int, epochs: int, scale: float
) -> float:
    """The learning rate of one group of parameters in one step.

    Args:
        peak: the group's peak rate. step: of the phase, from 0. steps_per_epoch, epochs: of the
            phase. scale: of `PlateauState`.
    """
    rate = peak * lr_factor(config, step, steps_per_epoch, epochs) * scale
    if SCHEDULES[config.schedule].plateau:
        return max(rate, min(config.min_lr, peak))
    return rate


def lr_factor(config: Rates, step: int, steps_per_epoch: int, epochs: int) -> float:
    """What the peak rate is multiplied with in a step: see `Schedule.factor`."""
    return SCHEDULES[config.schedule].factor(config, step, steps_per_epoch, epochs)


def _one_cycle(_: Rates, step: int, steps_per_epoch: int, epochs: int) -> float:
    total = max(1, steps_per_epoch * epochs)
    peak = max(1.0, _RISE * total - 1)
    if step <= peak:
        return _fall(1 / _START_DIVISOR, 1.0, step / peak)
    return _fall(1.0, 1 / _START_DIVISOR / _END_DIVISOR, (step - peak) / (total - 1 - peak))


def _cosine(config: Rates, step: int, steps_per_epoch: int, epochs: int) -> float:
    rise, progress = _warm_up(config, step, steps_per_epoch, epochs)
    return _fall(1.0, 0.0, progress) if rise is None else rise


def _linear(config: Rates, step: int, steps_per_epoch: int, epochs: int) -> float:
    rise, progress = _warm_up(config, step, steps_per_epoch, epochs)
    return max(0.0, 1.0 - progress) if rise is None else rise


def _steps(config: Rates, step: int, steps_per_epoch: int, epochs: int) -> float:
    epoch = step // max(1, steps_per_epoch)
    gammas = config.gammas or (config.gamma,) * len(config.milestones)
    passed = zip(config.milestones, gammas, strict=True)
    return math.prod(gamma for milestone, gamma in passed if epoch >= milestone)


def _constant(_config: Rates, _step: int, _steps_per_epoch: int, _epochs: int) -> float:
    return 1.0


def _warm_up(
    config: Rates, step: int, steps_per_epoch: int, epochs: int
) -> tuple[float | None, float]:
    """The factor while the rate rises, else None; and the share 0..1 of the way after that."""
    total = max(1, steps_per_epoch * epochs)
    # At most half: ten epochs of it must not eat a run of five.
    warm = min(config.warmup_epochs * steps_per_epoch, total / 2)
    if step < warm:
        return (step + 1) / (warm + 1), 0.0
    return None, (step - warm) / max(1.0, total - warm)


def _fall(start: float, end: float, progress: float) -> float:
    """From start to end along half a cosine."""
    return end + (start - end) * (1 + math.cos(math.pi * min(1.0, max(0.0, progress)))) / 2


_MILESTONES = ("milestones", "gamma", "gammas")
_PLATEAU = ("plateau_factor", "plateau_patience", "min_lr")
SCHEDULES = {
    item.name: item
    for item in (
        Schedule("onecycle", "One cycle", _one_cycle, ends_low=True),
        Schedule("cosine", "Cosine, warm-up", _cosine, ends_low=True, reads=("warmup_epochs",)),
        Schedule("linear", "Linear, warm-up", _linear, ends_low=True, reads=("warmup_epochs",)),
        Schedule("step", "Steps at milestones", _steps, reads=_MILESTONES),
        Schedule("plateau", "Lower on a plateau", _constant, plateau=True, reads=_PLATEAU),
        Schedule(
            "step+plateau",
            "Steps and plateau",
            _steps,
            plateau=True,
            reads=(*_MILESTONES, *_PLATEAU),
        ),
        Schedule("constant", "Constant", _constant),
    )
}
