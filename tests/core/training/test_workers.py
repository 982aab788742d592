"""Who waits for another process hears of its end, of a stop, and of its silence. No processes here:
a store in memory is enough to wait in."""

from __future__ import annotations

import threading
import time

import pytest
from torch.distributed import HashStore

from resnet_gui.core.errors import WorkerError
from resnet_gui.core.training import distributed, pulse
from resnet_gui.core.training.distributed import EndedError, LaunchedWorkers
from resnet_gui.core.training.launch import Place


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distributed, "_STOPPING_S", 0.05)
    monkeypatch.setattr(pulse, "BEAT_S", 0.02)
    monkeypatch.setattr(pulse, "SILENT_S", 0.2)


def worker(store: HashStore, rank: int, stop: threading.Event | None = None) -> LaunchedWorkers:
    return LaunchedWorkers(Place(rank, 2, rank, 2), store, stop or threading.Event())


def asked() -> threading.Event:
    stop = threading.Event()
    stop.set()
    return stop


def test_a_stop_ends_the_wait_for_somebody_who_does_not_get_ready() -> None:
    store = HashStore()
    leader, other = worker(store, 0, asked()), worker(store, 1, asked())
    try:
        with pytest.raises(EndedError, match="130"):
            other.next_order()
        with pytest.raises(WorkerError, match="stopped while another worker was not ready"):
            leader.gather(1)
    finally:
        leader.end(1)
        other.end(1)


def test_who_is_gone_without_a_word_is_missed() -> None:
    """Killed by the system while the others wait in the store: they waited for ever."""
    store = HashStore()
    leader, other = worker(store, 0), worker(store, 1)
    store.set("said/0/1", "2")
    assert leader.gather(1) == [1, 2], "it beats"
    other.end(0)  # its pulse stops
    with pytest.raises(WorkerError, match="connection"):
        leader.gather(1)
    leader.end(1)


def test_who_is_at_work_for_long_is_waited_for() -> None:
    store = HashStore()
    leader, other = worker(store, 0), worker(store, 1)
    said = threading.Timer(0.5, other.gather, [2])  # much longer than silence may last
    said.start()
    assert leader.gather(1) == [1, 2]
    said.join()
    other.end(0)
    leader.end(0)


def test_the_first_reason_stays() -> None:
    """What follows from it is not taken for it."""
    store = HashStore()
    leader, other = worker(store, 0), worker(store, 1)
    other.fail(ValueError("the reason"))
    other.fail(ValueError("a consequence"))
    with pytest.raises(WorkerError, match="the reason"):
        leader.look()
    other.end(1)
    leader.end(1)


def test_no_thread_is_left() -> None:
    store = HashStore()
    workers = worker(store, 1)
    workers.end(0)
    until = time.monotonic() + 2
    while time.monotonic() < until and any(t.name == "pulse" for t in threading.enumerate()):
        time.sleep(0.01)
    assert not any(thread.name == "pulse" for thread in threading.enumerate())
