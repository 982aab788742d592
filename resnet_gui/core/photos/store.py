"""Photos as pixels in memory: read by threads, kept as 8-bit within a budget, else read anew.

No torch here, and nothing is drawn at random: reading threads only decode.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt

from resnet_gui.core.errors import ImageReadError
from resnet_gui.core.events import ImageSource
from resnet_gui.core.photos.crops import read_crop
from resnet_gui.core.photos.decode import decoded
from resnet_gui.core.photos.geometry import resized_size
from resnet_gui.core.preprocessing import Preprocessing
from resnet_gui.core.system.cores import cores

Pixels = npt.NDArray[np.uint8]
Reader = Callable[[Path], Pixels]
_CHUNK = 32
_LONGEST_ASPECT = 3.0


def exact_reader(preprocessing: Preprocessing) -> Reader:
    """(crop, crop, 3) uint8, from every pixel of the photo: the reference."""
    return functools.partial(_crop, preprocessing, exact=True)


def crop_reader(preprocessing: Preprocessing) -> Reader:
    """As `exact_reader`, but JPEGs are decoded at twice the target size: several times faster,
    off by a grey level or two. For training photos, and for fast backends."""
    return functools.partial(_crop, preprocessing, exact=False)


def _crop(preprocessing: Preprocessing, path: Path, *, exact: bool) -> Pixels:
    return read_crop(ImageSource.file(path), preprocessing, exact=exact).pixels


def whole_reader(preprocessing: Preprocessing) -> Reader:
    """The whole photo, its shorter side as long as in preprocessing: (H, W, 3) uint8. For random
    crops. Of a panorama only the middle is kept, up to three times as long as high."""
    side = max(preprocessing.resize, preprocessing.crop)

    def read(path: Path) -> Pixels:
        with decoded(ImageSource.file(path), at_least=2 * side) as photo:
            image = photo.image
            width, height = image.size
            longest = int(min(width, height) * _LONGEST_ASPECT)
            if max(width, height) > longest:
                left, top = max(0, (width - longest) // 2), max(0, (height - longest) // 2)
                image = image.crop((left, top, width - left, height - top))
            size = resized_size(image.width, image.height, side)
            return np.asarray(image.resize(size), np.uint8)

    return read


class PhotoStore:
    """The photos of one part of a split, by index.

    Attributes:
        paths: all photos.
        failed: index -> why it could not be read. Such photos give None.
        kept_bytes: size of the pixels in memory.
    """

    def __init__(self, paths: Sequence[Path], read: Reader, budget_bytes: int) -> None:
        self.paths = tuple(paths)
        self.failed: dict[int, str] = {}
        self.kept_bytes = 0
        self._read = read
        self._budget_bytes = budget_bytes
        self._kept: dict[int, Pixels] = {}
        self._full = False
        self._ahead: dict[int, Future[Pixels | str]] = {}
        self._pool = ThreadPoolExecutor(workers(), thread_name_prefix="photos")

    def shrink_budget(self, budget_bytes: int) -> None:
        """Keep less than was said at first (another store took its part)."""
        self._budget_bytes = min(self._budget_bytes, budget_bytes)

    def close(self) -> None:
        """End the reading threads; the pixels are dropped."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._kept.clear()

    def fill(self, wanted: Sequence[int] | None = None) -> Iterator[int]:
        """Read photos until all that are wanted (None: all) are in memory or the budget is used.
        Yields how many are done."""
        wanted = range(len(self.paths)) if wanted is None else wanted
        for start in range(0, len(wanted), _CHUNK):
            indices = wanted[start : start + _CHUNK]
            self.get(indices)
            yield start + len(indices)
            if self._full:
                return

    def get(self, indices: Sequence[int]) -> list[Pixels | None]:
        """Pixels of these photos in this order; None for those that cannot be read."""
        self.prefetch(indices)
        fresh = {i: self._ahead.pop(i).result() for i in indices if i in self._ahead}
        result: list[Pixels | None] = []
        for index in indices:
            pixels = self._kept.get(index)
            if pixels is None and (value := fresh.get(index)) is not None:
                if isinstance(value, str):
                    self.failed[index] = value
                else:
                    pixels = value
                    self._keep(index, pixels)
            result.append(pixels)
        return result

    def prefetch(self, indices: Sequence[int]) -> None:
        """Start reading these photos for the next `get`, as far as they are not in memory."""
        for index in indices:
            if index not in self._kept and index not in self.failed and index not in self._ahead:
                self._ahead[index] = self._pool.submit(self._try, index)

    def chunks(
        self, size: int, turns: slice = slice(None)
    ) -> Iterator[tuple[list[int], list[Pixels]]]:
        """All readable photos in order, read ahead of who consumes them, none kept.

        Args:
            turns: which of the chunks are wanted.

        Yields:
            indices and their pixels, up to `size` of them.
        """
        starts = range(0, len(self.paths), size)[turns]
        ahead = [self._submit(start, size) for start in starts[:2]]
        for position, _ in enumerate(starts):
            futures = ahead.pop(0)
            values = [(index, future.result()) for index, future in futures]
            if position + 2 < len(starts):
                ahead.append(self._submit(starts[position + 2], size))
            self.failed |= {index: v for index, v in values if isinstance(v, str)}
            good = [(index, v) for index, v in values if not isinstance(v, str)]
            yield [index for index, _ in good], [pixels for _, pixels in good]

    def _keep(self, index: int, pixels: Pixels) -> None:
        if self.kept_bytes + pixels.nbytes > self._budget_bytes:
            self._full = True
            return
        self._kept[index] = pixels
        self.kept_bytes += pixels.nbytes

    def _submit(self, start: int, size: int) -> list[tuple[int, Future[Pixels | str]]]:
        stop = min(start + size, len(self.paths))
        return [(index, self._pool.submit(self._try, index)) for index in range(start, stop)]

    def _try(self, index: int) -> Pixels | str:
        try:
            return self._kept[index] if index in self._kept else self._read(self.paths[index])
        except ImageReadError as error:
            return str(error)


def workers() -> int:
    """Threads for decoding: they wait for the disk as often as for the processor."""
    return min(8, cores())
