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
from collections.abc import Callable, Iterator
from enum import IntEnum
from typing import Any, Literal

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot

_log = logging.getLogger(__name__)

JobStart = Callable[[], Iterator[Any]]
_DELIVERY_INTERVAL_MS = 33
_Kind = Literal["event", "finished", "failed", "cancelled", "stopped"]


class Priority(IntEnum):
    """Which job the worker turns to first; within one priority the older job."""

    INTERACTIVE = 0  # somebody waits for the answer
    NORMAL = 1  # the rest of many photos
    BACKGROUND = 2  # nobody asked for it (warming up)


class StopToken:
    """Asks a job to end. The lane looks at it before every step."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def stop(self) -> None:
        self._event.set()

    @property
    def stopped(self) -> bool:
        return self._event.is_set()


class _Job:
    def __init__(self, job_id: int, start: JobStart, priority: int) -> None:
        self.id = job_id
        self.priority = priority
        self.token = StopToken()
        self.paused = False
        self.start: JobStart | None = start
        self.iterator: Iterator[Any] | None = None


class JobLane(QObject):
    """Runs jobs one step at a time in one thread of its own.

    Exactly one of `finished`, `failed` and `cancelled` comes per job, after its last events.
    Signals can arrive after `cancel`: receivers drop events of a job id that is no longer theirs.
    An event whose class has `urgent = True` is delivered at once, like the terminal signals.

    Signals (all in the thread where the lane lives, the main thread):
        progressed(job_id: int, events: list): one or more events, in order.
        finished(job_id: int, result): the generator returned `result`.
        failed(job_id: int, error: Exception): it raised; the error carries no traceback any more.
        cancelled(job_id: int): it was stopped and its generator is closed.
        stopped(): the worker has ended; nothing comes after it.
    """

    progressed = Signal(object, object)
    finished = Signal(object, object)
    failed = Signal(object, object)
    cancelled = Signal(object)
    stopped = Signal()
    _woken = Signal()

    def __init__(self, name: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self._name = name
        self._ids = itertools.count(1)
        self._condition = threading.Condition()
        self._jobs: list[_Job] = []
        self._closing = False
        self._outbox: list[tuple[_Kind, int, Any]] = []
        self._urgent = False
        self._wake_pending = False
        self._last_delivery = 0.0
        self._thread: threading.Thread | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._deliver)
        self._woken.connect(self._on_woken, Qt.ConnectionType.QueuedConnection)

    # --- called in the main thread ----------------------------------------------------------

    def submit(self, start: JobStart, priority: int = Priority.NORMAL) -> int:
        """Queue a job; `start` is called in the worker when the job's turn comes.

        Returns:
            the job's id, unique within this lane. 0 while the lane is closing: the job never
            starts and no signal comes (a last repaint may still ask for a thumbnail).
        """
        with self._condition:
            if self._closing:
                return 0
            job = _Job(next(self._ids), start, priority)
            self._jobs.append(job)
            self._condition.notify()
        if self._thread is None:
            # A daemon: a read that hangs in a dead network drive must not keep the process alive.
            self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
            self._thread.start()
        return job.id

    def cancel(self, job_id: int) -> None:
        """Ask a job to end after its current step. Unknown or ended jobs are ignored."""
        with self._condition:
            for job in self._jobs:
                if job.id == job_id:
                    job.token.stop()
                    self._condition.notify()

    def cancel_all(self) -> None:
        with self._condition:
            for job in self._jobs:
                job.token.stop()
            self._condition.notify()

    def set_paused(self, job_id: int, paused: bool) -> None:
        """A paused job takes no further step until it goes on; it can still be cancelled."""
        with self._condition:
            for job in self._jobs:
                if job.id == job_id:
                    job.paused = paused
                    self._condition.notify()

    @property
    def busy(self) -> bool:
        """Whether any job is queued or running."""
        with self._condition:
            return bool(self._jobs)

    def close(self) -> None:
        """Stop all jobs, then the worker; `stopped` follows, once however often this is called.
        Does not wait."""
        with self._condition:
            if self._closing:
                return
            self._closing = True
            for job in self._jobs:
                job.token.stop()
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
                job = self._choose()
                while job is None:
                    if self._closing and not self._jobs:
                        break
                    self._condition.wait()
                    job = self._choose()
            if job is None:
                self._post("stopped", 0, None)
                return
            self._step(job)
            del job

    def _choose(self) -> _Job | None:
        ready = [job for job in self._jobs if job.token.stopped or not job.paused]
        # A stopped job first: closing it is quick and frees what it holds.
        return min(ready, key=lambda j: (not j.token.stopped, j.priority, j.id), default=None)

    def _step(self, job: _Job) -> None:
        try:
            if job.token.stopped:
                close = getattr(job.iterator, "close", None)
                if close is not None:
                    close()
                self._end(job, "cancelled", None)
                return
            if job.iterator is None:
                assert job.start is not None
                job.iterator, job.start = iter(job.start()), None
            event = next(job.iterator)
        except StopIteration as stop:
            self._end(job, "finished", stop.value)
        except BaseException as error:  # noqa: BLE001 - the one boundary of the worker
            # As text: a log record with the exception would keep the frames' tensors alive.
            _log.error("job %d of lane %s failed\n%s", job.id, self._name, traceback.format_exc())
            self._end(job, "failed", _without_traceback(error))
        else:
            self._post("event", job.id, event)

    def _end(self, job: _Job, kind: _Kind, value: Any) -> None:
        job.iterator = job.start = None
        with self._condition:
            self._jobs.remove(job)
        self._post(kind, job.id, value)

    def _post(self, kind: _Kind, job_id: int, value: Any) -> None:
        urgent = kind != "event" or bool(getattr(value, "urgent", False))
        with self._condition:
            self._outbox.append((kind, job_id, value))
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
        self._timer.stop()
        self._last_delivery = time.monotonic()
        with self._condition:
            outbox, self._outbox = self._outbox, []
            self._wake_pending = self._urgent = False
        for (kind, job_id), group in itertools.groupby(outbox, key=lambda item: item[:2]):
            values = [value for _, _, value in group]
            if kind == "event":
                self.progressed.emit(job_id, values)
            elif kind == "finished":
                self.finished.emit(job_id, values[0])
            elif kind == "failed":
                self.failed.emit(job_id, values[0])
            elif kind == "cancelled":
                self.cancelled.emit(job_id)
            else:
                self.stopped.emit()


def _without_traceback(error: BaseException) -> BaseException:
    """The error and its causes without tracebacks, whose frames keep tensors and pixels alive."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        current.__traceback__ = None
        current = current.__cause__ or current.__context__
    return error
