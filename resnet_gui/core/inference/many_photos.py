"""Many photos through a fast backend: as many threads as gain by it each read one and have it
answered. No torch here."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack

import numpy as np

from resnet_gui.core.events import ImageFailed, ImageSource
from resnet_gui.core.inference.backend import Backend, Crops, Rows
from resnet_gui.core.inference.photo_inputs import Gate, PhotoInput, PhotoStream, readers_for
from resnet_gui.core.zoo.spec import ModelSpec

_AHEAD = 2  # photos, beside those that are being read


def rows_of(
    sources: Sequence[ImageSource],
    spec: ModelSpec,
    backend: Backend,
    ask: Callable[[Crops], Rows],
) -> Generator[Rows | ImageFailed, None, None]:
    """One row per photo, or what is wrong with it, in order.

    Args:
        spec: whose photos the backend takes. They are read as for a fast backend.
        ask: what the backend is asked, (1, crop, crop, 3) uint8 -> (1, D); by several threads.

    Raises:
        RuntimeError, NotImplementedError: the backend fails.
    """

    def quietly(photo: PhotoInput) -> Rows | None:
        try:
            return _asked(ask, photo)
        except (RuntimeError, NotImplementedError):
            return None  # who consumes the photo asks again, and hears what is wrong

    threads = readers_for(backend.device, exact=False)
    with ExitStack() as stack:
        stream: PhotoStream[Rows] = PhotoStream(
            sources, spec, stack, Gate(), exact=False, threads=threads, ahead=_AHEAD
        )
        if backend.threads > 1:
            stream.go_on(exact=False, threads=threads, prepare=lambda: quietly)
        for item in stream:
            yield _asked(ask, item) if isinstance(item, PhotoInput) else item


def _asked(ask: Callable[[Crops], Rows], photo: PhotoInput) -> Rows:
    row: Rows = ask(photo.crop[np.newaxis])[0]
    return row
