"""Features of photos: what a network's last layer sees of them."""

from __future__ import annotations

import functools
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from resnet_gui.core.events import ClassifyEvent, ImageSource, Notice
from resnet_gui.core.inference.answers import Answer, LoadedModel
from resnet_gui.core.inference.backend import Crops, Pooling, Rows
from resnet_gui.core.inference.classifier import Classifier
from resnet_gui.core.system.openvino_devices import is_openvino
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
    if is_openvino(device):
        yield Notice("Features are computed in full precision, which the CPU does.")
        device = "cpu"
    run = functools.partial(_compute, pooling=pooling)
    exact = pooling is not Pooling.AVG  # the only one that others know
    with closing(classifier.ask(sources, model_id, device, run, exact=exact)) as events:
        for event in events:
            if isinstance(event, Answer):
                position = event.photo.position
                yield FeaturesDone(position, sources[position].name, event.model.spec.id, event.row)
            else:
                yield event


def _compute(model: LoadedModel, crops: Crops, pooling: Pooling) -> Rows:
    return model.backend.features(crops, pooling)
