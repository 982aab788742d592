"""The lane: one terminal signal per job, order, priorities, no loss, no leak."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from collections.abc import Iterator
from typing import Any

import pytest
from PySide6.QtCore import QObject, Slot
from pytestqt.qtbot import QtBot

from resnet_gui.jobs.lane import JobLane, Priority


class Recorder(QObject):
    """Keeps what a lane says, and in which thread it was heard."""

    def __init__(self, lane: JobLane) -> None:
        super().__init__()
        self.events: list[tuple[int, Any]] = []
        self.deliveries = 0
        self.ends: list[tuple[int, str, Any]] = []
        self.threads: set[int] = set()
        lane.progressed.connect(self._on_progressed)
        lane.finished.connect(self._on_finished)
        lane.failed.connect(self._on_failed)
        lane.cancelled.connect(self._on_cancelled)

    def of(self, job_id: int) -> list[Any]:
        return [event for job, event in self.events if job == job_id]

    @Slot(object, object)
    def _on_progressed(self, job_id: int, events: list[Any]) -> None:
        self.threads.add(threading.get_ident())
        self.deliveries += 1
        self.events += [(job_id, event) for event in events]

    @Slot(object, object)
    def _on_finished(self, job_id: int, result: Any) -> None:
        self.ends.append((job_id, "finished", result))

    @Slot(object, object)
    def _on_failed(self, job_id: int, error: Any) -> None:
        self.ends.append((job_id, "failed", error))

    @Slot(object)
    def _on_cancelled(self, job_id: int) -> None:
        self.ends.append((job_id, "cancelled", None))


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

    job_id = lane.submit(job)
    qtbot.waitUntil(lambda: bool(heard.ends))
    assert heard.of(job_id) == list(range(1000))
    assert heard.ends == [(job_id, "finished", "done")]
    assert heard.threads == {threading.get_ident()}


def test_progress_is_coalesced(qtbot: QtBot, lane: JobLane, heard: Recorder) -> None:
    def job() -> Iterator[int]:
        for number in range(100):
            time.sleep(0.002)
            yield number

    started = time.monotonic()
    lane.submit(job)
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

    lane.submit(job)
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

    job_id = lane.submit(job)
    qtbot.waitUntil(lambda: bool(heard.ends))
    [(ended, kind, error)] = heard.ends
    assert (ended, kind, str(error)) == (job_id, "failed", "no")
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

    lane.submit(many, Priority.NORMAL)
    time.sleep(0.05)  # the first step of `many` has begun and waits
    lane.submit(one, Priority.INTERACTIVE)
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

    job_id = lane.submit(endless)
    qtbot.waitUntil(lambda: len(heard.events) > 3)
    lane.cancel(job_id)
    qtbot.waitUntil(lambda: bool(heard.ends))
    assert heard.ends == [(job_id, "cancelled", None)]
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

    lane.submit(first)
    queued = lane.submit(second)
    lane.cancel(queued)
    gate.set()
    qtbot.waitUntil(lambda: len(heard.ends) == 2)
    assert (queued, "cancelled", None) in heard.ends
    assert started == []


def test_pause_and_go_on(qtbot: QtBot, lane: JobLane, heard: Recorder) -> None:
    def count() -> Iterator[int]:
        for number in range(1000):
            time.sleep(0.001)
            yield number

    job_id = lane.submit(count)
    qtbot.waitUntil(lambda: len(heard.events) > 5)
    lane.set_paused(job_id, True)
    qtbot.wait(80)
    seen = len(heard.events)
    qtbot.wait(80)
    assert len(heard.events) == seen
    lane.set_paused(job_id, False)
    qtbot.waitUntil(lambda: len(heard.events) > seen)
    lane.cancel(job_id)
    qtbot.waitUntil(lambda: bool(heard.ends))


def test_close_cancels_everything_and_says_so(qtbot: QtBot) -> None:
    lane = JobLane("closing")
    heard = Recorder(lane)

    def endless() -> Iterator[int]:
        while True:
            time.sleep(0.001)
            yield 1

    jobs = [lane.submit(endless) for _ in range(3)]
    with qtbot.waitSignal(lane.stopped):
        lane.close()
    assert sorted(job for job, kind, _ in heard.ends if kind == "cancelled") == jobs
    assert lane.submit(endless) == 0
    assert lane.wait(5)


def test_close_of_a_lane_that_never_worked(qtbot: QtBot) -> None:
    lane = JobLane("unused")
    with qtbot.waitSignal(lane.stopped):
        lane.close()


@pytest.mark.parametrize("worked", [True, False])
def test_a_lane_that_is_closed_often_stops_once(qtbot: QtBot, worked: bool) -> None:
    lane, stops = JobLane("test"), Stops()
    lane.stopped.connect(stops.count)
    if worked:
        job = lane.submit(lambda: iter(range(3)))
        with qtbot.waitSignal(lane.finished, check_params_cb=lambda number, _: number == job):
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
