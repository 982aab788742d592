"""Photos read ahead of the network that answers them, and answered ahead where the network can be
asked by several threads. Without torch."""

from __future__ import annotations

import contextlib
import itertools
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

from resnet_gui.core.errors import ImageReadError, ImageTooLargeError
from resnet_gui.core.events import DeviceInfo, ImageFailed, ImageSource
from resnet_gui.core.looks import views_of
from resnet_gui.core.photos.crops import PhotoCrop, read_crop
from resnet_gui.core.photos.views import read_views
from resnet_gui.core.system.cores import cores
from resnet_gui.core.system.priority import give_way
from resnet_gui.core.zoo.spec import ModelSpec

# On the CPU a batch costs as much per photo as single photos do (and they answer sooner).
_BATCH = {"cuda": 32, "mps": 16}
_AHEAD = 2
_MOST_READERS = 32  # what is ahead must stay little, and a disk has its own limit

_log = logging.getLogger(__name__)
T = TypeVar("T")
# What asks the network about photos, in any thread: one answer each. None: it cannot; who consumes
# the photos asks then, and sees what is wrong.
Ask = Callable[[Sequence["PhotoInput"]], Sequence[T] | None]
# A network reads its weights once for all photos of a call: EfficientNet-Lite0 takes an eighth less
# for one of four, ResNet-50 a twenty-fifth less for one of two. A call is to be short, though: who
# stops waits for it, and answers come with its end. Counted from asking to the answer: every other
# call waits in line, so that one of ResNet-50 with two photos, 80 ms of a core, takes twice that.
_MOST_TOGETHER = 4
_CALL_S = 0.2


@dataclass(frozen=True, slots=True)
class PhotoInput:
    """A photo ready for the network.

    Attributes:
        crop: (crop, crop, 3) uint8, RGB: what a backend takes. Where several crops are averaged:
            one row of bytes, see `photos.views`.
        width, height: the upright photo, in pixels.
        incomplete: the file ends early.
        exact: how it was read, as in `read_crop`.
    """

    position: int
    crop: npt.NDArray[np.uint8]
    width: int
    height: int
    milliseconds: float
    incomplete: bool = False
    exact: bool = True


def batch_size_for(device: DeviceInfo) -> int:
    """How many photos at a time a device is best used with."""
    return _BATCH.get(device.kind.split(":")[0], 1)


def readers_for(device: DeviceInfo, *, exact: bool, many: bool = False) -> int:
    """How many threads read photos for a device. The exact network on the CPU has all cores itself,
    and one reader is ahead of it; any other would wait for a single one.

    Args:
        many: whether they ask the network, too. On the CPU a core would be idle while its only
            thread waits for an answer.
    """
    if device.kind != "cpu":
        return min(_MOST_READERS, cores())
    return 1 if exact else min(_MOST_READERS, cores() * (2 if many else 1))


def read_for(source: ImageSource, spec: ModelSpec, *, exact: bool) -> PhotoCrop:
    """Read a photo for a model: one crop, or all that it looks at. Otherwise as `read_crop`."""
    if not spec.views and not spec.inputs:
        return read_crop(source, spec.preprocessing, exact=exact)
    ways = spec.inputs or (spec.preprocessing,)
    return read_views(source, ways, views_of(spec.views), exact=exact)


def read_photo(
    position: int, source: ImageSource, spec: ModelSpec, *, exact: bool
) -> PhotoInput | ImageFailed:
    """Read one photo; exact: as in `read_crop`. What is wrong with it becomes an event."""
    started = time.perf_counter()
    try:
        photo = read_for(source, spec, exact=exact)
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
    return PhotoInput(
        position, photo.pixels, photo.width, photo.height, elapsed_ms, photo.incomplete, exact
    )


class Gate:
    """Lets threads that answer many photos wait while a person waits for one: what they would begin
    meanwhile would take the cores from it."""

    def __init__(self) -> None:
        self._open = threading.Event()
        self._open.set()

    @contextlib.contextmanager
    def closed(self) -> Iterator[None]:
        """Nothing is begun inside the block. By one thread at a time, and never across a `yield`:
        who takes the next step may wait for those threads."""
        self._open.clear()
        try:
            yield
        finally:
            self._open.set()

    def pass_through(self) -> None:
        self._open.wait()


