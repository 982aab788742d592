"""From an entry of the zoo to a network in memory. This module needs torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from resnet_gui.core.errors import CheckpointMismatchError, ModelError, ModelFileError
from resnet_gui.core.nets.build import build_network
from resnet_gui.core.nets.keras_resnet import KerasResNet
from resnet_gui.core.system.atomic import dump_json
from resnet_gui.core.system.tensor_files import write_tensors
from resnet_gui.core.zoo.ensembles import single
from resnet_gui.core.zoo.spec import ModelEntry, ModelSpec
from resnet_gui.core.zoo.weights.keras_file import SUFFIXES as KERAS_SUFFIXES
from resnet_gui.core.zoo.weights.keras_file import is_hdf5
from resnet_gui.core.zoo.weights.keras_weights import read_keras_state
from resnet_gui.core.zoo.weights.model_file import METADATA_KEY, document_for
from resnet_gui.core.zoo.weights.plain_file import check_file
from resnet_gui.core.zoo.weights.read_weights import (
    Described,
    describe_weights,
    read_described,
    read_state_dict,
)

__all__ = [
    "Found", "check_fit", "empty_network", "load_network", "read_state_dict",
    "save_model", "try_once", "with_weights",
]  # fmt: skip
_TRIAL_SIDE = 64  # pixels; every architecture of the zoo takes them


@dataclass(frozen=True, slots=True)
class Found:
    """Shape of a tensor, and whether it holds fractions."""

    shape: tuple[int, ...]
    fractions: bool


def load_network(entry: ModelEntry) -> nn.Module:
    """The entry's network with its weights, on the CPU, in evaluation mode, float32.

    It is built without memory (on torch's meta device) and the file's tensors take the places:
    several times faster than initialising weights that are then overwritten. Names and shapes are
    compared before any tensor is read.

    Raises:
        ModelFileError, CheckpointMismatchError: the file is damaged or does not fit.
        ModelError: it is an ensemble, or not here.
    """
    path = single(entry).weights_path
    if path is None:
        raise ModelError(f"The weights of “{entry.spec.id}” are not on this computer.")
    network = empty_network(entry.spec)
    check_file(path)
    if isinstance(network, KerasResNet) and _is_of_keras(path):
        state = read_keras_state(path, network)
    else:
        check_fit(path, network, describe_weights(path))
        state = read_described(path)
    return with_weights(path, network, state)


def _is_of_keras(path: Path) -> bool:
    if path.suffix.lower() in KERAS_SUFFIXES:
        return True
    try:
        return is_hdf5(path)  # a browser may have renamed it
    except OSError as error:
        raise ModelFileError(path, f"{path.name} could not be read ({error.strerror}).") from error


def empty_network(spec: ModelSpec) -> nn.Module:
    """The network of a spec on torch's meta device: shapes only.

    Raises:
        ModelError: as `build_network`.
    """
    with torch.device("meta"):
        return build_network(spec.architecture, len(spec.classes), spec.architecture_options)


def with_weights(path: Path, network: nn.Module, state: Mapping[str, Tensor]) -> nn.Module:
    """A network without memory gets these weights, for evaluation in float32.

    Args:
        path: where they came from, for errors.

    Raises:
        CheckpointMismatchError: they do not fit.
    """
    found = {n: Found(tuple(t.shape), t.is_floating_point()) for n, t in state.items()}
    check_fit(path, network, found)
    network.load_state_dict(state, assign=True)
    for parameter in network.parameters():
        parameter.requires_grad_(False)
    return network.eval().float()


def try_once(path: Path, spec: ModelSpec, network: nn.Module) -> None:
    """Let a network answer to one black picture: whoever says that a model is here has seen it
    work.

    Args:
        path: the file, for errors.

    Raises:
        ModelFileError: it cannot take pictures of its size, or does not answer with one
            probability for each class.
    """
    # Its size can be no larger than what shows that it works: some networks would take minutes.
    side = min(spec.preprocessing.crop, _TRIAL_SIDE)
    try:
        with torch.inference_mode():
            answer = network(torch.zeros(1, 3, side, side)).softmax(-1)
    except (RuntimeError, ValueError, ModelError) as error:
        raise ModelFileError(
            path,
            f"{path.name}: its network cannot take pictures of {spec.preprocessing.crop} × "
            f"{spec.preprocessing.crop} pixels, which the file asks for.",
            "Ask whoever made the file to save it again.",
        ) from error
    if answer.shape != (1, len(spec.classes)) or not bool(torch.isfinite(answer).all()):
        raise ModelFileError(
            path,
            f"{path.name}: its network answers with no number (NaN): its weights are damaged, or "
            "its training went wrong.",
            "Get the file again, or choose another one.",
        )


def save_model(
    path: Path,
    spec: ModelSpec,
    state: Mapping[str, Tensor],
    provenance: dict[str, Any] | None = None,
) -> None:
    """Write one model file atomically (see `modelfile`).

    Raises:
        OSError: the folder cannot be written or the disk is full; an older file is untouched.
    """
    document = dump_json(document_for(spec, provenance))
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in state.items()}
    write_tensors(path, tensors, {METADATA_KEY: document})


def check_fit(path: Path, network: nn.Module, found: Mapping[str, Described | Found]) -> None:
    """Raises CheckpointMismatchError with the first difference, in words.

    Args:
        found: what a file's tensors are.
    """
    expected = network.state_dict()
    for name, tensor in expected.items():
        if name not in found:
            # Files from before PyTorch 0.4.1 lack this counter; torch fills it in.
            if name.endswith("num_batches_tracked"):
                continue
            raise CheckpointMismatchError(path, f"a tensor “{name}”", "none of that name")
        if found[name].shape != tuple(tensor.shape):
            raise CheckpointMismatchError(
                path, f"“{name}” of shape {tuple(tensor.shape)}", str(found[name].shape)
            )
        if tensor.is_floating_point() and not found[name].fractions:
            raise CheckpointMismatchError(path, f"fractions in “{name}”", "whole numbers")
    extra = [name for name in found if name not in expected]
    if extra:
        raise CheckpointMismatchError(path, "no more tensors", f"“{extra[0][:200]}”")
