"""Batches made in a thread of their own while the network learns. Needs torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import torch

from resnet_gui.core.training.data.source import Batch

Result = TypeVar("Result")
Make = Callable[[Sequence[int], int], Batch | None]


class LoneThread:
    """A thread whose torch operations use no other core, as is best for small ones: where the
    window or another program keeps the cores busy, waiting for them made the augmentation of one
    photo 18 times slower (2 cores, load 4: 18.6 ms against 1.1).

    torch.set_num_threads holds for the thread that calls it, but it also sets how many threads
    those get that begin later, and MKL in all of them. So it is called once, not at every batch,
    and the rest is put back at once from the thread that asked.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="augment")
        self._begun = False

    def submit(self, work: Callable[[], Result]) -> Future[Result]:
        """Do it there, after what was asked for before."""
        if not self._begun:
            before = torch.get_num_threads()
            self._pool.submit(_take_one_core).result()
            torch.set_num_threads(before)
            self._begun = True
        return self._pool.submit(work)

    def run(self, work: Callable[[], Result]) -> Result:
        """Do it there and wait."""
        return self.submit(work).result()

    def close(self) -> None:
        """What has not begun is not done; what has begun is waited for."""
        self._pool.shutdown(cancel_futures=True)


def _take_one_core() -> None:
    torch.get_num_threads()  # makes the thread known to torch, which would undo the next line else
    torch.set_num_threads(1)


class Ahead:
    """Makes batches in one thread, in the order in which they were asked for.

    Args:
        make: a batch from indices and a seed. It is called in that thread alone.
    """

    def __init__(self, make: Make) -> None:
        self.thread = LoneThread()
        self._make = make
        self._coming: dict[tuple[int, ...], Future[Batch | None]] = {}

    def prefetch(self, indices: Sequence[int], seed: int) -> None:
        key = (seed, *indices)
        if key not in self._coming:
            self._coming[key] = self.thread.submit(lambda: self._make(indices, seed))

    def take(self, indices: Sequence[int], seed: int) -> Batch | None:
        """The batch; waits for it, and makes it where nobody has asked for it."""
        self.prefetch(indices, seed)
        return self._coming.pop((seed, *indices)).result()

    def clear(self) -> None:
        """Forget what nobody has taken."""
        for future in self._coming.values():
            future.cancel()
        self._coming.clear()

    def close(self) -> None:
        self.clear()
        self.thread.close()
