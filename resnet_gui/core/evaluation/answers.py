"""A model's answers to many labelled photos, on the backend that `classify` would use. No torch."""

from __future__ import annotations

import itertools
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from resnet_gui.core.events import ImageFailed, ImageSource
from resnet_gui.core.inference.backend import EXACT, Backend, Rows
from resnet_gui.core.inference.many_photos import rows_of
from resnet_gui.core.photos.store import PhotoStore, exact_reader
from resnet_gui.core.zoo.spec import ModelSpec

_CHUNK, _CHUNK_OF_CARDS = 16, 64


@dataclass(slots=True)
class Answered:
    """What came of the next photos.

    Attributes:
        photos: how many were tried.
        positions: of those that could be read. logits: (N, classes) float32, theirs.
        failed: position -> what is wrong with a photo.
    """

    photos: int
    positions: list[int]
    logits: list[Rows]
    failed: dict[int, str] = field(default_factory=dict)


def answers_of(
    paths: Sequence[Path], spec: ModelSpec, backend: Backend
) -> Generator[Answered, None, None]:
    """All photos in order, a few at a time. They are read as `classify` reads them for the backend:
    every pixel for exact, JPEGs quickly for a faster one.

    Raises:
        RuntimeError, NotImplementedError: the backend fails, or a fast one gives no numbers.
    """
    if backend.name == EXACT:
        yield from _exactly(paths, spec, backend)
        return
    many = backend.for_many()
    rows = rows_of([ImageSource.file(path) for path in paths], spec, many, many.infer)
    with closing(rows):
        numbers = enumerate(rows)
        while numbered := list(itertools.islice(numbers, _CHUNK)):
            chunk = Answered(len(numbered), [], [])
            for position, row in numbered:
                if isinstance(row, ImageFailed):
                    chunk.failed[position] = row.message
                elif not np.isfinite(row).all():
                    raise RuntimeError("its answers are no numbers")
                else:
                    chunk.positions.append(position)
                    chunk.logits.append(row)
            yield chunk


def _exactly(paths: Sequence[Path], spec: ModelSpec, backend: Backend) -> Iterator[Answered]:
    size = _CHUNK if backend.device.kind == "cpu" else _CHUNK_OF_CARDS
    store = PhotoStore(paths, exact_reader(spec.preprocessing), 0)
    told = 0
    try:
        for number, (positions, pixels) in enumerate(store.chunks(size)):
            logits = backend.infer(np.stack(pixels)) if positions else ()
            failed = dict(itertools.islice(store.failed.items(), told, None))
            told += len(failed)
            tried = min(size, len(paths) - number * size)
            yield Answered(tried, positions, list(logits), failed)
    finally:
        store.close()
