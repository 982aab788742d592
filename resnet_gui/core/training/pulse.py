"""A sign of life of each process, for the others that wait for it. Needs torch.

A process that was killed says nothing, and who waits for its word in the store would wait for ever.
"""

from __future__ import annotations

import contextlib
import threading
import time

from torch._C._distributed_c10d import Store

BEAT_S, SILENT_S = 5.0, 60.0


class Pulse:
    """Beats in a thread of its own, as scans, saves and imports take long. Begins at once."""

    def __init__(self, store: Store, rank: int) -> None:
        self._store, self._rank = store, rank
        self._over = threading.Event()
        self._heard: dict[int, tuple[bytes, float]] = {}
        self._listened = 0.0
        threading.Thread(target=self._beat, name="pulse", daemon=True).start()

    def _beat(self) -> None:
        beats = 0
        with contextlib.suppress(RuntimeError):  # the store is gone: so are the others
            while not self._over.is_set():
                self._store.set(f"alive/{self._rank}", str(beats))
                beats += 1
                self._over.wait(BEAT_S)

    def end(self) -> None:
        self._over.set()

    def there(self, rank: int) -> bool:
        """Whether that process was ever heard of.

        Raises:
            RuntimeError: the store is gone.
        """
        return bool(self._store.check([f"alive/{rank}"]))

    def silent(self, rank: int) -> bool:
        """Whether nothing was heard of that process for a minute. Asks the store now and then.

        Raises:
            RuntimeError: the store is gone.
        """
        now = time.monotonic()
        if rank == self._rank or now - self._listened < BEAT_S / 5:
            return False
        self._listened = now
        key = f"alive/{rank}"
        beat = bytes(self._store.get(key)) if self._store.check([key]) else b""
        before, since = self._heard.get(rank, (b"none yet", now))
        if beat != before:
            since = now
        self._heard[rank] = beat, since
        return now - since > SILENT_S
