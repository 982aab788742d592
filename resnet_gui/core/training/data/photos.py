"""Where batches come from: features computed once, or photos augmented anew. Needs torch."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional

from resnet_gui.core.dataset.split import Item, Split
from resnet_gui.core.errors import TrainingError
from resnet_gui.core.inference.hardware import Forward
from resnet_gui.core.inference.tensors import normalise, to_tensor
from resnet_gui.core.photos.store import PhotoStore, Pixels, exact_reader
from resnet_gui.core.runs.events import Preparing
from resnet_gui.core.training.augment import Variation, reader_for, transform_for
from resnet_gui.core.training.data.lone_thread import LoneThread
from resnet_gui.core.zoo.spec import Preprocessing

# Positions in the part, how many photos were tried, and what makes the input of a slice of them.
Chunk = tuple[list[int], int, Callable[[int, int], Tensor]]


@dataclass(frozen=True, slots=True)
class Batch:
    """x: (N, …) as the module takes it, on its device. y: (N,) int64, there too."""

    x: Tensor
    y: Tensor


@dataclass(frozen=True, slots=True)
class Judged:
    """Outputs for some photos of a part. positions: in the part. logits: (N, classes) float32."""

    positions: list[int]
    logits: Tensor


class Source(Protocol):
    """Training and validation data of one phase."""

    @property
    def trainable(self) -> list[int]:
        """Indices of the training photos that can be read as far as is known."""
        ...

    @property
    def in_memory(self) -> bool: ...

    def batch(self, indices: Sequence[int]) -> Batch | None:
        """These training photos; draws augmentation from torch's global generator. Photos that
        cannot be read are left out; None: all of them."""
        ...

    def first_photos(self, count: int) -> Batch | None:
        """Some training photos, always the same ones, not augmented and at full size. None: this
        source has no photos, or none can be read."""
        ...

    def prefetch(self, indices: Sequence[int]) -> None:
        """These training photos come next: start reading them where that takes time."""
        ...

    def judge(self, module: nn.Module, forward: Forward) -> Iterator[Judged]:
        """The module's outputs for all readable validation photos, piece by piece."""
        ...

    def begin_epoch(self, epoch: int, side: int) -> None:
        """The next batches belong to this epoch (from 1), and training and validation photos come
        with this side from now on. (A network sees size as well as shape: one that has only seen
        small pictures is lost on large ones.)"""
        ...

    def take_failures(self) -> list[tuple[str, str]]:
        """Paths and messages of photos that could not be read since the last call.

        Raises:
            TrainingError: the whole folder is gone, so that waiting for it is better.
        """
        ...

    def close(self) -> None: ...


