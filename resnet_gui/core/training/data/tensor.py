"""Augmentation of a whole batch at once. Needs torch.

On 32x32 pixels this costs 3 % of a step; a transform per photo costs more than the step. Where the
photos fit, they are one tensor in memory: an epoch needs no decoding and no Python per photo. Where
they do not, a batch's photos come from a store; the batch is the same to the last bit, so that a
run may go on with less memory than it began with.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from resnet_gui.core.dataset.split import Split
from resnet_gui.core.inference.hardware import Forward
from resnet_gui.core.photos.store import crop_reader, exact_reader
from resnet_gui.core.runs.augmentations import LIGHT, NONE
from resnet_gui.core.runs.events import Preparing
from resnet_gui.core.training.augment import SHIFT, Variation, mean_colour
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
from resnet_gui.core.training.data.words import BYTES, CHUNK, Frame, Words
from resnet_gui.core.training.judged import Judged
from resnet_gui.core.training.workers import ALONE, Workers
from resnet_gui.core.zoo.spec import Preprocessing

LEVELS = (NONE, LIGHT)  # what is done on a whole batch


def padding(variation: Variation, side: int) -> int:
    """How far photos of this side are shifted at most."""
    if variation.level != LIGHT:
        return 0
    return variation.shift_pixels or round(SHIFT * side)


def tensor_bytes(photos: int, side: int, variation: Variation) -> int:
    """Main memory of that many photos in one tensor."""
    padded = side + 2 * padding(variation, side)
    return photos * padded * padded * BYTES


class TensorSource:
    """Training photos (N, P, P) of four bytes a pixel, validation photos likewise.

    LIGHT: each photo is shifted by up to a tenth of its side (or `shift_pixels`) in both directions
    and mirrored with probability 1/2: the augmentation of He et al. 2015, section 4.2. What enters
    has the mean colour, so that it is zero after normalisation, or is the photo mirrored at its
    edge. Flips can alternate instead, and a square can be cut out.

    Args:
        device_kind: where batches go; the photos stay in main memory.
        budget_bytes: for decoded photos of both parts together. What does not fit is read anew.
        largest: photos in one validation pass.
        workers: the processes that share the photos. Each reads those that it needs, so none has
            all of them in one tensor.
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
        self._device = device_kind
        self._format = layout(channels_last)
        self._largest = largest
        self._light = variation.level == LIGHT
        self._variation = variation
        self._first_flips = variation.first_flips(len(split.train))
        self._epoch = 1
        self._side = self._input_side = preprocessing.crop
        self._labels = torch.tensor([item.label for item in split.train])
        self._budget_bytes = budget_bytes
        colour, reflect = tuple(mean_colour(preprocessing)), variation.shift_reflect
        frame = Frame(self._side, padding(variation, self._side), colour, reflect)
        self._frame = frame
        self._train = Words(
            paths_of(root, split.train), crop_reader(preprocessing), frame, budget_bytes
        )
        self._val = Words(
            paths_of(root, split.val), exact_reader(preprocessing),
            Frame(self._side, 0, colour, False), budget_bytes,
        )  # fmt: skip
        self._fits = not workers.several and budget_bytes >= tensor_bytes(
            len(split.train) + len(split.val), self._side, variation
        )
        self._failures = Failures(root, self._train.store, self._val.store)
        self._ahead = Ahead(self._make)
        steps = torch.arange(self._side)
        rows = steps[:, None] * frame.padded
        # Offsets of a photo's pixels from its first one: as it is, and mirrored.
        self._offsets = torch.stack([(rows + steps).flatten(), (rows + steps.flip(0)).flatten()])
        # On the device once, not at every batch.
        self._mean = torch.tensor(preprocessing.mean, device=device_kind) * 255
        self._scale = 1 / (torch.tensor(preprocessing.std, device=device_kind) * 255)

    @property
    def trainable(self) -> list[int]:
        return self._train.readable

    def fill(self) -> Iterator[Preparing]:
        """Decode all photos, or as many as the budget allows."""
        val, train = parts_of(len(self._val), len(self._train), self._largest, self._workers)
        total, done = len(val) + len(train), 0
        for done in self._val.hold() if self._fits else self._val.store.fill(val):
            yield Preparing("photos", done, total)
        self._train.store.shrink_budget(self._budget_bytes - self._val.store.kept_bytes)
        for more in self._train.hold() if self._fits else self._train.store.fill(train):
            yield Preparing("photos", done + more, total)

    def prefetch(self, indices: Sequence[int], seed: int) -> None:
        self._train.prefetch([indices[place] for place in self._workers.share(len(indices))])
        self._ahead.prefetch(indices, seed)

    def batch(self, indices: Sequence[int], seed: int) -> Batch | None:
        return self._ahead.take(indices, seed)

    def _make(self, indices: Sequence[int], seed: int) -> Batch | None:
        index, count = torch.tensor(indices), len(indices)
        draw = torch.Generator().manual_seed(seed)
        # All is drawn for all of them, also for those that cannot be read or are another process's.
        if self._light:
            shift = torch.randint(0, 2 * self._frame.pad + 1, (2, count), generator=draw)
            if self._variation.alternate_flip:
                mirrored = (self._first_flips[index] + self._epoch) % 2
            else:
                mirrored = torch.randint(0, 2, (count,), generator=draw)
            holes = torch.randint(0, self._side, (2, count, 1), generator=draw)
        places = self._workers.share(count)
        words, rows, found = self._train.get([indices[place] for place in places])
        good = [places[number] for number in found]
        if not good:
            return None
        first, offsets = rows * self._frame.padded**2, self._offsets[:1]
        if self._light:
            first += shift[0, good] * self._frame.padded + shift[1, good]
            offsets = self._offsets[mirrored[good]]
        x = self._to_input(words.take(first[:, None] + offsets))
        if self._light and self._variation.cutout:
            self._cut_out(x, holes[:, good])
        x = resized(x, self._input_side)
        return Batch(self._laid_out(x), self._labels[index[good]].to(self._device))

    def first_photos(self, count: int) -> Batch | None:
        chosen = some_of(self.trainable, count)
        words, rows, good = self._train.get(chosen)
        if not good:
            return None
        middle = self._frame.pad * self._frame.padded + self._frame.pad
        first = rows * self._frame.padded**2 + middle
        x = self._to_input(words.take(first[:, None] + self._offsets[:1]))
        y = self._labels[[chosen[number] for number in good]].to(self._device)
        return Batch(self._laid_out(x), y)

    def mean_photo(self) -> Tensor:
        """The mean training photo, normalised: (3, side, side) float32 on the CPU."""
        inner = slice(self._frame.pad, self._frame.pad + self._side)
        total = torch.zeros(3, self._side, self._side, dtype=torch.float64)
        photos = 0
        for found, words in self._train.pieces(CHUNK):
            whole = words.view(-1, self._frame.padded, self._frame.padded)
            total += self._to_input(whole[:, inner, inner].flatten(1)).sum(0).double().cpu()
            photos += len(found)
        return (total / photos).float()

    def begin_epoch(self, epoch: int, side: int) -> None:
        self._ahead.clear()
        self._epoch, self._input_side = epoch, side

    def judge(self, module: nn.Module, forward: Forward) -> Iterator[Judged]:
        for positions, words in self._val.pieces(self._largest, self._workers.turns):

            def prepare(a: int, b: int, words: Tensor = words) -> Tensor:
                return self._laid_out(resized(self._to_input(words[a:b]), self._input_side))

            yield Judged(positions, forward(module, prepare, len(words)))

    def take_failures(self) -> list[tuple[str, str]]:
        return self._failures.take()

    def share_failures(self) -> None:
        self._failures.share(self._workers)

    def close(self) -> None:
        self._ahead.close()
        self._train.close()
        self._val.close()

    def _to_input(self, words: Tensor) -> Tensor:
        """(N, side²) int32 -> (N, 3, side, side) float32, normalised, on the device."""
        pixels = words.to(self._device).view(torch.uint8).view(len(words), self._side, -1, BYTES)
        x = pixels[..., :3].float().sub_(self._mean).mul_(self._scale)
        return x.permute(0, 3, 1, 2)

    def _cut_out(self, x: Tensor, centres: Tensor) -> None:
        """Zero (the mean colour) in a square of each photo of x: (N, 3, side, side), in place.

        Args:
            centres: (2, N, 1), rows and columns.
        """
        corner, size = centres - self._variation.cutout // 2, self._variation.cutout
        steps = torch.arange(self._side)
        rows, columns = ((steps >= start) & (steps < start + size) for start in corner)
        square = (rows[:, None, :, None] & columns[:, None, None, :]).to(x.device)
        x.masked_fill_(square, 0.0)

    def _laid_out(self, x: Tensor) -> Tensor:
        return x.contiguous(memory_format=self._format)
