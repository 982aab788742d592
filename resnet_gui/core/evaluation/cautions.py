"""What to bear in mind with the figures of an evaluation."""

from __future__ import annotations

from typing import Protocol

from resnet_gui.core.words import count_noun


class Measured(Protocol):
    """As in `Evaluated`."""

    @property
    def n(self) -> int: ...
    @property
    def failed(self) -> int: ...
    @property
    def part(self) -> str: ...
    @property
    def part_of(self) -> str: ...
    @property
    def trained_on(self) -> int | None: ...


def cautions(figures: Measured, *, epoch: bool = True) -> list[str]:
    """Whole sentences. `epoch`: also that the photos chose the best epoch."""
    sentences = []
    if figures.trained_on:
        which = "all" if figures.trained_on == figures.n else f"{figures.trained_on:,}"
        sentences.append(
            f"The model learned from {which} of these {figures.n:,} photos: of new photos this "
            "says little."
        )
    if epoch and figures.part_of == "run" and figures.part == "val":
        sentences.append("These photos also chose the best epoch, so new photos may do worse.")
    if figures.failed:
        sentences.append(f"{count_noun(figures.failed, 'more photo')} could not be read.")
    return sentences