class PhotoSource:
    """Photos from a store, augmented on the CPU while the training thread waits.

    Args:
        budget_bytes: for decoded photos of both parts together.
        largest: photos in one validation pass.
    """

    def __init__(
        self,
        root: Path,
        split: Split,
        preprocessing: Preprocessing,
        variation: Variation,
        device_kind: str,
        channels_last: bool,
        budget_bytes: int,
        largest: int,
    ) -> None:
        self._root = root
        self._preprocessing = preprocessing
        self._transform = transform_for(variation, preprocessing)
        self._alternate = variation.alternate_flip
        self._first_flips = variation.first_flips(len(split.train))
        self._epoch = 1
        self._device = device_kind
        self._format = torch.channels_last if channels_last else torch.contiguous_format
        self._largest = largest
        self._labels = torch.tensor([item.label for item in split.train])
        # Validation first: it is read at every epoch, whole.
        self._val = PhotoStore(_paths(root, split.val), exact_reader(preprocessing), budget_bytes)
        self._budget_bytes = budget_bytes
        self._train = PhotoStore(
            _paths(root, split.train), reader_for(variation.level, preprocessing), budget_bytes
        )
        self._thread = LoneThread()
        self._told: set[Path] = set()
        self._input_side = preprocessing.crop

    @property
    def trainable(self) -> list[int]:
        return [i for i in range(len(self._train.paths)) if i not in self._train.failed]

    @property
    def in_memory(self) -> bool:
        return self._train.all_in_memory and self._val.all_in_memory

    def fill(self) -> Iterator[Preparing]:
        """Decode photos into memory, as many as the budget allows."""
        total = len(self._val.paths) + len(self._train.paths)
        done = 0
        for done in self._val.fill():
            yield Preparing("photos", done, total)
        self._train.shrink_budget(self._budget_bytes - self._val.kept_bytes)
        for more in self._train.fill():
            yield Preparing("photos", done + more, total)

    def batch(self, indices: Sequence[int]) -> Batch | None:
        pixels = self._train.get(indices)
        good = [(i, item) for i, item in zip(indices, pixels, strict=True) if item is not None]
        if not good:
            return None

        def augment() -> Tensor:
            # In order: the transforms draw from the global generator.
            return torch.stack([self._transform(self._turned(i, to_tensor(p))) for i, p in good])

        x = self._thread.run(augment)
        y = self._labels[[i for i, _ in good]].to(self._device)
        return Batch(resized(self._to_device(x), self._input_side), y)

    def _turned(self, index: int, photo: Tensor) -> Tensor:
        """The photo (3, H, W), mirrored if it is its turn in this epoch."""
        if self._alternate and (int(self._first_flips[index]) + self._epoch) % 2:
            return photo.flip(2)
        return photo

    def first_photos(self, count: int) -> Batch | None:
        # Spread over the photos: they are in the order of their classes.
        readable = self.trainable
        chosen = readable[:: max(1, len(readable) // count)][:count]
        pixels = zip(chosen, self._train.get(chosen), strict=True)
        good = [(index, item) for index, item in pixels if item is not None]
        if not good:
            return None
        side = self._preprocessing.crop
        photos = self._thread.run(
            lambda: [resize_square(to_tensor(item), side) for _, item in good]
        )
        x = self._to_device(torch.stack(photos))
        return Batch(x, self._labels[[index for index, _ in good]].to(self._device))

    def prefetch(self, indices: Sequence[int]) -> None:
        self._train.prefetch(indices)

    def judge(self, module: nn.Module, forward: Forward) -> Iterator[Judged]:
        for positions, _, prepare in self.val_chunks(self._largest):
            if positions:
                yield Judged(positions, forward(module, prepare, len(positions)))

    def begin_epoch(self, epoch: int, side: int) -> None:
        self._epoch, self._input_side = epoch, side

    def train_chunks(self, size: int) -> Iterator[Chunk]:
        """The training photos in order, not augmented."""
        return self._chunks(self._train, size)

    def val_chunks(self, size: int) -> Iterator[Chunk]:
        """The validation photos in order."""
        return self._chunks(self._val, size)

    def take_failures(self) -> list[tuple[str, str]]:
        failed = [
            (store.paths[index], message)
            for store in (self._train, self._val)
            for index, message in sorted(store.failed.items())
        ]
        new = [(str(path), message) for path, message in failed if path not in self._told]
        self._told |= {path for path, _ in failed}
        check_still_there(self._root, new)
        return new

    def close(self) -> None:
        self._thread.close()
        self._train.close()
        self._val.close()

    def _chunks(self, store: PhotoStore, size: int) -> Iterator[Chunk]:
        for start, (positions, pixels) in zip(
            range(0, len(store.paths), size), store.chunks(size), strict=True
        ):
            tried = min(size, len(store.paths) - start)
            yield positions, tried, functools.partial(self._prepare, pixels)

    def _prepare(self, pixels: list[Pixels], start: int, stop: int) -> Tensor:
        x = torch.stack([to_tensor(item) for item in pixels[start:stop]])
        return resized(self._to_device(x), self._input_side)

    def _to_device(self, x: Tensor) -> Tensor:
        on_device = normalise(x.to(self._device), self._preprocessing)
        return on_device.contiguous(memory_format=self._format)


def resize_square(photo: Tensor, side: int) -> Tensor:
    """(3, H, W) uint8 -> (3, side, side) uint8."""
    if photo.shape[1:] == (side, side):
        return photo
    whole = functional.interpolate(photo[None].float(), size=(side, side), mode="bilinear")
    return whole[0].round().to(torch.uint8)


def resized(x: Tensor, side: int) -> Tensor:
    """x: (N, 3, H, W) float32 -> (N, 3, side, side) in the same memory format."""
    if x.shape[-1] == side:
        return x
    return functional.interpolate(x, size=(side, side), mode="bilinear", antialias=True)


def check_still_there(root: Path, failures: Sequence[tuple[str, str]]) -> None:
    """A photo that breaks is left out; but with the drive unplugged the run waits for it.

    Raises:
        TrainingError: there are failures, and the folder is gone.
    """
    if failures and not root.is_dir():
        raise TrainingError(
            f"The folder {root} is not there any more: {len(failures):,} of its photos could not "
            "be read.",
            "Connect its drive or put it back, then resume the run.",
        )


def _paths(root: Path, items: Sequence[Item]) -> list[Path]:
    return [root / item.path for item in items]
