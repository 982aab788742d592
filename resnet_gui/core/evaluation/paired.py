"""Two models on the same photos, as a value: which ones only one of them gets right, and whether
that may be chance. `compare` makes it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar

from resnet_gui.core.dataset.summary import count_noun
from resnet_gui.core.evaluation.intervals import mcnemar, wilson_interval
from resnet_gui.core.values import Value, to_json

MODELS = 2
_NAMED = 4  # classes in a sentence
LIKELY = 0.05  # from this p on, chance is a good explanation


class Cell(StrEnum):
    """What became of a photo, going from the first model to the second."""

    FIXED = "fixed"  # only the second is right
    BROKEN = "broken"  # only the first is right
    BOTH_RIGHT = "both_right"
    BOTH_WRONG = "both_wrong"


@dataclass(frozen=True, slots=True)
class PairedPhoto:
    """One photo: what it shows, what the two models said, and how sure they were (0..1)."""

    path: str
    truth: str
    first: str
    second: str
    first_probability: float
    second_probability: float

    @property
    def cell(self) -> Cell:
        first, second = self.first == self.truth, self.second == self.truth
        if first == second:
            return Cell.BOTH_RIGHT if first else Cell.BOTH_WRONG
        return Cell.FIXED if second else Cell.BROKEN


@dataclass(frozen=True, slots=True)
class Compared(Value):
    """The result, and the JSON object of `compare --json`.

    Attributes:
        models, titles: of the first and the second one.
        data, part: the folder, and which of its photos: "all", "train", "val", "test", or "unseen":
            those that neither model is known to have learned from.
        photos: all that were compared. failed: how many could not be read.
        trained_on: how many of the photos each model learned from; None: nobody knows.
        kept: when each model's answers were given, ISO 8601, if they were kept from a test or a
            run; "": it was asked for this.
    """

    urgent: ClassVar[bool] = True
    models: tuple[str, str]
    titles: tuple[str, str]
    data: str
    part: str
    photos: tuple[PairedPhoto, ...]
    failed: int = 0
    trained_on: tuple[int | None, int | None] = (None, None)
    kept: tuple[str, str] = ("", "")

    @property
    def n(self) -> int:
        return len(self.photos)

    def of(self, cell: Cell) -> list[PairedPhoto]:
        """The photos of one cell; those of which a model was surest that is wrong come first."""

        def wrong(photo: PairedPhoto) -> float:
            first = 0.0 if photo.first == photo.truth else photo.first_probability
            second = 0.0 if photo.second == photo.truth else photo.second_probability
            return max(first, second)

        return sorted((p for p in self.photos if p.cell is cell), key=wrong, reverse=True)

    def counts(self) -> dict[Cell, int]:
        found = dict.fromkeys(Cell, 0)
        for photo in self.photos:
            found[photo.cell] += 1
        return found

    @property
    def p(self) -> float:
        """See `intervals.mcnemar`."""
        counts = self.counts()
        return mcnemar(counts[Cell.FIXED], counts[Cell.BROKEN])

    def right(self) -> tuple[int, int]:
        """On how many photos each of the two is right."""
        counts = self.counts()
        both = counts[Cell.BOTH_RIGHT]
        return both + counts[Cell.BROKEN], both + counts[Cell.FIXED]

    def accuracies(self) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
        """For each of the two its accuracy and the ends of Wilson's 95 % interval."""
        first, second = (
            (right / max(1, self.n), *wilson_interval(right, self.n)) for right in self.right()
        )
        return first, second

    def sentence(self, first: str = "", second: str = "") -> str:
        """The test in words. first, second: what the models are called in it."""
        one, other = first or f"“{self.titles[0]}”", second or f"“{self.titles[1]}”"
        counts, p = self.counts(), self.p
        fixed, broken = counts[Cell.FIXED], counts[Cell.BROKEN]
        if fixed == broken == 0:
            return f"{one} and {other} are right and wrong on the same photos."
        photos = "photo" if fixed == 1 else "photos"
        text = f"{other} is right on {fixed:,} {photos} where {one} is wrong, {one} on {broken:,}"
        if p >= LIKELY:
            return f"{text}: that may well be chance (p = {p:.2g})."
        if p < 0.001:
            return f"{text}: very unlikely to be chance (p < 0.001)."
        return f"{text}: unlikely to be chance (p = {p:.1g})."

    def by_class(self, first: str = "", second: str = "") -> str:
        """How many photos of each class the two recognise: what an accuracy over all classes hides
        where one has nearly all photos. "" where there are more than a line holds."""
        found: dict[str, list[int]] = {}
        for photo in self.photos:
            counts = found.setdefault(photo.truth, [0, 0, 0])
            if len(found) > _NAMED:
                return ""
            counts[0] += 1
            counts[1] += photo.first == photo.truth
            counts[2] += photo.second == photo.truth
        if len(found) < 2:
            return ""
        one, other = first or f"“{self.titles[0]}”", second or f"“{self.titles[1]}”"
        parts = [
            f"{n:,} “{label}”: {one} {by_first:,}, {other} {by_second:,}"
            for label, (n, by_first, by_second) in found.items()
        ]
        return f"Recognised of {'; of '.join(parts)}."

    def caution(self) -> str:
        """What to bear in mind with the figures; "" for nothing."""
        sentences = [
            f"“{title}” learned from {count:,} of these {self.n:,} photos, so it looks better here "
            "than on new ones."
            for title, count in zip(self.titles, self.trained_on, strict=True)
            if count
        ]
        if self.failed:
            sentences.append(f"{count_noun(self.failed, 'more photo')} could not be read.")
        return " ".join(sentences)

    def source(self, first: str = "", second: str = "") -> str:
        """Whose answers were kept ones, in a sentence; "" where both were asked.

        Args:
            first, second: what the models are called in it.
        """
        names = (first or f"“{self.titles[0]}”", second or f"“{self.titles[1]}”")
        known = [name for name, made in zip(names, self.kept, strict=True) if made]
        if not known:
            return ""
        days = " and ".join(dict.fromkeys(made[:10] for made in self.kept if made))
        if len(known) == MODELS:
            return f"Both models’ answers were kept ({days}): neither was asked again."
        return f"The answers of {known[0]} were kept ({days}): it was not asked again."

    def to_json(self) -> dict[str, Any]:
        first, second = self.accuracies()
        return {
            "models": list(self.models),
            "data": self.data,
            "part": self.part,
            "n": self.n,
            "failed": self.failed,
            "trained_on": list(self.trained_on),
            "kept": list(self.kept),
            **{cell.value: count for cell, count in self.counts().items()},
            "p": self.p,
            "accuracy": [first[0], second[0]],
            "accuracy_ci95": [list(first[1:]), list(second[1:])],
            "photos": [{**to_json(photo), "cell": photo.cell.value} for photo in self.photos],
        }
