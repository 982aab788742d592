"""Test-time augmentation: ways of looking at a photo several times, as values. The answers are then
averaged; `photos.views` cuts the crops, `inference.averaged` asks.

To add a way: an entry in LOOKS. The settings window, the command line and the backends read it from
there.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from resnet_gui.core.preprocessing import Preprocessing

# Where a crop lies, from left to right and from top to bottom, 0..1 each: what is left over is
# divided so. 0, 0 is the corner above on the left.
Place = tuple[float, float]
CENTRE: Place = (0.5, 0.5)


@dataclass(frozen=True, slots=True)
class View:
    """One crop of a photo.

    Attributes:
        at: where it lies; where the usual crop takes all of the photo, a corner is the middle.
        zoom: the photo is made so many times as large as usual before.
        mirrored: left is right.
    """

    at: Place = CENTRE
    zoom: float = 1.0
    mirrored: bool = False

    def preprocessing(self, usual: Preprocessing) -> Preprocessing:
        """How the crop of this view is made of a photo. Without resizing there is no zoom."""
        if usual.resize <= 0 or self.zoom == 1:
            return usual
        return dataclasses.replace(usual, resize=round(usual.resize * self.zoom))


@dataclass(frozen=True, slots=True)
class Look:
    """One way of looking at photos.

    Attributes:
        name: in settings and on the command line. label: for a person.
        views: the crops whose answers are averaged.
    """

    name: str
    label: str
    views: tuple[View, ...]


def _mirrored_too(views: tuple[View, ...]) -> tuple[View, ...]:
    return (*views, *(dataclasses.replace(view, mirrored=True) for view in views))


ONCE = "none"
_CORNERS: tuple[Place, ...] = ((0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0))
_FIVE = (View(), *(View(at=corner) for corner in _CORNERS))
_SIZES = (View(), View(zoom=1.125), View(zoom=1.25))

LOOKS = {
    look.name: look
    for look in (
        Look(ONCE, "Once", (View(),)),
        Look("flip", "Mirrored, too: twice", _mirrored_too((View(),))),
        # Krizhevsky et al. 2012 averaged ten.
        Look("five-crop", "Middle and corners: 5 times", _FIVE),
        Look("ten-crop", "Middle and corners, mirrored, too: 10 times", _mirrored_too(_FIVE)),
        Look("multi-scale", "Three sizes, mirrored, too: 6 times", _mirrored_too(_SIZES)),
    )
}


def views_of(look: str) -> tuple[View, ...]:
    """The crops of a way; those of "none" for "" and for what is none (a file may say anything)."""
    return LOOKS.get(look or ONCE, LOOKS[ONCE]).views
