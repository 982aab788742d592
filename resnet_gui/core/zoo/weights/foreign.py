"""Weights without a description: what their tensors say they are. Needs torch."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor

from resnet_gui.core.errors import ModelFileError
from resnet_gui.core.header_schema import MAX_CLASSES
from resnet_gui.core.nets.meta import build_meta
from resnet_gui.core.nets.registration import Options
from resnet_gui.core.nets.registry import architectures
from resnet_gui.core.zoo.weights.keras_file import is_hdf5
from resnet_gui.core.zoo.weights.keras_weights import recognise_keras_file
from resnet_gui.core.zoo.weights.plain_file import check_file
from resnet_gui.core.zoo.weights.read_weights import describe_weights, read_described

_WRAPPERS = ("state_dict", "model_state_dict", "model")
_PREFIXES = ("module.", "_orig_mod.", "model.")
_COUNTER = "num_batches_tracked"  # files from before PyTorch 0.4.1 lack it; torch fills it in

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Foreign:
    """What a file turned out to hold: the state fits `architecture` with `classes` outputs and
    these options."""

    architecture: str
    classes: int
    state: dict[str, Tensor]
    options: Options = field(default_factory=dict)


def read_foreign(path: Path) -> Foreign:
    """Read a weights file and recognise its architecture by its tensors' names and shapes.

    Args:
        path: weights of PyTorch (torchvision's names), `.safetensors`, or a file of Keras.

    Raises:
        ModelFileError: damaged, more than weights, or of no known architecture; names the nearest
            and the first difference.
        ModelError: h5py is missing for a file of Keras.
    """
    check_file(path)
    try:
        keras = is_hdf5(path)
    except OSError as error:
        raise ModelFileError(path, f"{path.name} cannot be read ({error.strerror}).") from error
    if keras:
        architecture, state = recognise_keras_file(path)
        return Foreign(architecture, int(state["head.weight"].shape[0]), state)
    described = describe_weights(path, _WRAPPERS)
    prefix = _prefix(described)
    shapes = {name.removeprefix(prefix): t.shape for name, t in described.items()}
    architecture, classes, options = _recognise(path, shapes)
    # float16 and bfloat16 checkpoints are common; the engine's reference path is float32.
    state = {
        name.removeprefix(prefix): tensor.float() if tensor.is_floating_point() else tensor
        for name, tensor in read_described(path, _WRAPPERS).items()
    }
    return Foreign(architecture, classes, state, options)


def _prefix(names: Mapping[str, object]) -> str:
    """What wrappers (DataParallel, torch.compile …) put before all names."""
    found = ""
    for prefix in _PREFIXES:
        if all(name.startswith(found + prefix) for name in names):
            found += prefix
    return found


def _recognise(path: Path, shapes: Mapping[str, Shape]) -> tuple[str, int, Options]:
    """The architecture whose tensors have these names and shapes, number of classes, options.

    Raises:
        ModelFileError: none; names the nearest and the first difference.
    """
    found = {name: shape for name, shape in shapes.items() if not name.endswith(_COUNTER)}
    nearest, fewest, difference = "", len(found) + 1, ""
    for item in architectures():
        head = found.get(f"{item.head}.weight")
        classes = head[0] if head is not None and len(head) == 2 else 1000
        for options in item.guesses(found) if 0 < classes <= MAX_CLASSES else ():
            of_classes = (f"{item.head}.weight", f"{item.head}.bias")
            expected = {
                name: (classes, *shape[1:]) if name in of_classes else shape
                for name, shape in _shapes_of(item.name, tuple(options.items())).items()
            }
            if expected == found:
                return item.name, classes, options
            wrong = [name for name in expected | found if expected.get(name) != found.get(name)]
            if len(wrong) < fewest:
                nearest, fewest = item.title, len(wrong)
                name = wrong[0]
                difference = _difference(name, expected.get(name), found.get(name))
    hint = f" The nearest is {nearest}, but {difference}." if nearest else ""
    raise ModelFileError(
        path,
        f"{path.name} fits no architecture that this program knows.{hint}",
        "Residual networks with torchvision's names (ResNet, ResNeXt, Wide ResNet) and Keras's "
        "ResNets can be imported.",
    )


@functools.cache
def _shapes_of(architecture: str, options: tuple[tuple[str, Any], ...]) -> dict[str, Shape]:
    """By name, with one class; counters are left out."""
    state = build_meta(architecture, 1, dict(options)).state_dict()
    return {name: tuple(t.shape) for name, t in state.items() if not name.endswith(_COUNTER)}


def _difference(name: str, expected: Shape | None, found: Shape | None) -> str:
    shown = name[:200]
    if found is None:
        return f"“{shown}” is missing"
    if expected is None:
        return f"“{shown}” is too much"
    shapes = [" × ".join(map(str, shape)) for shape in (expected, found)]
    return f"“{shown}” should be {shapes[0]} and is {shapes[1]}"
