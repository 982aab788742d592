"""What a training run is told: one frozen, validated, serialisable value. No torch here.

To add a setting: a field of RunConfig. The form and the command line read its words and its range
from there.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from resnet_gui.core.errors import RunConfigError
from resnet_gui.core.runs.augmentations import AUGMENTATIONS, LIGHT, NONE
from resnet_gui.core.runs.schedules import SCHEDULES
from resnet_gui.core.runs.settings import (
    ON_OFF,
    REQUIRED,
    TEXT,
    Choice,
    number,
    numbers,
    one_of,
    rising,
    setting,
    settings_of,
    whole,
)
from resnet_gui.core.values import Value, to_json

FORMAT_VERSION = 1


class Method(Choice):
    """What is trained. The order is from the quickest to the most thorough."""

    HEAD = "head", "The head only"  # its features are computed once and kept
    PROGRESSIVE = "progressive", "Head first, then all"  # in one run
    LAST = "last", "Head and last stages"
    FULL = "full", "Everything"  # the backbone at a smaller rate
    SCRATCH = "scratch", "All, from random weights"


class Optimizer(Choice):
    SGD = "sgd", "SGD with momentum"
    ADAM = "adam", "Adam"  # weight decay as an L2 term of the loss
    ADAMW = "adamw", "AdamW"  # weight decay beside the gradient (Loshchilov & Hutter 2019)


class Decayed(Choice):
    """What weight decay acts on."""

    WEIGHTS = "weights", "All but norms and biases"  # of convolutions and linear layers
    CONVOLUTIONS = "convolutions", "Convolutions only"
    ALL = "all", "Everything"


class HeadKind(Choice):
    LINEAR = "linear", "Linear"
    MLP = "mlp", "Two layers (MLP)"


class Precision(Choice):
    AUTO = "auto", "Automatic"  # what gains on the device
    FP32 = "fp32", "Exact (fp32)"
    BF16 = "bf16", "bf16"
    FP16 = "fp16", "fp16 (CUDA)"


class Switch(Choice):
    AUTO = "auto", "Automatic"
    ON = "on", "Yes"
    OFF = "off", "No"


_DEEP = (Method.PROGRESSIVE, Method.LAST, Method.FULL, Method.SCRATCH)
_LR_TIP = (
    "How far each step changes the weights: the highest value, of the head. Too high: the loss "
    "jumps. Too low: it hardly falls."
)
_BITS_TIP = "Bits of the numbers computed with: fewer are quicker where the device has them."
_DROPOUT_TIP = "Share of values left out at random before the last layer, 0 to 0.99; 0: none."
_DECAY_TIP = "Keeps weights small, so that the network does not lean on single photos."
_SMOOTHING_TIP = "How much of each label goes to the other classes, 0 to 0.9: less sure, more even."
_BURST_TIP = "Photos of a class and folder taken within so many seconds: validate all or none."
_SIZE_TIP = "Side in pixels of the square that the network gets; 0: what the model was made for."
_SEED_TIP = "A number from which all chance is drawn: the same seed gives the same split and curve."


def _of(*methods: Method) -> Callable[[Any], bool]:
    """Matters to these methods."""
    return lambda config: config.method in methods


def _of_schedule(name: str) -> Callable[[Any], bool]:
    """Matters where the schedule reads this setting."""
    return lambda config: name in SCHEDULES[config.schedule].reads


@dataclass(frozen=True, slots=True)
class RunConfig(Value):
    """All settings of a run. `resnet_gui.core.training.presets` fills them in for a dataset.

    Each field says what values it takes, its label in the form (without one only scripts set it),
    and what it does: SETTINGS has that by name.
    """

    data: str = setting(REQUIRED, TEXT, tip="The dataset's folder.")
    model: str = setting(
        REQUIRED,
        TEXT,
        tip="Id of the model whose weights are the start (of scratch: whose architecture).",
    )
    title: str = setting(
        "",
        TEXT,
        tip="Name of the run and of the model it makes; empty: from the folder and the model.",
    )
    preset: str = setting("", TEXT, tip="Chose the other values; for the record.")
    method: Method = setting(
        Method.HEAD,
        one_of(Method),
        "What is trained",
        "The head is the last part of the network, which names the classes. Trained alone it takes "
        "seconds, and all else stays as it was; the more layers learn, the longer it takes.",
    )
    epochs: int = setting(
        40, whole(1, 100_000), "Epochs", "How often every training photo is seen."
    )
    head_epochs: int = setting(
        0,
        whole(0, 100_000),
        "Epochs, head alone",
        "How many of them come before the rest is trained too.",
        matters=_of(Method.PROGRESSIVE),
    )
    fast_head: bool = setting(
        False,
        ON_OFF,
        "Head as in “Fast”",
        "These epochs have the rate, schedule, batch size and optimizer of the preset Fast; what "
        "is set here is for the rest.",
        matters=_of(Method.PROGRESSIVE),
    )
    last_stages: int = setting(
        1,
        whole(1, 1000),
        "Last stages",
        "How many stages before the head.",
        matters=_of(Method.LAST),
    )
    batch_size: int = setting(
        32, whole(1, 65_536), "Batch size", "Photos per step. More need more memory."
    )
    # Gradients add up, so the effective batch stays; memory shrinks.
    accumulate: int = setting(
        1, whole(1, 65_536), tip="In how many pieces a batch goes through the network."
    )
    lr: float = setting(2e-3, number(1e-9, 100.0), "Learning rate", _LR_TIP)
    backbone_lr_factor: float = setting(
        0.1,
        number(0.0, 10.0),
        "Rate of the rest, times",
        "What is before the head (the backbone) learns this much slower.",
        matters=_of(Method.PROGRESSIVE, Method.LAST, Method.FULL),
    )
    optimizer: Optimizer = setting(
        Optimizer.ADAMW, one_of(Optimizer), "Optimizer", "The rule by which weights are changed."
    )
    momentum: float = setting(0.9, number(0.0, 0.9999), tip="Momentum of SGD.")
    nesterov: bool = setting(  # Sutskever et al. 2013
        True,
        ON_OFF,
        "Nesterov momentum",
        "Momentum that looks a step ahead (optimizer: SGD).",
        matters=lambda config: config.optimizer is Optimizer.SGD,
    )
    schedule: str = setting("cosine", one_of(SCHEDULES), "Schedule", "How the learning rate moves.")
    warmup_epochs: float = setting(
        1.0,
        number(0.0, 10_000),
        "Warm-up",
        "Epochs in which the rate rises (cosine, linear).",
        matters=_of_schedule("warmup_epochs"),
    )
    milestones: tuple[int, ...] = setting(
        (80, 120, 160, 180),
        rising(1),
        "Milestones",
        "Epochs at which the rate drops (schedule: steps).",
        matters=_of_schedule("milestones"),
    )
    gamma: float = setting(
        0.1, number(1e-6, 1.0), tip="What the rate is multiplied with at a milestone."
    )
    gammas: tuple[float, ...] = setting(
        (), numbers(1e-6, 1.0), tip="A factor for each milestone; empty: gamma for all."
    )
    plateau_factor: float = setting(
        math.sqrt(0.1), number(1e-6, 0.9999), tip="What the rate is multiplied with on a plateau."
    )
    plateau_patience: int = setting(
        5, whole(1, 10_000), tip="Epochs without a lower loss that make a plateau."
    )
    min_lr: float = setting(5e-7, number(0.0, 1.0), tip="The lowest rate on a plateau.")
    augmentation: str = setting(
        NONE,
        one_of(AUGMENTATIONS),
        "Augmentation",
        "Photos are varied anew at every epoch, so that the network does not learn them by heart. "
        "Light flips and shifts them, standard crops and recolours, strong (TrivialAugment) also "
        "turns, distorts and erases.",
    )
    shift_pixels: int = setting(
        0,
        whole(0, 256),
        "Shift by up to",
        "Pixels, of the light level; 0: a tenth of the side.",
        matters=lambda config: config.augmentation == LIGHT,
    )
    shift_reflect: bool = setting(  # the mean colour is zero after normalisation
        False,
        ON_OFF,
        "Mirror at the edges",
        "What a shift brings in; off: the mean colour.",
        matters=lambda config: config.augmentation == LIGHT,
    )
    alternate_flip: bool = setting(  # Jordan 2024, arXiv:2404.00498
        False,
        ON_OFF,
        "Flip in every other epoch",
        "Every photo is seen from both sides in two epochs; off: at random.",
        matters=lambda config: config.augmentation != NONE,
    )
    cutout: int = setting(  # DeVries & Taylor 2017, arXiv:1708.04552
        0,
        whole(0, 1024),
        "Cut out a square of",
        "Pixels a side, at a random place; 0: none.",
        matters=lambda config: config.augmentation != NONE,
    )
    head: HeadKind = setting(
        HeadKind.LINEAR,
        one_of(HeadKind),
        "Head",
        "What makes classes of what the network has seen: one linear layer, or two with ReLU and "
        "dropout between them.",
    )
    head_width: int = setting(
        256,
        whole(1, 65_536),
        "Width of the MLP head",
        "Units of its hidden layer.",
        matters=lambda config: config.head is HeadKind.MLP,
    )
    dropout: float = setting(0.0, number(0.0, 0.99), "Dropout", _DROPOUT_TIP)
    weight_decay: float = setting(1e-2, number(0.0, 10.0), "Weight decay", _DECAY_TIP)
    decayed: Decayed = setting(
        Decayed.WEIGHTS,
        one_of(Decayed),
        "Weight decay of",
        "Shrinking norms and biases, too, costs accuracy; the CIFAR paper does it.",
    )
    label_smoothing: float = setting(0.0, number(0.0, 0.9), "Label smoothing", _SMOOTHING_TIP)
    ema_decay: float = setting(
        0.0,
        number(0.0, 0.99999),
        "Average of the weights",
        "A running average of the weights is judged and saved: its decay per step, such as 0.999; "
        "0: the last weights.",
        matters=_of(*_DEEP),
    )
    early_stopping: int = setting(
        0,
        whole(0, 100_000),
        "Stop early after",
        "Epochs without a better one; 0: never. Not under schedules that end low (one cycle, "
        "cosine, linear): their end is their best part.",
        matters=lambda config: not SCHEDULES[config.schedule].ends_low,
    )
    val_fraction: float = setting(
        0.2, number(0.01, 0.9), "Share for validation", "Where the folder has no val folder."
    )
    burst_seconds: float = setting(0.0, number(0, 86_400), "Keep together", _BURST_TIP)
    image_size: int = setting(0, whole(0, 2048), "Image size", _SIZE_TIP)
    # Of the split, the order, the weights of the head, augmentation and dropout.
    seed: int = setting(0, whole(0, 2**31 - 1), "Seed", _SEED_TIP)
    cache_features: bool = setting(
        True,
        ON_OFF,
        "Keep features",
        "What the network makes of each photo before its head is computed once instead of at every "
        "epoch.",
        matters=_of(Method.HEAD, Method.PROGRESSIVE),
    )
    freeze_batchnorm: Switch = setting(  # its running statistics; AUTO: where data is small
        Switch.AUTO,
        one_of(Switch),
        "Freeze BatchNorm",
        "Keep the averages by which the network normalises; they suffer where photos are few.",
        matters=_of(*_DEEP),
    )
    precision: Precision = setting(
        Precision.AUTO, one_of(Precision), "Precision", _BITS_TIP, matters=_of(*_DEEP)
    )
    pixel_mean: bool = setting(  # He et al. 2015, section 4.2
        False,
        ON_OFF,
        tip="The network subtracts the mean training photo, pixel by pixel; only of scratch, and "
        "of the networks for 32x32 pixels.",
    )
    progressive_resizing: bool = setting(  # Howard 2018
        False,
        ON_OFF,
        tip="Of scratch, the first 60 % of the epochs see the photos at half the side and the next "
        "20 % at three quarters, which takes about half the time.",
    )
    channels_last: Switch = setting(
        Switch.AUTO, one_of(Switch), tip="Memory layout; auto: where it gains."
    )
    device: str = setting("auto", TEXT, tip="auto, cpu, cuda, cuda:1 or mps.")
    # Beyond it, photos are read anew at every epoch.
    memory_mb: int = setting(
        0, whole(0, 10**9), tip="MiB of memory for decoded photos; 0: half of what is free."
    )

    def __post_init__(self) -> None:
        for name, item in SETTINGS.items():
            object.__setattr__(self, name, item.read(name, getattr(self, name)))
        if not self.data.strip():
            raise RunConfigError("data", "No folder of photos is chosen.", "Choose one.")
        if not self.model.strip():
            raise RunConfigError("model", "No model is chosen to start from.", "Choose one.")
        if self.gammas and len(self.gammas) != len(self.milestones):
            raise RunConfigError(
                "gammas",
                f"There are {len(self.milestones)} milestones and {len(self.gammas)} factors.",
                "Give one factor for each milestone.",
            )
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
        return 0 if SCHEDULES[self.schedule].ends_low else self.early_stopping

    def replace(self, **changes: Any) -> RunConfig:
        """A copy with changed settings, which may be given as text (`--set key=value`).

        Raises:
            RunConfigError: unknown, out of range, or a text that is no value of it.
        """
        for name in changes.keys() - SETTINGS.keys():
            raise RunConfigError(
                name, f"There is no setting “{name}”.", f"Settings: {', '.join(SETTINGS)}."
            )
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
        values = {name: item for name, item in values.items() if name in SETTINGS}
        for name in ("data", "model"):
            values.setdefault(name, "")
        return cls(**values)


SETTINGS = settings_of(RunConfig)
