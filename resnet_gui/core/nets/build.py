"""From an architecture's name to its network, and to another head on it. Needs torch."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from torch import nn

from resnet_gui.core.errors import ModelError
from resnet_gui.core.header_schema import HeaderValueError
from resnet_gui.core.nets.registration import Architecture
from resnet_gui.core.nets.registry import find_architecture
from resnet_gui.core.nets.schema import read_options


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
        ModelError: this version does not know the architecture or one of the options, an option
            is out of range, or a package is missing.
    """
    found = find_architecture(architecture)
    if found is None:
        raise ModelError(
            f"This version of the program does not know the architecture “{architecture}”.",
            "Update the program.",
        )
    try:
        values = read_options(found, options or {})
    except HeaderValueError as error:
        raise ModelError(
            f"The architecture “{architecture}” cannot be built: {error}.",
            "Update the program, or ask the file's maker.",
        ) from error
    head = values.pop("head", None)
    network = _build(found, classes, values)
    if head is not None:
        set_head(network, classes, head)
    return network


def _build(architecture: Architecture, classes: int, options: Mapping[str, Any]) -> nn.Module:
    module, _, function = architecture.builder.partition(":")
    build = getattr(importlib.import_module(module), function)
    network: nn.Module = build(architecture.name, classes, options)
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
