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

    HEAD = "head", "The head only (backbone frozen)"  # its features are computed once and kept
    PROGRESSIVE = "progressive", "Head first, then everything"  # in one run
    LAST = "last", "Head and last stages"
    FULL = "full", "Everything"  # the backbone at a smaller rate
    SCRATCH = "scratch", "Everything, from random weights"


class Optimizer(Choice):
    SGD = "sgd", "SGD with momentum"
    ADAM = "adam", "Adam"  # weight decay as an L2 term of the loss
    ADAMW = "adamw", "AdamW"  # weight decay beside the gradient (Loshchilov & Hutter 2019)


class Decayed(Choice):
    """What weight decay acts on."""

    WEIGHTS = "weights", "Weights, not norms and biases"  # of convolutions and linear layers
    CONVOLUTIONS = "convolutions", "Convolutions only"
    ALL = "all", "Everything"


class HeadKind(Choice):
    LINEAR = "linear", "Linear"
    MLP = "mlp", "MLP: Dense, ReLU, dropout, Dense"


class Precision(Choice):
    AUTO = "auto", "Automatic"  # what gains on the device
    FP32 = "fp32", "fp32"
    BF16 = "bf16", "bf16"
    FP16 = "fp16", "fp16 (CUDA)"


class Switch(Choice):
    AUTO = "auto", "Automatic"
    ON = "on", "Yes"
    OFF = "off", "No"


_DEEP = (Method.PROGRESSIVE, Method.LAST, Method.FULL, Method.SCRATCH)


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
        "The head alone takes seconds; the more layers, the longer.",
    )
    epochs: int = setting(
        40, whole(1, 100_000), "Epochs", "How often every training photo is seen."
    )
    head_epochs: int = setting(
        0,
        whole(0, 100_000),
        "Epochs of the head alone",
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
    batch_size: int = setting(32, whole(1, 65_536), "Batch size", "Photos per step.")
    # Gradients add up, so the effective batch stays; memory shrinks.
    accumulate: int = setting(
        1, whole(1, 65_536), tip="In how many pieces a batch goes through the network."
    )
    lr: float = setting(2e-3, number(1e-9, 100.0), "Learning rate", "Peak rate of the head.")
    backbone_lr_factor: float = setting(
        0.1,
        number(0.0, 10.0),
        "Backbone's rate, times",
        "The backbone learns this much slower.",
        matters=_of(Method.PROGRESSIVE, Method.LAST, Method.FULL),
    )
    optimizer: Optimizer = setting(Optimizer.ADAMW, one_of(Optimizer), "Optimizer")
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
        "Photos are varied anew at every epoch, so that the network does not learn them by heart.",
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
    head: HeadKind = setting(HeadKind.LINEAR, one_of(HeadKind), "Head")
    head_width: int = setting(
        256,
        whole(1, 65_536),
        "Width of the MLP head",
        "Units of its hidden layer.",
        matters=lambda config: config.head is HeadKind.MLP,
    )
    dropout: float = setting(0.0, number(0.0, 0.99), "Dropout", "0 to 0.99, before the last layer.")
    weight_decay: float = setting(1e-2, number(0.0, 10.0), "Weight decay", "Keeps weights small.")
    decayed: Decayed = setting(
        Decayed.WEIGHTS,
        one_of(Decayed),
        "Weight decay of",
        "Shrinking norms and biases, too, costs accuracy; the CIFAR paper does it.",
    )
    label_smoothing: float = setting(0.0, number(0.0, 0.9), "Label smoothing", "0 to 0.9.")
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
    image_size: int = setting(
        0, whole(0, 2048), "Image size", "Side of the network's input in pixels; 0: the model's."
    )
    # Of the split, the order, the weights of the head, augmentation and dropout.
    seed: int = setting(0, whole(0, 2**31 - 1), "Seed", "Same seed, same split and curve.")
    cache_features: bool = setting(
        True,
        ON_OFF,
        "Keep features (head only)",
        "Computed once instead of every epoch.",
        matters=_of(Method.HEAD, Method.PROGRESSIVE),
    )
    freeze_batchnorm: Switch = setting(  # its running statistics; AUTO: where data is small
        Switch.AUTO, one_of(Switch), "Freeze BatchNorm statistics", matters=_of(*_DEEP)
    )
    precision: Precision = setting(
        Precision.AUTO, one_of(Precision), "Precision", matters=_of(*_DEEP)
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
