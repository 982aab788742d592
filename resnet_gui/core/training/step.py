"""One optimizer step: in pieces if memory asks for it. Needs torch."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Generator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from resnet_gui.core.errors import NonFiniteLossError
from resnet_gui.core.events import Notice
from resnet_gui.core.inference.hardware import is_out_of_memory, out_of_memory, release_memory
from resnet_gui.core.runs.checkpoint import Progress
from resnet_gui.core.training.augment import step_seed
from resnet_gui.core.training.data.source import Batch
from resnet_gui.core.training.phase import Phase
from resnet_gui.core.training.setup import Setup
from resnet_gui.core.training.workers import Workers

_FORWARD = 1 << 40  # tells a forward pass's seed from that of its augmentation


@dataclass(frozen=True, slots=True)
class StepResult:
    """loss: mean over the batch; right: how many photos were classified right; both before the
    step. Of several processes: over the shares of all."""

    loss: float
    right: int
    photos: int


@dataclass(frozen=True, slots=True)
class _Sums:
    """Of some photos: the sum of their losses, how many were right, how many there are."""

    loss: float = 0.0
    right: int = 0
    photos: int = 0


def take_step(
    setup: Setup,
    phase: Phase,
    progress: Progress,
    batch: Batch | None,
    planned: int,
    epoch: int,
    number: int,
) -> Generator[Notice, None, StepResult | None]:
    """Forward, backward and optimizer step over one batch.

    Several processes go through it together, each with its share of the batch. Their losses are
    divided by the number of photos that the whole batch is planned to have, so that the sum of the
    gradients is that of the batch's mean loss, however the shares differ; where photos could not
    be read, it is corrected afterwards.

    Out of memory halves what goes through the network at once and starts the batch again; the
    gradients of the pieces add up to the batch's, so that the effective batch stays. (BatchNorm
    that takes its statistics from the batch sees the smaller pieces.) It is so in all processes
    when it is in one.

    Args:
        batch: the photos of this process; None: it has none.
        planned: photos of the whole batch, those that cannot be read included.

    Returns:
        None: no process has a photo, and no step was made.

    Yields:
        Notice when the pieces became smaller.

    Raises:
        OutOfMemoryError: a single photo does not fit.
        NonFiniteLossError: the loss is not finite; the weights are still those before the step.
    """
    workers, gradients = phase.workers, phase.gradients
    count = planned if workers.several or batch is None else len(batch.y)
    while True:
        sums: _Sums | None = _Sums()
        if batch is not None:
            sums = _try_step(setup, phase, progress.pieces, batch, count, epoch, number)
        if sums is None:
            # Outside the except block: there the error's traceback would keep the tensors alive.
            phase.optimizer.zero_grad(set_to_none=True)
            release_memory(setup.device.kind)
        if gradients is None:
            agreed = sums
        else:
            gradients.complete()
            agreed = _agreed(workers, sums)
            if agreed is None or not agreed.photos or not math.isfinite(agreed.loss):
                gradients.discard()
            else:
                gradients.receive(count / agreed.photos)
        if agreed is not None:
            break
        phase.optimizer.zero_grad(set_to_none=True)
        if progress.pieces >= count:
            raise out_of_memory(setup.device.kind)
        progress.pieces = min(max(progress.pieces, workers.size) * 2, count)
        size = math.ceil(phase.config.batch_size / progress.pieces)
        yield Notice(
            f"The memory did not suffice: {size} photos at a time go through the network now. The "
            f"batch of {phase.config.batch_size} stays, it only takes longer."
        )
    if not agreed.photos:
        phase.optimizer.zero_grad(set_to_none=True)
        return None
    if not math.isfinite(agreed.loss):
        raise NonFiniteLossError(epoch, number + 1, divergence_advice(phase.config.lr))
    if batch is None:  # it makes its scale when it is first asked to scale something
        phase.scaler.scale(torch.zeros((), device=setup.device.kind))
    phase.scaler.step(phase.optimizer)
    phase.scaler.update()
    phase.optimizer.zero_grad(set_to_none=True)
    if phase.average is not None:
        phase.average.update_parameters(phase.module)
    return StepResult(agreed.loss / agreed.photos, agreed.right, agreed.photos)


def _agreed(workers: Workers, sums: _Sums | None) -> _Sums | None:
    """The sums of all processes; None: one of them is out of memory."""
    mine = sums or _Sums()
    loss, right, photos, failed = workers.total(
        [mine.loss, mine.right, mine.photos, float(sums is None)]
    )
    return None if failed else _Sums(loss, round(right), round(photos))


def _try_step(
    setup: Setup, phase: Phase, pieces: int, batch: Batch, count: int, epoch: int, number: int
) -> _Sums | None:
    """Gradients of a batch, or of this process's share of it; None: out of memory.

    Args:
        pieces, count: of the whole batch, with which the processes go through it side by side.
    """
    config, workers = phase.config, phase.workers
    pieces = min(-(-pieces // workers.size), len(batch.y))
    # Again for each try, so that dropout does not depend on how often memory ran out; in each
    # process another one.
    torch.manual_seed(step_seed(config.seed, epoch, number + _FORWARD * (1 + workers.rank)))
    found: list[Tensor] = []
    try:
        split = zip(batch.x.tensor_split(pieces), batch.y.tensor_split(pieces), strict=True)
        for piece, (x, y) in enumerate(split, start=1):
            if setup.guard is not None:
                setup.guard(epoch, number + 1, len(y))
            with phase.autocast():
                logits = phase.module(x)
            losses = functional.cross_entropy(
                logits.float(), y, label_smoothing=config.label_smoothing, reduction="sum"
            )
            right = (logits.detach().argmax(1) == y).sum()
            found.append(torch.stack([losses.detach(), right.float()]))
            scaled = phase.scaler.scale(losses / count)
            with _sending(phase, piece == pieces):
                scaled.backward()  # type: ignore[no-untyped-call]
        # Read once a step, when all is asked for: a GPU has to be waited for.
        rows = torch.stack(found).tolist()
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        return None
    return _Sums(sum(row[0] for row in rows), round(sum(row[1] for row in rows)), len(batch.y))


@torch.no_grad()
def average_statistics(phase: Phase) -> None:
    """Give all processes the mean of their BatchNorms' running statistics, before they judge and
    the leader saves: each has seen other photos. (The statistics by which they learn are each
    process's own, as in Goyal et al. 2017, arXiv:1706.02677: a layer would wait for all of them
    twice a step else, and one that runs out of memory would leave the others waiting.)"""
    statistics = [
        tensor
        for network in ([phase.module] if phase.average is None else [phase.module, phase.judged])
        for module in network.modules()
        if isinstance(module, nn.modules.batchnorm._BatchNorm)
        for tensor in (module.running_mean, module.running_var)
        if tensor is not None
    ]
    if phase.live_batchnorm:
        phase.workers.average(statistics)


def _sending(phase: Phase, last: bool) -> contextlib.AbstractContextManager[None]:
    return contextlib.nullcontext() if phase.gradients is None else phase.gradients.sending(last)


def divergence_advice(lr: float) -> str:
    """What to do when the loss is no number any more."""
    return (
        f"Start again with a smaller learning rate, for instance lr={lr / 10:g}. "
        "The best epoch so far is kept."
    )
