"""The lane: one terminal signal per job, order, priorities, no loss, no leak."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PySide6.QtCore import QObject, Qt, Slot
from pytestqt.qtbot import QtBot

from resnet_gui.jobs.lane import Job, JobLane, Priority


class Listener(QObject):
    """Keeps what one job says, and in which thread it was heard."""

    def __init__(self, job: Job, recorder: Recorder) -> None:
        super().__init__()
        self.job, self.recorder = job, recorder
        job.progressed.connect(self._on_progressed)
        job.finished.connect(self._on_finished)
        job.failed.connect(self._on_failed)
        job.cancelled.connect(self._on_cancelled)
        job.ended.connect(self._on_ended)

    @Slot(object)
    def _on_progressed(self, events: list[Any]) -> None:
        self.recorder.threads.add(threading.get_ident())
        self.recorder.deliveries += 1
        self.recorder.events += [(self.job, event) for event in events]

    @Slot(object)
    def _on_finished(self, result: Any) -> None:
        self.recorder.ends.append((self.job, "finished", result))

    @Slot(object)
    def _on_failed(self, error: Any) -> None:
        self.recorder.ends.append((self.job, "failed", error))

    @Slot()
    def _on_cancelled(self) -> None:
        self.recorder.ends.append((self.job, "cancelled", None))

    @Slot()
    def _on_ended(self) -> None:
        assert not self.job.active
        self.recorder.ended.append(self.job)


class Recorder:
    """Keeps what all jobs of a lane say that were submitted here."""

    def __init__(self, lane: JobLane) -> None:
        self.lane = lane
        self.listeners: list[Listener] = []
        self.events: list[tuple[Job, Any]] = []
        self.deliveries = 0
        self.ends: list[tuple[Job, str, Any]] = []
        self.ended: list[Job] = []
        self.threads: set[int] = set()

    def submit(self, start: Callable[[], Iterator[Any]], priority: int = Priority.NORMAL) -> Job:
        job = self.lane.submit(start, priority)
        self.listeners.append(Listener(job, self))
        return job

    def of(self, job: Job) -> list[Any]:
        return [event for known, event in self.events if known is job]


@pytest.fixture
def lane(qtbot: QtBot) -> Iterator[JobLane]:
    lane = JobLane("test")
    yield lane
    lane.close()
    assert lane.wait(5)


@pytest.fixture
def heard(lane: JobLane) -> Recorder:
    return Recorder(lane)


def test_events_arrive_in_order_in_the_main_thread(
    qtbot: QtBot, lane: JobLane, heard: Recorder
) -> None:
    def job() -> Iterator[int]:
        yield from range(1000)
        return "done"

    submitted = heard.submit(job)
    qtbot.waitUntil(lambda: bool(heard.ends))
    assert heard.of(submitted) == list(range(1000))
    assert heard.ends == [(submitted, "finished", "done")]
    assert heard.ended == [submitted]
    assert heard.threads == {threading.get_ident()}


def test_progress_is_coalesced(qtbot: QtBot, lane: JobLane, heard: Recorder) -> None:
    def job() -> Iterator[int]:
        for number in range(100):
            time.sleep(0.002)
            yield number

    started = time.monotonic()
    heard.submit(job)
    qtbot.waitUntil(lambda: bool(heard.ends))
    elapsed_s = time.monotonic() - started
    assert len(heard.events) == 100
    assert heard.deliveries <= elapsed_s / 0.033 + 3


def test_an_urgent_event_does_not_wait(qtbot: QtBot, lane: JobLane, heard: Recorder) -> None:
    class Urgent:
        urgent = True

    release = threading.Event()

    def job() -> Iterator[object]:
        yield 1
        yield Urgent()
        assert release.wait(5)

    heard.submit(job)
    qtbot.waitUntil(lambda: len(heard.events) == 2)
    assert not heard.ends
    release.set()
    qtbot.waitUntil(lambda: bool(heard.ends))


def test_an_error_arrives_without_its_traceback(
    qtbot: QtBot, lane: JobLane, heard: Recorder
) -> None:
    class Big:
        pass

    alive: list[weakref.ref[Big]] = []

    def job() -> Iterator[int]:
        big = Big()
        alive.append(weakref.ref(big))
        yield 1
        raise ValueError("no")

    submitted = heard.submit(job)
    qtbot.waitUntil(lambda: bool(heard.ends))
    [(ended, kind, error)] = heard.ends
    assert (ended, kind, str(error)) == (submitted, "failed", "no")
    assert error.__traceback__ is None
    gc.collect()
    assert alive[0]() is None


def test_the_interactive_job_goes_first(qtbot: QtBot, lane: JobLane, heard: Recorder) -> None:
    gate = threading.Event()

    def many() -> Iterator[str]:
        for _ in range(50):
            assert gate.wait(5)
            yield "many"

    def one() -> Iterator[str]:
        yield "one"

    heard.submit(many, Priority.NORMAL)
    time.sleep(0.05)  # the first step of `many` has begun and waits
    heard.submit(one, Priority.INTERACTIVE)
    gate.set()
    qtbot.waitUntil(lambda: len(heard.ends) == 2)
    order = [event for _, event in heard.events]
    assert order.index("one") <= 1


def test_cancel_closes_the_generator(qtbot: QtBot, lane: JobLane, heard: Recorder) -> None:
    closed = threading.Event()

    def endless() -> Iterator[int]:
        try:
            while True:
                time.sleep(0.001)
                yield 1
        finally:
            closed.set()

    submitted = heard.submit(endless)
    qtbot.waitUntil(lambda: len(heard.events) > 3)
    submitted.cancel()
    qtbot.waitUntil(lambda: bool(heard.ends))
    assert heard.ends == [(submitted, "cancelled", None)]
    assert closed.is_set()
    assert not lane.busy


def test_a_job_cancelled_in_the_queue_never_starts(
    qtbot: QtBot, lane: JobLane, heard: Recorder
) -> None:
    gate = threading.Event()
    started: list[str] = []

    def first() -> Iterator[int]:
        assert gate.wait(5)
        yield 1

    def second() -> Iterator[int]:
        started.append("second")
        yield 2

    heard.submit(first)
    queued = heard.submit(second)
    queued.cancel()
    gate.set()
    qtbot.waitUntil(lambda: len(heard.ends) == 2)
    assert (queued, "cancelled", None) in heard.ends
    assert started == []


def test_pause_and_go_on(qtbot: QtBot, lane: JobLane, heard: Recorder) -> None:
    def count() -> Iterator[int]:
        for number in range(1000):
            time.sleep(0.001)
            yield number

    submitted = heard.submit(count)
    qtbot.waitUntil(lambda: len(heard.events) > 5)
    submitted.set_paused(True)
    qtbot.wait(80)
    seen = len(heard.events)
    qtbot.wait(80)
    assert len(heard.events) == seen
    submitted.set_paused(False)
    qtbot.waitUntil(lambda: len(heard.events) > seen)
    submitted.cancel()
    qtbot.waitUntil(lambda: bool(heard.ends))


def test_close_cancels_everything_and_says_so(qtbot: QtBot) -> None:
    lane = JobLane("closing")
    heard = Recorder(lane)

    def endless() -> Iterator[int]:
        while True:
            time.sleep(0.001)
            yield 1

    jobs = [heard.submit(endless) for _ in range(3)]
    with qtbot.waitSignal(lane.stopped):
        lane.close()
    assert [job for job, kind, _ in heard.ends if kind == "cancelled"] == jobs == heard.ended
    declined = heard.submit(endless)
    assert not declined.active
    declined.cancel()  # nothing to end, and no error
    lane.submit(endless).finished.connect(heard.ended.append)  # nobody else holds the job
    assert lane.wait(5)


def test_a_worker_can_be_started_before_its_first_job(qtbot: QtBot, lane: JobLane) -> None:
    before = threading.active_count()
    lane.prepare()
    lane.prepare()
    assert threading.active_count() == before + 1
    with qtbot.waitSignal(lane.submit(lambda: iter(range(3))).finished):
        pass
    assert threading.active_count() == before + 1


def test_close_of_a_lane_that_never_worked(qtbot: QtBot) -> None:
    lane = JobLane("unused")
    with qtbot.waitSignal(lane.stopped):
        lane.close()


@pytest.mark.parametrize("worked", [True, False])
def test_a_lane_that_is_closed_often_stops_once(qtbot: QtBot, worked: bool) -> None:
    lane, stops = JobLane("test"), Stops()
    lane.stopped.connect(stops.count)
    if worked:
        with qtbot.waitSignal(lane.submit(lambda: iter(range(3))).finished):
            pass
    for _ in range(3):
        lane.close()
    qtbot.waitUntil(lambda: stops.heard > 0)
    assert lane.wait(5)
    lane.close()
    qtbot.wait(50)  # what would come a second time has come by then
    assert stops.heard == 1


class Stops(QObject):
    """Counts how often a lane says that it has ended."""

    heard = 0

    @Slot()
    def count(self) -> None:
        self.heard += 1


def test_a_job_that_was_let_go_is_heard_no_more(
    qtbot: QtBot, lane: JobLane, heard: Recorder
) -> None:
    """Not even of what was on its way already when it was let go."""
    gone, yielded = threading.Event(), threading.Event()

    def unwanted() -> Iterator[int]:
        try:
            for number in range(100):
                yield number
                yielded.set()
        finally:
            gone.set()

    job = heard.submit(unwanted)
    assert yielded.wait(5)  # events wait in the outbox: the event loop has not run since
    job.let_go()
    other = heard.submit(lambda: iter(["other"]))
    qtbot.waitUntil(lambda: other in heard.ended)
    assert gone.wait(5)
    assert heard.of(job) == []
    assert [known for known, _, _ in heard.ends] == [other]
    assert not job.active


def test_letting_go_in_a_slot_ends_what_was_being_delivered(
    qtbot: QtBot, lane: JobLane, heard: Recorder
) -> None:
    job = heard.submit(lambda: iter([1]))
    job.finished.connect(lambda _: job.let_go())
    after = heard.submit(lambda: iter([2]))
    qtbot.waitUntil(lambda: after in heard.ended)
    assert job not in heard.ended


def test_a_job_is_destroyed_in_the_main_thread(qtbot: QtBot, lane: JobLane) -> None:
    """Also one that is garbage in a cycle while a worker's garbage collection runs."""
    threads: list[int] = []

    def work() -> Iterator[int]:
        for number in range(3):
            gc.collect()
            yield number

    def note() -> None:
        threads.append(threading.get_ident())

    for _ in range(10):
        job = lane.submit(lambda: iter([1]))
        job.destroyed.connect(note, Qt.ConnectionType.DirectConnection)
        job.cycle = job  # type: ignore[attr-defined]
        del job
    last = lane.submit(work)
    # A full collection of everything that a long test run has left takes its time.
    qtbot.waitUntil(lambda: not last.active, timeout=30_000)
    qtbot.waitUntil(lambda: len(threads) == 10)
    assert set(threads) == {threading.get_ident()}


