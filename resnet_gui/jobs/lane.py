"""A lane: one worker thread that runs generators and brings their events to the main thread.

A job is a callable that returns an iterator. The worker takes one `next()` at a time, always of
the most interactive job, so that a dropped photo does not wait behind a folder of 20,000. Events
reach the main thread in order, coalesced to about 30 deliveries a second, none lost.
"""

from __future__ import annotations

import itertools
import logging
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator
from enum import IntEnum
from typing import Any, Literal

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot

_log = logging.getLogger(__name__)

JobStart = Callable[[], Iterator[Any]]
_DELIVERY_INTERVAL_MS = 33
# So much is delivered in one turn of the main thread's loop: what comes in a burst (answers that
# were kept, a folder's photos) must not keep it from painting.
_BUDGET_S, _AT_ONCE = 0.008, 100
_Kind = Literal["event", "finished", "failed", "cancelled", "stopped"]


class Priority(IntEnum):
    """Which job the worker turns to first; within one priority the older job."""

    INTERACTIVE = 0  # somebody waits for the answer
    NORMAL = 1  # the rest of many photos
    BACKGROUND = 2  # nobody asked for it (warming up)
    LEISURE = 3  # it mostly waits for something else; the lane counts as free meanwhile


class StopToken:
    """Asks a job to end. The lane looks at it before every step."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def stop(self) -> None:
        self._event.set()

    @property
    def stopped(self) -> bool:
        return self._event.is_set()


class _Work:
    """What the worker knows of a job."""

    def __init__(self, number: int, start: JobStart, priority: int) -> None:
        self.number = number
        self.priority = priority
        self.token = StopToken()
        self.paused = False
        self.start: JobStart | None = start
        self.iterator: Iterator[Any] | None = None


class Job(QObject):
    """One piece of work, for who asked for it; it lives in the main thread.

    Exactly one of `finished`, `failed` and `cancelled` comes, after the last events, and then
    `ended`. Events can still arrive after `cancel`, none after `let_go`.

    Signals:
        progressed(events: list): one or more events, in order.
        finished(result): the generator returned `result`.
        failed(error: Exception): it raised; the error carries no traceback any more.
        cancelled(): it was stopped and its generator is closed.
        ended(): after one of the three.
    """

    progressed = Signal(object)
    finished = Signal(object)
    failed = Signal(object)
    cancelled = Signal()
    ended = Signal()

    def __init__(self, lane: JobLane, work: _Work, *, active: bool) -> None:
        # The lane owns it, and it goes in the main thread: without a parent the garbage collector
        # would destroy it in whichever thread it happens to run, and Qt crashes then.
        super().__init__(lane)
        self._lane, self._work = lane, work
        self._active = active
        self._heard = True

    @property
    def active(self) -> bool:
        """Whether `ended` is still to come."""
        return self._active

    def cancel(self) -> None:
        """Ask it to end after its current step."""
        self._lane._stop(self._work)

    def let_go(self) -> None:
        """Cancel it and hear no more of it: nobody wants its events any longer."""
        self._heard = False
        self.cancel()

    def set_paused(self, paused: bool) -> None:
        """A paused job takes no further step until it goes on; it can still be cancelled."""
        self._lane._pause(self._work, paused)

    def _deliver(self, kind: _Kind, values: list[Any]) -> None:
        """In the main thread, by the lane."""
        if kind != "event":
            self._active = False
            self.deleteLater()
        if not self._heard:
            return
        if kind == "event":
            self.progressed.emit(values)
            return
        if kind == "finished":
            self.finished.emit(values[0])
        elif kind == "failed":
            self.failed.emit(values[0])
        else:
            self.cancelled.emit()
        if self._heard:
            self.ended.emit()


class JobLane(QObject):
    """Runs jobs one step at a time in one thread of its own.

    An event whose class has `urgent = True` is delivered at once, like the terminal signals. An
    error whose class has `foreseen = True` is one line in the log.

    Attributes:
        ended: whether `stopped` has come.

    Signals (in the thread where the lane lives, the main thread):
        stopped(): the worker has ended; nothing comes after it, of any job.
    """

    stopped = Signal()
    _woken = Signal()

    def __init__(self, name: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self._name = name
        self._numbers = itertools.count(1)
        self._condition = threading.Condition()
        self._queue: list[_Work] = []
        self._open: dict[int, Job] = {}  # of the main thread alone; until their end is delivered
        self._closing = False
        self.ended = False
        self._outbox: list[tuple[_Kind, int, Any]] = []
        self._inbox: deque[tuple[_Kind, int, list[Any]]] = deque()  # of the main thread alone
        self._urgent = False
        self._wake_pending = False
        self._last_delivery = 0.0
        self._thread: threading.Thread | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._deliver)
        self._woken.connect(self._on_woken, Qt.ConnectionType.QueuedConnection)

    # --- called in the main thread ----------------------------------------------------------

    def submit(self, start: JobStart, priority: int = Priority.NORMAL) -> Job:
        """Queue a job; `start` is called in the worker when the job's turn comes.

        Returns:
            the job, to listen to. While the lane is closing it is not active: it never starts and
            no signal comes (a last repaint may still ask for a thumbnail).
        """
        work = _Work(next(self._numbers), start, priority)
        with self._condition:
            job = Job(self, work, active=not self._closing)
            if self._closing:
                job.deleteLater()
                return job
            self._open[work.number] = job
            self._queue.append(work)
            self._condition.notify()
        self.prepare()
        return job

    def prepare(self) -> None:
        """Start the worker, for who knows that a job will come: that waits for the other threads of
        the process, some 10 ms where they compute."""
        if self._thread is None and not self._closing:
            # A daemon: a read that hangs in a dead network drive must not keep the process alive.
            self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
            self._thread.start()

    def cancel_all(self) -> None:
        """Ask all jobs to end after their current step."""
        with self._condition:
            for work in self._queue:
                work.token.stop()
            self._condition.notify()

    def _stop(self, work: _Work) -> None:
        with self._condition:
            work.token.stop()
            self._condition.notify()

    def _pause(self, work: _Work, paused: bool) -> None:
        with self._condition:
            work.paused = paused
            self._condition.notify()

    @property
    def busy(self) -> bool:
        """Whether any job is queued or running."""
        with self._condition:
            return any(work.priority < Priority.LEISURE for work in self._queue)

    def close(self) -> None:
        """Stop all jobs, then the worker; `stopped` follows, once however often this is called.
        Does not wait."""
        with self._condition:
            if self._closing:
                return
            self._closing = True
            for work in self._queue:
                work.token.stop()
            self._condition.notify()
        if self._thread is None:
            self._post("stopped", 0, None)

    def wait(self, timeout_s: float) -> bool:
        """Wait for the worker's end after `close` (for tests and the end of the process only).

        Returns:
            whether it has ended.
        """
        if self._thread is not None:
            self._thread.join(timeout_s)
            return not self._thread.is_alive()
        return True

    # --- the worker -------------------------------------------------------------------------

    def _work(self) -> None:
        while True:
            with self._condition:
                work = self._choose()
                while work is None:
                    if self._closing and not self._queue:
                        break
                    self._condition.wait()
                    work = self._choose()
            if work is None:
                self._post("stopped", 0, None)
                return
            self._step(work)
            del work

    def _choose(self) -> _Work | None:
        ready = [work for work in self._queue if work.token.stopped or not work.paused]
        # A stopped job first: closing it is quick and frees what it holds.
        return min(ready, key=lambda w: (not w.token.stopped, w.priority, w.number), default=None)

    def _step(self, work: _Work) -> None:
        try:
            if work.token.stopped:
                close = getattr(work.iterator, "close", None)
                if close is not None:
                    close()
                self._end(work, "cancelled", None)
                return
            if work.iterator is None:
                assert work.start is not None
                work.iterator, work.start = iter(work.start()), None
            event = next(work.iterator)
        except StopIteration as stop:
            self._end(work, "finished", stop.value)
        except BaseException as error:  # noqa: BLE001 - the one boundary of the worker
            self._log_failure(work.number, error)
            self._end(work, "failed", _without_traceback(error))
        else:
            self._post("event", work.number, event)

    def _log_failure(self, number: int, error: BaseException) -> None:
        """What a person can bring about (`foreseen`: no kit in a folder, offline mode) in one
        line, all else with its traceback. As text: a log record with the exception would keep the
        frames' tensors alive."""
        if getattr(error, "foreseen", False):
            text = " ".join(f"{type(error).__name__}: {error}".split())
            _log.warning("job %d of lane %s: %s", number, self._name, text)
        else:
            text = traceback.format_exc()
            _log.error("job %d of lane %s failed\n%s", number, self._name, text)

    def _end(self, work: _Work, kind: _Kind, value: Any) -> None:
        work.iterator = work.start = None
        with self._condition:
            self._queue.remove(work)
        self._post(kind, work.number, value)

    def _post(self, kind: _Kind, number: int, value: Any) -> None:
        urgent = kind != "event" or bool(getattr(value, "urgent", False))
        with self._condition:
            self._outbox.append((kind, number, value))
            wake = not self._wake_pending or (urgent and not self._urgent)
            self._wake_pending = True
            self._urgent = self._urgent or urgent
        if wake:
            try:
                self._woken.emit()
            except RuntimeError:  # the QObject is gone: the program is ending
                _log.debug("lane %s: nobody left to tell", self._name)

    # --- delivery, in the main thread -------------------------------------------------------

    @Slot()
    def _on_woken(self) -> None:
        elapsed_ms = (time.monotonic() - self._last_delivery) * 1000
        if self._urgent or elapsed_ms >= _DELIVERY_INTERVAL_MS:
            self._deliver()
        elif not self._timer.isActive():
            self._timer.start(int(_DELIVERY_INTERVAL_MS - elapsed_ms) + 1)

    @Slot()
    def _deliver(self) -> None:
        """Events in order, for some milliseconds; the rest in the next turn."""
        self._timer.stop()
        with self._condition:
            outbox, self._outbox = self._outbox, []
            self._wake_pending = self._urgent = False
        for (kind, number), group in itertools.groupby(outbox, key=lambda item: item[:2]):
            while values := [value for _, _, value in itertools.islice(group, _AT_ONCE)]:
                self._inbox.append((kind, number, values))
        until = time.monotonic() + _BUDGET_S
        while self._inbox:
            kind, number, values = self._inbox.popleft()
            if kind == "stopped":
                self.ended = True
                self.stopped.emit()
                continue
            job = self._open[number] if kind == "event" else self._open.pop(number)
            job._deliver(kind, values)
            if time.monotonic() > until:
                break
        self._last_delivery = time.monotonic()
        if self._inbox:
            self._timer.start(1)


def _without_traceback(error: BaseException) -> BaseException:
    """The error and its causes without tracebacks, whose frames keep tensors and pixels alive."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        current.__traceback__ = None
        current = current.__cause__ or current.__context__
    return error
