"""A backbone's features of all photos: computed once, kept with the run, and what a head learns
from. Needs torch."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from resnet_gui.core.dataset.split import Split
from resnet_gui.core.inference.hardware import Forward
from resnet_gui.core.runs.events import Preparing
from resnet_gui.core.training.augment import Variation
from resnet_gui.core.training.data.photos import PhotoSource
from resnet_gui.core.training.data.source import Batch
from resnet_gui.core.training.judged import Judged
from resnet_gui.core.zoo.spec import Preprocessing

_CHUNK = 16  # photos; small, so that the lane gets a word in between


@dataclass(frozen=True, slots=True)
class Features:
    """A backbone's features of the readable photos.

    Attributes:
        train, val: (N, D) float32 on the CPU; large ones are mapped from a file.
        train_indices, val_indices: (N,) int64, positions in the parts of the split.
        failures: paths and messages of the unreadable ones.
    """

    train: Tensor
    train_indices: Tensor
    val: Tensor
    val_indices: Tensor
    failures: tuple[tuple[str, str], ...]


class FeatureSource:
    """Features of all photos in memory; an epoch over them takes milliseconds.

    Args:
        features: as `compute_features` gives them.
    """

    def __init__(self, features: Features, split: Split, device_kind: str) -> None:
        self._device = device_kind
        self._features = features
        train = torch.tensor([item.label for item in split.train])
        self._x = features.train.to(device_kind)
        self._y = train[features.train_indices].to(device_kind)
        self._row = {index: row for row, index in enumerate(features.train_indices.tolist())}
        self._val = features.val.to(device_kind)
        self._failures = list(features.failures)

    @property
    def trainable(self) -> list[int]:
        return list(self._row)

    def batch(self, indices: Sequence[int], seed: int) -> Batch | None:
        rows = torch.tensor([self._row[index] for index in indices], device=self._device)
        return Batch(self._x[rows], self._y[rows])

    def first_photos(self, count: int) -> Batch | None:
        return None

    def fill(self) -> Iterator[Preparing]:
        """Nothing to do: all features are here."""
        return iter(())

    def prefetch(self, indices: Sequence[int], seed: int) -> None:
        """Nothing to do: a batch takes no time."""

    def begin_epoch(self, epoch: int, side: int) -> None:
        """Features have no side, and are the same in all epochs."""

    def judge(self, module: nn.Module, forward: Forward) -> Iterator[Judged]:
        count = len(self._val)
        if count:
            # clone: aligned alike in memory and in a mapped file, which decides the last bit
            logits = forward(module, lambda start, stop: self._val[start:stop].clone(), count)
            yield Judged(self._features.val_indices.tolist(), logits)

    def take_failures(self) -> list[tuple[str, str]]:
        failures, self._failures = self._failures, []
        return failures

    def share_failures(self) -> None:
        """Nothing to do: features are one process's."""

    def close(self) -> None:
        self._x = self._val = torch.empty(0)


def compute_features(
    backbone: nn.Module,
    root: Path,
    split: Split,
    preprocessing: Preprocessing,
    device_kind: str,
    channels_last: bool,
    forward: Forward,
) -> Generator[Preparing | Features, None, None]:
    """Run the backbone once over training and validation photos, cropped as in `classify`.

    Args:
        backbone: x: (N, 3, crop, crop) -> (N, D), in evaluation mode on the device.

    Yields:
        Preparing, and the Features last.

    Raises:
        TrainingError: the whole folder is gone.
    """
    source = PhotoSource(
        root, split, preprocessing, Variation(), device_kind, channels_last, 0, _CHUNK
    )
    try:
        total = len(split.train) + len(split.val)
        parts: list[tuple[Tensor, Tensor]] = []
        done = 0
        for chunks in (source.train_chunks(_CHUNK), source.val_chunks(_CHUNK)):
            rows: list[Tensor] = []
            indices: list[int] = []
            for positions, size, prepare in chunks:
                if positions:
                    rows.append(forward(backbone, prepare, len(positions)))
                    indices += positions
                done += size
                yield Preparing("features", done, total)
            width = rows[0].shape[1] if rows else 0
            found = torch.cat(rows) if rows else torch.empty(0, width)
            parts.append((found, torch.tensor(indices, dtype=torch.int64)))
        (train, train_indices), (val, val_indices) = parts
        yield Features(train, train_indices, val, val_indices, tuple(source.take_failures()))
    finally:
        source.close()
