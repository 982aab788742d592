"""All weights that their makers publish for download, whoever lists them. Without torch."""

from __future__ import annotations

from resnet_gui.core.zoo.providers.keras import keras_specs
from resnet_gui.core.zoo.providers.torchvision import torchvision_specs
from resnet_gui.core.zoo.spec import ModelSpec


def published_specs() -> tuple[ModelSpec, ...]:
    """Every entry with an address and a hash, in the zoo's order."""
    return (*torchvision_specs(), *keras_specs())
