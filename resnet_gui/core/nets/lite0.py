"""EfficientNet-Lite0 from its pip package. Needs torch."""

from __future__ import annotations

from torch import nn

from resnet_gui.core.errors import ModelError
from resnet_gui.core.nets.registration import Options


def build(name: str, classes: int, options: Options) -> nn.Module:
    """See `Architecture.builder`.

    Raises:
        ModelError: the package is not installed.
    """
    try:
        from efficientnet_lite_pytorch import EfficientNet
    except ImportError as error:
        raise ModelError(
            "The package with EfficientNet-Lite0 is not installed.",
            "Install it with “pip install efficientnet-lite-pytorch”.",
        ) from error
    network: nn.Module = EfficientNet.from_name(name, num_classes=classes, **options)
    return network
