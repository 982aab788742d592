"""The window's queues: downloads and imports, one after the other; no torch and no window."""

from __future__ import annotations

from pathlib import Path

import pytest

from resnet_gui.core.events import DownloadProgress
from resnet_gui.core.zoo import ModelState
from resnet_gui.ui.downloads import Downloads
from resnet_gui.ui.imports import Imports
from tests.helpers.fake_engine import Rig, heard, model

HALF = DownloadProgress("a", 500, 1000, 0.0)
A, B, C = (model(name, ModelState.DOWNLOADABLE) for name in "abc")


@pytest.fixture
def downloads(rig: Rig) -> Downloads:
    return Downloads(rig.engine.download, rig.io, rig.parent)


@pytest.fixture
def imports(rig: Rig) -> Imports:
    return Imports(rig.engine.import_weights, rig.io, rig.parent)


def test_downloads_come_one_after_the_other(rig: Rig, downloads: Downloads) -> None:
    hold, finished = rig.engine.hold(), heard(downloads.finished)
    progressed = heard(downloads.progressed)
    rig.engine.script("download", HALF, hold)
    for entry in (A, B, B, A):
        downloads.start(entry)
    rig.until(lambda: progressed)
    assert downloads.progress == HALF
    assert downloads.is_running("a")
    assert downloads.is_waiting("b")
    assert downloads.has("b")
    assert not downloads.has("c")
    hold.over.set()
    rig.until(lambda: not downloads.busy)
    assert finished == ["a", "b"]
    assert rig.engine.asked("download") == [("a",), ("b",)]
    assert downloads.progress is None


def test_a_download_that_fails_lets_the_next_begin(rig: Rig, downloads: Downloads) -> None:
    failed, finished = heard(downloads.failed), heard(downloads.finished)
    rig.engine.script("download", OSError("No network."))
    downloads.start(A)
    downloads.start(B)
    rig.until(lambda: not downloads.busy)
    assert failed == [("a", "No network.", "warning")]
    assert finished == ["b"]


def test_cancelling_what_runs_and_what_waits(rig: Rig, downloads: Downloads) -> None:
    hold, cancelled = rig.engine.hold(), heard(downloads.cancelled)
    rig.engine.script("download", hold, HALF)
    for entry in (A, B, C):
        downloads.start(entry)
    rig.until(hold.reached.is_set)
    downloads.cancel("b")
    assert cancelled == ["b"]
    downloads.cancel("a")
    downloads.cancel("a")
    assert downloads.stopping
    downloads.start(A)  # on second thoughts: after it has hung up
    assert downloads.is_waiting("a")
    hold.over.set()
    rig.until(lambda: not downloads.busy)
    assert cancelled == ["b", "a"]
    assert rig.engine.asked("download") == [("a",), ("c",), ("a",)]


def test_imports_carry_the_number_of_their_request(rig: Rig, imports: Imports) -> None:
    imported, failed = heard(imports.imported), heard(imports.failed)
    hold, changed = rig.engine.hold(), heard(imports.changed)
    rig.engine.script("import_weights", HALF, hold)
    rig.engine.script("import_weights", OSError("No model."))
    first, second, third = imports.start([Path("/a.pth"), Path("/b.pth"), Path("/c.pth")])
    rig.until(lambda: imports.progress == HALF)
    assert imports.running == Path("/a.pth")
    hold.over.set()
    rig.until(lambda: imports.running is None)
    assert failed == [(second, "No model.")]
    assert [(number, spec.id) for number, spec, _ in imported] == [(third, "c")]
    assert first not in (second, third)
    assert changed


def test_cancelling_forgets_the_files_in_line(rig: Rig, imports: Imports) -> None:
    hold, cancelled = rig.engine.hold(), heard(imports.cancelled)
    rig.engine.script("import_weights", hold, HALF)
    first, second = imports.start([Path("/a.pth"), Path("/b.pth")])
    rig.until(hold.reached.is_set)
    imports.cancel()
    assert cancelled == [second]
    hold.over.set()
    rig.until(lambda: imports.running is None)
    assert cancelled == [second, first]
    assert len(rig.engine.asked("import_weights")) == 1
