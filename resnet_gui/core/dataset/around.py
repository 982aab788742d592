"""Whether a folder lies where a training would take it for a class. The disk is asked."""

from __future__ import annotations

import os
from pathlib import Path

from resnet_gui.core.dataset.walk import PART_NAMES
from resnet_gui.core.photos.endings import looks_like_image

_FEWEST_CLASSES = 2  # beside it; one folder of photos is not yet a dataset
_MOST_NAMES = 300  # that are looked at in a folder, and folders at all: a look, not a walk


def dataset_around(folder: Path) -> Path | None:
    """The folder to train on in which `folder`, which need not be there, is or would be a class:
    photos lie in others beside it. None: there is none."""
    classes = 0
    for sibling in _folders(folder.parent):
        if sibling.name != folder.name and _has_photo(sibling.path):
            classes += 1
            if classes == _FEWEST_CLASSES:
                parent = folder.parent
                return parent.parent if parent.name.lower() in PART_NAMES else parent
    return None


def _folders(place: Path) -> list[os.DirEntry[str]]:
    found: list[os.DirEntry[str]] = []
    try:
        with os.scandir(place) as entries:
            for entry in entries:
                if not entry.name.startswith(".") and entry.is_dir():
                    found.append(entry)
                    if len(found) == _MOST_NAMES:
                        break
    except OSError:  # what cannot be looked at is no dataset
        pass
    return found


def _has_photo(place: str) -> bool:
    try:
        with os.scandir(place) as entries:
            names = (entry.name for entry, _ in zip(entries, range(_MOST_NAMES), strict=False))
            return any(looks_like_image(name) for name in names)
    except OSError:
        return False
