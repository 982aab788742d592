"""Presets: good settings for a dataset of this size on this device. No torch here.

The numbers are starting points that hold up on small folders; every one can be overridden.
"""

from __future__ import annotations

import math
from enum import StrEnum
from typing import Any

from resnet_gui.core.nets.registry import made_for_small_photos
from resnet_gui.core.runs.config import (
    Augmentation,
    Decayed,
    Method,
    Optimizer,
    RunConfig,
    Schedule,
)


class Preset(StrEnum):
    """What matters more to the person, time or accuracy."""

    FAST = "fast"
    BALANCED = "balanced"
    BEST = "best"
    SCRATCH = "scratch"
    # Recipes for CIFAR-10 (32x32 pixels, 50,000 photos), from random weights
    CIFAR_PAPER = "cifar-paper"
    CIFAR_KERAS = "cifar-keras"
    CIFAR_FAST = "cifar-fast"


TITLES = {
    Preset.FAST: ("Fast", "Trains the head on the backbone's features: seconds to minutes."),
    Preset.BALANCED: ("Balanced", "The head first, then the whole network goes on, gently."),
    Preset.BEST: ("Best", "The whole network with stronger augmentation: the longest."),
    Preset.SCRATCH: ("From scratch", "Random weights. Needs thousands of photos and patience."),
}

CIFAR_PRESETS = (Preset.CIFAR_PAPER, Preset.CIFAR_KERAS, Preset.CIFAR_FAST)
_SMALL = 2_000  # photos; below it the network's own BatchNorm statistics are better than the data's
_LARGE = 20_000


def automatic_preset(photos: int, device_kind: str) -> Preset:
    """What nobody who touches nothing should regret: an answer in seconds on the CPU and for
    small folders; the whole network where a GPU makes that cheap and data makes it worth it."""
    gpu = device_kind.startswith(("cuda", "mps"))
    return Preset.BALANCED if gpu and photos >= _SMALL else Preset.FAST


