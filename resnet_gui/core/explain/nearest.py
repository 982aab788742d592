"""Which training photos a model finds most like a photo: the cosine between their features, what
its head sees of them. Needs torch.

A run that trained a head leaves the features of its photos in the cache (`training.kept_features`);
those of a network that learned as a whole are computed when a person asks for it, and kept there,
too.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import nn

from resnet_gui.core.dataset.split import Item
from resnet_gui.core.errors import ModelError, ResNetGuiError
from resnet_gui.core.evaluation.learned_photos import run_of
from resnet_gui.core.events import ClassifyEvent, DeviceInfo, ImageFailed, ImageSource
from resnet_gui.core.explain.events import (
    Explaining,
    Neighbour,
    NeighboursFound,
    NeighboursUnknown,
)
from resnet_gui.core.inference.answers import Answer, LoadedModel
from resnet_gui.core.inference.backend import Crops, Rows
from resnet_gui.core.inference.classifier import Classifier
from resnet_gui.core.inference.feature_cache import FeatureCache, keys_in_pieces
from resnet_gui.core.nets.build import head_name
from resnet_gui.core.photos.crops import read_crop
from resnet_gui.core.runs.listing import RunDirectory
from resnet_gui.core.training.feature_ways import Conditions, torch_way, ways_for
from resnet_gui.core.training.kept_features import cheapest
from resnet_gui.core.training.network import backbone_hash, head_width
from resnet_gui.core.training.versions import versions
from resnet_gui.core.zoo import ModelEntry, Preprocessing, Zoo

NearestEvent = ClassifyEvent | Explaining | NeighboursFound | NeighboursUnknown
_ADDED_AT_ONCE = 256
_DAMAGED = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


@dataclass(frozen=True, slots=True)
class TrainingPhotos:
    """What a model learned from, as its features see it.

    Attributes:
        paths, labels, keys: of each photo whose features are known.
        rows: (N, D) float32, each of length 1.
        missing: how many photos more there were.
    """

    paths: tuple[Path, ...]
    labels: tuple[str, ...]
    keys: tuple[bytes, ...]
    rows: npt.NDArray[np.float32]
    missing: int


def nearest(
    photos: TrainingPhotos, features: npt.NDArray[np.float32], key: bytes, count: int
) -> NeighboursFound:
    """The training photos whose features point most in a photo's direction.

    Args:
        features: (D,) float32, the photo's. key: of its file; b"" where it is none.
    """
    likeness = photos.rows @ _unit(features[None])[0]
    best = np.argsort(-likeness, kind="stable")[:count].tolist()
    found = tuple(
        Neighbour(
            str(photos.paths[number]),
            photos.labels[number],
            float(likeness[number]),
            same=bool(key) and photos.keys[number] == key,
        )
        for number in best
    )
    return NeighboursFound(found, len(photos.paths), photos.missing)


def training_photos(
    classifier: Classifier,
    model: LoadedModel,
    network: Callable[[], nn.Module],
    device: str,
    *,
    compute: bool,
) -> Generator[ClassifyEvent | Explaining, None, TrainingPhotos | NeighboursUnknown]:
    """The features of a model's training photos.

    Args:
        network: gives the model's, in torch; asked only where its training photos are here.
        compute: whether those that are not kept are computed, which takes a pass over the photos.

    Yields:
        Explaining, and what `Classifier.ask` does while it computes.

    Returns:
        them, or why they are not known.

    Raises:
        ModelError: the model cannot be used.
    """
    entry = classifier.zoo.ready(model.spec.id)
    run = run_of(entry)
    if run is None:
        return NeighboursUnknown(
            "The run that made this model is not on this computer, so which photos it learned from "
            "is not known."
            if entry.spec.run_id
            else "This model was not trained on this computer, so its training photos are not here."
        )
    try:
        root, split = Path(run.document["dataset"]["root"]), run.split()
        items, classes = split.train, split.classes
        paths = [root / item.path for item in items]
    except (ResNetGuiError, OSError, *_DAMAGED):
        return NeighboursUnknown(f"The run “{run.name}” is damaged: its photos are not known.")
    keys: list[bytes] = []
    for some in keys_in_pieces(paths):
        keys += some
        yield Explaining(len(keys), len(paths))
    here = sum(bool(key) for key in keys)
    if not here:
        return NeighboursUnknown(
            f"The folder “{root.name}” with its training photos is not there any more ({root})."
        )
    torch_network = network()
    backbone, width = backbone_hash(torch_network), _width(torch_network)
    rows, numbers = _kept(classifier.zoo, run, entry, backbone, keys, width)
    own = FeatureCache(_depends(model, backbone), width)
    own_rows, own_numbers = own.find(keys)
    if compute and max(len(numbers), len(own_numbers)) < here:
        known = set(own_numbers)
        left = [number for number, key in enumerate(keys) if key and number not in known]
        fresh, positions = yield from _computed(
            classifier,
            model,
            device,
            [ImageSource.file(paths[number]) for number in left],
            own,
            [keys[number] for number in left],
        )
        if positions:
            own_rows = np.concatenate([own_rows, fresh])
            own_numbers = own_numbers + [left[position] for position in positions]
    if len(own_numbers) > len(numbers):
        rows, numbers = own_rows, own_numbers
    if not numbers:
        return NeighboursUnknown(
            "The features of its training photos are not kept: this model learned as a whole, or "
            "they were cleared.",
            here,
        )
    return _together(items, classes, paths, keys, rows, numbers)


def features_of_photo(
    classifier: Classifier, model: LoadedModel, source: ImageSource
) -> Generator[ClassifyEvent, None, npt.NDArray[np.float32]]:
    """(D,) float32: what the model's head sees of one photo.

    Raises:
        ImageReadError: it cannot be read. ModelError: the network has no features.
    """
    photo = read_crop(source, model.spec.preprocessing, exact=model.exact)
    _, rows = yield from classifier.compute(model, np.stack([photo.pixels]), _features)
    row: npt.NDArray[np.float32] = rows[0]
    return row


def _kept(
    zoo: Zoo,
    run: RunDirectory,
    entry: ModelEntry,
    backbone: str,
    keys: Sequence[bytes],
    width: int,
) -> tuple[Rows, list[int]]:
    """What the run has left in the cache: rows, and which photos they belong to."""
    try:
        hardware, config = run.document["hardware"], run.config
        preprocessing = Preprocessing.from_json(run.document["model"]["preprocessing"])
        device = DeviceInfo(str(hardware["kind"]), str(hardware["device"]))
        precision, channels_last = str(hardware["precision"]), bool(hardware["channels_last"])
    except (ResNetGuiError, *_DAMAGED):
        return np.empty((0, width), np.float32), []
    try:
        start = zoo.ready(config.model)
        conditions = Conditions(start, preprocessing, device, precision, channels_last)
        ways = ways_for(conditions, backbone, run.document.get("features"))
    except ModelError:  # the start model is gone; what torch computed does not depend on it
        conditions = Conditions(entry, preprocessing, device, precision, channels_last)
        ways = [torch_way(conditions, backbone)]
    kept = cheapest(ways, keys, width)
    return kept.found.read(), kept.numbers


def _computed(
    classifier: Classifier,
    model: LoadedModel,
    device: str,
    sources: Sequence[ImageSource],
    cache: FeatureCache,
    keys: Sequence[bytes],
) -> Generator[ClassifyEvent | Explaining, None, tuple[Rows, list[int]]]:
    """Features of photos by the model that answers; into the cache piece by piece, so that a Stop
    loses little. Photos that cannot be read are left out."""
    rows: list[Rows] = []
    positions: list[int] = []
    saved = done = 0
    yield Explaining(0, len(sources))
    events = classifier.ask(sources, model.spec.id, device, _features, once=True)
    try:
        for event in events:
            if isinstance(event, Answer):
                rows.append(event.row)
                positions.append(event.photo.position)
            elif not isinstance(event, ImageFailed):
                yield event
                continue
            done += 1
            if len(rows) - saved >= _ADDED_AT_ONCE:
                saved = _save(cache, keys, rows, positions, saved)
            yield Explaining(done, len(sources))
    finally:
        events.close()
        _save(cache, keys, rows, positions, saved)
    return np.stack(rows) if rows else np.empty((0, 0), np.float32), positions


def _save(
    cache: FeatureCache,
    keys: Sequence[bytes],
    rows: Sequence[Rows],
    positions: Sequence[int],
    saved: int,
) -> int:
    if len(rows) > saved:
        cache.add([keys[position] for position in positions[saved:]], np.stack(rows[saved:]))
    return len(rows)


def _together(
    items: Sequence[Item],
    classes: Sequence[str],
    paths: Sequence[Path],
    keys: Sequence[bytes],
    rows: Rows,
    numbers: Sequence[int],
) -> TrainingPhotos:
    return TrainingPhotos(
        tuple(paths[number] for number in numbers),
        tuple(classes[items[number].label] for number in numbers),
        tuple(keys[number] for number in numbers),
        _unit(rows),
        len(items) - len(numbers),
    )


def _features(model: LoadedModel, crops: Crops) -> Rows:
    return model.backend.features(crops)


def _unit(rows: Rows) -> Rows:
    """Rows of length 1; of zeros: as they are."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    result: Rows = rows / np.maximum(lengths, np.finfo(np.float32).tiny)
    return result


def _depends(model: LoadedModel, backbone: str) -> dict[str, Any]:
    """What decides the numbers where the model that answers computes them. Features are always
    float32, whatever the precision of the answers."""
    return {
        "backbone": backbone,
        "preprocessing": model.spec.preprocessing.to_json(),
        "answers": [model.backend.name, model.device.name],
        "versions": versions(),
    }


def _width(network: nn.Module) -> int:
    return head_width(network.get_submodule(head_name(network)))
