"""Keras's weights into our networks. Needs torch, and h5py for the files.

Kernels change their order of axes: (height, width, in, out) becomes (out, in, height, width). The
original networks of Keras were trained on BGR pixels; their first kernel is turned round here, so
that they take RGB as all others do (see `keras_zoo` for the preprocessing that goes with it).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from resnet_gui.core.errors import CheckpointMismatchError, ModelFileError
from resnet_gui.core.header_schema import MAX_CLASSES
from resnet_gui.core.nets.build import build_network
from resnet_gui.core.nets.families.keras import SHAPES
from resnet_gui.core.nets.keras_resnet import STAGES, KerasResNet
from resnet_gui.core.zoo.weights.keras_file import KerasFile, Shape, open_keras_file
from resnet_gui.core.zoo.weights.read_weights import check_materialised

HEAD = "predictions"
_STEM = "conv1_conv"
_NORM = {
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}


@dataclass(frozen=True, slots=True)
class KerasTensor:
    """One tensor by both names.

    Attributes:
        layer, variable: Keras's names; shape: in Keras's order of axes.
        name: the name in our network's state.
    """

    layer: str
    variable: str
    shape: Shape
    name: str


def keras_tensors(network: KerasResNet) -> Iterator[KerasTensor]:
    """All tensors of a network, layers of one kind in the order of Keras's `model.layers`."""
    for layer, name in _layers(network):
        module = network.get_submodule(name)
        if isinstance(module, nn.BatchNorm2d):
            for variable, ours in _NORM.items():
                yield KerasTensor(layer, variable, (module.num_features,), f"{name}.{ours}")
            continue
        assert isinstance(module, nn.Conv2d | nn.Linear)
        outputs, inputs, *window = module.weight.shape
        yield KerasTensor(layer, "kernel", (*window, inputs, outputs), f"{name}.weight")
        if module.bias is not None:
            yield KerasTensor(layer, "bias", tuple(module.bias.shape), f"{name}.bias")


def _layers(network: KerasResNet) -> Iterator[tuple[str, str]]:
    """(Keras's layer, our module), in the order of Keras's `model.layers`."""
    first = network.version == 1
    yield _STEM, "stem.conv"
    if first:
        yield "conv1_bn", "stem.norm"
    for number, blocks in enumerate(STAGES[network.depth], start=1):
        for position in range(blocks):
            keras, ours = f"conv{number + 1}_block{position + 1}", f"stage{number}.{position}"
            if not first:
                yield f"{keras}_preact_bn", f"{ours}.preactivation.norm"
            for layer in (1, 2):
                yield f"{keras}_{layer}_conv", f"{ours}.residual.conv{layer}"
                yield f"{keras}_{layer}_bn", f"{ours}.residual.norm{layer}"
            if position == 0:
                yield f"{keras}_0_conv", f"{ours}.shortcut.conv" if first else f"{ours}.projection"
            yield f"{keras}_3_conv", f"{ours}.residual.conv3"
            if first and position == 0:
                yield f"{keras}_0_bn", f"{ours}.shortcut.norm"
            if first:
                yield f"{keras}_3_bn", f"{ours}.residual.norm3"
    if not first:
        yield "post_bn", "norm.norm"
    yield HEAD, "head"


def read_keras_state(path: Path, network: KerasResNet) -> dict[str, Tensor]:
    """The state of our network (it may be on the meta device) from a file of Keras. Of a file
    without a classes layer it has no head.

    Raises:
        ModelError: h5py is not installed.
        ModelFileError: damaged.
        CheckpointMismatchError: another network's; names the first tensor that differs.
    """
    with open_keras_file(path) as file:
        return _state(file, network)


def recognise_keras_file(path: Path) -> tuple[str, dict[str, Tensor]]:
    """Which of the six architectures a file's tensors have, and its state.

    Raises:
        ModelError, ModelFileError: as `read_keras_state`; of none of the six, which names the
            nearest and the first difference; or without a layer that tells the classes.
    """
    with open_keras_file(path) as file:
        classes = _classes(file)
        if classes is not None and not 0 < classes <= MAX_CLASSES:
            raise ModelFileError(
                path,
                f"{path.name} has {classes:,} classes. Up to {MAX_CLASSES:,} can be used.",
                "Choose another file.",
            )
        nearest: tuple[int, str, CheckpointMismatchError] | None = None
        for architecture in SHAPES:
            network = _pattern(architecture, classes or 1)
            differences = _differences(file, network)
            if not differences:
                if classes is None:
                    raise ModelFileError(
                        path,
                        f"{path.name} has no layer for the classes (Keras calls it “notop”), so it "
                        "cannot classify.",
                        "Choose the file with the classes, or train such a network anew.",
                    )
                return architecture, _state(file, network)
            if nearest is None or len(differences) < nearest[0]:
                nearest = (len(differences), architecture, _mismatch(path, differences[0]))
        assert nearest is not None
        _, architecture, error = nearest
        raise ModelFileError(
            path,
            f"{path.name} fits no architecture that this program knows. The nearest is "
            f"{SHAPES[architecture].title}: expected {error.expected}, found "
            f"{error.found}.",
            "ResNet50, 101, 152 and their V2 of keras.applications can be imported.",
        )


