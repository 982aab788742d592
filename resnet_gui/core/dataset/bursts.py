"""Photos that were taken one right after the other and show the same: bursts. No torch here.

A camera trap takes three photos of each animal, a person five of each mushroom. If one of them
trains and another one validates, the network is asked about what it has seen: it would be right too
often.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from itertools import pairwise

from resnet_gui.core.dataset.summary import DatasetSummary, LabelledPhoto, name_list

# Camera traps are set off again and again while an animal stays; what comes after a minute is
# mostly another one.
BURST_S = 60.0


def bursts_of(photos: Iterable[LabelledPhoto], within_s: float) -> list[list[LabelledPhoto]]:
    """Photos in groups: those of one class and folder each of which was taken at most `within_s`
    seconds after the one before it; a photo whose time is not known is alone.

    Args:
        within_s: 0: each photo is alone.

    Returns:
        Groups sorted by their first path, each sorted by path.
    """
    groups: list[list[LabelledPhoto]] = []
    places: dict[tuple[int, str], list[tuple[float, LabelledPhoto]]] = defaultdict(list)
    for photo in photos:
        if photo.taken is None or within_s <= 0:
            groups.append([photo])
        else:
            places[photo.label, photo.path.rpartition("/")[0]].append((photo.taken, photo))
    for timed in places.values():
        timed.sort(key=lambda item: (item[0], item[1].path))
        groups.append([timed[0][1]])
        for (before, _), (taken, photo) in pairwise(timed):
            if taken - before <= within_s:
                groups[-1].append(photo)
            else:
                groups.append([photo])
    for group in groups:
        group.sort(key=lambda photo: photo.path)
    return sorted(groups, key=lambda group: group[0].path)


def in_bursts(photos: Iterable[LabelledPhoto], within_s: float = BURST_S) -> int:
    """How many photos are not alone."""
    return sum(len(group) for group in bursts_of(photos, within_s) if len(group) > 1)


def torn_sentence(summary: DatasetSummary, validating: Collection[str], within_s: float) -> str:
    """What to bear in mind where a burst trains and validates; "" where none does.

    Args:
        validating: paths of the photos that validate.
    """
    torn = {
        photos[0].label
        for photos in bursts_of(summary.photos, within_s)
        if 0 < sum(photo.path in validating for photo in photos) < len(photos)
    }
    if not torn:
        return ""
    names = name_list([summary.class_names[label] for label in sorted(torn)])
    return (
        f"Of photos of {names} that were taken right after one another, and look alike, some train "
        "and others validate: the accuracy may be too high. Photos of other days or places, in a "
        "folder “val” or under “Test on a folder…”, tell more."
    )
