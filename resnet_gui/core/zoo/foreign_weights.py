"""Weights without a description: what their tensors say they are. Needs torch."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from resnet_gui.core.errors import ModelFileError
from resnet_gui.core.zoo.builder import build_network, read_state_dict
from resnet_gui.core.zoo.keras_file import is_hdf5
from resnet_gui.core.zoo.keras_weights import recognise_keras_file
from resnet_gui.core.zoo.modelfile import SUFFIX
from resnet_gui.core.zoo.torchvision_zoo import ARCHITECTURES

_WRAPPERS = ("state_dict", "model_state_dict", "model")
_PREFIXES = ("module.", "_orig_mod.", "model.")
_HEAD = "fc.weight"
_COUNTER = "num_batches_tracked"  # files from before PyTorch 0.4.1 lack it; torch fills it in


@dataclass(frozen=True, slots=True)
class Foreign:
    """What a file turned out to hold: the state fits `architecture` with `classes` outputs."""

    architecture: str
    classes: int
    state: dict[str, Tensor]


def read_foreign(path: Path) -> Foreign:
    """Read a weights file and recognise its architecture by its tensors' names and shapes.

    Args:
        path: weights of PyTorch (torchvision's names), `.safetensors`, or a file of Keras.

    Raises:
        ModelFileError: damaged, more than weights, or of no known architecture; names the nearest
            and the first difference.
        ModelError: h5py is missing for a file of Keras.
    """
    try:
        keras = is_hdf5(path)
    except OSError as error:
        raise ModelFileError(path, f"{path.name} cannot be read ({error.strerror}).") from error
    if keras:
        architecture, state = recognise_keras_file(path)
        return Foreign(architecture, int(state["head.weight"].shape[0]), state)
    state = _plain(_read_tensors(path))
    return Foreign(_recognise(path, state), int(state[_HEAD].shape[0]), state)


def _read_tensors(path: Path) -> dict[str, Tensor]:
    """The file's tensors. A pickle is opened weights-only: never code.

    Raises:
        ModelFileError: damaged, more than weights, or no weights at all.
    """
    if path.suffix == SUFFIX:
        return read_state_dict(path)
    try:
        value = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if _is_torch_file(path):
            raise ModelFileError(
                path,
                f"{path.name} holds more than weights: opening it could run foreign code.",
                "Ask its maker for the plain weights (a state_dict) or a .safetensors file.",
            ) from error
        raise _no_weights(path) from error
    except (OSError, RuntimeError, EOFError, ValueError, KeyError) as error:
        if _is_torch_file(path):
            raise ModelFileError(
                path, f"{path.name} is damaged or cut off.", "Copy or download it again."
            ) from error
        raise _no_weights(path) from error
    for wrapper in _WRAPPERS:
        if isinstance(value, Mapping) and isinstance(value.get(wrapper), Mapping):
            value = value[wrapper]
    if not isinstance(value, Mapping) or not value:
        raise _no_weights(path)
    tensors = {str(name): tensor for name, tensor in value.items()}
    if not all(isinstance(tensor, torch.Tensor) for tensor in tensors.values()):
        raise _no_weights(path)
    return tensors


def _is_torch_file(path: Path) -> bool:
    """Whether the file begins as torch's do: a zip archive, or a pickle from before 1.6."""
    with path.open("rb") as file:
        return file.read(4).startswith((b"PK\x03\x04", b"\x80\x02"))


def _no_weights(path: Path) -> ModelFileError:
    return ModelFileError(
        path,
        f"{path.name} does not hold a network's weights.",
        "PyTorch weights (.pth, .pt), Keras's (.h5) and .safetensors files can be imported.",
    )


def _plain(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Without the prefixes that wrappers (DataParallel, torch.compile …) put before all names."""
    for prefix in _PREFIXES:
        if state and all(name.startswith(prefix) for name in state):
            state = {name.removeprefix(prefix): tensor for name, tensor in state.items()}
    # float16 and bfloat16 checkpoints are common; the engine's reference path is float32.
    return {
        name: tensor.float() if tensor.is_floating_point() else tensor
        for name, tensor in state.items()
    }


def _recognise(path: Path, state: Mapping[str, Tensor]) -> str:
    """The architecture whose tensors have these names and shapes.

    Raises:
        ModelFileError: none; names the nearest and the first difference.
    """
    found = {name: tuple(t.shape) for name, t in state.items() if not name.endswith(_COUNTER)}
    head = found.get(_HEAD)
    classes = head[0] if head is not None and len(head) == 2 else 1000
    nearest, fewest, difference = "", len(found) + 1, ""
    for architecture in ARCHITECTURES:
        with torch.device("meta"):
            network = build_network(architecture, classes)
        expected = {
            name: tuple(t.shape)
            for name, t in network.state_dict().items()
            if not name.endswith(_COUNTER)
        }
        if expected == found:
            return architecture
        wrong = [name for name in expected | found if expected.get(name) != found.get(name)]
        if len(wrong) < fewest:
            nearest, fewest = ARCHITECTURES[architecture][0], len(wrong)
            name = wrong[0]
            difference = _difference(name, expected.get(name), found.get(name))
    hint = f" The nearest is {nearest}, but {difference}." if nearest else ""
    raise ModelFileError(
        path,
        f"{path.name} fits no architecture that this program knows.{hint}",
        "Residual networks with torchvision's names (ResNet, ResNeXt, Wide ResNet) and Keras's "
        "ResNets can be imported.",
    )


def _difference(name: str, expected: tuple[int, ...] | None, found: tuple[int, ...] | None) -> str:
    if found is None:
        return f"“{name}” is missing"
    if expected is None:
        return f"“{name}” is too much"
    shapes = [" × ".join(map(str, shape)) for shape in (expected, found)]
    return f"“{name}” should be {shapes[0]} and is {shapes[1]}"
