"""From an architecture's name to its network. Needs torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from torch import nn

from resnet_gui.core.nets.cifar import CifarPreActivationResNet, CifarResNet
from resnet_gui.core.nets.imagenet import PlainNet
from resnet_gui.core.nets.keras_resnet import KerasResNet

# Each takes the number of classes and the options of `ModelSpec.architecture_options`.
BUILDERS: dict[str, Callable[[int, Mapping[str, Any]], nn.Module]] = {
    "cifar_resnet": lambda classes, options: CifarResNet(classes=classes, **options),
    "cifar_preresnet": lambda classes, options: CifarPreActivationResNet(
        classes=classes, **options
    ),
    "plain_resnet": lambda classes, options: PlainNet(classes=classes, **options),
    "resnet50v2": lambda classes, options: KerasResNet(50, 2, classes, **options),
    "resnet101v2": lambda classes, options: KerasResNet(101, 2, classes, **options),
    "resnet152v2": lambda classes, options: KerasResNet(152, 2, classes, **options),
    "keras_resnet50": lambda classes, options: KerasResNet(50, 1, classes, **options),
    "keras_resnet101": lambda classes, options: KerasResNet(101, 1, classes, **options),
    "keras_resnet152": lambda classes, options: KerasResNet(152, 1, classes, **options),
}
