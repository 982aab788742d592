"""Photos one by one, each augmented anew. Needs torch."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from resnet_gui.core.dataset.split import Split
from resnet_gui.core.inference.hardware import Forward
from resnet_gui.core.inference.tensors import normalise, stacked, to_tensor
from resnet_gui.core.photos.store import PhotoStore, Pixels, exact_reader
from resnet_gui.core.runs.events import Preparing
from resnet_gui.core.training.augment import Variation, reader_for, step_seed, transform_for
from resnet_gui.core.training.data.ahead import Ahead
from resnet_gui.core.training.data.source import (
    Batch,
    Failures,
    layout,
    parts_of,
    paths_of,
    resized,
    some_of,
)
from resnet_gui.core.training.judged import Judged
from resnet_gui.core.training.workers import ALONE, Workers
from resnet_gui.core.zoo.spec import Preprocessing

# Positions in the part, how many photos were tried, and what makes the input of a slice of them.
Chunk = tuple[list[int], int, Callable[[int, int], Tensor]]


class PhotoSource:
    """Photos from a store, augmented on the CPU.

    Args:
        budget_bytes: for decoded photos of both parts together.
        largest: photos in one validation pass.
        workers: the processes that share the photos. Each reads those that it needs.
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
        workers: Workers = ALONE,
    ) -> None:
        self._workers = workers
        self._preprocessing = preprocessing
        self._transform = transform_for(variation, preprocessing)
        self._alternate = variation.alternate_flip
        self._first_flips = variation.first_flips(len(split.train))
        self._epoch = 1
        self._device = device_kind
        self._format = layout(channels_last)
        self._largest = largest
        self._labels = torch.tensor([item.label for item in split.train])
        # Validation first: it is read at every epoch, whole.
        self._val = PhotoStore(paths_of(root, split.val), exact_reader(preprocessing), budget_bytes)
        self._budget_bytes = budget_bytes
        self._train = PhotoStore(
            paths_of(root, split.train), reader_for(variation.level, preprocessing), budget_bytes
        )
        self._ahead = Ahead(self._make)
        self._failures = Failures(root, self._train, self._val)
        self._input_side = preprocessing.crop

    @property
    def trainable(self) -> list[int]:
        return [i for i in range(len(self._train.paths)) if i not in self._train.failed]

    def fill(self) -> Iterator[Preparing]:
        """Decode photos into memory, as many as the budget allows."""
        val, train = parts_of(len(self._val.paths), len(self._train.paths), self._largest,
                              self._workers)  # fmt: skip
        total = len(val) + len(train)
        done = 0
        for done in self._val.fill(val):
            yield Preparing("photos", done, total)
        self._train.shrink_budget(self._budget_bytes - self._val.kept_bytes)
        for more in self._train.fill(train):
            yield Preparing("photos", done + more, total)

    def prefetch(self, indices: Sequence[int], seed: int) -> None:
        self._train.prefetch([indices[place] for place in self._workers.share(len(indices))])
        self._ahead.prefetch(indices, seed)

    def batch(self, indices: Sequence[int], seed: int) -> Batch | None:
        return self._ahead.take(indices, seed)

    def _make(self, indices: Sequence[int], seed: int) -> Batch | None:
        places = self._workers.share(len(indices))
        pixels = self._train.get([indices[place] for place in places])
        good = [
            (place, item) for place, item in zip(places, pixels, strict=True) if item is not None
        ]
        if not good:
            return None
        varied: list[Tensor] = []
        for place, item in good:
            # Each photo draws for itself, whoever makes it and whatever the others are.
            turned = self._turned(indices[place], to_tensor(item))
            varied.append(self._transform(turned, step_seed(seed, place, -1)))
        y = self._labels[[indices[place] for place, _ in good]].to(self._device)
        return Batch(resized(self._to_device(varied), self._input_side), y)

    def _turned(self, index: int, photo: Tensor) -> Tensor:
        """The photo (3, H, W), mirrored if it is its turn in this epoch."""
        if self._alternate and (int(self._first_flips[index]) + self._epoch) % 2:
            return photo.flip(2)
        return photo

    def first_photos(self, count: int) -> Batch | None:
        chosen = some_of(self.trainable, count)

        def make() -> Batch | None:
            pixels = zip(chosen, self._train.get(chosen), strict=True)
            good = [(index, item) for index, item in pixels if item is not None]
            if not good:
                return None
            side = self._preprocessing.crop
            photos = [_square(to_tensor(item), side) for _, item in good]
            x = self._to_device(photos)
            return Batch(x, self._labels[[index for index, _ in good]].to(self._device))

        return self._ahead.thread.run(make)

    def judge(self, module: nn.Module, forward: Forward) -> Iterator[Judged]:
        for positions, _, prepare in self.val_chunks(self._largest):
            if positions:
                yield Judged(positions, forward(module, prepare, len(positions)))

    def begin_epoch(self, epoch: int, side: int) -> None:
        self._ahead.clear()
        self._epoch, self._input_side = epoch, side

    def train_chunks(self, size: int) -> Iterator[Chunk]:
        """The training photos in order, not augmented."""
        return self._chunks(self._train, size)

    def val_chunks(self, size: int) -> Iterator[Chunk]:
        """The validation photos in order; of several processes this one's share."""
        return self._chunks(self._val, size, self._workers.turns)

    def take_failures(self) -> list[tuple[str, str]]:
        return self._failures.take()

    def share_failures(self) -> None:
        self._failures.share(self._workers)

    def close(self) -> None:
        self._ahead.close()
        self._train.close()
        self._val.close()

    def _chunks(self, store: PhotoStore, size: int, turns: slice = ALONE.turns) -> Iterator[Chunk]:
        for start, (positions, pixels) in zip(
            range(0, len(store.paths), size)[turns], store.chunks(size, turns), strict=True
        ):
            tried = min(size, len(store.paths) - start)
            yield positions, tried, functools.partial(self._prepare, pixels)

    def _prepare(self, pixels: list[Pixels], start: int, stop: int) -> Tensor:
        photos = [to_tensor(item) for item in pixels[start:stop]]
        return resized(self._to_device(photos), self._input_side)

    def _to_device(self, photos: Sequence[Tensor]) -> Tensor:
        """(3, H, W) uint8 each -> (N, 3, H, W) float32, normalised."""
        x = stacked(photos, self._format)
        on_device = normalise(x.to(self._device), self._preprocessing)
        return on_device.contiguous(memory_format=self._format)


def _square(photo: Tensor, side: int) -> Tensor:
    """(3, H, W) uint8 -> (3, side, side) uint8."""
    if photo.shape[1:] == (side, side):
        return photo
    whole = functional.interpolate(photo[None].float(), size=(side, side), mode="bilinear")
    return whole[0].round().to(torch.uint8)
