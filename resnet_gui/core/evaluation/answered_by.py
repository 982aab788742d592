"""Which form of a model gave the answers that were measured. No torch here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from resnet_gui.core.inference.backend import EXACT, GPU, INT8
from resnet_gui.core.inference.converted import find_conversion
from resnet_gui.core.inference.eight_bits import usable_eight_bits, why_not
from resnet_gui.core.system.settings import eight_bits_wanted
from resnet_gui.core.words import precision_words
from resnet_gui.core.zoo.spec import ModelEntry


class Answered(Protocol):
    """As in `Facts`."""

    @property
    def backend(self) -> str: ...
    @property
    def precision(self) -> str: ...


def in_8_bits(figures: Answered) -> bool:
    """Whether the answers are in 8 bits; of an ensemble, any of its models'."""
    return INT8 in figures.precision.split(", ")


def answered_by(figures: Answered) -> str:
    """That in a sentence; "" where it is not known (results of before)."""
    if in_8_bits(figures):
        how = "" if figures.precision == INT8 else "partly "
        return f"Answered {how}in 8 bits (OpenVINO)."
    how = ", ".join(precision_words(one) for one in figures.precision.split(", ") if one)
    if not figures.backend or not how:
        return ""
    if figures.backend == EXACT:
        exactly = figures.precision == "fp32"
        return "Answered exactly (torch, full precision)." if exactly else f"Answered in {how}."
    return f"Answered in {how} ({'GPU' if figures.backend == GPU else 'OpenVINO'})."


def not_in_8_bits(entries: Iterable[ModelEntry]) -> str:
    """What a person should know who has answers in 8 bits, of a measurement that is not; "" for
    nothing. Looks at the disk."""
    if not eight_bits_wanted():
        return ""
    for single in (single for entry in entries for single in entry.singles()):
        found = find_conversion(single)
        if found is not None and usable_eight_bits(found) is not None:
            return (
                "Photos are answered in 8 bits, as you wish. This measures the usual form, by "
                "which models are compared; “resnet-gui evaluate --8-bit” measures that of 8 bits."
            )
    return ""


def no_8_bits(entry: ModelEntry) -> str:
    """Why a model that was to be measured in 8 bits was not. Looks at the disk."""
    why = why_not(entry) or (
        "there is no such form of it yet: one is made from the first folder of 64 photos or more "
        "that is classified in 8 bits"
    )
    return f"“{entry.spec.title}” does not answer in 8 bits, as {why}. The usual form is measured."
