"""A kept answer as a row of the database, and back. What does not fit the model is no answer."""

from __future__ import annotations

import functools
import math
import struct
from dataclasses import dataclass
from typing import Any

from resnet_gui.core.events import ClassScore, KindScore, Prediction
from resnet_gui.core.library.way import Way

# In the order of `write`. Of the classes the most probable are kept, as pairs of an index and a
# probability, exactly as the network gave them (float32).
_COLUMNS = {
    "size": "INTEGER NOT NULL",
    "scores": "BLOB NOT NULL",
    "width": "INTEGER NOT NULL",
    "height": "INTEGER NOT NULL",
    "decode_ms": "REAL NOT NULL",
    "inference_ms": "REAL NOT NULL",
    "incomplete": "INTEGER NOT NULL",
    "kind": "TEXT",
    "kind_article": "TEXT",
    "kind_probability": "REAL",
    "article": "TEXT NOT NULL",
    "least": "REAL NOT NULL",
    "unlike": "INTEGER NOT NULL",
    "answered": "REAL NOT NULL",
}
DEFINITION = ", ".join(f"{name} {kind}" for name, kind in _COLUMNS.items())
NAMES = ", ".join(_COLUMNS)
SELECTED = ", ".join(f"a.{name}" for name in _COLUMNS)
COUNT = len(_COLUMNS)
_TYPES: Any = (
    int, bytes, int, int, float, float, int,
    (str, type(None)), (str, type(None)), (float, type(None)), str, float, int, float,
)  # fmt: skip
_PAIR_BYTES = 8


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer from the store.

    Attributes:
        answered: when the model was asked, seconds since 1970.
    """

    answered: float
    _way: Way
    _row: tuple[Any, ...]
    _pairs: tuple[Any, ...]  # index, probability, index, probability …

    def at(self, position: int, path: str) -> Prediction:
        """The answer to this photo of a list, as it was given then."""
        label, pairs = self._way.spec.label, self._pairs
        scores = [
            ClassScore(label(index), index, probability)
            for index, probability in zip(pairs[::2], pairs[1::2], strict=True)
        ]
        _, _, width, height, decode_ms, inference_ms, incomplete, kind, *more = self._row[:10]
        article, least, unlike, _ = self._row[10:]
        return Prediction(
            position, path, self._way.spec.id, tuple(scores), width, height,
            self._way.device.name, decode_ms, inference_ms, bool(incomplete),
            None if kind is None else KindScore(kind, *more), article, least,
            bool(unlike),
        )  # fmt: skip


def write(prediction: Prediction, size: int, answered: float) -> tuple[Any, ...]:
    """The cells of an answer in the order of NAMES."""
    kind, scores = prediction.kind, prediction.scores
    return (
        size,
        _layout(len(scores)).pack(*(cell for s in scores for cell in (s.index, s.probability))),
        prediction.width,
        prediction.height,
        prediction.decode_ms,
        prediction.inference_ms,
        int(prediction.incomplete),
        None if kind is None else kind.name,
        None if kind is None else kind.article,
        None if kind is None else kind.probability,
        prediction.article,
        float(prediction.least),
        int(prediction.unlike),
        answered,
    )


def read(row: tuple[Any, ...], way: Way, top_k: int) -> Kept | None:
    """The answer in cells that `write` made; None: there is none, it has too few classes, or
    somebody else wrote it.

    Args:
        top_k: how many classes are wanted.
    """
    if not all(map(isinstance, row, _TYPES)):
        return None
    pairs = _pairs(row[1], way, top_k)
    if pairs is None or not (math.isfinite(row[-1]) and math.isfinite(row[-3])):
        return None
    if row[7] is not None and (row[8] is None or row[9] is None):
        return None
    return Kept(row[-1], way, row, pairs)


def _pairs(scores: bytes, way: Way, top_k: int) -> tuple[Any, ...] | None:
    found, rest = divmod(len(scores), _PAIR_BYTES)
    classes = len(way.spec.classes)
    if not found or rest or (found < top_k and not 0 < classes <= found):
        return None
    wanted = max(1, min(found, top_k))
    pairs = _layout(wanted).unpack_from(scores)
    indices, probabilities = pairs[::2], pairs[1::2]
    if (classes and max(indices) >= classes) or not all(0 <= p <= 1 for p in probabilities):
        return None  # also what is not a number
    return pairs


@functools.cache
def _layout(pairs: int) -> struct.Struct:
    return struct.Struct("<" + "If" * pairs)
