"""The photos of a part as words of four bytes a pixel: in one tensor in memory, or made from a
store's photos when they are asked for. Needs torch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from resnet_gui.core.photos.store import PhotoStore, Pixels, Reader

BYTES = 4  # per pixel: R, G, B and one to make them a word
CHUNK = 512  # photos decoded between two progress events


@dataclass(frozen=True, slots=True)
class Frame:
    """What is around a photo.

    Attributes:
        side: of the photo, in pixels. pad: around it.
        colour: of what is around it, three values of 0..255. reflect: the photo mirrored at its
            edge is around it instead.
    """

    side: int
    pad: int
    colour: tuple[int, ...]
    reflect: bool

    @property
    def padded(self) -> int:
        """Side of photo and padding."""
        return self.side + 2 * self.pad

    def around(self, photos: Sequence[Pixels], into: npt.NDArray[np.uint8] | None = None) -> Tensor:
        """(N, padded²) int32, in the memory of `into`: (N, padded, padded, 4), if it is given."""
        count, pad = len(photos), self.pad
        if not count:
            return torch.empty(0, self.padded**2, dtype=torch.int32)
        if into is None:
            into = np.empty((count, self.padded, self.padded, BYTES), np.uint8)
        into[..., 3] = 0
        if pad and self.reflect:
            edges = ((0, 0), (pad, pad), (pad, pad), (0, 0))
            into[..., :3] = np.pad(np.stack(photos), edges, "reflect")
        else:
            inner = slice(pad, pad + self.side)
            if pad:
                into[..., :3] = self.colour
            for place, photo in zip(into, photos, strict=True):
                place[inner, inner, :3] = photo
        return torch.from_numpy(into.view(np.int32).reshape(count, self.padded**2))


class Words:
    """The photos of one part.

    Args:
        budget_bytes: for decoded photos, where they are not held in one tensor.

    Attributes:
        failed: index -> why it could not be read.
    """

    def __init__(
        self, paths: Sequence[Path], read: Reader, frame: Frame, budget_bytes: int
    ) -> None:
        self.frame = frame
        self.store = PhotoStore(paths, read, budget_bytes)
        self._held: Tensor | None = None
        self._positions: list[int] = []
        self._rows = torch.empty(0, dtype=torch.int64)

    def __len__(self) -> int:
        return len(self.store.paths)

    @property
    def readable(self) -> list[int]:
        """Indices of the photos that can be read as far as is known."""
        return [i for i in range(len(self)) if i not in self.store.failed]

    def hold(self) -> Iterator[int]:
        """Decode all photos into one tensor. Yields how many were tried."""
        side = self.frame.padded
        pixels = np.empty((len(self), side, side, BYTES), np.uint8)
        positions: list[int] = []
        for number, (found, photos) in enumerate(self.store.chunks(CHUNK), start=1):
            if found:
                rows = slice(len(positions), len(positions) + len(found))
                self.frame.around(photos, pixels[rows])
                positions += found
            yield min(number * CHUNK, len(self))
        self.store.close()
        words = pixels[: len(positions)].view(np.int32).reshape(len(positions), side * side)
        self._held, self._positions = torch.from_numpy(words), positions
        self._rows = torch.full((len(self),), -1)
        self._rows[positions] = torch.arange(len(positions))

    def prefetch(self, indices: Sequence[int]) -> None:
        """Start reading these for the next `get`."""
        if self._held is None:
            self.store.prefetch(indices)

    def get(self, indices: Sequence[int]) -> tuple[Tensor, Tensor, list[int]]:
        """Some photos. Returns words (M, padded²) int32, the rows in them (N,) int64, and which of
        the indices these belong to: all but those that cannot be read."""
        if self._held is not None:
            rows = self._rows[torch.tensor(indices, dtype=torch.int64)]
            return self._held, rows, list(range(len(indices)))
        pixels = self.store.get(indices)
        good = [number for number, item in enumerate(pixels) if item is not None]
        words = self.frame.around([item for item in pixels if item is not None])
        return words, torch.arange(len(good)), good

    def pieces(self, size: int, turns: slice = slice(None)) -> Iterator[tuple[list[int], Tensor]]:
        """All readable photos in order: up to `size` indices and their words (N, padded²). Of those
        that are not held in one tensor, `turns` can choose some of the pieces."""
        if self._held is not None:
            for start in range(0, len(self._held), size):
                rows = slice(start, start + size)
                yield self._positions[rows], self._held[rows]
            return
        for found, photos in self.store.chunks(size, turns):
            if found:
                yield found, self.frame.around(photos)

    def close(self) -> None:
        self.store.close()
        self._held = None
