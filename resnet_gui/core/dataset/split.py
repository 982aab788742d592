"""Divide a dataset into training, validation and test part; stored with the run. No torch here."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, NamedTuple

from resnet_gui.core.dataset.bursts import bursts_of
from resnet_gui.core.dataset.summary import DatasetSummary, LabelledPhoto, Part
from resnet_gui.core.values import Value, from_json, to_json


class Item(NamedTuple):
    """One photo of a split, in JSON [path, label]. path: relative to the root; label: index of its
    class."""

    path: str
    label: int


@dataclass(frozen=True, slots=True)
class Split(Value):
    """Which photos train, which choose the best epoch, which measure at the end.

    Attributes:
        classes: labels, index = output of the network.
        train, val, test: sorted by path; val and test may be empty.
        seeded: the validation part was drawn here (the folder has no val/).
    """

    classes: tuple[str, ...]
    train: tuple[Item, ...]
    val: tuple[Item, ...]
    test: tuple[Item, ...]
    seeded: bool

    def to_json(self) -> dict[str, Any]:
        values = to_json(self)
        short = {name: values.pop(name) for name in ("classes", "seeded")}  # before the long ones
        return {"format": 1, **short, **values}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Split:
        """The inverse of `to_json`.

        Raises:
            ValueError: it is not such a value; the text says what is wrong.
        """
        split = from_json(cls, value)
        labels = [item.label for item in (*split.train, *split.val, *split.test)]
        if not labels or not 0 <= min(labels) <= max(labels) < len(split.classes):
            raise ValueError("labels and classes of the split do not agree")
        return split


def make_split(
    summary: DatasetSummary,
    val_fraction: float,
    seed: int,
    learned: Collection[str] = (),
    burst_s: float = 0.0,
) -> Split:
    """Take the folder's own parts; where it has no validation part, draw one, stratified.

    Of each class `val_fraction` of the photos validate, rounded, at least one of two or more;
    a single photo trains. The same photos and seed give the same split on every machine
    (Python's Mersenne Twister; the order of the files on disk does not matter).

    Args:
        learned: paths of photos that the model which the run starts from learned from. None of them
            validates or tests: of what it knows it would be right too often. They train; in a
            folder's own validation or test part they are left out. Of a class that has fewer others
            than should validate, half of these train: they are what is new to learn.
        burst_s: photos of a class and folder that were taken at most so many seconds after one
            another go together, as nearly as possible as many as should. A class more than half of
            whose photos are one burst is divided photo by photo: else none would be left to learn
            from, or to validate.
    """
    known = frozenset(learned)
    own_val = any(photo.part is Part.VAL for photo in summary.photos)
    by_class: dict[int, list[LabelledPhoto]] = defaultdict(list)
    fixed: dict[Part, list[LabelledPhoto]] = {Part.TRAIN: [], Part.VAL: [], Part.TEST: []}
    for photo in summary.photos:
        if photo.part is Part.NONE or (photo.part is Part.TRAIN and not own_val):
            by_class[photo.label].append(photo)
        elif photo.part is Part.TRAIN or photo.path not in known:
            fixed[photo.part].append(photo)
    for label in sorted(by_class):
        rng = random.Random(f"{seed}/{summary.classes[label].name}")
        validating = _draw(by_class[label], val_fraction, rng, known, burst_s)
        for photo in by_class[label]:
            fixed[Part.VAL if photo in validating else Part.TRAIN].append(photo)
    return Split(
        summary.class_names,
        _items(fixed[Part.TRAIN]),
        _items(fixed[Part.VAL]),
        _items(fixed[Part.TEST]),
        seeded=not own_val,
    )


def _draw(
    photos: list[LabelledPhoto],
    fraction: float,
    rng: random.Random,
    known: frozenset[str],
    burst_s: float,
) -> set[LabelledPhoto]:
    """Which photos of a class validate; the arguments are those of `make_split`."""
    bursts = bursts_of(photos, burst_s)
    if 2 * max(len(burst) for burst in bursts) > len(photos) > 1:
        bursts = bursts_of(photos, 0)
    rng.shuffle(bursts)
    count = 0 if len(photos) < 2 else max(1, round(len(photos) * fraction))
    count = min(count, len(photos) - 1)
    # Who knows one photo of a burst has seen what the others show.
    fresh = [burst for burst in bursts if not any(photo.path in known for photo in burst)]
    if known and len(fresh) <= 1:  # too few: better a burst on both sides than nothing to tell by
        rest = fresh[0] if fresh else [photo for photo in photos if photo.path not in known]
        fresh = [[photo] for photo in rest]
        rng.shuffle(fresh)
    new = sum(len(burst) for burst in fresh)
    count = count if count <= new or not known else new // 2
    chosen: set[LabelledPhoto] = set()
    for burst in fresh:
        nearer = len(chosen) + len(burst) / 2 <= count
        if nearer and len(chosen) + len(burst) < len(photos):
            chosen.update(burst)
    if count and not chosen:
        smallest: list[LabelledPhoto] = min(fresh, key=len)
        chosen.update(smallest)
    return chosen


def _items(photos: list[LabelledPhoto]) -> tuple[Item, ...]:
    return tuple(Item(photo.path, photo.label) for photo in sorted(photos, key=lambda p: p.path))
