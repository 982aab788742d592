"""Garbage in cycles is collected by the thread that keeps the collector, and by no other."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable, Iterator

import pytest

from resnet_gui.core.system import garbage
from resnet_gui.core.system.gentle_import import gentle_import


class Ring:
    def __init__(self) -> None:
        self.me = self


@pytest.fixture
def kept() -> Iterator[list[str]]:
    """The collector kept by this thread; who asked for a collection meanwhile."""
    asked: list[str] = []
    gc.collect()
    garbage.keep(lambda: asked.append(threading.current_thread().name))
    yield asked
    garbage.let_go()


@pytest.fixture
def collected() -> Iterator[list[tuple[int, str]]]:
    """Each collection: its generation and its thread."""
    seen: list[tuple[int, str]] = []

    def note(phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            seen.append((info["generation"], threading.current_thread().name))

    gc.callbacks.append(note)
    yield seen
    gc.callbacks.remove(note)


def in_a_worker(work: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=work, name="worker")
    thread.start()
    return thread


def many() -> list[list[int]]:
    return [[] for _ in range(20_000)]


def test_a_worker_that_makes_much_collects_nothing(
    kept: list[str], collected: list[tuple[int, str]]
) -> None:
    ring = weakref.ref(Ring())
    in_a_worker(many).join()
    assert collected == []
    assert ring() is not None
    held = many()
    assert garbage.collect_due()
    assert ring() is None
    assert [name for _, name in collected] == [threading.current_thread().name]
    assert not garbage.collect_due()  # nothing was made since
    del held


def test_older_generations_have_their_turn(
    kept: list[str], collected: list[tuple[int, str]]
) -> None:
    held = []
    rings: list[weakref.ref[Ring]] = []
    for _ in range(400):  # Python 3.13 and later wait for more
        ring = Ring()
        rings.append(weakref.ref(ring))
        held.append([[] for _ in range(1000)])
        garbage.collect_due()  # it outlives the youngest generation
        del ring
    assert {generation for generation, _ in collected} == {0, 1, 2}
    generations = [generation for generation, _ in collected]
    assert generations.count(0) > generations.count(1) > generations.count(2)
    assert rings[0]() is None


def test_no_collection_looks_at_all_of_very_much(kept: list[str]) -> None:
    """Of 300,000 photos of a folder, a collection of all took 90 ms."""
    looked_at: list[int] = []

    def count(phase: str, info: dict[str, int]) -> None:
        if phase == "start" and info["generation"] == 2:
            looked_at.append(len(gc.get_objects()))

    gc.freeze()  # what this process has anyway
    gc.callbacks.append(count)
    try:
        photo = Ring()
        photo.me = None  # type: ignore[assignment]
        gone = weakref.ref(photo)
        held = []
        for _ in range(100):
            held.append([[] for _ in range(2000)])
            garbage.collect_due()
        assert max(looked_at) < 50_000
        assert gc.get_freeze_count() > 150_000
        looked_at.clear()
        held.append([[] for _ in range(100_000)])  # data, which a look would not make less
        assert garbage.collect_due()
        assert looked_at == []
        assert gc.get_freeze_count() > 250_000
        del photo  # frozen or not, it goes with who held it
        assert gone() is None
    finally:
        gc.callbacks.remove(count)
        gc.unfreeze()


def test_nothing_is_collected_while_an_import_is_going_on(
    kept: list[str], collected: list[tuple[int, str]]
) -> None:
    with gentle_import(torch=False):
        held = many()
        assert not garbage.collect_due()
    assert collected == []
    assert garbage.collect_due()
    assert not gc.isenabled()  # the import's end leaves it to who keeps it
    del held


def test_a_worker_that_wants_memory_back_gets_it_from_the_keeper(
    kept: list[str], collected: list[tuple[int, str]]
) -> None:
    ring = weakref.ref(Ring())
    found: list[bool] = []

    def want() -> None:
        garbage.collect()
        found.append(ring() is None)

    thread = in_a_worker(want)
    while not kept:
        thread.join(0.001)
    assert garbage.collect_due()
    thread.join()
    assert found == [True]
    assert kept == ["worker"]
    assert collected == [(2, threading.current_thread().name)]


def test_nobody_waits_for_a_keeper_that_lets_go(collected: list[tuple[int, str]]) -> None:
    asked = threading.Event()
    garbage.keep(asked.set)
    thread = in_a_worker(garbage.collect)
    assert asked.wait(10)
    garbage.let_go()
    thread.join()
    assert [name for _, name in collected if name == "worker"] == []
    assert gc.isenabled()


def test_without_a_keeper_whoever_asks_collects(collected: list[tuple[int, str]]) -> None:
    in_a_worker(garbage.collect).join()
    assert (2, "worker") in collected
