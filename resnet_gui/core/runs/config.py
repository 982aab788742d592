"""What a training run is told: one frozen, validated, serialisable value. No torch here."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from resnet_gui.core.errors import RunConfigError
from resnet_gui.core.values import Value, to_json

FORMAT_VERSION = 1


class Method(StrEnum):
    """What is trained. The order is from the quickest to the most thorough."""

    HEAD = "head"  # backbone frozen, its features computed once and kept
    PROGRESSIVE = "progressive"  # head first, then everything, in one run
    LAST = "last"  # head and the last stages
    FULL = "full"  # everything, the backbone at a smaller rate
    SCRATCH = "scratch"  # everything, from random weights


class Optimizer(StrEnum):
    SGD = "sgd"  # with momentum
    ADAM = "adam"  # weight decay as an L2 term of the loss
    ADAMW = "adamw"  # weight decay beside the gradient (Loshchilov & Hutter 2019)


class Schedule(StrEnum):
    """How the learning rate moves; the formulas stand in `schedules`."""

    ONE_CYCLE = "onecycle"
    COSINE = "cosine"
    LINEAR = "linear"
    STEP = "step"
    STEP_PLATEAU = "step+plateau"  # steps, and reduced on a plateau besides
    PLATEAU = "plateau"
    CONSTANT = "constant"


# Their rate is high until near the end, and so are their losses: no good news for some epochs says
# nothing there, and what stops in mid-cycle is worse than what ran to the end.
ENDING_LOW = (Schedule.ONE_CYCLE, Schedule.COSINE, Schedule.LINEAR)


class Decayed(StrEnum):
    """What weight decay acts on."""

    WEIGHTS = "weights"  # of convolutions and linear layers
    CONVOLUTIONS = "convolutions"  # of convolutions alone
    ALL = "all"  # norms and biases, too


class Augmentation(StrEnum):
    NONE = "none"
    LIGHT = "light"  # flip, shift
    STANDARD = "standard"  # random crop, flip, colour
    STRONG = "strong"  # random crop, flip, TrivialAugment, erasing


class HeadKind(StrEnum):
    LINEAR = "linear"
    MLP = "mlp"  # Dense(hidden, ReLU) - Dropout - Dense(classes)


class Precision(StrEnum):
    AUTO = "auto"  # what gains on the device
    FP32 = "fp32"
    BF16 = "bf16"
    FP16 = "fp16"  # CUDA only


class Switch(StrEnum):
    AUTO = "auto"
    ON = "on"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class RunConfig(Value):
    """All settings of a run. `resnet_gui.core.training.presets` fills them in for a dataset.

    Attributes:
        data: the dataset's folder.
        model: id of the model whose weights are the start (of scratch: whose architecture).
        title: name of the run and of the model it makes; "": from the folder and the model.
        preset: the preset that chose the other values, for the record; may be "".
        method, optimizer, schedule, augmentation, head, precision: see their enums.
        epochs: number of passes over the training photos, with `head_epochs`.
        head_epochs: of progressive, how many of them train the head alone.
        fast_head: of progressive, these epochs have the optimizer, rate, schedule, batch size and
            weight decay of the preset "fast", without label smoothing; the settings here are the
            rest's. Off: they are those of both.
        last_stages: of last, how many stages before the head are trained.
        batch_size: photos per optimizer step.
        accumulate: in how many pieces a batch goes through the network (1: in one). Gradients
            add up, so the effective batch stays; memory shrinks.
        lr: peak learning rate of the head.
        backbone_lr_factor: the backbone's rate is `lr` times this (not of scratch).
        momentum: of SGD. nesterov: whether it looks ahead (Sutskever et al. 2013).
        weight_decay: on what `decayed` says; by default not on norms and biases.
        label_smoothing: 0..1.
        warmup_epochs: of cosine and linear, epochs of linear rise.
        milestones, gamma: of step, the epochs (counted from 0) at which the rate is multiplied.
        gammas: of step, a factor for each milestone; empty: gamma for all of them.
        plateau_factor, plateau_patience, min_lr: of plateau; the floor is `min_lr`.
        head_width, dropout: of the MLP head, its hidden width; dropout before the last layer
            (of the linear head: before it).
        freeze_batchnorm: keep BatchNorm's running statistics; AUTO: where data is small.
        early_stopping: stop after so many epochs without a better one; 0: never. Of no effect
            under schedules that end low (one-cycle, cosine, linear): see `patience`.
        val_fraction: share of each class that validates, if the folder has no val/.
        seed: of the split, the order, the weights of the head, augmentation and dropout.
        image_size: side of the network's input in pixels; 0: the model's own.
        pixel_mean: the network subtracts the mean training photo, pixel by pixel (He et al. 2015,
            section 4.2); only of scratch, and of the networks for 32x32 pixels.
        progressive_resizing: of scratch, the first 60 % of the epochs see the photos at half the
            side and the next 20 % at three quarters, which takes about half the time (Howard 2018).
        shift_pixels: of light augmentation, by how much photos are shifted at most; 0: a tenth
            of the side.
        shift_reflect: of light, what a shift brings in is the photo mirrored at its edge; off: the
            mean colour, which is zero after normalisation.
        alternate_flip: every photo is mirrored in every other epoch instead of at random, so that
            each pair of epochs shows both sides of all photos (Jordan 2024, arXiv:2404.00498).
        cutout: side in pixels of a square of the mean colour at a random place of every training
            photo (DeVries & Taylor 2017, arXiv:1708.04552); 0: none. Not without augmentation.
        ema_decay: of the network's phase, decay per step of a running average of the weights,
            which is validated and saved instead of the last weights; 0: no average.
        cache_features: of head, compute features once. Off: augmented anew at every epoch.
        channels_last: memory layout; AUTO: where it gains.
        device: "auto", "cpu", "cuda", "cuda:1", "mps".
        memory_mb: budget for decoded photos in memory; 0: half of what is free. Beyond it,
            photos are read anew at every epoch.
    """

    data: str
    model: str
    title: str = ""
    preset: str = ""
    method: Method = Method.HEAD
    epochs: int = 40
    head_epochs: int = 0
    fast_head: bool = False
    last_stages: int = 1
    batch_size: int = 32
    accumulate: int = 1
    optimizer: Optimizer = Optimizer.ADAMW
    lr: float = 2e-3
    backbone_lr_factor: float = 0.1
    momentum: float = 0.9
    nesterov: bool = True
    weight_decay: float = 1e-2
    decayed: Decayed = Decayed.WEIGHTS
    label_smoothing: float = 0.0
    schedule: Schedule = Schedule.COSINE
    warmup_epochs: float = 1.0
    milestones: tuple[int, ...] = (80, 120, 160, 180)
    gamma: float = 0.1
    gammas: tuple[float, ...] = ()
    plateau_factor: float = math.sqrt(0.1)
    plateau_patience: int = 5
    min_lr: float = 5e-7
    augmentation: Augmentation = Augmentation.NONE
    head: HeadKind = HeadKind.LINEAR
    head_width: int = 256
    dropout: float = 0.0
    freeze_batchnorm: Switch = Switch.AUTO
    early_stopping: int = 0
    val_fraction: float = 0.2
    seed: int = 0
    image_size: int = 0
    pixel_mean: bool = False
    progressive_resizing: bool = False
    shift_pixels: int = 0
    shift_reflect: bool = False
    alternate_flip: bool = False
    cutout: int = 0
    ema_decay: float = 0.0
    cache_features: bool = True
    precision: Precision = Precision.AUTO
    channels_last: Switch = Switch.AUTO
    device: str = "auto"
    memory_mb: int = 0

    def __post_init__(self) -> None:
        for item in dataclasses.fields(self):
            object.__setattr__(self, item.name, _typed(item.name, getattr(self, item.name)))
        for name, (low, high) in _RANGES.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise RunConfigError(
                    name, f"The setting {name} is {value:g}, but it must be {_range(low, high)}."
                )
        if not self.data.strip():
            raise RunConfigError("data", "No folder of photos is chosen.", "Choose one.")
        if not self.model.strip():
            raise RunConfigError("model", "No model is chosen to start from.", "Choose one.")
        rising = list(self.milestones) == sorted(set(self.milestones))
        if not rising or min(self.milestones, default=1) < 1:
            raise RunConfigError(
                "milestones", "The milestones must be rising epoch numbers, such as 80,120,160."
            )
        if self.gammas and len(self.gammas) != len(self.milestones):
            raise RunConfigError(
                "gammas",
                f"There are {len(self.milestones)} milestones and {len(self.gammas)} factors.",
                "Give one factor for each milestone.",
            )
        if not all(1e-6 <= factor <= 1.0 for factor in self.gammas):
            raise RunConfigError("gammas", "The factors must be 1e-06 to 1.")
        if self.accumulate > self.batch_size:
            raise RunConfigError(
                "accumulate",
                f"A batch of {self.batch_size} photos cannot go in {self.accumulate} pieces.",
                "Lower accumulate or raise batch_size.",
            )
        if self.method is Method.PROGRESSIVE and not 1 <= self.head_epochs < self.epochs:
            raise RunConfigError(
                "head_epochs",
                f"Of {self.epochs} epochs, head_epochs ({self.head_epochs}) train the head alone: "
                f"that must be 1 to {max(1, self.epochs - 1)}.",
                "Change epochs or head_epochs.",
            )

    @property
    def patience(self) -> int:
        """After how many epochs without a better one the run ends; 0: never."""
        return 0 if self.schedule in ENDING_LOW else self.early_stopping

    def replace(self, **changes: Any) -> RunConfig:
        """A copy with changed settings, which may be given as text (`--set key=value`).

        Raises:
            RunConfigError: unknown, out of range, or a text that is no value of it.
        """
        for name in changes:
            _field(name)
        return dataclasses.replace(self, **changes)

    def to_json(self) -> dict[str, Any]:
        return {"format": FORMAT_VERSION, **to_json(self)}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> RunConfig:
        """The inverse of `to_json`; settings that are missing get their default, which is how runs
        behaved before there was such a setting. Those that are not known here are left out:
        another version of the program has them.

        Raises:
            RunConfigError: saved by a newer version, or a setting is wrong.
        """
        values = dict(value)
        version = values.pop("format", FORMAT_VERSION)
        if not isinstance(version, int) or version > FORMAT_VERSION:
            raise RunConfigError(
                "format",
                f"These settings were saved by a newer version of this program ({version}).",
                "Update the program.",
            )
        known = {item.name for item in dataclasses.fields(cls)}
        values = {name: item for name, item in values.items() if name in known}
        for name in ("data", "model"):
            values.setdefault(name, "")
        return cls(**values)


_RANGES: dict[str, tuple[float, float]] = {
    "epochs": (1, 100_000),
    "head_epochs": (0, 100_000),
    "last_stages": (1, 1000),
    "batch_size": (1, 65_536),
    "accumulate": (1, 65_536),
    "lr": (1e-9, 100.0),
    "backbone_lr_factor": (0.0, 10.0),
    "momentum": (0.0, 0.9999),
    "weight_decay": (0.0, 10.0),
    "label_smoothing": (0.0, 0.9),
    "warmup_epochs": (0.0, 10_000),
    "gamma": (1e-6, 1.0),
    "plateau_factor": (1e-6, 0.9999),
    "plateau_patience": (1, 10_000),
    "min_lr": (0.0, 1.0),
    "head_width": (1, 65_536),
    "dropout": (0.0, 0.99),
    "early_stopping": (0, 100_000),
    "val_fraction": (0.01, 0.9),
    "seed": (0, 2**31 - 1),
    "image_size": (0, 2048),
    "shift_pixels": (0, 256),
    "cutout": (0, 1024),
    "ema_decay": (0.0, 0.99999),
    "memory_mb": (0, 10**9),
}
_ENUMS: dict[str, type[StrEnum]] = {
    "method": Method,
    "optimizer": Optimizer,
    "schedule": Schedule,
    "decayed": Decayed,
    "augmentation": Augmentation,
    "head": HeadKind,
    "precision": Precision,
    "freeze_batchnorm": Switch,
    "channels_last": Switch,
}
_SHOWN = 60  # characters of a wrong value
_BOOLEANS = {"true": True, "yes": True, "on": True, "1": True,
             "false": False, "no": False, "off": False, "0": False}  # fmt: skip


def _field(name: str) -> dataclasses.Field[Any]:
    for item in dataclasses.fields(RunConfig):
        if item.name == name:
            return item
    names = ", ".join(item.name for item in dataclasses.fields(RunConfig))
    raise RunConfigError(name, f"There is no setting “{name}”.", f"Settings: {names}.")


def _typed(name: str, value: Any) -> Any:
    """`value` (also as text) in the field's type."""
    if name in _ENUMS:
        word = str(value).strip().lower()
        choices = [str(member.value) for member in _ENUMS[name]]
        if word not in choices:
            raise RunConfigError(
                name,
                f"The setting {name} is “{_shown(value)}”, but it must be {' or '.join(choices)}.",
            )
        return _ENUMS[name](word)
    kind = str(_field(name).type)
    try:
        if kind == "bool":
            return value if isinstance(value, bool) else _BOOLEANS[str(value).strip().lower()]
        if kind == "int":
            number = float(value)
            if isinstance(value, bool) or not number.is_integer():
                raise ValueError(value)
            return int(number)
        if kind == "float":
            number = float(value)
            if isinstance(value, bool) or not math.isfinite(number):
                raise ValueError(value)
            return number
        if kind == "tuple[int, ...]":
            parts = value.split(",") if isinstance(value, str) else value
            return tuple(int(part) for part in parts if str(part).strip())
        if kind == "tuple[float, ...]":
            parts = value.split(",") if isinstance(value, str) else value
            return tuple(float(part) for part in parts if str(part).strip())
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        words = {"bool": "on or off", "int": "a whole number", "float": "a number"}
        words["tuple[float, ...]"] = "numbers with commas between"
        wanted = words.get(kind, "whole numbers with commas between")
        raise RunConfigError(
            name, f"The setting {name} is “{_shown(value)}”, but it must be {wanted}."
        ) from error
    if not isinstance(value, str):
        raise RunConfigError(name, f"The setting {name} must be text.")
    return value


def _shown(value: Any) -> str:
    """A value in a message: as much as a person reads of it."""
    text = str(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _range(low: float, high: float) -> str:
    return f"{low:g} to {high:g}"
