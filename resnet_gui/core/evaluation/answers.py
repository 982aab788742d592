"""A model's answers to many labelled photos, on the backend that `classify` would use. No torch."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from resnet_gui.core.events import ImageFailed, ImageSource
from resnet_gui.core.inference.answers import LoadedModel, checked
from resnet_gui.core.inference.backend import EXACT, Backend, Crops, Rows
from resnet_gui.core.inference.many_photos import rows_of
from resnet_gui.core.inference.photo_inputs import read_for
from resnet_gui.core.photos.store import PhotoStore, Pixels
from resnet_gui.core.zoo.spec import ModelSpec

_CHUNK, _CHUNK_OF_CARDS = 16, 64


@dataclass(slots=True)
class Answered:
    """What came of the next photos.

    Attributes:
        photos: how many were tried.
        positions: of those that could be read. logits: (N, classes) float32, theirs.
        features: (N, D), what the head saw of them; empty where that is not known.
        failed: position -> what is wrong with a photo.
    """

    photos: int
    positions: list[int]
    logits: list[Rows]
    failed: dict[int, str] = field(default_factory=dict)
    features: list[Rows] = field(default_factory=list)


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
    classes = len(spec.classes)
    rows = rows_of([ImageSource.file(path) for path in paths], spec, many, _both(many))
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
                    chunk.logits.append(row[:classes])
                    if len(row) > classes:
                        chunk.features.append(row[classes:])
            yield chunk


def _both(backend: Backend) -> Callable[[Crops], Rows]:
    """What is asked: logits and features in one row."""

    def ask(crops: Crops) -> Rows:
        logits, features = backend.infer_both(crops)
        return logits if features is None else np.concatenate([logits, features], axis=1)

    return ask


def _pixels(spec: ModelSpec, path: Path) -> Pixels:
    return read_for(ImageSource.file(path), spec, exact=True).pixels


def _exactly(paths: Sequence[Path], spec: ModelSpec, backend: Backend) -> Iterator[Answered]:
    size = _CHUNK if backend.device.kind == "cpu" else _CHUNK_OF_CARDS
    store = PhotoStore(paths, functools.partial(_pixels, spec), 0)
    told = 0
    try:
        for number, (positions, pixels) in enumerate(store.chunks(size)):
            logits, features = backend.infer_both(np.stack(pixels)) if positions else ((), None)
            if positions:
                checked(LoadedModel(spec, backend), np.asarray(logits))
            failed = dict(itertools.islice(store.failed.items(), told, None))
            told += len(failed)
            tried = min(size, len(paths) - number * size)
            seen = [] if features is None else list(features)
            yield Answered(tried, positions, list(logits), failed, seen)
    finally:
        store.close()
