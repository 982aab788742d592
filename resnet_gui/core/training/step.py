"""One optimizer step: in pieces if memory asks for it. Needs torch."""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from resnet_gui.core.errors import NonFiniteLossError
from resnet_gui.core.events import Notice
from resnet_gui.core.inference.hardware import is_out_of_memory, out_of_memory, release_memory
from resnet_gui.core.runs.checkpoint import Progress
from resnet_gui.core.training.augment import step_seed
from resnet_gui.core.training.data.source import Batch
from resnet_gui.core.training.phase import Phase
from resnet_gui.core.training.setup import Setup

_FORWARD = 1 << 40  # tells a forward pass's seed from that of its augmentation


@dataclass(frozen=True, slots=True)
class StepResult:
    """loss: mean over the batch; right: how many photos were classified right; both before the
    step."""

    loss: float
    right: int
    photos: int


def take_step(
    setup: Setup, phase: Phase, progress: Progress, batch: Batch, epoch: int, number: int
) -> Generator[Notice, None, StepResult]:
    """Forward, backward and optimizer step over one batch.

    Out of memory halves what goes through the network at once and starts the batch again; the
    gradients of the pieces add up to the batch's, so that the effective batch stays. (BatchNorm
    that takes its statistics from the batch sees the smaller pieces.)

    Yields:
        Notice when the pieces became smaller.

    Raises:
        OutOfMemoryError: a single photo does not fit.
        NonFiniteLossError: the loss is not finite; the weights are still those before the step.
    """
    count = len(batch.y)
    while True:
        result = _try_step(setup, phase, progress.pieces, batch, epoch, number)
        if result is not None:
            break
        # Outside the except block: there the error's traceback would keep the tensors alive.
        phase.optimizer.zero_grad(set_to_none=True)
        release_memory(setup.device.kind)
        if progress.pieces >= count:
            raise out_of_memory(setup.device.kind)
        progress.pieces = min(progress.pieces * 2, count)
        size = math.ceil(phase.config.batch_size / progress.pieces)
        yield Notice(
            f"The memory did not suffice: {size} photos at a time go through the network now. The "
            f"batch of {phase.config.batch_size} stays, it only takes longer."
        )
    phase.scaler.step(phase.optimizer)
    phase.scaler.update()
    phase.optimizer.zero_grad(set_to_none=True)
    if phase.average is not None:
        phase.average.update_parameters(phase.module)
    return result


def _try_step(
    setup: Setup, phase: Phase, pieces: int, batch: Batch, epoch: int, number: int
) -> StepResult | None:
    """Gradients of a batch; None: out of memory."""
    config, count = phase.config, len(batch.y)
    # Again for each try, so that dropout does not depend on how often memory ran out.
    torch.manual_seed(step_seed(config.seed, epoch, number + _FORWARD))
    found: list[Tensor] = []
    try:
        for x, y in zip(
            batch.x.tensor_split(min(pieces, count)),
            batch.y.tensor_split(min(pieces, count)),
            strict=True,
        ):
            if setup.guard is not None:
                setup.guard(epoch, number + 1, len(y))
            with phase.autocast():
                logits = phase.module(x)
            losses = functional.cross_entropy(
                logits.float(), y, label_smoothing=config.label_smoothing, reduction="sum"
            )
            right = (logits.detach().argmax(1) == y).sum()
            found.append(torch.stack([losses.detach(), right.float()]))
            gradients = phase.scaler.scale(losses / count)
            gradients.backward()  # type: ignore[no-untyped-call]
        # Read once a step, when all is asked for: a GPU has to be waited for.
        rows = torch.stack(found).tolist()
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        return None
    loss = sum(row[0] for row in rows)
    if not math.isfinite(loss):
        raise NonFiniteLossError(epoch, number + 1, divergence_advice(config.lr))
    return StepResult(loss / count, round(sum(row[1] for row in rows)), count)


def divergence_advice(lr: float) -> str:
    """What to do when the loss is no number any more."""
    return (
        f"Start again with a smaller learning rate, for instance lr={lr / 10:g}. "
        "The best epoch so far is kept."
    )
