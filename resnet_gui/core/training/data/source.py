"""Where batches come from: what every source of them does. Needs torch."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional

from resnet_gui.core.dataset.split import Item
from resnet_gui.core.errors import TrainingError
from resnet_gui.core.inference.hardware import Forward
from resnet_gui.core.photos.store import PhotoStore
from resnet_gui.core.runs.events import Preparing
from resnet_gui.core.training.augment import step_seed
from resnet_gui.core.training.judged import Judged
from resnet_gui.core.training.workers import Workers

AHEAD = 2  # batches that are made while the network learns from the one before them


@dataclass(frozen=True, slots=True)
class Batch:
    """x: (N, …) as the module takes it, on its device. y: (N,) int64, there too."""

    x: Tensor
    y: Tensor


class Source(Protocol):
    """Training and validation data of one phase. Where several processes train together, a source
    is told about all photos, and makes and judges this process's share."""

    @property
    def trainable(self) -> list[int]:
        """Indices of the training photos that can be read as far as is known."""
        ...

    def fill(self) -> Iterator[Preparing]:
        """Read into memory what shall be there before the first epoch."""
        ...

    def prefetch(self, indices: Sequence[int], seed: int) -> None:
        """A `batch` of these comes soon, in this epoch: start making it where that takes time. Up
        to AHEAD of them may be asked for in advance."""
        ...

    def batch(self, indices: Sequence[int], seed: int) -> Batch | None:
        """These training photos, varied as the seed decides, and the seed alone: torch's global
        generator belongs to the network. Photos that cannot be read are left out; None: all of
        them."""
        ...

    def first_photos(self, count: int) -> Batch | None:
        """Some training photos, always the same ones, not augmented and at full size. None: this
        source has no photos, or none can be read."""
        ...

    def judge(self, module: nn.Module, forward: Forward) -> Iterator[Judged]:
        """The module's outputs for all readable validation photos, piece by piece."""
        ...

    def begin_epoch(self, epoch: int, side: int) -> None:
        """The next batches belong to this epoch (from 1), and training and validation photos come
        with this side from now on. (A network sees size as well as shape: one that has only seen
        small pictures is lost on large ones.) What was made ahead for another epoch is dropped."""
        ...

    def take_failures(self) -> list[tuple[str, str]]:
        """Paths and messages of photos that could not be read since the last call.

        Raises:
            TrainingError: the whole folder is gone, so that waiting for it is better.
        """
        ...

    def share_failures(self) -> None:
        """Hear from the other processes which photos they could not read, and tell them. All of
        them must call it."""
        ...

    def close(self) -> None: ...


def made_ahead(
    source: Source, seed: int, epoch: int, batches: Sequence[Sequence[int]]
) -> Iterator[tuple[int, Batch | None]]:
    """The batches of an epoch, some of them made while the network learns from the one before.

    Args:
        seed: the run's.

    Yields:
        how many photos the batch is planned to have, and what `Source.batch` makes of them.
    """
    seeds = [step_seed(seed, epoch, number) for number in range(len(batches))]
    coming = zip(batches, seeds, strict=True)
    for first in itertools.islice(coming, AHEAD):
        source.prefetch(*first)
    for indices, step in zip(batches, seeds, strict=True):
        batch = source.batch(indices, step)
        for later in itertools.islice(coming, 1):
            source.prefetch(*later)
        yield len(indices), batch


def some_of(readable: Sequence[int], count: int) -> list[int]:
    """Up to `count` of the photos, always the same, spread over them: they are in the order of
    their classes."""
    return list(readable[:: max(1, len(readable) // count)][:count])


def resized(x: Tensor, side: int) -> Tensor:
    """x: (N, 3, H, W) float32 -> (N, 3, side, side) in the same memory format."""
    if x.shape[-1] == side:
        return x
    return functional.interpolate(x, size=(side, side), mode="bilinear", antialias=True)


class Failures:
    """The photos that could not be read, each told once.

    Args:
        root: the dataset's folder.
    """

    def __init__(self, root: Path, *stores: PhotoStore) -> None:
        self._root = root
        self._stores = stores
        self._told: set[Path] = set()

    def share(self, workers: Workers) -> None:
        """See `Source.share_failures`. An index is the same photo in all processes."""
        mine = [{str(i): why for i, why in store.failed.copy().items()} for store in self._stores]
        for theirs in workers.gather(mine):
            for store, failed in zip(self._stores, theirs, strict=True):
                store.failed |= {int(index): str(why) for index, why in failed.items()}

    def take(self) -> list[tuple[str, str]]:
        """See `Source.take_failures`. A photo that breaks is left out; but with the drive unplugged
        the run waits for it."""
        failed = [
            (store.paths[index], message)
            for store in self._stores
            for index, message in sorted(store.failed.copy().items())  # it grows meanwhile
        ]
        new = [(str(path), message) for path, message in failed if path not in self._told]
        self._told |= {path for path, _ in failed}
        check_root(self._root, len(new))
        return new


def check_root(root: Path, failed: int) -> None:
    """Raises TrainingError if photos could not be read because the whole folder is gone."""
    if failed and not root.is_dir():
        raise TrainingError(
            f"The folder {root} is not there any more: {failed:,} of its photos could not be read.",
            "Connect its drive or put it back, then resume the run.",
        )


def parts_of(val: int, train: int, largest: int, workers: Workers) -> tuple[list[int], list[int]]:
    """Which of so many validation and training photos a process reads before the first epoch: the
    validation photos that it will judge, and its share of the training photos, of which every epoch
    gives it other ones.

    Args:
        largest: photos in one validation pass.
    """
    pieces = range(0, val, largest)[workers.turns]
    judged = [i for start in pieces for i in range(start, min(start + largest, val))]
    return judged, list(range(train)[workers.turns])


def paths_of(root: Path, items: Sequence[Item]) -> list[Path]:
    return [root / item.path for item in items]


def layout(channels_last: bool) -> torch.memory_format:
    return torch.channels_last if channels_last else torch.contiguous_format
