"""How a network looks in the Lab: weight says the depth; colour the kind of what ships with the
program, and of the user's runs which one it is.

Okabe and Ito's colours, told apart by colour-blind eyes; in print the line's weight and the name
at its end remain.
"""

from __future__ import annotations

from resnet_gui.core.nets.registration import Kind
from resnet_gui.core.nets.registry import depth_of, kind_of
from resnet_gui.core.runs.history import TrainingHistory
from resnet_gui.ui.widgets.theme import Colours

_COLOURS = {
    Kind.RESIDUAL: ("#0072b2", "#56b4e9"),
    Kind.PLAIN: ("#c05000", "#e69f00"),
    Kind.HIGHWAY: ("#007a5a", "#2ec99b"),
    Kind.PREACTIVATION: ("#9c4a82", "#e08fc0"),
    Kind.OTHER: ("#59636f", "#a2acb8"),
}


# Of the user's runs, in the order in which they are switched on. None is that of a plain or a
# residual network.
_OWN = (
    ("#00798c", "#5fd0e0"),
    ("#b3261e", "#ff8f86"),
    ("#6b6400", "#e3d84a"),
    ("#5a46b5", "#b3a6ff"),
    ("#8a5a1c", "#d8ab73"),
    ("#007a5a", "#2ec99b"),
    ("#9c4a82", "#e08fc0"),
)
_LONGEST_LABEL = 24  # letters beside a line's end


def kind_colour(kind: Kind, colours: Colours) -> str:
    return _COLOURS[kind][colours.dark]


def line_colour(history: TrainingHistory, colours: Colours, number: int | None = None) -> str:
    """`number`: of a run of the user's (`LabController.number`)."""
    if number is not None:
        return _OWN[number % len(_OWN)][colours.dark]
    return kind_colour(kind_of(history.architecture, history.options), colours)


def chart_label(name: str) -> str:
    """A name short enough for a line's end, cut in the middle: ends tell runs apart."""
    if len(name) <= _LONGEST_LABEL:
        return name
    return f"{name[:12].rstrip()}…{name[-(_LONGEST_LABEL - 13) :].lstrip()}"


def line_width(history: TrainingHistory) -> float:
    """In pixels at normal size: the deeper, the heavier."""
    depth = depth_of(history.architecture, history.options)
    for limit, width in ((24, 1.6), (40, 2.4), (80, 3.4)):
        if depth < limit:
            return width
    return 4.4
