"""Which models exist and where their weights are. Without torch, but for what reads tensors."""

from resnet_gui.core.zoo.catalogue import RECOMMENDED_ID, Zoo
from resnet_gui.core.zoo.providers.registry import Provider
from resnet_gui.core.zoo.spec import ModelEntry, ModelSpec, ModelState, Preprocessing

__all__ = [
    "RECOMMENDED_ID",
    "ModelEntry",
    "ModelSpec",
    "ModelState",
    "Preprocessing",
    "Provider",
    "Zoo",
]
