"""Decisions and the disk: what was carried out, undone, moved by hand or changed. No torch here.

The journals of `core.filing` say what became of each file of a batch, also of one that was cut off
or is half undone; the disk says the rest. So nothing has to be written at the moment at which a
file moves, and a kill in the middle leaves nothing that the next look does not mend.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from resnet_gui.core.dataset.summary import DatasetSummary
from resnet_gui.core.improve.corrections import Outcome
from resnet_gui.core.improve.values import Decisions


@dataclass(frozen=True, slots=True)
class Agreed:
    """outcomes: for `Corrections.settle`; empty where decisions and disk agree already.
    sentences: what a person should know, whole sentences."""

    outcomes: tuple[Outcome, ...] = ()
    sentences: tuple[str, ...] = ()


def agree(decisions: Decisions, summary: DatasetSummary) -> Iterator[Agreed]:
    """Compare decisions with the disk. A job for the io lane: after `load`, after each end of a
    batch or of its undo, whoever began it, and after each scan.

    What was carried out is not pending any more; what was undone is pending again. A photo that
    was moved or renamed keeps its decision; one whose bytes are others loses it, and so does one
    that was put into another class by hand (it is what it was to be, or somebody knew better).
    Photos that are not there keep theirs until they are.

    Args:
        summary: a scan of the folder of now.

    Yields:
        one Agreed.
    """
    raise NotImplementedError
