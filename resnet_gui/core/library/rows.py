"""A kept answer as a row of the database, and back. What does not fit the model is no answer."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
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
    "answered": "REAL NOT NULL",
}
DEFINITION = ", ".join(f"{name} {kind}" for name, kind in _COLUMNS.items())
NAMES = ", ".join(_COLUMNS)
SELECTED = ", ".join(f"a.{name}" for name in _COLUMNS)
COUNT = len(_COLUMNS)
_SCORE = struct.Struct("<If")


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer from the store.

    Attributes:
        prediction: of position 0 and no path; see `at`.
        answered: when the model was asked, seconds since 1970.
    """

    prediction: Prediction
    answered: float

    def at(self, position: int, path: str) -> Prediction:
        """The answer to this photo of a list."""
        p = self.prediction  # by hand: dataclasses.replace takes five times as long
        return Prediction(
            position, path, p.model, p.scores, p.width, p.height, p.device, p.decode_ms,
            p.inference_ms, p.incomplete, p.kind, p.article,
        )  # fmt: skip


def write(prediction: Prediction, size: int, answered: float) -> tuple[Any, ...]:
    """The cells of an answer in the order of NAMES."""
    kind = prediction.kind
    return (
        size,
        b"".join(_SCORE.pack(score.index, score.probability) for score in prediction.scores),
        prediction.width,
        prediction.height,
        prediction.decode_ms,
        prediction.inference_ms,
        int(prediction.incomplete),
        None if kind is None else kind.name,
        None if kind is None else kind.article,
        None if kind is None else kind.probability,
        prediction.article,
        answered,
    )


def read(row: Sequence[Any], way: Way, top_k: int) -> Kept | None:
    """The answer in cells that `write` made; None: there is none, it has too few classes, or
    somebody else wrote it.

    Args:
        top_k: how many classes are wanted.
    """
    match row:
        case (
            int(),
            bytes(scores),
            int(width),
            int(height),
            float(decode_ms),
            float(inference_ms),
            int(incomplete),
            (None | str()) as kind,
            (None | str()) as kind_article,
            (None | float()) as kind_probability,
            str(article),
            float(answered),
        ):
            found = _scores(scores, way, top_k)
            if found is None or width < 0 or height < 0 or not math.isfinite(answered):
                return None
            seen = None
            if kind is not None:
                if kind_article is None or kind_probability is None:
                    return None
                seen = KindScore(kind, kind_article, kind_probability)
            prediction = Prediction(
                0, "", way.spec.id, found, width, height, way.device.name, decode_ms,
                inference_ms, bool(incomplete), seen, article,
            )  # fmt: skip
            return Kept(prediction, answered)
    return None


def _scores(scores: bytes, way: Way, top_k: int) -> tuple[ClassScore, ...] | None:
    if not scores or len(scores) % _SCORE.size:
        return None
    pairs = list(_SCORE.iter_unpack(scores))
    classes = len(way.spec.classes)
    enough = len(pairs) >= top_k or (classes and len(pairs) >= classes)
    if not enough or any(
        not 0 <= p <= 1 or (classes and index >= classes) for index, p in pairs[:top_k]
    ):
        return None
    label = way.spec.label
    return tuple(ClassScore(label(index), index, p) for index, p in pairs[: max(1, top_k)])
