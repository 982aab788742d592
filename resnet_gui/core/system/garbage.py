"""In which thread garbage in cycles is collected, and when.

Python's collector runs in whichever thread happens to make one container too many. Where that is a
worker, an object of Qt that is garbage in a cycle is destroyed there, perhaps while the GUI thread
is about to call it: a segmentation fault in the event loop, minutes after its cause. Or the window
hangs for ever: Qt's destructor waits for the interpreter's lock with a lock of Qt's held for which
the GUI thread waits with the interpreter's. Both were seen. So the window keeps all collections to
its own thread: the automatic ones are off, and it looks some times a second whether one is due
(`collect_due`), by Python's own counts and thresholds. A program without a window leaves the
collector as it is.

A collection of all takes as long as there are containers, garbage or not: with 300,000 photos of a
folder 90 ms, in which nothing is painted. So whenever some ten thousand have come to stay they are
looked at for the last time, and frozen: later collections leave them alone. They are let go as ever
when nobody holds them any more; only what becomes garbage in a cycle after that stays until the
program ends. What is frozen are the photos, answers and widgets of that moment, which are in use.
"""

from __future__ import annotations

import atexit
import gc
import logging
import threading
import time
from collections.abc import Callable

_log = logging.getLogger(__name__)
# A worker that wants memory back waits so long for the keeper, which may be busy, and then goes on.
_PATIENCE_S = 2.0
# As Python's own collector: a full collection looks at everything, and has to be worth it.
_GROWTH = 0.25
# Full collections may take this share of the time that passes, however much there is to look at.
_SHARE = 0.01
_EACH_S = 3e-7  # of a full collection, for a container: to count them takes a fifth as long again
_LOT = 20_000  # containers that are not frozen: a full collection takes 6 to 12 ms then
# So many since the last look, a moment ago, are data, and hardly any of them garbage: they are
# frozen without a look, which would take longer than a frame of the screen. What is garbage in a
# cycle at that moment stays, too.
_BURST = 3 * _LOT


def freeze() -> None:
    """Let later collections leave alone what there is now, in all threads."""
    gc.freeze()
    # Thawed at exit, or extension modules would report their functions as leaked.
    atexit.unregister(gc.unfreeze)
    atexit.register(gc.unfreeze)


class _Collector:
    """The process's one collector. Automatic collections are off while anybody pauses it, and
    while a thread keeps it."""

    def __init__(self) -> None:
        self._lock = threading.RLock()  # a finalizer may import, and so come here again
        self._pauses = self._keeps = 0
        self._was_enabled = False
        self._thread = 0  # the keeper
        self._wake: Callable[[], object] | None = None
        self._asked: list[threading.Event] = []
        # Containers since the last collection of all, and of the younger two generations; some of
        # them are gone.
        self._made = self._made_young = 0
        self._loose = 0  # made since something was frozen, less those that are gone
        self._old = 0  # containers that outlived it, about
        self._full_s, self._full_end = 0.0, 0.0

    def pause(self) -> None:
        """No automatic collections until `go_on`: several threads import at once, and the first
        to be done would let the collector run over what the others are making."""
        with self._lock:
            self._hold()
            self._pauses += 1

    def go_on(self) -> None:
        with self._lock:
            self._pauses -= 1
            self._release()

    def keep(self, wake: Callable[[], object]) -> None:
        """From now on only the calling thread collects, in `collect_due`.

        Args:
            wake: lets it call that soon; from any thread.
        """
        with self._lock:
            self._hold()
            self._keeps += 1
            self._thread, self._wake = threading.get_ident(), wake

    def let_go(self) -> None:
        """Once for each `keep`: whoever waits goes on, and the collector is as it was before."""
        with self._lock:
            self._keeps -= 1
            if not self._keeps:
                self._thread, self._wake = 0, None
            self._release()
            asked, self._asked = self._asked, []
        for done in asked:
            done.set()

    def _hold(self) -> None:
        if not self._pauses and not self._keeps:
            self._was_enabled = gc.isenabled()
            gc.disable()

    def _release(self) -> None:
        if not self._pauses and not self._keeps and self._was_enabled:
            gc.enable()

    def collect_due(self) -> bool:
        """Collect as much as is due, in the thread that keeps the collector.

        Returns:
            whether anything was.
        """
        with self._lock:
            asked, self._asked = self._asked, []
        if asked:
            self._collect_all()
            for done in asked:
                done.set()
            return True
        if self._pauses:
            return False
        young, middle, old = gc.get_count()
        after_young, after_middle, after_old = gc.get_threshold()
        if not after_young or young <= after_young:
            return False
        self._made += young
        self._made_young += young
        self._loose += young
        if self._loose > _LOT:
            if young < _BURST:
                self._collect_all()
            freeze()
            self._loose = self._old = self._made = self._made_young = 0
        elif old > after_old and self._full_is_worth_it():
            self._collect_all()
        # By their number, too: here many are looked at in one go, where Python looks at 700.
        elif middle > after_middle or self._made_young > after_young * after_middle:
            self._made_young = 0
            gc.collect(1)
        else:
            gc.collect(0)
        return True

    def _full_is_worth_it(self) -> bool:
        waited = time.monotonic() - self._full_end
        return self._made > _GROWTH * self._old and self._full_s < _SHARE * waited

    def _collect_all(self) -> None:
        begun = time.monotonic()
        gc.collect()
        self._full_end = time.monotonic()
        self._full_s = self._full_end - begun
        self._made = self._made_young = 0
        self._old = int(self._full_s / _EACH_S)
        _log.debug("all containers looked at in %.0f ms", self._full_s * 1000)

    def collect(self) -> None:
        """Collect everything now, from any thread: where another thread keeps the collector, wait
        until it has done so, for two seconds at most."""
        done = threading.Event()
        with self._lock:
            wake = self._wake if self._thread != threading.get_ident() else None
            if wake is not None:
                self._asked.append(done)
        if wake is None:
            gc.collect()
        else:
            wake()
            done.wait(_PATIENCE_S)


_COLLECTOR = _Collector()
pause, go_on = _COLLECTOR.pause, _COLLECTOR.go_on
keep, let_go = _COLLECTOR.keep, _COLLECTOR.let_go
collect_due, collect = _COLLECTOR.collect_due, _COLLECTOR.collect
