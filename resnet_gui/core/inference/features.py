"""Features of photos: what a network's last layer sees of them."""

from __future__ import annotations

import functools
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from resnet_gui.core.events import ClassifyEvent, ImageFailed, ImageSource
from resnet_gui.core.inference.backend import Crops, Pooling, Rows
from resnet_gui.core.inference.classifier import Classifier, LoadedModel
from resnet_gui.core.inference.photo_inputs import PhotoInput, batch_size_for, read_ahead
from resnet_gui.core.values import Value


@dataclass(frozen=True, slots=True)
class FeaturesDone(Value):
    """The features of one photo.

    Attributes:
        position: index of the photo in the job's list of sources.
        path: the source's name.
        model: id of the model.
        features: (D,) float32, or (D, H, W) without pooling.
    """

    position: int
    path: str
    model: str
    features: npt.NDArray[np.float32]

    def to_json(self) -> dict[str, Any]:
        return {
            "event": "features_done",
            "path": self.path,
            "model": self.model,
            "features": self.features.tolist(),
        }


FeatureEvent = ClassifyEvent | FeaturesDone


def extract_features(
    classifier: Classifier,
    sources: Sequence[ImageSource],
    model_id: str,
    pooling: Pooling = Pooling.AVG,
    device: str = "auto",
) -> Generator[FeatureEvent, None, None]:
    """Compute the features of photos in order, one batch in memory at a time.

    Yields:
        what `Classifier.load` yields, then per source one FeaturesDone or one ImageFailed.

    Raises:
        ModelError: the model cannot be used, or has no such features. A bad photo raises nothing.
    """
    exact = pooling is not Pooling.AVG
    model = yield from classifier.load(model_id, device, exact=exact)
    size = batch_size_for(model.device)
    with ExitStack() as stack:
        waiting: list[PhotoInput | ImageFailed] = []
        for position, item in enumerate(read_ahead(sources, model.spec, size, stack)):
            waiting.append(item)
            photos = sum(isinstance(item, PhotoInput) for item in waiting)
            # Bad photos wait in line too: answers come in the order of the sources.
            if photos in (0, size) or position == len(sources) - 1:
                model = yield from _batch(classifier, model, waiting, sources, pooling)
                waiting = []


def _batch(
    classifier: Classifier,
    model: LoadedModel,
    waiting: Sequence[PhotoInput | ImageFailed],
    sources: Sequence[ImageSource],
    pooling: Pooling,
) -> Generator[FeatureEvent, None, LoadedModel]:
    """Yields one event per photo, in order; returns the model to go on with."""
    batch = [item.crop for item in waiting if isinstance(item, PhotoInput)]
    rows: Iterator[npt.NDArray[np.float32]] = iter(())
    if batch:
        run = functools.partial(_compute, pooling=pooling)
        model, found = yield from classifier.compute(model, np.stack(batch), run)
        rows = iter(found)
    for item in waiting:
        if isinstance(item, ImageFailed):
            yield item
        else:
            path = sources[item.position].name
            yield FeaturesDone(item.position, path, model.spec.id, next(rows))
    return model


def _compute(model: LoadedModel, crops: Crops, pooling: Pooling) -> Rows:
    return model.backend.features(crops, pooling)
