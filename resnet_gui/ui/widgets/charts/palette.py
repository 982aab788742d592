"""Colours of the lines of the user's runs: Okabe and Ito's, and others that differ as much, told
apart by colour-blind eyes."""

from __future__ import annotations

from resnet_gui.ui.widgets.theme import Colours

# Light, dark; in the order in which runs come. None is that of a plain or a residual network.
_RUNS = (
    ("#00798c", "#5fd0e0"),
    ("#b3261e", "#ff8f86"),
    ("#6b6400", "#e3d84a"),
    ("#5a46b5", "#b3a6ff"),
    ("#8a5a1c", "#d8ab73"),
    ("#007a5a", "#2ec99b"),
    ("#9c4a82", "#e08fc0"),
)


def run_colour(number: int, colours: Colours) -> str:
    """Of the run with this number among those that are drawn, from 0."""
    return _RUNS[number % len(_RUNS)][colours.dark]
