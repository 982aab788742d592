"""Threads that answer many photos give way to the one of the window."""

from __future__ import annotations

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from resnet_gui.core.events import ImageSource
from resnet_gui.core.inference.photo_inputs import Gate, PhotoStream
from resnet_gui.core.preprocessing import Preprocessing
from resnet_gui.core.system.priority import COMPUTING_NICE, NICE, begun_behind, give_way
from tests.helpers.models import small_spec
from tests.helpers.pictures import encoded, gradient

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="threads have no priority here")


def priority() -> int:
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


def test_a_thread_and_those_that_it_begins_give_way() -> None:
    before = priority()
    found: list[int] = []
    with ThreadPoolExecutor(1, initializer=give_way) as pool:

        def begin_another() -> None:
            found.append(priority())
            thread = threading.Thread(target=lambda: found.append(priority()))
            thread.start()
            thread.join()
            give_way()  # no further
            found.append(priority())

        pool.submit(begin_another).result()
    expected = max(before, NICE)
    assert found == [expected] * 3
    assert priority() == before


def test_threads_that_a_library_begins_compute_behind_those_that_need_the_interpreter() -> None:
    before = priority()
    found: list[tuple[int, int]] = []

    def begin() -> str:
        def look() -> None:
            found.append((priority(), os.sched_getscheduler(threading.get_native_id())))

        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
        return "made"

    assert begun_behind(begin) == "made"
    assert found == [(max(before, COMPUTING_NICE), os.SCHED_BATCH)]
    assert COMPUTING_NICE > NICE
    assert priority() == before


def test_photos_are_read_ahead_by_threads_that_give_way() -> None:
    before, found = priority(), []
    photos = [ImageSource(f"{n}", encoded(gradient(40, 40, seed=n), "PNG")) for n in range(3)]
    spec = small_spec(preprocessing=Preprocessing(8, 8, (0.5,) * 3, (0.5,) * 3, "bilinear"))
    with ExitStack() as stack:
        stream: PhotoStream[int] = PhotoStream(photos, spec, stack, Gate(), exact=True)
        stream.go_on(exact=True, threads=1, prepare=lambda: lambda _: found.append(priority()))
        assert len(list(stream)) == 3
    assert found
    assert set(found) == {max(before, NICE)}
    assert priority() == before
