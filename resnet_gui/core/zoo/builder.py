"""From an entry of the zoo to a network in memory. This module needs torch."""

from __future__ import annotations

import filecmp
import pickle
import shutil
from collections.abc import Container, Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from resnet_gui.core.atomic import claiming, dump_json, numbered
from resnet_gui.core.errors import CheckpointMismatchError, ModelError, ModelFileError
from resnet_gui.core.gentle_import import gentle_import
from resnet_gui.core.nets.keras_resnet import KerasResNet
from resnet_gui.core.nets.registry import BUILDERS
from resnet_gui.core.paths import bundled_models_dir
from resnet_gui.core.tensor_files import write_tensors
from resnet_gui.core.zoo.keras_file import SUFFIXES as KERAS_SUFFIXES
from resnet_gui.core.zoo.keras_weights import read_keras_state
from resnet_gui.core.zoo.modelfile import (
    METADATA_KEY,
    SUFFIX,
    document_for,
    read_header,
    spec_from_header,
)
from resnet_gui.core.zoo.offline_zoo import MODEL_ID as LITE0
from resnet_gui.core.zoo.published import published_specs
from resnet_gui.core.zoo.spec import ModelEntry, ModelSpec
from resnet_gui.core.zoo.torchvision_zoo import ARCHITECTURES


class Head(nn.Sequential):
    """A head with more than one layer; see `set_head`."""


def build_network(
    architecture: str, classes: int, options: Mapping[str, Any] | None = None
) -> nn.Module:
    """A network with freshly initialised weights on the current default device.

    Args:
        architecture: name in the zoo ("resnet50", "efficientnet-lite0").
        classes: number of outputs.
        options: what the architecture takes beside that. "head" (see `set_head`) is taken by
            all of them.

    Returns:
        x: (N, 3, H, W) float32, normalised -> logits: (N, classes) float32.

    Raises:
        ModelError: this version does not know the architecture, or a package is missing.
    """
    values = dict(options or {})
    head = values.pop("head", None)
    network = _build(architecture, classes, values)
    if head is not None:
        set_head(network, classes, head)
    return network


def head_name(network: nn.Module) -> str:
    """The name of the module that maps features to classes: the last linear layer, or the `Head`
    that it is part of.

    Raises:
        ModelError: there is none.
    """
    names: list[str] = [
        name for name, module in network.named_modules() if isinstance(module, nn.Linear)
    ]
    if not names:
        raise ModelError("This network has no linear head, so it cannot be fine-tuned.")
    parent: str = names[-1].rpartition(".")[0]
    return parent if parent and isinstance(network.get_submodule(parent), Head) else names[-1]


def set_head(
    network: nn.Module, classes: int, options: Mapping[str, Any] | None = None
) -> nn.Module:
    """Replace the network's head by a new one with random weights, and return it.

    Args:
        options: "width" of a hidden layer with ReLU (0: none), "dropout" before the last layer.
            With neither it is one linear layer under the name it has in the architecture.

    Returns:
        features: (N, D) -> logits: (N, classes).
    """
    name = head_name(network)
    old = network.get_submodule(name)
    linear = next(module for module in old.modules() if isinstance(module, nn.Linear))
    values = options or {}
    width, dropout = int(values.get("width", 0)), float(values.get("dropout", 0.0))
    layers: list[nn.Module] = []
    if width:
        layers += [nn.Linear(linear.in_features, width), nn.ReLU()]
    if dropout:
        layers.append(nn.Dropout(dropout))
    layers.append(nn.Linear(width or linear.in_features, classes))
    head: nn.Module = Head(*layers) if len(layers) > 1 else layers[0]
    network.set_submodule(name, head)
    return head


def _build(architecture: str, classes: int, options: Mapping[str, Any]) -> nn.Module:
    if architecture in ARCHITECTURES:
        # Only now: torchvision's import costs over a second, and the embedded model needs none.
        with gentle_import():
            from torchvision import models

        network: nn.Module = models.get_model(architecture, weights=None, num_classes=classes)
        return network
    if architecture == LITE0:
        try:
            from efficientnet_lite_pytorch import EfficientNet
        except ImportError as error:
            raise ModelError(
                "The package with EfficientNet-Lite0 is not installed.",
                "Install it with “pip install efficientnet-lite-pytorch”.",
            ) from error
        lite: nn.Module = EfficientNet.from_name(LITE0, num_classes=classes, **options)
        return lite
    if architecture in BUILDERS:
        try:
            return BUILDERS[architecture](classes, options)
        except (TypeError, KeyError, ValueError) as error:
            raise ModelError(
                f"The architecture “{architecture}” does not take the options {dict(options)}.",
                "Update the program, or ask the file's maker.",
            ) from error
    raise ModelError(
        f"This version of the program does not know the architecture “{architecture}”.",
        "Update the program.",
    )


