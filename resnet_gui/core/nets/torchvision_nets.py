"""torchvision's networks. Needs torch, and imports torchvision when one is built: that costs over a
second, and the embedded model needs none of it."""

from __future__ import annotations

from torch import nn

from resnet_gui.core.nets.registration import Options
from resnet_gui.core.system.gentle_import import gentle_import


def build(name: str, classes: int, options: Options) -> nn.Module:
    """See `Architecture.builder`."""
    with gentle_import():
        from torchvision import models

    network: nn.Module = models.get_model(name, weights=None, num_classes=classes)
    return network
