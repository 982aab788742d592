"""Photos read ahead of the network that answers them: the next ones are decoded in a second thread.
Without torch."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from resnet_gui.core.errors import ImageReadError, ImageTooLargeError
from resnet_gui.core.events import DeviceInfo, ImageFailed, ImageSource
from resnet_gui.core.photos.decode import decoded
from resnet_gui.core.photos.preprocess import crop_photo
from resnet_gui.core.zoo.spec import ModelSpec

# On the CPU a batch costs as much per photo as single photos do (and they answer sooner).
_BATCH = {"cuda": 32, "mps": 16}
_DECODE_AHEAD = 2


@dataclass(frozen=True, slots=True)
class PhotoInput:
    """A photo ready for the network.

    Attributes:
        crop: (crop, crop, 3) uint8, RGB: what a backend takes.
        width, height: the upright photo, in pixels.
        incomplete: the file ends early.
    """

    position: int
    crop: npt.NDArray[np.uint8]
    width: int
    height: int
    milliseconds: float
    incomplete: bool = False


def batch_size_for(device: DeviceInfo) -> int:
    """How many photos at a time a device is best used with."""
    return _BATCH.get(device.kind.split(":")[0], 1)


def read_photo(position: int, source: ImageSource, spec: ModelSpec) -> PhotoInput | ImageFailed:
    started = time.perf_counter()
    try:
        with decoded(source) as photo:
            crop = np.asarray(crop_photo(photo.image, spec.preprocessing), dtype=np.uint8)
    except ImageReadError as error:
        # As a value: the error's traceback would keep the decoded pixels alive.
        return ImageFailed(position, source.name, spec.id, type(error).__name__, str(error))
    except MemoryError:
        return ImageFailed(
            position,
            source.name,
            spec.id,
            ImageTooLargeError.__name__,
            f"{source.short_name} does not fit into the free memory. Close other programs or scale "
            "it down first.",
        )
    elapsed_ms = (time.perf_counter() - started) * 1000
    return PhotoInput(position, crop, photo.width, photo.height, elapsed_ms, photo.incomplete)


def read_ahead(
    sources: Sequence[ImageSource], spec: ModelSpec, batch_size: int, stack: ExitStack
) -> Iterator[PhotoInput | ImageFailed]:
    """Read photos in order, a few ahead of who consumes them; `stack` ends the thread."""
    if len(sources) <= 1:
        for position, source in enumerate(sources):
            yield read_photo(position, source, spec)
        return
    pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="decode")
    stack.callback(pool.shutdown, wait=True, cancel_futures=True)
    waiting: deque[Future[PhotoInput | ImageFailed]] = deque()
    numbered = enumerate(sources)
    for _ in range(batch_size + _DECODE_AHEAD):
        for position, source in numbered:
            waiting.append(pool.submit(read_photo, position, source, spec))
            break
    while waiting:
        yield waiting.popleft().result()
        for position, source in numbered:
            waiting.append(pool.submit(read_photo, position, source, spec))
            break
