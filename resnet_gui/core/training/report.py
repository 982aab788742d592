"""What a run tells about itself: its start, its validation, how long it will take. Needs torch."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from dataclasses import dataclass

import torch
from torch import Tensor

from resnet_gui.core.errors import TrainingError
from resnet_gui.core.events import ClassScore
from resnet_gui.core.runs.checkpoint import Progress
from resnet_gui.core.runs.config import Method
from resnet_gui.core.runs.events import (
    EpochDone,
    Preparing,
    RunStarted,
    SamplePrediction,
    TrainEvent,
)
from resnet_gui.core.training.network import NETWORK
from resnet_gui.core.training.session import Phase, Session

_SAMPLES = 6


@dataclass(frozen=True, slots=True)
class Validation:
    """What the validation photos say; loss and accuracy are None without any."""

    loss_sum: float
    right: int
    photos: int
    samples: tuple[SamplePrediction, ...]

    @property
    def loss(self) -> float | None:
        return self.loss_sum / self.photos if self.photos else None

    @property
    def accuracy(self) -> float | None:
        return self.right / self.photos if self.photos else None

    def beats(self, best_loss: float | None, best_accuracy: float | None, method: Method) -> bool:
        """Whether this is better than the best validation so far; always without one of the two.

        By loss: of a small folder's few validation photos many epochs get the same number right,
        and the loss tells which of them is surest where it is right. So the head of a progressive
        run is replaced only by a network of lower loss. From scratch by accuracy, then loss, as
        the papers' recipes are judged: there the loss rises again long before accuracy stops
        rising (Guo et al. 2017, arXiv:1706.04599).
        """
        loss, accuracy = self.loss, self.accuracy
        if loss is None or accuracy is None or best_loss is None or best_accuracy is None:
            return True
        if method is Method.SCRATCH:
            return (accuracy, -loss) > (best_accuracy, -best_loss)
        return loss < best_loss


def validate(
    session: Session, phase: Phase, stop: Callable[[], bool]
) -> Generator[TrainEvent, None, Validation | None]:
    """All validation photos through the module; returns None if it was stopped.

    Yields:
        Preparing ("validating") after each piece; of the head's features there is only one.

    Raises:
        TrainingError: there are validation photos, but none can be read any more: without them
            the best epoch cannot be told.
    """
    items = session.split.val
    module = phase.judged
    module.eval()
    wanted = _sample_positions([item.label for item in items])
    samples: dict[int, SamplePrediction] = {}
    loss_sum, right, seen = 0.0, 0, 0
    for judged in phase.source.judge(module, phase.forward):
        y = torch.tensor([items[i].label for i in judged.positions])
        losses = torch.nn.functional.cross_entropy(judged.logits, y, reduction="sum")
        loss_sum += float(losses)
        right += int((judged.logits.argmax(1) == y).sum())
        seen += len(y)
        for row, position in enumerate(judged.positions):
            if position in wanted:
                samples[position] = _sample(session, position, judged.logits[row])
        if stop():
            return None
        if phase.name == NETWORK:
            yield Preparing("validating", seen, len(items))
    if items and not seen:
        raise TrainingError(
            f"None of the {len(items):,} validation photos can be read any more.",
            "Check the drive they are on, then resume the run.",
        )
    ordered = tuple(samples[position] for position in sorted(samples))
    return Validation(loss_sum, right, seen, ordered)


def _sample(session: Session, position: int, logits: Tensor) -> SamplePrediction:
    split = session.split
    item = split.val[position]
    values, labels = torch.softmax(logits, 0).topk(min(3, len(split.classes)))
    scores = tuple(
        ClassScore(split.classes[label], label, value)
        for value, label in zip(values.tolist(), labels.tolist(), strict=True)
    )
    return SamplePrediction(str(session.root / item.path), split.classes[item.label], scores)


def _sample_positions(labels: list[int]) -> set[int]:
    """A few validation photos, spread over the classes: the first of each class, then seconds."""
    rank: dict[int, int] = {}
    ordered: list[tuple[int, int, int]] = []
    for position, label in enumerate(labels):
        rank[label] = rank.get(label, -1) + 1
        ordered.append((rank[label], label, position))
    return {position for _, _, position in sorted(ordered)[:_SAMPLES]}


def started(session: Session, progress: Progress, history: list[EpochDone]) -> RunStarted:
    """The event that opens a sitting."""
    config, split = session.config, session.split
    return RunStarted(
        run=session.run.name,
        run_dir=str(session.run.path),
        epoch=progress.epoch,
        step=progress.step,
        model=config.model,
        method=config.method.value,
        epochs=config.epochs,
        steps_per_epoch=math.ceil(len(split.train) / config.batch_size),
        resumed=bool(progress.epoch),
        classes=split.classes,
        train_photos=len(split.train),
        val_photos=len(split.val),
        test_photos=len(split.test),
        batch_size=config.batch_size,
        device=session.device.name,
        device_kind=session.device.kind,
        precision=session.precision,
        batchnorm_frozen=session.freeze_batchnorm,
        history=tuple(history),
    )


def remaining_s(
    session: Session,
    phase: Phase,
    history: list[EpochDone],
    epoch: int,
    number: int,
    steps: int,
    elapsed_s: float,
) -> float | None:
    """From the epochs done in this phase, or this one's steps. The network's phase takes far
    longer than the head's: while the head learns nothing is known of it."""
    last = phase.first_epoch + phase.epochs - 1
    if last < session.config.epochs:
        return None
    done = [e.seconds for e in history if e.phase == phase.name][-5:]
    if done:
        per_epoch = sum(done) / len(done)
        return max(0.0, per_epoch - elapsed_s) + per_epoch * (last - epoch)
    if number + 1 < min(3, steps):
        return None
    return elapsed_s / (number + 1) * (steps * (last - epoch + 1) - number - 1)
