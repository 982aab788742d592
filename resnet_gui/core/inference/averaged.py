"""Several answers to one photo, averaged: of several models (an ensemble), to several crops (see
`core.looks`), or both. No torch here: it asks other backends.

What is averaged are probabilities, each answer counting the same (Krizhevsky et al. 2012). It goes
on as logits, their logarithms, so that whoever takes those of one network takes these, too.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from resnet_gui.core.errors import ModelError
from resnet_gui.core.inference.backend import EXACT, Backend, Crops, Pooling, Rows, softmax
from resnet_gui.core.looks import views_of
from resnet_gui.core.photos.views import row_bytes
from resnet_gui.core.zoo.ensembles import columns_of
from resnet_gui.core.zoo.spec import ModelEntry

_TINY = float(np.finfo(np.float32).tiny)  # a probability of 0 has no logarithm


@dataclass(frozen=True, slots=True)
class Part:
    """One of the models.

    Attributes:
        reads: its part of a photo's row of bytes. crop: side of its input, in pixels.
        columns: for each class of the whole, which output of this model it is; None: the same.
    """

    backend: Backend
    reads: slice
    crop: int
    columns: tuple[int, ...] | None


class AveragedBackend(Backend):
    """Takes photos as `photos.views.read_views` cuts them: (N, bytes of all crops) uint8.

    Args of the constructor:
        parts: one or more. views: how many crops of each photo.
    """

    def __init__(self, parts: Sequence[Part], views: int) -> None:
        self._parts, self._views = tuple(parts), views
        backends = [part.backend for part in parts]
        exact = any(backend.name == EXACT for backend in backends)
        self.name = EXACT if exact else backends[0].name
        precisions = sorted({backend.precision for backend in backends})
        self.precision = ", ".join(precisions)
        # In 8 bits if any of them is: the device's name says so.
        self.device = next((b for b in backends if b.made), backends[0]).device
        self.made = " ".join(backend.made for backend in backends).strip()
        self.threads = min(backend.threads for backend in backends)

    def infer(self, crops: Crops) -> Rows:
        total: npt.NDArray[np.float32] | None = None
        for part in self._parts:
            found = softmax(part.backend.infer(self._crops(part, crops)))
            if part.columns is not None:
                found = found[:, part.columns]
            mean = found.reshape(len(crops), self._views, -1).mean(axis=1)
            total = mean if total is None else total + mean
        assert total is not None
        rows: Rows = np.log(np.maximum(total / np.float32(len(self._parts)), _TINY))
        return rows

    def infer_both(self, crops: Crops) -> tuple[Rows, Rows | None]:
        """The answers. What several heads saw are different things, so there are no features."""
        return self.infer(crops), None

    def features(self, crops: Crops, pooling: Pooling = Pooling.AVG) -> Rows:
        """Of one model: the mean over its crops."""
        if len(self._parts) > 1:
            raise ModelError("An ensemble has no features of its own.", "Ask one of its models.")
        found = self._parts[0].backend.features(self._crops(self._parts[0], crops), pooling)
        rows: Rows = found.reshape(len(crops), self._views, *found.shape[1:]).mean(axis=1)
        return rows

    def for_many(self) -> AveragedBackend:
        parts = [
            Part(part.backend.for_many(), part.reads, part.crop, part.columns)
            for part in self._parts
        ]
        return AveragedBackend(parts, self._views)

    def _crops(self, part: Part, rows: Crops) -> Crops:
        """(N, bytes) -> (N × views, crop, crop, 3), the views of a photo together."""
        side = part.crop
        return np.ascontiguousarray(rows[:, part.reads]).reshape(-1, side, side, 3)


def open_averaged(entry: ModelEntry, open_part: Callable[[ModelEntry], Backend]) -> AveragedBackend:
    """The backend of an ensemble, or of a model that looks several times.

    Raises: what `open_part` raises, which opens one network.
    """
    views = views_of(entry.spec.views)
    inputs = entry.spec.inputs or (entry.spec.preprocessing,)
    ends = list(itertools.accumulate(row_bytes(inputs, views)))
    starts = [0, *ends]
    parts = []
    for single in entry.singles():
        place = inputs.index(single.spec.preprocessing)
        parts.append(
            Part(
                open_part(single),
                slice(starts[place], ends[place]),
                single.spec.preprocessing.crop,
                columns_of(entry.spec.classes, single.spec.classes),
            )
        )
    return AveragedBackend(parts, len(views))
