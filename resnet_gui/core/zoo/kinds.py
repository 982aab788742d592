"""Classes that are kinds of one thing: where a model cannot tell a tabby from a tiger cat, it may
still be sure of a cat. No torch here.

For models that answer with ImageNet's classes. The table comes from WordNet's tree, on which
ImageNet's classes hang; `tools/make_kinds.py` made it, WordNet's licence stands in it.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from resnet_gui.core.events import KindScore, Prediction
from resnet_gui.core.zoo.providers.torchvision import imagenet_classes

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

KINDS_FILE = Path(__file__).with_name("imagenet1k_kinds.json")
SURE = 0.8  # from here on: "this is"
PROBABLE = 0.5  # from here on: "probably"
MARGIN = 0.2  # what the best class must be ahead of the second, else it is a guess
_WORTH_SAYING = 0.05  # what a kind must add to its best class

# English has no "a" before what is not counted, or has no singular.
_NO_ARTICLE = frozenset(
    """
    binoculars|brain coral|brass|bread|broccoli|carbonara|cauliflower|chain mail|chocolate sauce|
    clothing|consomme|corn|dough|eggnog|espresso|face powder|food|fruit|furniture|guacamole|
    hair spray|hay|head cabbage|ice cream|jean|lotion|mashed potato|pajama|
    parallel bars|perfume|rapeseed|red wine|squash|sunglass|sunglasses|sunscreen|
    swimming trunks|thatch|toilet tissue|velvet|wool
    """.replace("\n", "")
    .replace("    ", "")
    .split("|")
)
_CIFAR10 = ("airplane", "automobile", "deer", "horse")  # its other classes are kinds already
_SOUNDS_LIKE_YOU = ("eu", "uni")
_SILENT_H = ("hourglass",)


@dataclass(frozen=True, slots=True)
class Kind:
    """Classes under one word.

    Attributes:
        name: a singular noun.
        broad: so general ("animal") that it is said only when nothing narrower can be.
        members: indices of the classes.
    """

    name: str
    broad: bool
    members: frozenset[int]


class Said(NamedTuple):
    """What is said first of a photo.

    Attributes:
        name: a class, or what several classes are kinds of. article: "a ", "an " or "" before it.
        probability: its own, 0..1.
    """

    name: str
    article: str
    probability: float


def said_of(prediction: Prediction) -> Said:
    """The class where that is probable or nothing broader can be said, else the kind. What is on
    the screen, sorted into folders and exported as the answer."""
    top, kind = prediction.top, prediction.kind
    if kind is None or top.probability >= max(PROBABLE, prediction.least):
        return Said(top.label, prediction.article, top.probability)
    return Said(kind.name, kind.article, kind.probability)


@functools.cache
def imagenet_kinds() -> tuple[Kind, ...]:
    """All kinds of ImageNet-1k's classes; they overlap (a terrier is a dog and an animal)."""
    table = json.loads(KINDS_FILE.read_text(encoding="utf-8"))
    return tuple(
        Kind(row["name"], row["broad"], frozenset(row["members"])) for row in table["kinds"]
    )


def kinds_of(classes: tuple[str, ...]) -> tuple[Kind, ...]:
    """The kinds of a model's classes; none where they are not ImageNet's."""
    return imagenet_kinds() if classes == imagenet_classes() else ()


def likely_kind(
    probabilities: Sequence[float] | npt.NDArray[np.float32], kinds: Sequence[Kind]
) -> KindScore | None:
    """What can be said of a photo beyond its best class.

    Where no class is probable, that is the narrowest kind that is sure, or else probable; a broad
    one only if no other will do. Where the best class is probable but not sure, it is the narrowest
    kind that contains it and is sure. None where there is nothing to say.

    Args:
        probabilities: of all classes, by index.
    """
    import numpy as np  # not at the window's start: it takes 70 ms

    values = np.asarray(probabilities, np.float64)
    best = int(values.argmax()) if kinds else 0
    if not kinds or values[best] >= SURE:
        return None
    table = _imagenet_table() if kinds is imagenet_kinds() else _table(kinds)
    sums = np.add.reduceat(values[table.members], table.starts)
    likely = [(kinds[n], float(sums[n])) for n in np.flatnonzero(sums >= PROBABLE).tolist()]
    top = float(values[best])
    if top >= PROBABLE:
        least = max(SURE, top + _WORTH_SAYING)
        with_best = [(k, s) for k, s in likely if best in k.members and not k.broad and s >= least]
        return _narrowest(with_best)
    for broad in (False, True):
        alike = [(kind, share) for kind, share in likely if kind.broad is broad]
        for least in (SURE, PROBABLE):
            found = _narrowest([(kind, share) for kind, share in alike if share >= least])
            if found is not None:
                return found
    return None


def least_probable(unsure: float | None, second: float, *, of_a_kind: bool) -> float:
    """How probable a best class must be to be called more than a guess.

    As the person said, where they did. Else at least `PROBABLE`, and `MARGIN` more than the second
    class: of two classes one always has half of it.

    Args:
        unsure: `Calibration.unsure`. second: probability of the second class.
        of_a_kind: something can be said of several classes together; it may be what the second
            class is, too.
    """
    if unsure is not None:
        return unsure
    return PROBABLE if of_a_kind else max(PROBABLE, second + MARGIN)


def article(noun: str) -> str:
    """What English puts before a class or kind: "a ", "an ", or "" before what is not counted. Of a
    word that is not known ("ants" and "rotten" are folders of somebody's) nobody can say: "".
    """
    if noun not in _known_nouns():
        return ""
    lower = noun.lower()
    vowel = lower[0] in "aeiou" and not lower.startswith(_SOUNDS_LIKE_YOU)
    return "an " if vowel or lower.startswith(_SILENT_H) else "a "


@functools.cache
def _known_nouns() -> frozenset[str]:
    kinds = (kind.name for kind in imagenet_kinds())
    return frozenset((*imagenet_classes(), *kinds, *_CIFAR10)) - _NO_ARTICLE


@dataclass(frozen=True, slots=True)
class _Table:
    """All kinds' members one after the other, and where those of each kind begin: thousands are
    added up for each photo of a folder."""

    members: npt.NDArray[np.intp]
    starts: npt.NDArray[np.intp]


def _table(kinds: Sequence[Kind]) -> _Table:
    import numpy as np

    each = [sorted(kind.members) for kind in kinds]
    starts = np.cumsum([0, *map(len, each[:-1])], dtype=np.intp)
    return _Table(np.array([index for members in each for index in members], np.intp), starts)


@functools.cache
def _imagenet_table() -> _Table:
    return _table(imagenet_kinds())


def _narrowest(found: Sequence[tuple[Kind, float]]) -> KindScore | None:
    if not found:
        return None
    kind, share = min(found, key=lambda item: (len(item[0].members), -item[1]))
    return KindScore(kind.name, article(kind.name), min(1.0, share))
