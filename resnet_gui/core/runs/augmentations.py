"""How training photos are varied: one entry a level. No torch here: the functions that build the
transforms are named, and `training.augment` imports them when a run needs one.

To add one: an entry in AUGMENTATIONS. The settings, the form and the command line read it from
there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from resnet_gui.core.photos.store import Reader, crop_reader, whole_reader
from resnet_gui.core.preprocessing import Preprocessing

NONE, LIGHT = "none", "light"
_TRANSFORMS = "resnet_gui.core.training.transforms"


@dataclass(frozen=True, slots=True)
class Augmentation:
    """One level.

    Attributes:
        name: in settings. label: for a person.
        reader: how training photos are read for it: the crop, or the whole for random crops.
        steps: "module:function" of what makes its transforms, (Variation, Preprocessing) -> list
            of torch modules for one photo, (3, H, W) uint8, in their order; "": none. As text,
            because the window asks the levels and never needs torch.
    """

    name: str
    label: str
    reader: Callable[[Preprocessing], Reader]
    steps: str


AUGMENTATIONS = {
    item.name: item
    for item in (
        Augmentation(NONE, "None", crop_reader, ""),
        Augmentation(LIGHT, "Light: flip, shift", crop_reader, f"{_TRANSFORMS}:light"),
        Augmentation("standard", "Standard: crop, colour", whole_reader, f"{_TRANSFORMS}:standard"),
        Augmentation("strong", "Strong: all kinds", whole_reader, f"{_TRANSFORMS}:strong"),
    )
}