def config_for(
    preset: Preset | str | None,
    *,
    data: str,
    model: str,
    photos: int,
    classes: int,
    device_kind: str = "cpu",
    method: Method | str | None = None,
    **settings: Any,
) -> RunConfig:
    """The settings of a preset for this dataset and device.

    Args:
        preset: None chooses one (see `automatic_preset`).
        data, model: the folder and the model to start from. The networks for small images get
            the fast recipe of theirs for SCRATCH.
        photos, classes: numbers of training photos (of all, if the split is not made yet) and
            classes.
        device_kind: "cpu", "cuda:0" or "mps": what training will run on.
        method: overrides the preset's.
        settings: override single fields of RunConfig; text is converted.

    Raises:
        RunConfigError: a setting is unknown or out of range.
        ValueError: no such preset or method.
    """
    chosen = automatic_preset(photos, device_kind) if preset is None else Preset(preset)
    if preset is None and method is not None and Method(method) is Method.SCRATCH:
        chosen = Preset.SCRATCH
    way = _METHOD[chosen] if method is None else Method(method)
    gpu = device_kind.startswith(("cuda", "mps"))
    values: dict[str, Any] = {"preset": chosen.value, "method": way}
    recipe = chosen
    if chosen is Preset.SCRATCH and made_for_small_photos(model):
        recipe = Preset.CIFAR_FAST
    if recipe in CIFAR_PRESETS and way is Method.SCRATCH:
        values |= _cifar(recipe, photos)
    elif way is Method.HEAD:
        values |= _head(photos)
    elif way is Method.SCRATCH:
        values |= _scratch(photos, gpu)
    else:
        values |= _deep(chosen, way, photos, gpu)
    if way is Method.PROGRESSIVE and "epochs" in settings and "head_epochs" not in settings:
        # Through RunConfig, so that a wrong value gets its error.
        epochs = RunConfig(data, model).replace(epochs=settings["epochs"]).epochs
        values["head_epochs"] = max(1, min(values["head_epochs"], epochs // 2))
    return RunConfig(data=data, model=model).replace(**(values | settings))


_METHOD = {
    Preset.FAST: Method.HEAD,
    Preset.BALANCED: Method.PROGRESSIVE,
    Preset.BEST: Method.PROGRESSIVE,
    Preset.SCRATCH: Method.SCRATCH,
    Preset.CIFAR_PAPER: Method.SCRATCH,
    Preset.CIFAR_KERAS: Method.SCRATCH,
    Preset.CIFAR_FAST: Method.SCRATCH,
}
_PAPER_STEPS, _PAPER_DROPS = 64_000, (32_000, 48_000)
_CIFAR_VAL_FRACTION = 0.02


def head_recipe(photos: int) -> dict[str, Any]:
    """How a head learns on features that are computed once, but for the number of epochs."""
    return {
        "batch_size": 32 if photos < _SMALL else 128,
        "optimizer": Optimizer.ADAMW,
        "lr": 2e-3,
        "weight_decay": 1e-2,
        "decayed": Decayed.WEIGHTS,
        "schedule": Schedule.COSINE,
        "warmup_epochs": 1.0,
    }


def _head_epochs(photos: int) -> int:
    # About the same number of steps whatever the folder's size: they cost next to nothing.
    return 40 if photos < _SMALL else 20


def _head(photos: int) -> dict[str, Any]:
    return head_recipe(photos) | {
        "epochs": _head_epochs(photos),
        "augmentation": Augmentation.NONE,
    }


def _deep(preset: Preset, method: Method, photos: int, gpu: bool) -> dict[str, Any]:
    small = photos < _SMALL
    best = preset is Preset.BEST
    epochs = (24 if small else 16) if best else (12 if small else 8)
    progressive = method is Method.PROGRESSIVE
    head_epochs = _head_epochs(photos) if progressive else 0
    batch_size = (64 if gpu else 16) if small else (128 if gpu else 32)
    lr, backbone_lr = 1e-3, 1e-4
    if small:
        # Few photos: what the backbone knows is worth more than what they can teach it. Measured
        # on 244 photos with batches of 16; Adam's rate goes with the root of the batch size.
        backbone_lr = 1e-5 * math.sqrt(batch_size / 16)
        lr = 1e-4 if progressive else lr  # its head has learned already
    return {
        "epochs": epochs + head_epochs,
        "head_epochs": head_epochs,
        "fast_head": progressive,
        "batch_size": batch_size,
        "optimizer": Optimizer.ADAMW,
        "lr": lr,
        "backbone_lr_factor": backbone_lr / lr,
        "weight_decay": 2e-2,
        # Of small folders it costs likelihood: 0.135 instead of 0.117 for a head on 244 photos.
        "label_smoothing": 0.1 if best and not small else 0.0,
        "schedule": Schedule.ONE_CYCLE,
        "augmentation": Augmentation.STRONG if best and not small else Augmentation.STANDARD,
        "last_stages": 2 if best else 1,
    }


def _scratch(photos: int, gpu: bool) -> dict[str, Any]:
    # One-cycle with SGD learns quickest from nothing (Smith & Topin 2018).
    batch_size = 128 if gpu and photos >= _SMALL else 32
    return {
        "epochs": 30 if photos >= _LARGE else 60 if photos >= _SMALL else 100,
        "batch_size": batch_size,
        "optimizer": Optimizer.SGD,
        "lr": 0.1 * batch_size / 128,
        "weight_decay": 5e-4,
        "label_smoothing": 0.1,
        "schedule": Schedule.ONE_CYCLE,
        "augmentation": Augmentation.STANDARD,
    }


def _cifar(preset: Preset, photos: int) -> dict[str, Any]:
    """Recipes for images of 32x32 pixels; all shift (a tenth is 3 pixels) and mirror."""
    common = {
        "optimizer": Optimizer.SGD,
        "batch_size": 128,
        "augmentation": Augmentation.LIGHT,
        "val_fraction": _CIFAR_VAL_FRACTION if photos >= _LARGE else 0.2,
    }
    if preset is Preset.CIFAR_PAPER:
        # He et al. 2015, section 4.2: 4 pixels padded on each side, plain momentum, the same decay
        # for every weight, and a rate of 0.1, divided by 10 at 32k and 48k of 64k steps.
        steps = max(1, photos // 128)
        first, second = (max(1, round(drop / steps)) for drop in _PAPER_DROPS)
        return common | {
            "epochs": max(1, round(_PAPER_STEPS / steps)),
            "lr": 0.1,
            "nesterov": False,
            "weight_decay": 1e-4,
            "decayed": Decayed.ALL,
            "shift_pixels": 4,
            "schedule": Schedule.STEP,
            "milestones": (first, max(second, first + 1)),
            "pixel_mean": True,
        }
    if preset is Preset.CIFAR_KERAS:
        # Keras's examples/cifar10_resnet.py. Its l2(1e-4) on the kernels of convolutions adds
        # 1e-4 w^2 to the loss, so 2e-4 w to the gradient. Its plateau callback has no effect: the
        # scheduler sets the rate anew at every epoch. It compares with ">": one epoch later than
        # its numbers. It shifts by a tenth of the side, and keeps the best accuracy.
        return common | {
            "optimizer": Optimizer.ADAM,
            "batch_size": 32,
            "epochs": 200,
            "lr": 1e-3,
            "weight_decay": 2e-4,
            "decayed": Decayed.CONVOLUTIONS,
            "schedule": Schedule.STEP,
            "milestones": (81, 121, 161, 181),
            "gammas": (0.1, 0.1, 0.1, 0.5),
            "pixel_mean": True,
        }
    return common | {
        "epochs": 30 if photos >= _LARGE else 60 if photos >= _SMALL else 100,
        "lr": 0.1,
        "weight_decay": 5e-4,
        "schedule": Schedule.ONE_CYCLE,
        "progressive_resizing": True,
    }
