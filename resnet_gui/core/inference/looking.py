"""A model that looks at each photo in one of `core.looks.LOOKS`. No torch here."""

from __future__ import annotations

import dataclasses

from resnet_gui.core.errors import ModelError
from resnet_gui.core.looks import LOOKS, ONCE
from resnet_gui.core.system.settings import load_settings
from resnet_gui.core.zoo.spec import ModelEntry


def looking(entry: ModelEntry, look: str) -> ModelEntry:
    """The same model, which looks at each photo in this way; "" and "none": once.

    Raises:
        ModelError: there is no such way.
    """
    if look and look not in LOOKS:
        raise ModelError(
            f"There is no way “{look}” of looking at photos.", f"Choose {', '.join(LOOKS)}."
        )
    views = "" if look == ONCE else look
    if entry.spec.views == views:
        return entry
    return dataclasses.replace(entry, spec=dataclasses.replace(entry.spec, views=views))


def look_wanted() -> str:
    """The way that the settings say."""
    look = load_settings().look
    return look if look in LOOKS else ONCE
