"""Many small torch operations without torch's pool of threads. Needs torch."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

Result = TypeVar("Result")


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

    def run(self, work: Callable[[], Result]) -> Result:
        """Do it there and wait. What it draws from torch's global generator is what it would have
        drawn here."""
        if not self._begun:
            before = torch.get_num_threads()
            self._pool.submit(_take_one_core).result()
            torch.set_num_threads(before)
            self._begun = True
        return self._pool.submit(work).result()

    def close(self) -> None:
        self._pool.shutdown()


def _take_one_core() -> None:
    torch.get_num_threads()  # makes the thread known to torch, which would undo the next line else
    torch.set_num_threads(1)