class PhotoStream(Generic[T]):
    """Photos in order, read ahead of who consumes them by threads of its own, which also ask the
    network where it can be asked by several threads at once: then none is idle while another reads.

    Memory stays flat: a fixed number of crops is ahead, and all that decode share one budget.

    Args of the constructor:
        stack: ends the threads; those that are reading finish their photo first.
        gate: closed while a photo is read that is alone; threads that ask wait at it.
        exact: as in `read_crop`.
        threads: how many read at the same time.
        ahead: how many more photos are ready at most.
    """

    def __init__(
        self,
        sources: Sequence[ImageSource],
        spec: ModelSpec,
        stack: ExitStack,
        gate: Gate,
        *,
        exact: bool,
        threads: int = 1,
        ahead: int = _AHEAD,
    ) -> None:
        self._sources, self._spec, self._stack, self._gate = sources, spec, stack, gate
        self._exact, self._threads, self._ahead = exact, threads, ahead
        self._numbered = iter(range(len(sources)))
        self._waiting: deque[Future[list[PhotoInput | ImageFailed | T]]] = deque()
        self._ask: Ask[T] | None = None
        self._preparing: Callable[[], Ask[T] | None] | None = None
        self._together = 1
        self._ended = threading.Event()
        self._pool = self._new_pool() if len(sources) > 1 else None

    def go_on(
        self, *, exact: bool, threads: int, prepare: Callable[[], Ask[T] | None] | None = None
    ) -> None:
        """Read on in another way. Photos that are read already stay as they are.

        Args:
            prepare: called in one of the threads, as it may take its time. It gives what asks the
                network; from then on photos are answered where they are read.
        """
        if self._pool is None:
            return
        self._exact, self._ask, self._together = exact, None, 1
        self._preparing = prepare
        if threads != self._threads:
            self._pool.shutdown(wait=False)  # it finishes what it was given
            self._threads = threads
            self._pool = self._new_pool()
        if prepare is not None:
            self._pool.submit(self._prepare, prepare)

    def __iter__(self) -> Iterator[PhotoInput | ImageFailed | T]:
        if self._pool is None:
            for position in self._numbered:
                with self._gate.closed():
                    photo = self._read(position)
                yield photo
            return
        while True:
            together = self._together
            most = self._threads + (self._ahead if together == 1 else 1)
            while len(self._waiting) < most:
                positions = list(itertools.islice(self._numbered, together))
                if not positions:
                    break
                self._waiting.append(self._pool.submit(self._read_and_ask, positions))
            if not self._waiting:
                return
            yield from self._waiting.popleft().result()

    def _new_pool(self) -> ThreadPoolExecutor:
        pool = ThreadPoolExecutor(self._threads, "decode", initializer=give_way)
        self._stack.callback(pool.shutdown, wait=True, cancel_futures=True)
        self._stack.callback(self._ended.set)  # before: what was begun need not be finished
        return pool

    def _read(self, position: int) -> PhotoInput | ImageFailed:
        return read_photo(position, self._sources[position], self._spec, exact=self._exact)

    def _prepare(self, prepare: Callable[[], Ask[T] | None]) -> None:
        try:
            ask = prepare()
            if self._preparing is prepare:  # or it goes on in another way already
                self._ask = ask
        except (RuntimeError, MemoryError) as error:  # who consumes them can ask as well
            _log.warning("photos are answered one after the other: %s", error)

    def _read_and_ask(self, positions: Sequence[int]) -> list[PhotoInput | ImageFailed | T]:
        """A photo or its answer for each position; what it gives at the end nobody looks at."""
        ask = self._ask
        photos: list[PhotoInput | ImageFailed] = []
        for position in positions:
            if self._ended.is_set():
                return []
            if ask is not None:
                self._gate.pass_through()
            photos.append(self._read(position))
        good = [photo for photo in photos if isinstance(photo, PhotoInput)]
        ask = self._ask
        if ask is None or not good or self._ended.is_set():
            return list(photos)
        self._gate.pass_through()
        began = time.perf_counter()
        answers = ask(good)
        if answers is None:
            return list(photos)
        each_s = (time.perf_counter() - began) / len(good)
        self._together = max(1, min(_MOST_TOGETHER, int(_CALL_S / max(each_s, 1e-6))))
        answered = iter(answers)
        return [next(answered) if isinstance(photo, PhotoInput) else photo for photo in photos]
