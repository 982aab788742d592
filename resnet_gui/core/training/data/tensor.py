"""Photos as one tensor in memory, and augmentation of a whole batch at once. Needs torch.

For data that fits: an epoch needs no decoding, no Python per photo and no second thread. On 32x32
pixels this costs 3 % of a step; a transform per photo costs more than the step.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from resnet_gui.core.dataset.split import Item, Split
from resnet_gui.core.inference.hardware import Forward
from resnet_gui.core.photos.store import PhotoStore, Reader, crop_reader, exact_reader
from resnet_gui.core.runs.augmentations import LIGHT, NONE
from resnet_gui.core.runs.events import Preparing
from resnet_gui.core.training.augment import SHIFT, Variation
from resnet_gui.core.training.data.photos import Batch, Judged, check_still_there, resized
from resnet_gui.core.zoo.spec import Preprocessing

LEVELS = (NONE, LIGHT)  # what is done on a whole batch
_CHUNK = 512  # photos decoded between two progress events
_BYTES = 4  # per pixel: R, G, B and one to make them a word


def padding(variation: Variation, side: int) -> int:
    """How far photos of this side are shifted at most."""
    if variation.level != LIGHT:
        return 0
    return variation.shift_pixels or round(SHIFT * side)


def tensor_bytes(photos: int, side: int, variation: Variation) -> int:
    """Main memory of that many photos in this source."""
    padded = side + 2 * padding(variation, side)
    return photos * padded * padded * _BYTES


class TensorSource:
    """Training photos (N, P, P) of four bytes a pixel, validation photos likewise.

    LIGHT: each photo is shifted by up to a tenth of its side (or `shift_pixels`) in both directions
    and mirrored with probability 1/2: the augmentation of He et al. 2015, section 4.2. What enters
    has the mean colour, so that it is zero after normalisation, or is the photo mirrored at its
    edge. Flips can alternate instead, and a square can be cut out.

    Args:
        largest: photos in one validation pass.
        device_kind: where batches go; the photos stay in main memory.
    """

    def __init__(
        self,
        root: Path,
        split: Split,
        preprocessing: Preprocessing,
        variation: Variation,
        device_kind: str,
        channels_last: bool,
        largest: int,
    ) -> None:
        self._root = root
        self._split = split
        self._preprocessing = preprocessing
        self._device = device_kind
        self._format = torch.channels_last if channels_last else torch.contiguous_format
        self._largest = largest
        self._light = variation.level == LIGHT
        self._variation = variation
        self._first_flips = variation.first_flips(len(split.train))
        self._epoch = 1
        self._side = preprocessing.crop
        self._pad = padding(variation, self._side)
        self._input_side = self._side
        self._labels = torch.tensor([item.label for item in split.train])
        self._failures: list[tuple[str, str]] = []
        self._readable: list[int] = []
        self._rows = torch.empty(0, dtype=torch.int64)
        self._train = torch.empty(0, dtype=torch.int32)
        self._val = torch.empty(0, dtype=torch.int32)
        self._val_positions: list[int] = []
        self._padded = self._side + 2 * self._pad
        steps = torch.arange(self._side)
        rows = steps[:, None] * self._padded
        # Offsets of a photo's pixels from its first one: as it is, and mirrored.
        self._offsets = torch.stack([(rows + steps).flatten(), (rows + steps.flip(0)).flatten()])
        # On the device once, not at every batch.
        self._mean = torch.tensor(preprocessing.mean, device=device_kind) * 255
        self._scale = 1 / (torch.tensor(preprocessing.std, device=device_kind) * 255)

    @property
    def trainable(self) -> list[int]:
        return list(self._readable)

    @property
    def in_memory(self) -> bool:
        return True

    def fill(self) -> Iterator[Preparing]:
        """Decode all photos."""
        val, train = self._split.val, self._split.train
        exact, quick = exact_reader(self._preprocessing), crop_reader(self._preprocessing)
        total = len(val) + len(train)
        self._val, self._val_positions = yield from self._load(val, exact, 0, 0, total)
        self._train, self._readable = yield from self._load(
            train, quick, self._pad, len(val), total
        )
        self._rows = torch.full((len(train),), -1)
        self._rows[self._readable] = torch.arange(len(self._readable))

    def batch(self, indices: Sequence[int]) -> Batch | None:
        index = torch.tensor(indices)
        count, first = len(indices), self._rows[index] * self._padded**2
        if self._light:
            # In one draw each from the global generator, which the loop has seeded for this step.
            shift = torch.randint(0, 2 * self._pad + 1, (2, count))
            if self._variation.alternate_flip:
                mirrored = (self._first_flips[index] + self._epoch) % 2
            else:
                mirrored = torch.randint(0, 2, (count,))
            first += shift[0] * self._padded + shift[1]
            offsets = self._offsets[mirrored]
        else:
            offsets = self._offsets[:1]
        words = self._train.take(first[:, None] + offsets)
        x = self._to_input(words)
        if self._light and self._variation.cutout:
            self._cut_out(x)
        x = resized(x, self._input_side)
        return Batch(self._laid_out(x), self._labels[index].to(self._device))

    def first_photos(self, count: int) -> Batch | None:
        # Spread over the photos: they are in the order of their classes.
        chosen = self._readable[:: max(1, len(self._readable) // count)][:count]
        if not chosen:
            return None
        index = torch.tensor(chosen)
        middle = self._pad * self._padded + self._pad
        first = self._rows[index] * self._padded**2 + middle
        x = self._to_input(self._train.take(first[:, None] + self._offsets[:1]))
        return Batch(self._laid_out(x), self._labels[index].to(self._device))

    def mean_photo(self) -> Tensor:
        """The mean training photo, normalised: (3, side, side) float32 on the CPU."""
        words = self._train.view(-1, self._padded, self._padded)
        inner = words[:, self._pad : self._pad + self._side, self._pad : self._pad + self._side]
        total = torch.zeros(3, self._side, self._side, dtype=torch.float64)
        for part in torch.split(inner, _CHUNK):
            total += self._to_input(part.flatten(1)).sum(0).double().cpu()
        return (total / len(words)).float()

    def prefetch(self, indices: Sequence[int]) -> None:
        """Nothing to do: all photos are in memory."""

    def begin_epoch(self, epoch: int, side: int) -> None:
        self._epoch, self._input_side = epoch, side

    def judge(self, module: nn.Module, forward: Forward) -> Iterator[Judged]:
        for start in range(0, len(self._val), self._largest):
            words = self._val[start : start + self._largest]

            def prepare(a: int, b: int, words: Tensor = words) -> Tensor:
                return self._laid_out(resized(self._to_input(words[a:b]), self._input_side))

            positions = self._val_positions[start : start + len(words)]
            yield Judged(positions, forward(module, prepare, len(words)))

    def take_failures(self) -> list[tuple[str, str]]:
        failures, self._failures = self._failures, []
        check_still_there(self._root, failures)
        return failures

    def close(self) -> None:
        self._train = self._val = torch.empty(0, dtype=torch.int32)

    def _load(
        self, items: Sequence[Item], read: Reader, pad: int, done: int, total: int
    ) -> Generator[Preparing, None, tuple[Tensor, list[int]]]:
        """Returns the readable photos (N, P²) int32 and their positions in the part."""
        side = self._side + 2 * pad
        pixels = np.empty((len(items), side, side, _BYTES), np.uint8)
        pixels[..., :3] = [round(255 * value) for value in self._preprocessing.mean]
        pixels[..., 3] = 0
        positions: list[int] = []
        store = PhotoStore([self._root / item.path for item in items], read, 0)
        try:
            for found, photos in store.chunks(_CHUNK):
                if found:
                    rows = slice(len(positions), len(positions) + len(found))
                    if pad and self._variation.shift_reflect:
                        around = ((0, 0), (pad, pad), (pad, pad), (0, 0))
                        pixels[rows, ..., :3] = np.pad(np.stack(photos), around, "reflect")
                    else:
                        inner = slice(pad, pad + self._side)
                        pixels[rows, inner, inner, :3] = np.stack(photos)
                    positions += found
                done = min(done + _CHUNK, total)
                yield Preparing("photos", done, total)
        finally:
            store.close()
        self._failures += [
            (str(store.paths[index]), message) for index, message in sorted(store.failed.items())
        ]
        words = pixels[: len(positions)].view(np.int32).reshape(len(positions), side * side)
        return torch.from_numpy(words), positions

    def _to_input(self, words: Tensor) -> Tensor:
        """(N, side²) int32 -> (N, 3, side, side) float32, normalised, on the device."""
        pixels = words.to(self._device).view(torch.uint8).view(len(words), self._side, -1, _BYTES)
        x = pixels[..., :3].float()
        x = (x - self._mean).mul_(self._scale)
        return x.permute(0, 3, 1, 2)

    def _cut_out(self, x: Tensor) -> None:
        """Zero (the mean colour) in a square of each photo of x: (N, 3, side, side), in place."""
        half, size = self._variation.cutout // 2, self._variation.cutout
        corner = torch.randint(0, self._side, (2, len(x), 1)) - half
        steps = torch.arange(self._side)
        rows, columns = ((steps >= start) & (steps < start + size) for start in corner)
        square = (rows[:, None, :, None] & columns[:, None, None, :]).to(x.device)
        x.masked_fill_(square, 0.0)

    def _laid_out(self, x: Tensor) -> Tensor:
        return x.contiguous(memory_format=self._format)
