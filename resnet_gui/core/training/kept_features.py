"""The backbone's features of a run's photos: kept in its directory, so that a resume takes no
second pass over the photos and has the same numbers, and in the cache, for the next run on these
photos. Needs torch."""

from __future__ import annotations

import bisect
import contextlib
import dataclasses
import functools
import json
import logging
import tempfile
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from torch import nn

from resnet_gui.core.dataset.split import Split
from resnet_gui.core.inference.backend import EXACT, Rows
from resnet_gui.core.inference.feature_cache import (
    MAX_BYTES,
    FeatureCache,
    FoundRows,
    keys_in_pieces,
)
from resnet_gui.core.inference.hardware import Forward
from resnet_gui.core.runs.events import Preparing
from resnet_gui.core.system.documents import parse_json
from resnet_gui.core.system.tensor_files import RowsToWrite, write_rows, write_tensors
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
_AT_ONCE = 4096  # photos; then a Stop loses no more, and memory holds no more


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
    yield features


def _gathered(
    setup: Setup, network: nn.Module, backbone: str, width: int, forward: Forward
) -> Iterator[Preparing | Features]:
    """Features from the cache where it has them, computed else, and then in the cache too; the run
    keeps them as well, and notes in which way they came."""

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
            yield from _completed(setup, kept, keys, fast, backbone)
        except (ImportError, RuntimeError) as error:
            _log.warning("features come from torch, as OpenVINO failed: %s", error)
        else:
            return
        kept = cheapest([torch_way(conditions, backbone)], keys, width)
    yield from _completed(setup, kept, keys, by_torch, backbone)


@dataclasses.dataclass(frozen=True, slots=True)
class Kept:
    """What the cache has of one way."""

    way: Way
    cache: FeatureCache
    found: FoundRows

    @property
    def numbers(self) -> list[int]:
        """Of the photos, rising."""
        return self.found.numbers


def cheapest(ways: Sequence[Way], keys: Sequence[bytes], width: int) -> Kept:
    """The way in which the rest takes the least time. So a folder whose features came from torch
    before there was a conversion starts at once as well."""
    found = []
    for way in ways:
        cache = FeatureCache(way.depends, width)
        found.append(Kept(way, cache, cache.locate(keys)))
    return min(found, key=lambda kept: kept.way.cost * (len(keys) - len(kept.numbers)))


def _completed(
    setup: Setup,
    kept: Kept,
    keys: Sequence[bytes],
    compute: Callable[[Split], Generator[Preparing | Features, None, None]],
    backbone: str,
) -> Iterator[Preparing | Features]:
    """What is kept and, computed, the rest; then the run keeps all of it."""
    split, rows = setup.split, kept.found
    items = (*split.train, *split.val)
    known = set(rows.numbers)
    left = (
        [number for number in range(len(split.train)) if number not in known],
        [number for number in range(len(split.train), len(items)) if number not in known],
    )
    yield Preparing("features", len(known), len(items))
    failures: list[tuple[str, str]] = []
    done = len(known)
    large = _bytes(len(items), rows.width) > _LARGE
    # Otherwise the last pieces would push the first ones out.
    keep = _bytes(len(items) - len(known), rows.width) <= MAX_BYTES // 2
    for train, val in _pieces(*left) if large else [left] if any(left) else []:
        rest = dataclasses.replace(
            split, train=tuple(items[n] for n in train), val=tuple(items[n] for n in val)
        )
        with contextlib.closing(compute(rest)) as events:
            for item in events:
                if isinstance(item, Preparing):
                    yield Preparing("features", done + item.done, len(items))
                    continue
                fresh = [train[i] for i in item.train_indices] + [val[i] for i in item.val_indices]
                if fresh:
                    parts = [part for part in (item.train, item.val) if len(part)]
                    computed = torch.cat(parts).numpy()
                    mapped = kept.cache.add([keys[n] for n in fresh], computed) if keep else None
                    if large:
                        computed = _on_disk(setup.run.path, computed) if mapped is None else mapped
                    rows = rows.joined(fresh, computed)
                failures += item.failures
        done += len(train) + len(val)
    if note_of(setup) != kept.way.note:
        with contextlib.suppress(OSError):  # the disk is full: the features themselves are kept
            setup.run.update(features=kept.way.note)
    yield _finished(setup, backbone, rows, tuple(failures))


def _pieces(train: list[int], val: list[int]) -> Iterator[tuple[list[int], list[int]]]:
    """Photos that are computed in one go. Training and validation photos go through the network in
    the batches in which they would without that."""
    for start in range(0, len(train), _AT_ONCE):
        yield train[start : start + _AT_ONCE], []
    for start in range(0, len(val), _AT_ONCE):
        yield [], val[start : start + _AT_ONCE]


def _on_disk(folder: Path, rows: Rows) -> Rows:
    """The same, mapped from a file without a name; in memory where the disk is full."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(rows.tobytes())
            file.flush()
            return np.memmap(file, np.float32, "r", shape=rows.shape)
    except OSError:
        return rows


def _finished(
    setup: Setup, backbone: str, rows: FoundRows, failures: tuple[tuple[str, str], ...]
) -> Features:
    """The features of a run, which are in its directory then. Large ones are never in memory as a
    whole: they go there a piece at a time, and are mapped."""
    numbers, train, path = rows.numbers, len(setup.split.train), setup.run.features
    count, between = len(numbers), bisect.bisect_left(numbers, train)
    place = np.array(numbers, dtype=np.int64)
    indices = place[:between], place[between:] - train
    if _bytes(count, rows.width) > _LARGE:
        tensors: dict[str, RowsToWrite] = {
            "train_indices": ((between,), "<i8", [indices[0]]),
            "val_indices": ((count - between,), "<i8", [indices[1]]),
            "train": ((between, rows.width), "<f4", rows.chunks(0, between)),
            "val": ((count - between, rows.width), "<f4", rows.chunks(between, count)),
        }
        with contextlib.suppress(OSError):
            write_rows(path, tensors, _metadata(backbone, failures))
            sizes = train, len(setup.split.val)
            if features := load_features(path, backbone, rows.width, *sizes):
                return features
    features = Features(
        torch.from_numpy(rows.read(0, between)), torch.from_numpy(indices[0]),
        torch.from_numpy(rows.read(between)), torch.from_numpy(indices[1]), failures,
    )  # fmt: skip
    save_features(path, backbone, features)
    return features


def _bytes(photos: int, width: int) -> int:
    return photos * width * np.dtype(np.float32).itemsize


def save_features(path: Path, backbone: str, features: Features) -> None:
    """Keep features. They can be computed again, so a full disk is left to what cannot."""
    tensors = {
        "train": features.train.contiguous(),
        "train_indices": features.train_indices,
        "val": features.val.contiguous(),
        "val_indices": features.val_indices,
    }
    with contextlib.suppress(OSError):
        write_tensors(path, tensors, _metadata(backbone, features.failures))


def _metadata(backbone: str, failures: tuple[tuple[str, str], ...]) -> dict[str, str]:
    # As one JSON value: the names of files may hold bytes that are no text.
    return {_FEATURES_KEY: backbone, _FAILURES_KEY: json.dumps(failures)}


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
    if x.shape != (len(rows), width):
        return False
    if not all(bool(torch.isfinite(some).all()) for some in torch.split(x, _AT_ONCE)):
        return False
    numbers = rows.tolist()
    return len(set(numbers)) == len(numbers) and all(0 <= n < photos for n in numbers)
