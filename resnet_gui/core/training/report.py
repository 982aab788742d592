"""The events of a run: its start, its batches, its epochs, and how long it will take."""

from __future__ import annotations

import math

from resnet_gui.core.inference.hardware import used_memory_mb
from resnet_gui.core.runs.checkpoint import Progress
from resnet_gui.core.runs.events import BatchDone, EpochDone, RunStarted
from resnet_gui.core.training.setup import Setup
from resnet_gui.core.training.sitting import Sitting
from resnet_gui.core.training.step import StepResult
from resnet_gui.core.training.validate import Validation


def started(setup: Setup, progress: Progress, history: list[EpochDone]) -> RunStarted:
    """The event that opens a sitting."""
    config, split, size = setup.config, setup.split, setup.workers.size
    return RunStarted(
        run=setup.run.name,
        run_dir=str(setup.run.path),
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
        device=f"{size} × {setup.device.name}" if size > 1 else setup.device.name,
        device_kind=setup.device.kind,
        precision=setup.precision,
        batchnorm_frozen=setup.freeze_batchnorm,
        history=tuple(history),
        title=setup.run.title,
    )


class Tally:
    """What an epoch has come to so far.

    Attributes:
        epoch: from 1. steps: planned. number: of the last step, from 0. lr: its rate of the head.
        photos: seen so far. trained_s: time of the training part, once it is over.
    """

    def __init__(self, sitting: Sitting, epoch: int, steps: int) -> None:
        self.epoch, self.steps = epoch, steps
        self.number, self.lr = 0, 0.0
        self.photos = 0
        self.trained_s = 0.0
        self._loss_sum, self._right = 0.0, 0
        self._clock, self._began = sitting.clock, sitting.clock.seconds

    @property
    def seconds(self) -> float:
        """Time since the epoch began, without pauses."""
        return max(self._clock.seconds - self._began, 1e-9)

    @property
    def loss(self) -> float:
        return self._loss_sum / self.photos

    @property
    def accuracy(self) -> float:
        return self._right / self.photos

    def add(self, result: StepResult, number: int, lr: float) -> None:
        """A step is done."""
        self.number, self.lr = number, lr
        self._loss_sum += result.loss * result.photos
        self._right += result.right
        self.photos += result.photos

    def end_training(self) -> None:
        """What comes now is validation."""
        self.trained_s = self.seconds


def batch_done(sitting: Sitting, tally: Tally, result: StepResult) -> BatchDone:
    """The event of a step."""
    return BatchDone(
        run=sitting.setup.run.name,
        epoch=tally.epoch,
        step=sitting.step,
        step_in_epoch=tally.number + 1,
        steps_in_epoch=tally.steps,
        phase=sitting.open_phase.name,
        loss=result.loss,
        accuracy=result.right / result.photos,
        lr=tally.lr,
        photos_per_s=tally.photos / tally.seconds,
        eta_s=_remaining_s(sitting, tally),
        memory_mb=used_memory_mb(sitting.setup.device.kind),
    )


def epoch_done(sitting: Sitting, tally: Tally, validation: Validation) -> EpochDone:
    """The event of an epoch, after it was judged."""
    return EpochDone(
        run=sitting.setup.run.name,
        epoch=tally.epoch,
        epochs=sitting.setup.config.epochs,
        step=sitting.step,
        phase=sitting.open_phase.name,
        train_loss=tally.loss,
        train_accuracy=tally.accuracy,
        val_loss=validation.loss,
        val_accuracy=validation.accuracy,
        lr=tally.lr,
        seconds=tally.seconds,
        photos_per_s=tally.photos / tally.trained_s,
        best=sitting.progress.best_epoch == tally.epoch,
        train_photos=tally.photos,
        val_photos=validation.photos,
    )


def _remaining_s(sitting: Sitting, tally: Tally) -> float | None:
    """From the epochs done in this phase, or this one's steps. The network's phase takes far
    longer than the head's: while the head learns nothing is known of it."""
    phase = sitting.open_phase
    last = phase.first_epoch + phase.epochs - 1
    if last < sitting.setup.config.epochs:
        return None
    done = [e.seconds for e in sitting.history if e.phase == phase.name][-5:]
    if done:
        per_epoch = sum(done) / len(done)
        return max(0.0, per_epoch - tally.seconds) + per_epoch * (last - tally.epoch)
    steps = tally.number + 1
    if steps < min(3, tally.steps):
        return None
    return tally.seconds / steps * (tally.steps * (last - tally.epoch + 1) - steps)