def _empty(architecture: str, classes: int) -> KerasResNet:
    with torch.device("meta"):
        network = build_network(architecture, classes)
    assert isinstance(network, KerasResNet)
    return network


@functools.lru_cache(maxsize=12)
def _pattern(architecture: str, classes: int) -> KerasResNet:
    """As `_empty`, to be compared with files and never filled."""
    return _empty(architecture, classes)


def _classes(file: KerasFile) -> int | None:
    """Number of outputs of the file's classes layer; None: it has none."""
    head = _head_layer(file)
    return file.layers[head]["kernel"][1] if head is not None else None


def _head_layer(file: KerasFile) -> str | None:
    """The one layer with a matrix, whatever its name is ("probs" in the published files)."""
    found = [
        name for name, variables in file.layers.items() if len(variables.get("kernel", ())) == 2
    ]
    return found[0] if len(found) == 1 else None


def _found(file: KerasFile, network: KerasResNet) -> dict[str, str]:
    """Keras's layer in the model -> the layer in the file that stands for it."""
    if file.named:
        found = {layer: layer for layer in file.layers}
    else:
        found, unknown = {}, list(file.layers)
        modules = {layer: network.get_submodule(name) for layer, name in _layers(network)}
        for prefix, kind in (("conv2d", nn.Conv2d), ("batch_normalization", nn.BatchNorm2d)):
            theirs = [name for name in unknown if name.startswith(prefix)]
            ours = [layer for layer, module in modules.items() if isinstance(module, kind)]
            found |= dict(zip(ours, theirs, strict=False))
            found |= {name: name for name in theirs[len(ours) :]}
            unknown = [name for name in unknown if name not in theirs]
        found |= {name: name for name in unknown}
    head = _head_layer(file)
    if head is not None:
        found = {layer: theirs for layer, theirs in found.items() if theirs != head}
        found[HEAD] = head
    return found


_Difference = tuple[str, Shape | None, Shape | None]


def _differences(file: KerasFile, network: KerasResNet) -> list[_Difference]:
    """(tensor, expected shape, found shape) of all that does not fit. A file without a classes
    layer may lack the head."""
    places = _found(file, network)
    found: dict[str, Shape] = {
        f"{layer}/{variable}": shape
        for layer, theirs in places.items()
        for variable, shape in file.layers[theirs].items()
    }
    expected = {f"{t.layer}/{t.variable}": t.shape for t in keras_tensors(network)}
    if HEAD not in places:
        expected = {name: s for name, s in expected.items() if not name.startswith(f"{HEAD}/")}
    return [
        (name, expected.get(name), found.get(name))
        for name in expected | found
        if expected.get(name) != found.get(name)
    ]


def _mismatch(path: Path, difference: _Difference) -> CheckpointMismatchError:
    name, expected, found = difference
    if expected is None:
        return CheckpointMismatchError(path, "no more tensors", f"“{name}” of shape {found}")
    wanted = f"“{name}” of shape {expected}"
    return CheckpointMismatchError(path, wanted, str(found) if found else "none of that name")


def _state(file: KerasFile, network: KerasResNet) -> dict[str, Tensor]:
    differences = _differences(file, network)
    if differences:
        raise _mismatch(file.path, differences[0])
    places = _found(file, network)
    sizes = (math.prod(t.shape) for t in keras_tensors(network) if t.layer in places)
    check_materialised(file.path, 4 * sum(sizes))
    state: dict[str, Tensor] = {}
    for tensor in keras_tensors(network):
        if tensor.layer not in places:
            continue  # the head of a "notop" file
        value = file.read(places[tensor.layer], tensor.variable)
        if value.ndim == 4:
            if tensor.layer == _STEM and network.version == 1:
                value = value[:, :, ::-1]  # takes RGB instead of BGR
            value = value.transpose(3, 2, 0, 1)
        elif value.ndim == 2:
            value = value.T
        state[tensor.name] = torch.from_numpy(np.ascontiguousarray(value))
    for name in network.state_dict():
        if name.endswith("num_batches_tracked"):
            state[name] = torch.tensor(0)
    return state
