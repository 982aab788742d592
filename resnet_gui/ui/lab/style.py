"""How a network looks in the Lab: weight says the depth; colour the kind of what ships with the
program, and of the user's runs which one it is.

Okabe and Ito's colours, told apart by colour-blind eyes; in print the line's weight and the name
at its end remain.
"""

from __future__ import annotations

from resnet_gui.core.nets.registration import Kind
from resnet_gui.core.nets.registry import depth_of, kind_of
from resnet_gui.core.runs.history import TrainingHistory
from resnet_gui.ui.widgets.charts.palette import run_colour
from resnet_gui.ui.widgets.theme import Colours

_COLOURS = {
    Kind.RESIDUAL: ("#0072b2", "#56b4e9"),
    Kind.PLAIN: ("#c05000", "#e69f00"),
    Kind.HIGHWAY: ("#007a5a", "#2ec99b"),
    Kind.PREACTIVATION: ("#9c4a82", "#e08fc0"),
    Kind.OTHER: ("#59636f", "#a2acb8"),
}


def kind_colour(kind: Kind, colours: Colours) -> str:
    return _COLOURS[kind][colours.dark]


def line_colour(history: TrainingHistory, colours: Colours, number: int | None = None) -> str:
    """`number`: of a run of the user's (`LabController.number`)."""
    if number is not None:
        return run_colour(number, colours)
    return kind_colour(kind_of(history.architecture, history.options), colours)


def line_width(history: TrainingHistory) -> float:
    """In pixels at normal size: the deeper, the heavier."""
    depth = depth_of(history.architecture, history.options)
    for limit, width in ((24, 1.6), (40, 2.4), (80, 3.4)):
        if depth < limit:
            return width
    return 4.4
