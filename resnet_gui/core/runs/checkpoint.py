"""Where a run goes on from: weights and optimizer state as tensors, all else as JSON, in one
safetensors file. No pickle. This module needs torch.

The random generator needs no tensors: every step reseeds it from (seed, epoch, step).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from resnet_gui.core.errors import RunError
from resnet_gui.core.runs.plateau import PlateauState
from resnet_gui.core.system.documents import number_in, parse_json, whole_in
from resnet_gui.core.system.tensor_files import write_tensors
from resnet_gui.core.values import Value, from_json, to_json

_KEY = "resnet_gui_checkpoint"
_FORMAT_VERSION = 1
_DAMAGE = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
_MODEL, _OPTIMIZER, _AVERAGE = "model/", "optimizer/", "average/"


@dataclass(slots=True)
class Progress(Value):
    """How far a run is: everything that decides how it goes on, but the tensors.

    Attributes:
        epoch, step: done so far. phase: "head" or "network", of the weights in the checkpoint.
        pieces: in how many pieces a batch goes through the network.
        plateau: state of reduce-on-plateau.
        best_epoch: 0: none yet. best_accuracy, best_loss: its validation's; None without one.
        best_right, best_photos: of the validation photos, how many were right, of how many.
        bad_epochs: since the best one, for early stopping.
        seconds: training time so far, over all sittings.
        scaler: state of the gradient scaler of fp16.
        backbone: hash of the backbone that the head in the checkpoint belongs to.
    """

    epoch: int = 0
    step: int = 0
    phase: str = ""
    pieces: int = 1
    plateau: PlateauState = field(default_factory=PlateauState)
    best_epoch: int = 0
    best_accuracy: float | None = None
    best_loss: float | None = None
    best_right: int = 0
    best_photos: int = 0
    bad_epochs: int = 0
    seconds: float = 0.0
    scaler: dict[str, Any] = field(default_factory=dict)
    backbone: str = ""

    def to_json(self) -> dict[str, Any]:
        return {"format": _FORMAT_VERSION, **to_json(self)}

    def __post_init__(self) -> None:
        """A resume computes with these: a file may say anything.

        Raises:
            ValueError: a field is out of range; the text names it.
        """
        for name, low in _COUNTS.items():
            whole_in(getattr(self, name), low, _MANY, name)
        number_in(self.seconds, 0, _MANY, "seconds")
        for name, high in (("best_accuracy", 1.0), ("best_loss", sys.float_info.max)):
            if getattr(self, name) is not None:
                number_in(getattr(self, name), 0, high, name)
        if self.phase not in _PHASES:
            raise ValueError("there is no such phase")
        for name, item in self.scaler.items():
            number_in(item, 0, sys.float_info.max, name)


_PHASES = ("", "head", "network")
_MANY = 10**12  # steps, photos or seconds that no run has
_COUNTS = {
    "epoch": 0, "step": 0, "pieces": 1, "best_epoch": 0, "best_right": 0, "best_photos": 0,
    "bad_epochs": 0,
}  # fmt: skip


def save_checkpoint(
    path: Path,
    progress: Progress,
    weights: dict[str, Tensor],
    optimizer: torch.optim.Optimizer | None = None,
    parameters: Iterable[tuple[str, Tensor]] = (),
    average: dict[str, Tensor] | None = None,
) -> None:
    """Write a checkpoint atomically; it is on the disk when this returns.

    Args:
        weights: of the head or of the whole network, by progress.phase.
        parameters: names and tensors that the optimizer trains.
        average: state of the running average of the weights, if the run keeps one.

    Raises:
        OSError: the disk is full or gone; the older checkpoint is untouched.
    """
    tensors = checkpoint_tensors(weights, optimizer, parameters, average)
    # clone: safetensors refuses tensors that share memory
    ready = {k: t.detach().cpu().contiguous().clone() for k, t in tensors.items()}
    write_tensors(path, ready, {_KEY: json.dumps(progress.to_json())})


def checkpoint_tensors(
    weights: dict[str, Tensor],
    optimizer: torch.optim.Optimizer | None = None,
    parameters: Iterable[tuple[str, Tensor]] = (),
    average: dict[str, Tensor] | None = None,
) -> dict[str, Tensor]:
    """What `save_checkpoint` writes of these, by name."""
    tensors = {_MODEL + name: tensor for name, tensor in weights.items()}
    if optimizer is not None:
        for name, parameter in parameters:
            for key, value in optimizer.state.get(parameter, {}).items():
                if value is not None:
                    tensors[f"{_OPTIMIZER}{name}/{key}"] = torch.as_tensor(value)
    return tensors | {_AVERAGE + name: tensor for name, tensor in (average or {}).items()}


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What `save_checkpoint` wrote.

    Attributes:
        weights: of the head or of the whole network, by progress.phase.
        optimizer: its state by "name/key". average: of the running average; {} without one.
    """

    progress: Progress
    weights: dict[str, Tensor]
    optimizer: dict[str, Tensor]
    average: dict[str, Tensor]


