"""Keras's networks with the weights of a file, without the zoo around it."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from resnet_gui.core.nets.build import build_network
from resnet_gui.core.nets.keras_resnet import KerasResNet
from resnet_gui.core.zoo.weights.keras_weights import read_keras_state


def keras_network(architecture: str, weights: Path, classes: int = 1000) -> KerasResNet:
    """In evaluation mode; a file without a classes layer ("notop") gives a random head."""
    with torch.device("meta"):
        network = build_network(architecture, classes)
    assert isinstance(network, KerasResNet)
    state = read_keras_state(weights, network)
    network.load_state_dict(state, strict=False, assign=True)  # complete but for the head
    if "head.weight" not in state:
        network.head = nn.Linear(network.head.in_features, classes)
    return network.eval()
