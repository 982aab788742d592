"""Features of photos: what a network's last layer sees of them."""

from __future__ import annotations

import functools
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from resnet_gui import __version__
from resnet_gui.core.events import ClassifyEvent, ImageSource, Notice
from resnet_gui.core.inference.answers import Answer, LoadedModel
from resnet_gui.core.inference.backend import LIBRARIES, Crops, Pooling, Rows
from resnet_gui.core.inference.classifier import Classifier
from resnet_gui.core.inference.converted import weights_hash
from resnet_gui.core.preprocessing import Preprocessing
from resnet_gui.core.system.openvino_devices import is_openvino
from resnet_gui.core.system.versions import version_of
from resnet_gui.core.values import Value


@dataclass(frozen=True, slots=True)
class FeatureWay(Value):
    """What decides the features of a photo, beside the photo.

    Attributes:
        model: its id. weights: SHA-256 of its file; "" where that has changed meanwhile.
        architecture, options: of its network. preprocessing: how a photo becomes its input.
        views: how it looked, if more than once (see `core.looks`).
        pooling: as in `Pooling`.
        backend: "exact", "openvino" or "gpu". precision: features are always "fp32".
        device: what computed, in words.
        reading: "exact" (every pixel), or "quick": large JPEGs decoded at a fraction of their size.
        versions: of this program and of the library that computed.
    """

    model: str
    weights: str
    architecture: str
    options: Mapping[str, Any]
    preprocessing: Preprocessing
    views: str
    pooling: str
    backend: str
    precision: str
    device: str
    reading: str
    versions: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class FeaturesDone(Value):
    """The features of one photo.

    Attributes:
        position: index of the photo in the job's list of sources.
        path: the source's name.
        model: id of the model.
        features: (D,) float32, or (D, H, W) without pooling.
        way: what else decides them. It may change in the middle: when a faster form of the model
            becomes ready, or a device fails.
    """

    position: int
    path: str
    model: str
    features: npt.NDArray[np.float32]
    way: FeatureWay | None = None

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
    known: tuple[LoadedModel, FeatureWay] | None = None
    with closing(classifier.ask(sources, model_id, device, run, exact=exact)) as events:
        for event in events:
            if not isinstance(event, Answer):
                yield event
                continue
            model, position = event.model, event.photo.position
            if known is None or known[0].backend is not model.backend:
                known = model, _way(classifier, model, pooling)
            name = sources[position].name
            yield FeaturesDone(position, name, model.spec.id, event.row, known[1])


def _way(classifier: Classifier, model: LoadedModel, pooling: Pooling) -> FeatureWay:
    spec, form, weights = model.spec, model.form, ""
    path = classifier.weights_of(spec)
    if path is not None:
        with suppress(OSError):
            weights = weights_hash(path)
    library = LIBRARIES[form.name]
    return FeatureWay(
        model=spec.id,
        weights=weights,
        architecture=spec.architecture,
        options=spec.architecture_options,
        preprocessing=spec.preprocessing,
        views=spec.views,
        pooling=pooling.value,
        backend=form.name,
        precision="fp32",
        device=form.device.name,
        reading="exact" if model.exact else "quick",
        versions={"resnet-gui": __version__, library: version_of(library)},
    )


def _compute(model: LoadedModel, crops: Crops, pooling: Pooling) -> Rows:
    return model.backend.features(crops, pooling)
