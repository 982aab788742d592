"""Which photos are shown, how many, and in which order: plain values and functions, no Qt."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, NamedTuple

from resnet_gui.ui.library.facts import Facts
from resnet_gui.ui.widgets.photo_list import Photo


class Counts(NamedTuple):
    """How many photos there are, all of one moment.

    Attributes:
        labels: photos of the list by label, without those that have none. total: all of the list.
        found: those that the filter finds, were no labels chosen, by label, "" for none; None: all.
    """

    labels: Mapping[str, int]
    total: int
    found: Mapping[str, int] | None = None


class Which(Enum):
    """Of all photos, by how their answer is; the value is what stands on the screen."""

    ALL = "All photos"
    SURE = "Sure"
    UNSURE = "Unsure"
    FAILED = "Could not be read"
    OPEN = "Not classified yet"
    DISAGREE = "Models disagree"


@dataclass(frozen=True, slots=True)
class Filter:
    """What a photo must be to be shown.

    Attributes:
        text: words that must all stand somewhere in its path or its answer.
        labels: one of them; none: any.
        least, most: probability of its answer, 0..1.
        which: by how its answer is.
    """

    text: str = ""
    labels: frozenset[str] = frozenset()
    least: float = 0.0
    most: float = 1.0
    which: Which = Which.ALL

    @property
    def of_any_label(self) -> Filter:
        """The same, whatever the label."""
        return replace(self, labels=frozenset())

    def test(self) -> Callable[[Facts], bool] | None:
        """The filter as a function; None: all photos pass."""
        words = self.text.casefold().split()
        labels, least, most, which = self.labels, self.least, self.most, self.which
        # 49.96 % is shown as 50.0 %.
        ranged = least > 0 or most < 1
        least, most = least - 5e-4, most + 5e-4
        if not (words or labels or ranged or which is not Which.ALL):
            return None

        def passes(facts: Facts) -> bool:
            return (
                (not labels or facts.label in labels)
                and (
                    not ranged
                    or (facts.prediction is not None and least <= facts.probability <= most)
                )
                and _is(facts, which)
                and all(word in facts.text for word in words)
            )

        return passes


def _is(facts: Facts, which: Which) -> bool:
    if which is Which.ALL:
        return True
    if which is Which.UNSURE:
        return facts.unsure
    if which is Which.DISAGREE:
        return facts.disagree
    if which is Which.FAILED:
        return facts.failed
    answered = facts.prediction is not None
    if which is Which.SURE:
        return answered and not facts.unsure
    return not answered and not facts.failed


class SortBy(Enum):
    """What photos are sorted by; the value is what stands on the screen."""

    ADDED = "As they came"
    NAME = "Name"
    ANSWER = "Answer"
    PROBABILITY = "Probability"
    MARGIN = "Margin"
    MODEL = "Model"
    DATE = "Date"
    FOLDER = "Folder"
    BEFORE = "Models before"


def arranged(
    photos: Sequence[Photo],
    facts: Mapping[Photo, Facts],
    dates: Mapping[Photo, str],
    shown: Filter,
    by: SortBy,
    *,
    falling: bool = False,
) -> list[Photo]:
    """The photos that pass, sorted; those that have nothing to sort by come last, either way."""
    passes = shown.test()
    found = list(photos) if passes is None else [p for p in photos if passes(facts[p])]
    if by is SortBy.ADDED:
        return found[::-1] if falling else found
    if by is SortBy.NAME:
        return sorted(found, key=lambda p: facts[p].order, reverse=falling)
    if by is SortBy.FOLDER:
        return sorted(found, key=lambda p: (facts[p].folder, facts[p].order), reverse=falling)
    if by is SortBy.DATE:
        with_it = [p for p in found if dates.get(p)]
        without = [p for p in found if not dates.get(p)]
        return sorted(with_it, key=dates.__getitem__, reverse=falling) + without
    with_it = [p for p in found if facts[p].prediction is not None]
    without = [p for p in found if facts[p].prediction is None]
    if by is SortBy.ANSWER:
        # Within a label the surest first, whichever way the labels go.
        with_it.sort(key=lambda p: -facts[p].probability)
        key: Callable[[Photo], Any] = lambda p: facts[p].label.casefold()  # noqa: E731
    elif by is SortBy.BEFORE:
        key = lambda p: facts[p].other.casefold()  # noqa: E731
    elif by is SortBy.MODEL:
        key = lambda p: facts[p].model  # noqa: E731
    elif by is SortBy.MARGIN:
        key = lambda p: facts[p].margin  # noqa: E731
    else:
        key = lambda p: facts[p].probability  # noqa: E731
    return sorted(with_it, key=key, reverse=falling) + without
