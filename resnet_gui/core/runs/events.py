"""What a training tells while it runs: frozen values, each printable as one JSON line.

Epochs and steps are counted from 1. Accuracies are fractions of 1; losses are mean cross-entropy
in nats; times are seconds of wall clock. `urgent`: a lane delivers the event at once.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from resnet_gui.core.events import ClassScore, Notice
from resnet_gui.core.values import Value, to_json
from resnet_gui.core.words import count_noun, lopsided_sentence, recognised_sentence


@dataclass(frozen=True, slots=True)
class Preparing(Value):
    """Work before the first step (or between two phases): reading photos, computing features.

    Attributes:
        what: "folder", "model", "converting" (the start model, to its faster form), "photos",
            "features", "validating", "testing" or "measuring".
        done, total: photos; total 0: not known.
    """

    event: ClassVar[str] = "preparing"
    what: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class PhotoSkipped(Value):
    """A photo could not be read in mid-run; the training goes on without it."""

    event: ClassVar[str] = "photo_skipped"
    run: str
    path: str
    message: str


@dataclass(frozen=True, slots=True)
class EpochDone(Value):
    """One epoch is over, and its metrics and checkpoint are on the disk.

    Attributes:
        run: name of the run.
        epoch, epochs: this one, of how many at most.
        step: optimizer steps of the run so far.
        phase: "head" (backbone frozen, cached features) or "network".
        train_loss, train_accuracy: means over the epoch's steps, as augmented. The accuracy
            counts each batch before its step.
        val_loss, val_accuracy: on all validation photos, after the epoch. None: there are none.
        lr: learning rate of the head in the epoch's last step.
        seconds: time of this epoch with validation and checkpoint.
        photos_per_s: training photos per second, without validation and checkpoint.
        best: this is the best epoch so far; its weights are kept.
        train_photos, val_photos: photos that were really seen; those that could not be read are
            not among them. 0 in the metrics of older versions.
    """

    event: ClassVar[str] = "epoch_done"
    urgent: ClassVar[bool] = True
    run: str
    epoch: int
    epochs: int
    step: int
    phase: str
    train_loss: float
    train_accuracy: float
    val_loss: float | None
    val_accuracy: float | None
    lr: float
    seconds: float
    photos_per_s: float
    best: bool
    train_photos: int = 0
    val_photos: int = 0


@dataclass(frozen=True, slots=True)
class RunStarted(Value):
    """Everything is checked and ready; the run's directory exists.

    Attributes:
        run, run_dir: name and directory (absolute).
        epoch: epochs done before (0 unless resumed); step: optimizer steps done before.
        epochs, steps_per_epoch: of the plan; early stopping may end it sooner.
        resumed: the run goes on from its checkpoint; `history` has its epochs so far.
        classes: labels, index = output of the network.
        train_photos, val_photos, test_photos: numbers of photos.
        device, device_kind: hardware name, and "cpu", "cuda:0" or "mps".
        precision: "fp32", "bf16" or "fp16". batchnorm_frozen: its running statistics are kept.
        history: the epochs done before.
        title: what a person calls the run; "": not known.
    """

    urgent: ClassVar[bool] = True
    run: str
    run_dir: str
    epoch: int
    step: int
    model: str
    method: str
    epochs: int
    steps_per_epoch: int
    resumed: bool
    classes: tuple[str, ...]
    train_photos: int
    val_photos: int
    test_photos: int
    batch_size: int
    device: str
    device_kind: str
    precision: str
    batchnorm_frozen: bool
    history: tuple[EpochDone, ...]
    title: str = ""

    def to_json(self) -> dict[str, Any]:
        history = [epoch.to_json() for epoch in self.history]
        return {"event": "run_started", **to_json(self), "history": history}


@dataclass(frozen=True, slots=True)
class BatchDone(Value):
    """One optimizer step.

    Attributes:
        epoch: the epoch it belongs to. step: of the whole run.
        step_in_epoch, steps_in_epoch: position in the epoch.
        loss, accuracy: of this batch, before the step.
        lr: learning rate of the head in this step.
        photos_per_s: smoothed. eta_s: estimated time until the run ends; None: too early to say.
        memory_mb: peak of the device's memory that torch took (CPU: resident size of the process).
    """

    event: ClassVar[str] = "batch_done"
    run: str
    epoch: int
    step: int
    step_in_epoch: int
    steps_in_epoch: int
    phase: str
    loss: float
    accuracy: float
    lr: float
    photos_per_s: float
    eta_s: float | None
    memory_mb: float


@dataclass(frozen=True, slots=True)
class SamplePrediction:
    """What the network says about one validation photo. `scores`: up to three, best first."""

    path: str
    truth: str
    scores: tuple[ClassScore, ...]

    @property
    def right(self) -> bool:
        return bool(self.scores) and self.scores[0].label == self.truth


@dataclass(frozen=True, slots=True)
class SamplesPredicted(Value):
    """Predictions on the same few validation photos, after each epoch."""

    event: ClassVar[str] = "samples_predicted"
    urgent: ClassVar[bool] = True
    run: str
    epoch: int
    samples: tuple[SamplePrediction, ...]


@dataclass(frozen=True, slots=True)
class Accuracy:
    """An accuracy said honestly.

    Attributes:
        part: "test", "validation" (it also chose the best epoch, so it flatters) or "training".
        value: right / n. low, high: Wilson's 95 % interval.
        n: photos that were really seen. missing: further photos of the part that could not be
            read.
        common: the class that most of the `n` have, and common_photos how many. "" and 0: not
            known, as where some could not be read.
        rare: of the other classes, where they are few: label, photos that are right, photos.
    """

    part: str
    value: float
    low: float
    high: float
    right: int
    n: int
    missing: int = 0
    common: str = ""
    common_photos: int = 0
    rare: tuple[tuple[str, int, int], ...] = ()

    def sentence(self) -> str:
        """For people: value, interval, what kind of accuracy it is, and what one would have without
        having learned anything, where nearly all photos are of one class."""
        lopsided = lopsided_sentence(self.common, self.common_photos, self.n, self.right)
        rare = recognised_sentence(self.rare) if lopsided else ""
        return " ".join(filter(None, [self._sentence(), lopsided, rare]))

    def _sentence(self) -> str:
        text = (
            f"{self.part.capitalize()} accuracy {self.value:.1%} "
            f"({self.right:,} of {self.n:,} right; 95 % interval {self.low:.1%} to {self.high:.1%})"
        )
        if self.missing:
            text += f"; {count_noun(self.missing, 'more photo')} of this part could not be read"
        if self.part == "validation":
            return f"{text}. These photos also chose the best epoch, so new photos may do worse."
        if self.part == "training":
            return f"{text}. There were no photos to validate on: this says nothing of new photos."
        return f"{text}."


@dataclass(frozen=True, slots=True)
class LayerStatistics(Value):
    """What one batch says about a network, layer by layer, in the order of the forward pass.

    Attributes:
        epoch: after how many epochs; 0: at initialisation.
        gradient_norm: layer (convolution or linear) -> ‖∂loss/∂W‖, Frobenius norm.
        residual_ratio: block -> mean over the images of ‖F(x)‖/‖x‖, where x is the block's input
            (He et al. 2015, section 4.2, "Analysis of layer responses", look at F alone). Where
            the shape changes, x is not yet what the shortcut makes of it; in a highway block, F
            is not yet gated. Blocks without a shortcut have the ratio, too.
    """

    epoch: int
    gradient_norm: Mapping[str, float]
    residual_ratio: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class LayersMeasured(Value):
    """From scratch: how large gradients and F are, layer by layer, before the first epoch and
    after each one. It is on the disk, and so is its epoch.

    Attributes:
        layers: its epoch is 0 before the first. In the JSON line its fields stand beside `run`,
            and what is no finite number (a run that diverges) is null.
    """

    urgent: ClassVar[bool] = True
    run: str
    layers: LayerStatistics

    def to_json(self) -> dict[str, Any]:
        found = {
            "epoch": self.layers.epoch,
            "gradient_norm": _finite(self.layers.gradient_norm),
            "residual_ratio": _finite(self.layers.residual_ratio),
        }
        return {"event": "layers_measured", "run": self.run, **found}


def _finite(values: Mapping[str, float]) -> dict[str, float | None]:
    return {name: value if math.isfinite(value) else None for name, value in values.items()}


@dataclass(frozen=True, slots=True)
class RunFinished(Value):
    """The run is over and its model is saved.

    Attributes:
        epoch, step: where it ended. reason: "completed" or "early_stopping".
        best_val_accuracy: None without validation photos.
        best_epoch: whose weights the model has.
        accuracy: of the saved model: on the test part if there is one, else the validation's.
        model_path, model_id: the model's file, and its id in the zoo.
        seconds: training time in all, over all sittings.
    """

    event: ClassVar[str] = "run_finished"
    urgent: ClassVar[bool] = True
    run: str
    epoch: int
    step: int
    reason: str
    best_val_accuracy: float | None
    best_epoch: int
    accuracy: Accuracy
    model_path: str
    model_id: str
    seconds: float


@dataclass(frozen=True, slots=True)
class RunStopped(Value):
    """The run was stopped. It can go on from its last epoch; the best model so far is saved.

    Attributes:
        epoch, step: of the last checkpoint (0, 0: stopped before the first epoch was over).
        model_path, model_id: "" if no epoch was finished.
        resumable: `resume` can go on from here.
    """

    event: ClassVar[str] = "run_stopped"
    urgent: ClassVar[bool] = True
    run: str
    epoch: int
    step: int
    best_val_accuracy: float | None
    best_epoch: int
    model_path: str
    model_id: str
    resumable: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class RunFailed(Value):
    """The run cannot go on; it is the last event. What the best epoch gave is saved.

    Attributes:
        epoch, step: where it failed. error_type, message: what happened and what to do next.
        model_path, model_id: as in RunStopped.
    """

    event: ClassVar[str] = "run_failed"
    urgent: ClassVar[bool] = True
    run: str
    epoch: int
    step: int
    error_type: str
    message: str
    best_val_accuracy: float | None
    best_epoch: int
    model_path: str
    model_id: str
    resumable: bool


@dataclass(frozen=True, slots=True)
class Estimated(Value):
    """What a run will take, from a short measurement on this machine.

    Attributes:
        seconds: of the whole run; seconds_per_epoch: of one.
        prepare_s: of reading photos and computing features before the first epoch.
        memory_mb: main memory for photos, network and gradients together.
        device_memory_mb: on a GPU, its memory; 0 on the CPU.
        photos_in_memory: whether decoded photos fit into the budget.
        text: the same in one sentence.
    """

    event: ClassVar[str] = "estimated"
    urgent: ClassVar[bool] = True
    seconds: float
    seconds_per_epoch: float
    prepare_s: float
    memory_mb: float
    device_memory_mb: float
    photos_in_memory: bool
    text: str


TrainEvent = (
    Preparing
    | Notice
    | PhotoSkipped
    | RunStarted
    | BatchDone
    | EpochDone
    | LayersMeasured
    | SamplesPredicted
    | RunFinished
    | RunStopped
    | RunFailed
)
