"""Features: what a network's last layer sees of a photo. Needs torch.

Whatever the architecture is: the head's input is noted while the network runs, and so is the last
map before it was pooled.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from resnet_gui.core.errors import DeviceError, ModelError
from resnet_gui.core.events import ClassifyEvent, ImageFailed, ImageSource, Notice
from resnet_gui.core.inference.classifier import Classifier, LoadedModel
from resnet_gui.core.inference.photo_inputs import PhotoInput, batch_size_for, read_ahead
from resnet_gui.core.nets.build import head_name
from resnet_gui.core.photos.preprocess import normalised
from resnet_gui.core.values import Value

_POOLS = (nn.AdaptiveAvgPool2d, nn.AvgPool2d)


class Pooling(StrEnum):
    """What becomes of the last map, (D, H, W) per photo."""

    AVG = "avg"  # the mean over the pixels, which is what the head sees: (D,)
    MAX = "max"  # the largest value of each channel: (D,)
    NONE = "none"  # the map as it is: (D, H, W)


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
    model = yield from classifier.load(model_id, device)
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


def features_of(network: nn.Module, x: Tensor, pooling: Pooling = Pooling.AVG) -> Tensor:
    """The features of one batch. The network is used as it stands, its mode too.

    Args:
        x: (N, 3, H, W) float32, normalised, on the network's device.

    Returns:
        (N, D), or (N, D, h, w) without pooling. With AVG, `head(features)` are the logits.

    Raises:
        ModelError: the network has no linear head, or what it sees is not the mean of a map.
    """
    tap = _Tap(network, with_map=pooling is not Pooling.AVG)
    with tap:
        network(x)
    seen, last = tap.seen, tap.map
    if seen is None or seen.ndim != 2:
        raise ModelError("This network's last layer does not see one row of features per photo.")
    if pooling is Pooling.AVG:
        return seen
    if last is None or not _is_mean(seen, last):
        raise ModelError(
            f"This network has no map of which the features are the mean, so “{pooling}” is not "
            "possible.",
            "Use the pooling “avg”.",
        )
    return last.amax((2, 3)) if pooling is Pooling.MAX else last


def _is_mean(seen: Tensor, last: Tensor) -> bool:
    mean = last.detach().float().mean((2, 3))
    if mean.shape != seen.shape:
        return False
    tolerance = 1e-3 * float(mean.abs().max())
    return bool(torch.allclose(mean, seen.detach().float(), rtol=1e-3, atol=tolerance))


class _Tap:
    """Notes what passes through a network, inside a `with`.

    Attributes:
        seen: the head's input. map: the last (N, D, H, W) before it that was not pooled.
    """

    def __init__(self, network: nn.Module, with_map: bool) -> None:
        self.network, self.with_map = network, with_map
        self.seen: Tensor | None = None
        self.map: Tensor | None = None
        self._handles: list[Any] = []

    def __enter__(self) -> _Tap:
        head = self.network.get_submodule(head_name(self.network))
        self._handles.append(head.register_forward_pre_hook(self._note_seen))
        if self.with_map:
            for module in self.network.modules():
                if not isinstance(module, _POOLS):
                    self._handles.append(module.register_forward_hook(self._note_map))
        return self

    def __exit__(self, *_: object) -> None:
        for handle in self._handles:
            handle.remove()

    def _note_seen(self, module: nn.Module, args: tuple[Any, ...]) -> None:
        self.seen = args[0]

    def _note_map(self, module: nn.Module, args: tuple[Any, ...], output: object) -> None:
        if self.seen is None and isinstance(output, Tensor) and output.ndim == 4:
            self.map = output


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
        x = torch.from_numpy(normalised(np.stack(batch), model.spec.preprocessing))
        try:
            rows = iter(_compute(model, x, pooling))
        except (RuntimeError, NotImplementedError, DeviceError) as error:
            if model.device.kind == "cpu":
                raise
            lines = str(error).strip().splitlines() or [repr(error)]
            yield Notice(f"{model.device.name} failed ({lines[0]}). The CPU is used instead.")
            model = yield from classifier.load(model.spec.id, "cpu")
            rows = iter(_compute(model, x, pooling))
    for item in waiting:
        if isinstance(item, ImageFailed):
            yield item
        else:
            path = sources[item.position].name
            yield FeaturesDone(item.position, path, model.spec.id, next(rows))
    return model


def _compute(model: LoadedModel, x: Tensor, pooling: Pooling) -> npt.NDArray[np.float32]:
    with torch.inference_mode():
        found = features_of(model.network, x.to(model.device.kind), pooling)
        features: npt.NDArray[np.float32] = found.float().cpu().numpy()
    if not np.isfinite(features).all():
        if model.device.kind != "cpu":
            raise DeviceError("its answers are no numbers")
        raise ModelError(
            f"The model “{model.spec.id}” gives features that are no numbers (NaN): its weights "
            "are damaged, or its training went wrong.",
            "Choose another model, or get its file again.",
        )
    return features
