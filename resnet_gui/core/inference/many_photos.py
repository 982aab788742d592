"""Many photos through a fast backend: as many threads as gain by it each read a few and have them
answered. No torch here."""

from __future__ import annotations

import contextlib
import itertools
import threading
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np

from resnet_gui.core.events import ImageFailed, ImageSource
from resnet_gui.core.inference.backend import Backend, Crops, Rows
from resnet_gui.core.inference.photo_inputs import PhotoInput, read_photo, readers_for
from resnet_gui.core.zoo.spec import ModelSpec

# Photos in one call: nobody waits for the single answer, and one of four takes an eighth less.
_TOGETHER = 4


def rows_of(
    sources: Sequence[ImageSource],
    spec: ModelSpec,
    backend: Backend,
    ask: Callable[[Crops], Rows],
) -> Generator[Rows | ImageFailed, None, None]:
    """One row per photo, or what is wrong with it, in order. Memory stays flat.

    Args:
        spec: whose photos the backend takes. They are read as for a fast backend.
        ask: what the backend is asked, (N, crop, crop, 3) uint8 -> (N, D); by several threads.

    Raises:
        RuntimeError, NotImplementedError: the backend fails.
    """
    at_once = contextlib.nullcontext() if backend.threads > 1 else threading.Lock()

    def answered(positions: range) -> list[Rows | ImageFailed]:
        photos = [read_photo(n, sources[n], spec, exact=False) for n in positions]
        good = [photo.crop for photo in photos if isinstance(photo, PhotoInput)]
        rows: Rows | None = None
        if good:
            with at_once:
                rows = ask(np.stack(good))
        found = iter(() if rows is None else rows)
        return [next(found) if isinstance(photo, PhotoInput) else photo for photo in photos]

    threads = max(backend.threads, readers_for(backend.device, exact=False))
    everything = range(len(sources))
    pieces = (everything[start : start + _TOGETHER] for start in everything[::_TOGETHER])
    waiting: deque[Future[list[Rows | ImageFailed]]] = deque()
    pool = ThreadPoolExecutor(threads, thread_name_prefix="photos")
    try:
        while True:
            for piece in itertools.islice(pieces, threads + 1 - len(waiting)):
                waiting.append(pool.submit(answered, piece))
            if not waiting:
                return
            yield from waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
