"""A prediction in words that do not claim more than the numbers do."""

from __future__ import annotations

from typing import NamedTuple

from resnet_gui.core.events import Prediction
from resnet_gui.core.zoo.kinds import SURE, said_of

UNLIKE = "Unlike the photos that the model learned from"


class Answer(NamedTuple):
    """What is said first of a photo.

    Attributes:
        verdict: the words before the name ("Probably a").
        name: a class, or what several classes are kinds of. probability: its own, 0..1.
        more: a sentence below; "" if there is nothing to add.
    """

    verdict: str
    name: str
    probability: float
    more: str = ""


def answer_of(prediction: Prediction) -> Answer:
    """The class where that is probable, else what the most likely ones are kinds of, else a guess
    that is called one."""
    name, article, probability = said_of(prediction)
    more = UNLIKE if prediction.unlike else kind_line(prediction)
    verdict = _verdict(probability, guess=prediction.unlike or probability < prediction.least)
    return Answer(verdict + (" " + article).rstrip(), name, probability, more)


def unsure(prediction: Prediction) -> bool:
    """Whether `answer_of` calls its answer a guess. Asked of every photo of the window."""
    return prediction.unsure


def kind_line(prediction: Prediction) -> str:
    """ "Any kind of cat: 73.6%", or nothing."""
    kind = prediction.kind
    return f"Any kind of {kind.name}: {percent(kind.probability)}" if kind is not None else ""


def percent(probability: float) -> str:
    """0.331 -> "33.1%". What is not certain never reads 100%."""
    shown = min(probability * 100, 99.9) if probability < 1 else 100.0
    return f"{shown:.1f}%"


def _verdict(probability: float, *, guess: bool) -> str:
    if guess:
        return "Not sure. Best guess:"
    return "This is" if probability >= SURE else "Probably"
