"""The backbone's features of a run's photos: kept in its directory, so that a resume takes no
second pass over the photos and has the same numbers, and in the cache, for the next run on these
photos. Needs torch."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import json
import logging
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import nn

from resnet_gui.core.dataset.split import Split
from resnet_gui.core.inference.backend import EXACT, Rows
from resnet_gui.core.inference.feature_cache import FeatureCache, keys_in_pieces
from resnet_gui.core.inference.hardware import Forward
from resnet_gui.core.runs.events import Preparing
from resnet_gui.core.system.documents import parse_json
from resnet_gui.core.system.tensor_files import write_tensors
from resnet_gui.core.training.data.features import Features, compute_features
from resnet_gui.core.training.feature_ways import (
    Conditions,
    Way,
    compute_fast,
    converted_first,
    note_of,
    torch_way,
    ways_for,
)
from resnet_gui.core.training.setup import Setup

_log = logging.getLogger(__name__)
_FEATURES_KEY, _FAILURES_KEY = "resnet_gui_features", "failures"
_LARGE = 256 * 2**20  # bytes; features of more stay in their file, mapped into memory


def features_of(
    setup: Setup, network: nn.Module, backbone: str, width: int, forward: Forward
) -> Iterator[Preparing | Features]:
    """The features of training and validation photos: this run's own, or what the cache has and the
    backbone computes for the rest.

    Args:
        network: the backbone, x: (N, 3, crop, crop) -> (N, width), in evaluation mode on the CPU.
        backbone: its hash.

    Yields:
        Preparing, and the Features last.

    Raises:
        TrainingError: the whole folder is gone.
    """
    split, path = setup.split, setup.run.features
    sizes = len(split.train), len(split.val)
    features = load_features(path, backbone, width, *sizes)
    if features is None:
        for item in _gathered(setup, network, backbone, width, forward):
            if isinstance(item, Features):
                features = item
            else:
                yield item
        assert features is not None  # _gathered yields it last
        save_features(path, backbone, features)
        if features.train.nbytes + features.val.nbytes > _LARGE:
            features = load_features(path, backbone, width, *sizes) or features
    yield features


def _gathered(
    setup: Setup, network: nn.Module, backbone: str, width: int, forward: Forward
) -> Iterator[Preparing | Features]:
    """Features from the cache where it has them, computed else, and then in the cache too. The run
    notes in which way."""

    def by_torch(split: Split) -> Generator[Preparing | Features, None, None]:
        layout = torch.channels_last if setup.channels_last else torch.contiguous_format
        # nn.Module.to takes a memory format, which its type stub does not say
        network.to(device=setup.device.kind, memory_format=layout)  # type: ignore[call-overload]
        return compute_features(
            network, setup.root, split, setup.preprocessing, setup.device.kind,
            setup.channels_last, forward,
        )  # fmt: skip

    items = (*setup.split.train, *setup.split.val)
    keys: list[bytes] = []
    yield Preparing("photos", 0, len(items))
    for some in keys_in_pieces([setup.root / item.path for item in items]):
        keys += some
        yield Preparing("photos", len(keys), len(items))
    conditions, note = Conditions.of(setup), note_of(setup)
    kept = cheapest(ways_for(conditions, backbone, note), keys, width)
    if kept.way.backend == EXACT:
        yield from converted_first(setup, len(items) - len(kept.numbers))
        kept = cheapest(ways_for(conditions, backbone, note), keys, width)
    if kept.way.backend != EXACT:
        fast = functools.partial(compute_fast, setup, kept.way, width)
        try:
            yield from _completed(setup, kept, keys, fast)
        except (ImportError, RuntimeError) as error:
            _log.warning("features come from torch, as OpenVINO failed: %s", error)
        else:
            return
        kept = cheapest([torch_way(conditions, backbone)], keys, width)
    yield from _completed(setup, kept, keys, by_torch)


@dataclasses.dataclass(frozen=True, slots=True)
class Kept:
    """What the cache has of one way: rows (N, width) of the photos with these numbers, rising."""

    way: Way
    cache: FeatureCache
    rows: Rows
    numbers: list[int]


def cheapest(ways: Sequence[Way], keys: Sequence[bytes], width: int) -> Kept:
    """The way in which the rest takes the least time. So a folder whose features came from torch
    before there was a conversion starts at once as well."""
    found = []
    for way in ways:
        cache = FeatureCache(way.depends, width)
        found.append(Kept(way, cache, *cache.find(keys)))
    return min(found, key=lambda kept: kept.way.cost * (len(keys) - len(kept.numbers)))


def _completed(
    setup: Setup,
    kept: Kept,
    keys: Sequence[bytes],
    compute: Callable[[Split], Generator[Preparing | Features, None, None]],
) -> Iterator[Preparing | Features]:
    """What is kept and, computed, the rest."""
    split = setup.split
    items = (*split.train, *split.val)
    known = set(kept.numbers)
    train = [number for number in range(len(split.train)) if number not in known]
    val = [number for number in range(len(split.train), len(items)) if number not in known]
    yield Preparing("features", len(known), len(items))
    x, numbers = torch.from_numpy(kept.rows), list(kept.numbers)
    failures: tuple[tuple[str, str], ...] = ()
    if train or val:
        rest = dataclasses.replace(
            split, train=tuple(items[n] for n in train), val=tuple(items[n] for n in val)
        )
        with contextlib.closing(compute(rest)) as events:
            for item in events:
                if isinstance(item, Preparing):
                    yield Preparing("features", len(known) + item.done, len(items))
                    continue
                fresh = [train[i] for i in item.train_indices] + [val[i] for i in item.val_indices]
                parts = [part for part in (item.train, item.val) if len(part)]
                computed = torch.cat(parts or [x[:0]])
                kept.cache.add([keys[number] for number in fresh], computed.numpy())
                x, failures = torch.cat([x, computed]), item.failures
                numbers += fresh
    if note_of(setup) != kept.way.note:
        with contextlib.suppress(OSError):  # the disk is full: the features themselves are kept
            setup.run.update(features=kept.way.note)
    place, order = torch.tensor(numbers, dtype=torch.int64).sort()
    in_train = place < len(split.train)
    yield Features(
        x[order[in_train]], place[in_train],
        x[order[~in_train]], place[~in_train] - len(split.train), failures,
    )  # fmt: skip


def save_features(path: Path, backbone: str, features: Features) -> None:
    """Keep features. They can be computed again, so a full disk is left to what cannot."""
    tensors = {
        "train": features.train.contiguous(),
        "train_indices": features.train_indices,
        "val": features.val.contiguous(),
        "val_indices": features.val_indices,
    }
    # As one JSON value: the names of files may hold bytes that are no text.
    failures = {_FAILURES_KEY: json.dumps(features.failures)}
    with contextlib.suppress(OSError):
        write_tensors(path, tensors, {_FEATURES_KEY: backbone, **failures})


def load_features(
    path: Path, backbone: str, width: int, train_photos: int, val_photos: int
) -> Features | None:
    """The kept features, or None if there are none that fit: they can be computed again.

    Args:
        backbone: hash of the backbone. width: how many numbers the head takes for a photo.
        train_photos, val_photos: how many the split has; not each of them need have features.
    """
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            if metadata.get(_FEATURES_KEY) != backbone:
                return None
            failures = parse_json(metadata[_FAILURES_KEY])
            names = ("train", "train_indices", "val", "val_indices")
            tensors = [_loaded(file.get_tensor(name)) for name in names]
            failed = tuple((str(name), str(message)) for name, message in failures)
    except (OSError, SafetensorError, LookupError, TypeError, ValueError):
        return None
    features = Features(tensors[0], tensors[1], tensors[2], tensors[3], failed)
    fits = _fit(features.train, features.train_indices, width, train_photos)
    fits = fits and _fit(features.val, features.val_indices, width, val_photos)
    return features if fits else None


def _loaded(mapped: torch.Tensor) -> torch.Tensor:
    """In memory of torch's own, if it is not large: quick, and aligned."""
    return mapped if mapped.nbytes > _LARGE else mapped.clone()


def _fit(x: torch.Tensor, rows: torch.Tensor, width: int, photos: int) -> bool:
    """Whether these are features: one row of finite numbers for each of some photos."""
    if rows.dtype != torch.int64 or rows.ndim != 1 or x.dtype != torch.float32:
        return False
    if x.shape != (len(rows), width) or not bool(torch.isfinite(x).all()):
        return False
    numbers = rows.tolist()
    return len(set(numbers)) == len(numbers) and all(0 <= n < photos for n in numbers)
