"""A prediction in words that do not claim more than the numbers do."""

from __future__ import annotations

from typing import NamedTuple

from resnet_gui.core.events import Prediction
from resnet_gui.core.zoo.kinds import PROBABLE, SURE


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
    top, kind = prediction.top, prediction.kind
    if top.probability >= PROBABLE or kind is None:
        verdict = _verdict(top.probability) + (" " + prediction.article).rstrip()
        return Answer(verdict, top.label, top.probability, kind_line(prediction))
    verdict = _verdict(kind.probability) + (" " + kind.article).rstrip()
    return Answer(verdict, kind.name, kind.probability, kind_line(prediction))


def unsure(prediction: Prediction) -> bool:
    """Whether `answer_of` calls its answer a guess. Asked of every photo of the window."""
    return (prediction.kind or prediction.scores[0]).probability < PROBABLE


def kind_line(prediction: Prediction) -> str:
    """ "Any kind of cat: 73.6%", or nothing."""
    kind = prediction.kind
    return f"Any kind of {kind.name}: {percent(kind.probability)}" if kind is not None else ""


def percent(probability: float) -> str:
    """0.331 -> "33.1%". What is not certain never reads 100%."""
    shown = min(probability * 100, 99.9) if probability < 1 else 100.0
    return f"{shown:.1f}%"


def _verdict(probability: float) -> str:
    if probability >= SURE:
        return "This is"
    return "Probably" if probability >= PROBABLE else "Not sure. Best guess:"
