"""Sorting: each photo into the folder of its label."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from resnet_gui.core.filing.batch import How, Plan, Planning, Wish, title_of
from resnet_gui.core.filing.names import folded, folder_name, folder_names, numbers
from resnet_gui.core.filing.plan import plan_batch

_NAMED = 3  # labels in a sentence


class Labelled(NamedTuple):
    """A photo's path with what is said of it (a class, or a kind of thing), and how probable that
    is (0..1)."""

    path: str
    label: str
    probability: float


class SortWish(NamedTuple):
    """What the person wants.

    Attributes:
        into: the folder in which there will be one for each label.
        how: what is done with the photos.
        min_confidence: 0..1; photos below stay where they are.
        unsure_folder: a folder for those instead, by its name in `into`; "": they stay.
        sidecars: files with edits go along.
    """

    into: Path
    how: How = How.COPY
    min_confidence: float = 0.0
    unsure_folder: str = ""
    sidecars: bool = True


def wishes_for(photos: Sequence[Labelled], wish: SortWish) -> list[Wish]:
    """One for each photo that goes into a folder, in their order."""
    into = wish.into
    sure = [photo for photo in photos if photo.probability >= wish.min_confidence]
    folders = folder_names(photo.label for photo in sure)
    rest = ""
    if wish.unsure_folder:  # not the folder of a label that is called so
        taken = {folded(name) for name in folders.values()}
        wanted = folder_name(wish.unsure_folder)
        rest = next(name for end in numbers() if folded(name := wanted + end) not in taken)
    found = []
    for photo in photos:
        name = folders[photo.label] if photo.probability >= wish.min_confidence else rest
        if name:
            path = Path(photo.path)
            found.append(Wish(path, into / name / path.name, wish.how))
    return found


def plan_sorting(photos: Sequence[Labelled], wish: SortWish) -> Generator[Planning, None, Plan]:
    """As `plan_batch`, named after what it does: “Move 812 photos into 14 folders of “Sorted””."""
    plan = yield from plan_batch(wishes_for(photos, wish), sidecars=wish.sidecars)
    folders = {Path(piece.target).parent for piece in plan.pieces}
    return replace(plan, title=title_of(wish.how, plan.photos, len(folders), wish.into))


def other_folders(photos: Sequence[Labelled], least: float) -> str:
    """Which labels no folder can be called like, in a sentence; "": every folder is called like
    its label.

    Args:
        least: the probability from which on a photo goes into the folder of its label.
    """
    folders = folder_names({photo.label for photo in photos if photo.probability >= least})
    pairs = [
        f"“{label}” goes into “{name}”"
        for label, name in sorted(folders.items())
        if folded(name) != folded(label.strip())
    ]
    if not pairs:
        return ""
    more = len(pairs) - _NAMED
    rest = f" and {more:,} more" if more > 0 else ""
    return f"No folder can be called like some labels: {', '.join(pairs[:_NAMED])}{rest}."


class SureCounts:
    """How many photos are at least so sure, and how many labels they have. At once."""

    def __init__(self, photos: Sequence[Labelled]) -> None:
        falling = sorted(photos, key=lambda photo: -photo.probability)
        self._doubts = [-photo.probability for photo in falling]  # rising, as bisect wants it
        self._labels: list[int] = [0]
        seen: set[str] = set()
        for photo in falling:
            seen.add(photo.label)
            self._labels.append(len(seen))

    def at(self, least: float) -> tuple[int, int]:
        """(photos, labels) of a probability of at least `least`."""
        photos = bisect_right(self._doubts, -least)
        return photos, self._labels[photos]


def count_sure(photos: Sequence[Labelled]) -> Iterator[SureCounts]:
    """A job: yields one."""
    yield SureCounts(photos)