def load_checkpoint(path: Path) -> Checkpoint:
    """The inverse of `save_checkpoint`.

    Raises:
        RunError: missing, damaged or of a newer version.
    """
    try:
        with safe_open(path, framework="pt") as file:
            document = parse_json((file.metadata() or {})[_KEY])
            if int(document["format"]) > _FORMAT_VERSION:
                raise RunError(
                    path.parent,
                    f"The run “{path.parent.name}” was made by a newer version of this program.",
                    "Update the program.",
                )
            progress = from_json(Progress, document)
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - no mapping
    except (OSError, SafetensorError, *_DAMAGE) as error:
        raise RunError(
            path.parent,
            f"The run “{path.parent.name}” cannot go on: {path.name} is missing or damaged.",
            "Start a new run.",
        ) from error
    return as_checkpoint(progress, tensors)


def as_checkpoint(progress: Progress, tensors: dict[str, Tensor]) -> Checkpoint:
    """The inverse of `checkpoint_tensors`."""
    found = Checkpoint(progress, {}, {}, {})
    for key, tensor in tensors.items():
        if key.startswith(_MODEL):
            found.weights[key.removeprefix(_MODEL)] = tensor
        elif key.startswith(_AVERAGE):
            found.average[key.removeprefix(_AVERAGE)] = tensor
        else:
            found.optimizer[key.removeprefix(_OPTIMIZER)] = tensor
    return found


def fit_weights(module: nn.Module, weights: dict[str, Tensor], run: Path) -> None:
    """Put a checkpoint's weights into the module.

    Raises:
        RunError: they were not made for it. `run` is the run's directory.
    """
    try:
        module.load_state_dict(weights)
    except RuntimeError as error:
        raise _does_not_fit(run, "its weights do not fit its settings") from error


def restore_optimizer(
    optimizer: torch.optim.Optimizer,
    parameters: Iterable[tuple[str, Tensor]],
    states: dict[str, Tensor],
    run: Path,
) -> None:
    """Put saved state back, in the memory layout of the parameters.

    Raises:
        RunError: it was not made for them. `run` is the run's directory.
    """
    wanted = {"momentum_buffer"} if isinstance(optimizer, torch.optim.SGD) else _ADAM
    by_name: dict[str, dict[str, Tensor]] = {}
    for key, tensor in states.items():
        name, _, what = key.rpartition("/")
        by_name.setdefault(name, {})[what] = tensor
    for name, parameter in parameters:
        found = by_name.pop(name, {})
        fits = not found or (
            found.keys() == wanted
            and all(t.is_floating_point() for t in found.values())
            and all(
                t.numel() == 1 if what == "step" else t.shape == parameter.shape
                for what, t in found.items()
            )
        )
        if not fits:
            raise _does_not_fit(run, "its optimizer's state does not fit its weights")
        for what, tensor in found.items():
            if what != "step":
                tensor = torch.empty_like(parameter, requires_grad=False).copy_(tensor)
            elif optimizer.defaults.get("fused"):
                tensor = tensor.to(parameter.device)
            optimizer.state[parameter][what] = tensor
    if by_name:
        raise _does_not_fit(run, "its optimizer's state does not fit its weights")


_ADAM = {"step", "exp_avg", "exp_avg_sq"}


def _does_not_fit(run: Path, why: str) -> RunError:
    return RunError(run, f"The run “{run.name}” cannot go on: {why}.", "Start a new run.")
