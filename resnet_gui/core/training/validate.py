"""What the validation photos say of an epoch. Needs torch."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass

import torch
from torch import Tensor

from resnet_gui.core.errors import TrainingError
from resnet_gui.core.events import ClassScore
from resnet_gui.core.runs.config import Method
from resnet_gui.core.runs.events import Preparing, SamplePrediction, TrainEvent
from resnet_gui.core.training.judged import Judged
from resnet_gui.core.training.phase import Phase
from resnet_gui.core.training.setup import NETWORK, Setup

_SAMPLES = 6
_MOST_NUMBERS = 16_000_000  # of the best epoch's answers, 64 MB


@dataclass(frozen=True, slots=True)
class Validation:
    """What the validation photos say; loss and accuracy are None without any.

    Attributes:
        positions, logits: of the photos that could be read, (N, classes) in pieces; none where they
            would take much memory.
    """

    loss_sum: float
    right: int
    photos: int
    samples: tuple[SamplePrediction, ...]
    positions: tuple[int, ...] = ()
    logits: tuple[Tensor, ...] = ()

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
    setup: Setup, phase: Phase, stop: Callable[[], bool]
) -> Generator[TrainEvent, None, Validation | None]:
    """All validation photos through the module; returns None if it was stopped.

    Yields:
        Preparing ("validating") after each piece; of the head's features there is only one.

    Raises:
        TrainingError: there are validation photos, but none can be read any more: without them
            the best epoch cannot be told.
    """
    items = setup.split.val
    module = phase.judged
    module.eval()
    wanted = _sample_positions([item.label for item in items])
    samples: dict[int, SamplePrediction] = {}
    loss_sum, right, seen = 0.0, 0, 0
    small = len(items) * len(setup.split.classes) <= _MOST_NUMBERS
    kept: list[Judged] = []
    workers = phase.workers
    for judged in workers.all_of(phase.source.judge(module, phase.forward)):
        y = torch.tensor([items[i].label for i in judged.positions])
        losses = torch.nn.functional.cross_entropy(judged.logits, y, reduction="sum")
        loss_sum += float(losses)
        right += int((judged.logits.argmax(1) == y).sum())
        seen += len(y)
        if small:
            kept.append(judged)
        for row, position in enumerate(judged.positions):
            if position in wanted:
                samples[position] = _sample(setup, position, judged.logits[row])
        if not workers.several and stop():
            return None
        if phase.name == NETWORK:
            yield Preparing("validating", seen, len(items))
    if workers.stopping:
        return None
    if items and not seen and not workers.rank:  # only the leader has all answers
        raise TrainingError(
            f"None of the {len(items):,} validation photos can be read any more.",
            "Check the drive they are on, then resume the run.",
        )
    ordered = tuple(samples[position] for position in sorted(samples))
    kept.sort(key=lambda judged: judged.positions)  # several processes answer in turns
    positions = tuple(position for judged in kept for position in judged.positions)
    logits = tuple(judged.logits for judged in kept)
    return Validation(loss_sum, right, seen, ordered, positions, logits)


def _sample(setup: Setup, position: int, logits: Tensor) -> SamplePrediction:
    split = setup.split
    item = split.val[position]
    values, labels = torch.softmax(logits, 0).topk(min(3, len(split.classes)))
    scores = tuple(
        ClassScore(split.classes[label], label, value)
        for value, label in zip(values.tolist(), labels.tolist(), strict=True)
    )
    return SamplePrediction(str(setup.root / item.path), split.classes[item.label], scores)


def _sample_positions(labels: list[int]) -> set[int]:
    """A few validation photos, spread over the classes: the first of each class, then seconds."""
    rank: dict[int, int] = {}
    ordered: list[tuple[int, int, int]] = []
    for position, label in enumerate(labels):
        rank[label] = rank.get(label, -1) + 1
        ordered.append((rank[label], label, position))
    return {position for _, _, position in sorted(ordered)[:_SAMPLES]}
