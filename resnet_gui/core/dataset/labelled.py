"""Whether photos lie in folders as a labelled dataset's do, judged by their paths alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from resnet_gui.core.dataset.walk import PART_NAMES

_FEWEST_PHOTOS = 5  # of a class on average: with fewer it is more likely something else


def class_folders(root: Path, photos: Sequence[Path]) -> int:
    """How many folders of one class each there are below `root`: CLASS/photo, or PART/CLASS/photo
    with parts such as "train". 0 where one photo lies otherwise, or folders hold very few.

    Args:
        photos: all that were found below `root`.
    """
    names: set[str] = set()
    for photo in photos:
        parts = photo.relative_to(root).parts
        if len(parts) == 3 and parts[0].lower() in PART_NAMES:
            parts = parts[1:]
        if len(parts) != 2 or parts[0].lower() in PART_NAMES:
            return 0
        names.add(parts[0])
    return len(names) if len(names) > 1 and len(photos) >= _FEWEST_PHOTOS * len(names) else 0