class _ForeseenError(Exception):
    foreseen = True


@pytest.mark.parametrize(("kind", "lines"), [(_ForeseenError, 1), (ValueError, 5)])
def test_a_foreseen_error_is_one_line_in_the_log(
    qtbot: QtBot,
    lane: JobLane,
    heard: Recorder,
    caplog: pytest.LogCaptureFixture,
    kind: type[Exception],
    lines: int,
) -> None:
    def work() -> Iterator[int]:
        yield 1
        raise kind("No kit is here.\nChoose another folder.") from KeyError("manifest")

    heard.submit(work)
    qtbot.waitUntil(lambda: len(heard.ends) == 1)
    [record] = [item for item in caplog.records if item.levelname in ("WARNING", "ERROR")]
    text = record.getMessage()
    assert "No kit is here." in text
    assert ("Traceback" in text) == (lines > 1)
    assert (len(text.splitlines()) == 1) == (lines == 1)
    assert record.exc_info is None


def test_a_burst_comes_in_pieces(qtbot: QtBot, lane: JobLane) -> None:
    """20,000 events in one turn of the loop would keep the window from painting."""
    told: list[list[int]] = []
    job = lane.submit(lambda: iter(range(5000)))
    job.progressed.connect(told.append)
    with qtbot.waitSignal(job.ended):
        pass
    assert [number for some in told for number in some] == list(range(5000))
    assert max(map(len, told)) <= 100
