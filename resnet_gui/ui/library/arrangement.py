"""Which photos are shown, how many, and in which order: plain values and functions, no Qt."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, NamedTuple, TypeVar

from resnet_gui.ui.library.facts import Facts
from resnet_gui.ui.widgets.photo_list import Photo

AT_ONCE = 1000  # photos that are looked at between two turns of the event loop
_T = TypeVar("_T")
Steps = Generator[None, None, _T]  # work that can be left for a while wherever it yields


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


def arranging(
    photos: Sequence[Photo],
    facts: Mapping[Photo, Facts],
    dates: Mapping[Photo, str],
    shown: Filter,
    by: SortBy,
    *,
    falling: bool = False,
) -> Steps[list[Photo]]:
    """The photos that pass, sorted; those that have nothing to sort by come last, either way.
    Yields every millisecond or two: 50,000 photos take 50 to 80 ms."""
    passes = shown.test()
    found = list(photos)
    if passes is not None:
        found = yield from passing(photos, lambda p: passes(facts[p]))
    if by is SortBy.ADDED:
        return found[::-1] if falling else found
    without: list[Photo] = []
    if by is SortBy.DATE:
        found, without = yield from _parted(found, lambda p: bool(dates.get(p)))
    elif by not in (SortBy.NAME, SortBy.FOLDER):
        found, without = yield from _parted(found, lambda p: facts[p].prediction is not None)
    if by is SortBy.ANSWER:
        # Within a label the surest first, whichever way the labels go.
        found = yield from _sorted(found, lambda p: -facts[p].probability, falling=False)
    found = yield from _sorted(found, _key(by, facts, dates), falling=falling)
    return found + without


def passing(photos: Sequence[Photo], passes: Callable[[Photo], bool]) -> Steps[list[Photo]]:
    """Those that pass."""
    found: list[Photo] = []
    for part in parts(photos):
        found += filter(passes, part)
        yield
    return found


def parts(photos: Sequence[Photo]) -> Iterator[Sequence[Photo]]:
    """All of them, so many at a time as take a millisecond or two to look at."""
    for first in range(0, len(photos), AT_ONCE):
        yield photos[first : first + AT_ONCE]


def _parted(
    photos: Sequence[Photo], passes: Callable[[Photo], bool]
) -> Steps[tuple[list[Photo], list[Photo]]]:
    """Those that pass and those that do not. Each is looked at once: it may change between two
    turns."""
    found: list[Photo] = []
    others: list[Photo] = []
    for part in parts(photos):
        for photo in part:
            (found if passes(photo) else others).append(photo)
        yield
    return found, others


def _sorted(
    photos: Sequence[Photo], key: Callable[[Photo], Any], *, falling: bool
) -> Steps[list[Photo]]:
    """Each part by itself first: Python's sort joins sorted parts in a few milliseconds."""
    keys: list[Any] = []
    order: list[int] = []
    for part in parts(photos):
        first = len(keys)
        keys += map(key, part)
        order += sorted(range(first, len(keys)), key=keys.__getitem__, reverse=falling)
        yield
    order.sort(key=keys.__getitem__, reverse=falling)
    yield
    return [photos[number] for number in order]


def _key(
    by: SortBy, facts: Mapping[Photo, Facts], dates: Mapping[Photo, str]
) -> Callable[[Photo], Any]:
    keys: Mapping[SortBy, Callable[[Photo], Any]] = {
        SortBy.NAME: lambda p: facts[p].order,
        # No name of a folder has this letter; two texts each would take three times as long.
        SortBy.FOLDER: lambda p: f"{facts[p].folder}\0{facts[p].order}",
        SortBy.DATE: dates.__getitem__,
        SortBy.ANSWER: lambda p: facts[p].label.casefold(),
        SortBy.BEFORE: lambda p: facts[p].other.casefold(),
        SortBy.MODEL: lambda p: facts[p].model,
        SortBy.MARGIN: lambda p: facts[p].margin,
        SortBy.PROBABILITY: lambda p: facts[p].probability,
    }
    return keys[by]
