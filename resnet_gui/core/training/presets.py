"""Presets: good settings for a dataset of this size on this device. No torch here.

The numbers are starting points that hold up on small folders; every one can be overridden.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from resnet_gui.core.dataset.bursts import BURST_S
from resnet_gui.core.nets.registry import made_for_small_photos
from resnet_gui.core.runs.config import Decayed, Method, Optimizer, RunConfig


@dataclass(frozen=True, slots=True)
class Case:
    """What a recipe is for. photos: for training. gpu: a graphics processor trains. model: the id
    of the model to start from."""

    method: Method
    photos: int
    gpu: bool
    model: str


@dataclass(frozen=True, slots=True)
class Preset:
    """One answer to what matters more to the person, time or accuracy.

    Attributes:
        label: of its button; "": it has none, only scripts choose it. tip: what it does.
        method: what it trains, if nothing else is said.
        recipe: its settings for a case.
    """

    name: str
    label: str
    tip: str
    method: Method
    recipe: Callable[[Case], dict[str, Any]]


_SMALL = 2_000  # photos; below it the network's own BatchNorm statistics are better than the data's
_LARGE = 20_000


def automatic_preset(photos: int, device_kind: str) -> str:
    """The name of what nobody who touches nothing should regret: an answer in seconds on the CPU
    and for small folders; the whole network where a GPU makes that cheap and data makes it worth
    it."""
    gpu = device_kind.startswith(("cuda", "mps"))
    return "balanced" if gpu and photos >= _SMALL else "fast"


def config_for(
    preset: str | None,
    *,
    data: str,
    model: str,
    photos: int,
    device_kind: str = "cpu",
    method: Method | str | None = None,
    **settings: Any,
) -> RunConfig:
    """The settings of a preset for this dataset and device.

    Args:
        preset: None chooses one (see `automatic_preset`).
        data, model: the folder and the model to start from. The networks for small images get
            the fast recipe of theirs for SCRATCH.
        photos: how many there are to train with (of all, if the split is not made yet).
        device_kind: "cpu", "cuda:0" or "mps": what training will run on.
        method: overrides the preset's.
        settings: override single fields of RunConfig; text is converted.

    Raises:
        RunConfigError: a setting is unknown or out of range.
        ValueError: no such preset or method.
    """
    wanted = None if method is None else Method(method)
    if preset is None:
        scratch = wanted is Method.SCRATCH
        preset = "scratch" if scratch else automatic_preset(photos, device_kind)
    if preset not in PRESETS:
        raise ValueError(preset)
    chosen = PRESETS[preset]
    way = wanted or chosen.method
    gpu = device_kind.startswith(("cuda", "mps"))
    values: dict[str, Any] = {"preset": chosen.name, "method": way, "burst_seconds": BURST_S}
    values |= chosen.recipe(Case(way, photos, gpu, model))
    if way is Method.PROGRESSIVE and "epochs" in settings and "head_epochs" not in settings:
        # Through RunConfig, so that a wrong value gets its error.
        epochs = RunConfig(data, model).replace(epochs=settings["epochs"]).epochs
        values["head_epochs"] = max(1, min(values["head_epochs"], epochs // 2))
    return RunConfig(data=data, model=model).replace(**(values | settings))


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
        "schedule": "cosine",
        "warmup_epochs": 1.0,
    }


def _head_epochs(photos: int) -> int:
    # About the same number of steps whatever the folder's size: they cost next to nothing.
    return 40 if photos < _SMALL else 20


def _head(photos: int) -> dict[str, Any]:
    return head_recipe(photos) | {
        "epochs": _head_epochs(photos),
        "augmentation": "none",
    }


def _deep(case: Case, best: bool) -> dict[str, Any]:
    photos, gpu, small = case.photos, case.gpu, case.photos < _SMALL
    epochs = (24 if small else 16) if best else (12 if small else 8)
    progressive = case.method is Method.PROGRESSIVE
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
        "schedule": "onecycle",
        "augmentation": "strong" if best and not small else "standard",
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
        "schedule": "onecycle",
        "augmentation": "standard",
    }


def _usual(case: Case, best: bool = False) -> dict[str, Any]:
    """By the method."""
    if case.method is Method.HEAD:
        return _head(case.photos)
    if case.method is Method.SCRATCH:
        return _scratch(case.photos, case.gpu)
    return _deep(case, best)


def _for_scratch(case: Case) -> dict[str, Any]:
    """The networks for small images get the fast recipe of theirs."""
    return _cifar_fast(case) if made_for_small_photos(case.model) else _usual(case)


# Recipes for CIFAR-10 (32x32 pixels, 50,000 photos), from random weights; all shift (a tenth is 3
# pixels) and mirror.


def _cifar(case: Case, values: dict[str, Any]) -> dict[str, Any]:
    if case.method is not Method.SCRATCH:
        return _usual(case)
    return {
        "optimizer": Optimizer.SGD,
        "batch_size": 128,
        "augmentation": "light",
        "val_fraction": _CIFAR_VAL_FRACTION if case.photos >= _LARGE else 0.2,
    } | values


def _cifar_paper(case: Case) -> dict[str, Any]:
    # He et al. 2015, section 4.2: 4 pixels padded on each side, plain momentum, the same decay
    # for every weight, and a rate of 0.1, divided by 10 at 32k and 48k of 64k steps.
    steps = max(1, case.photos // 128)
    first, second = (max(1, round(drop / steps)) for drop in _PAPER_DROPS)
    values = {
        "epochs": max(1, round(_PAPER_STEPS / steps)),
        "lr": 0.1,
        "nesterov": False,
        "weight_decay": 1e-4,
        "decayed": Decayed.ALL,
        "shift_pixels": 4,
        "schedule": "step",
        "milestones": (first, max(second, first + 1)),
        "pixel_mean": True,
    }
    return _cifar(case, values)


def _cifar_keras(case: Case) -> dict[str, Any]:
    # Keras's examples/cifar10_resnet.py. Its l2(1e-4) on the kernels of convolutions adds
    # 1e-4 w^2 to the loss, so 2e-4 w to the gradient. Its plateau callback has no effect: the
    # scheduler sets the rate anew at every epoch. It compares with ">": one epoch later than
    # its numbers. It shifts by a tenth of the side, and keeps the best accuracy.
    values = {
        "optimizer": Optimizer.ADAM,
        "batch_size": 32,
        "epochs": 200,
        "lr": 1e-3,
        "weight_decay": 2e-4,
        "decayed": Decayed.CONVOLUTIONS,
        "schedule": "step",
        "milestones": (81, 121, 161, 181),
        "gammas": (0.1, 0.1, 0.1, 0.5),
        "pixel_mean": True,
    }
    return _cifar(case, values)


def _cifar_fast(case: Case) -> dict[str, Any]:
    values = {
        "epochs": 30 if case.photos >= _LARGE else 60 if case.photos >= _SMALL else 100,
        "lr": 0.1,
        "weight_decay": 5e-4,
        "schedule": "onecycle",
        "progressive_resizing": True,
    }
    return _cifar(case, values)


PRESETS = {
    item.name: item
    for item in (
        Preset(
            "fast",
            "Fast",
            "Only the last part of the network, which names the classes, learns: seconds to "
            "minutes.",
            Method.HEAD,
            _usual,
        ),
        Preset(
            "balanced",
            "Balanced",
            "First the last part alone, then the whole network goes on, gently.",
            Method.PROGRESSIVE,
            _usual,
        ),
        Preset(
            "best",
            "Best",
            "The whole network with stronger augmentation: the longest.",
            Method.PROGRESSIVE,
            partial(_usual, best=True),
        ),
        Preset(
            "scratch",
            "From scratch",
            "Random weights. Needs thousands of photos and patience.",
            Method.SCRATCH,
            _for_scratch,
        ),
        Preset("cifar-paper", "", "He et al. 2015, for CIFAR-10.", Method.SCRATCH, _cifar_paper),
        Preset("cifar-keras", "", "Keras's example for CIFAR-10.", Method.SCRATCH, _cifar_keras),
        Preset("cifar-fast", "", "CIFAR-10 in few epochs.", Method.SCRATCH, _cifar_fast),
    )
}