def load_network(entry: ModelEntry) -> nn.Module:
    """The entry's network with its weights, on the CPU, in evaluation mode, float32.

    It is built without memory (on torch's meta device) and the file's tensors take the places:
    several times faster than initialising weights that are then overwritten.

    Raises:
        ModelFileError, CheckpointMismatchError: the file is damaged or does not fit.
    """
    path = entry.weights_path
    if path is None:
        raise ModelError(f"The weights of “{entry.spec.id}” are not on this computer.")
    spec = entry.spec
    with torch.device("meta"):
        network = build_network(spec.architecture, len(spec.classes), spec.architecture_options)
    if isinstance(network, KerasResNet) and path.suffix.lower() in KERAS_SUFFIXES:
        state = read_keras_state(path, network)
    else:
        state = read_state_dict(path)
    _check_fit(
        path,
        network,
        {name: (tuple(v.shape), v.is_floating_point()) for name, v in state.items()},
    )
    network.load_state_dict(state, assign=True)
    for parameter in network.parameters():
        parameter.requires_grad_(False)
    return network.eval().float()


def read_state_dict(path: Path) -> dict[str, Tensor]:
    """All tensors of a `.safetensors` or (weights only, never code) `.pth` file, on the CPU.

    Raises:
        ModelFileError: damaged, cut off, or a pickle that holds more than weights.
    """
    try:
        if path.suffix.lower() == SUFFIX:
            # Copied: tensors that stay mapped to the file change, or kill the process (SIGBUS),
            # when another program writes over it.
            return {name: tensor.clone() for name, tensor in load_file(path).items()}
        state = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise ModelFileError(path, f"{path.name} is not there any more.") from error
    except pickle.UnpicklingError as error:
        raise ModelFileError(
            path,
            f"{path.name} is not a plain weights file, or it is damaged. It was not opened: that "
            "could run foreign code.",
            f"If it was downloaded, delete it (it is in {path.parent}) and download it again; else "
            "ask its maker for a .safetensors file.",
        ) from error
    except (OSError, RuntimeError, EOFError, ValueError, KeyError, SafetensorError) as error:
        raise ModelFileError(
            path,
            f"{path.name} is damaged or cut off.",
            f"Delete it (it is in {path.parent}) and download or copy it again.",
        ) from error
    if not isinstance(state, Mapping) or not all(isinstance(v, Tensor) for v in state.values()):
        raise ModelFileError(path, f"{path.name} does not hold a network's weights.")
    return dict(state)


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


def add_model_file(source: Path, folder: Path) -> ModelSpec:
    """Check a model file and copy it into the user's models under a free name.

    Args:
        source: the file that was dropped; it is left as it is.
        folder: the user's models folder.

    Returns:
        the spec of the copy, with its id.

    Raises:
        ModelFileError, CheckpointMismatchError, ModelError: it cannot be used; nothing is copied.
        OSError: the folder cannot be written.
    """
    header = read_header(source)
    spec = spec_from_header(source, header, "yours")
    with torch.device("meta"):
        network = build_network(spec.architecture, len(spec.classes), spec.architecture_options)
    found = {t.name: (t.shape, t.dtype.startswith(("F", "BF"))) for t in header.tensors}
    _check_fit(source, network, found)
    if source.resolve().parent == folder.resolve():
        return spec  # dropped from the models folder itself
    # Not the id of another provider's model either: ids do not tell upper from lower case.
    taken = {known.id.lower() for known in published_specs()} | {LITE0}
    taken |= {path.stem.lower() for path in bundled_models_dir().glob(f"*{SUFFIX}")}
    wanted = folder / f"{source.stem}{SUFFIX}"
    for target in free_ids(wanted, taken):
        if not target.exists():
            break
        if _same_bytes(target, source):
            return spec_from_header(target, header, "yours")
    with claiming(free_ids(wanted, taken)) as claim:
        shutil.copyfile(source, claim.temporary)
    return spec_from_header(claim.path, read_header(claim.path), "yours")


def free_ids(path: Path, taken: Container[str]) -> Iterator[Path]:
    """`path` and its numbered names, but those whose stem (in lower case) is an id of the zoo: of
    two models with one id one is hidden."""
    return (name for name in numbered(path) if name.stem.lower() not in taken)


def _same_bytes(left: Path, right: Path) -> bool:
    same_size = left.stat().st_size == right.stat().st_size
    return same_size and filecmp.cmp(left, right, shallow=False)


def _check_fit(
    path: Path, network: nn.Module, found: Mapping[str, tuple[tuple[int, ...], bool]]
) -> None:
    """Raises CheckpointMismatchError with the first difference, in words.

    Args:
        found: per tensor its shape, and whether it holds fractions.
    """
    expected = network.state_dict()
    for name, tensor in expected.items():
        if name not in found:
            # Files from before PyTorch 0.4.1 lack this counter; torch fills it in.
            if name.endswith("num_batches_tracked"):
                continue
            raise CheckpointMismatchError(path, f"a tensor “{name}”", "none of that name")
        shape, fractions = found[name]
        if shape != tuple(tensor.shape):
            raise CheckpointMismatchError(
                path, f"“{name}” of shape {tuple(tensor.shape)}", str(shape)
            )
        if tensor.is_floating_point() and not fractions:
            raise CheckpointMismatchError(path, f"fractions in “{name}”", "whole numbers")
    extra = [name for name in found if name not in expected]
    if extra:
        raise CheckpointMismatchError(path, "no more tensors", f"“{extra[0]}”")
