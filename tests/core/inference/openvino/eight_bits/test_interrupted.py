"""Making a form of 8 bits is interrupted: nothing is decided, left half made, or left running."""

from __future__ import annotations

import dataclasses
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from resnet_gui.core.inference import quantize
from resnet_gui.core.inference.backend import Crops
from resnet_gui.core.inference.background import Conversions
from resnet_gui.core.inference.converted import (
    State,
    Verdict,
    clear_conversions,
    conversions_dir,
    keep_within,
)
from resnet_gui.core.inference.eight_bits import (
    MAX_ATTEMPTS,
    EightBits,
    eight_bits_of,
    lock_of,
    place_of,
    why_not,
    worth_making,
    write_eight_bits,
)
from resnet_gui.core.inference.quantize import make_eight_bits
from resnet_gui.core.system.locks import is_held
from tests.core.inference.openvino.conftest import conversion_now, insects_entry
from tests.core.inference.openvino.eight_bits.forms import (
    NEEDS_NNCF,
    jpegs,
)

pytestmark = NEEDS_NNCF


def test_a_full_disk_decides_nothing(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(folder: Path, crops: Crops) -> None:
        raise RuntimeError("write failed: No space left on device")

    monkeypatch.setattr(quantize, "quantize", full)
    with pytest.raises(OSError, match="no space left"):
        make_eight_bits(insects_entry(), jpegs(tmp_path / "photos"))
    assert eight_bits_of(conversion_now()) is None
    assert conversion_now().usable


def _interrupted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, happens: Callable[[], None]
) -> None:
    """Make one, and let something happen while it is written."""

    def then(folder: Path, crops: Crops) -> None:
        (folder / "int8" / "model.xml").write_text("half of it")
        happens()

    monkeypatch.setattr(quantize, "quantize", then)
    make_eight_bits(insects_entry(), jpegs(tmp_path / "photos"))


def _raising(error: BaseException) -> Callable[[], None]:
    def happens() -> None:
        raise error

    return happens


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("Failed to allocate 1548288 bytes of memory"),  # as OpenVINO says it
        RuntimeError("std::bad_alloc"),
        RuntimeError("can't start new thread"),
        MemoryError(),
    ],
)
def test_memory_that_runs_out_decides_nothing(
    error: Exception, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _interrupted(monkeypatch, tmp_path, _raising(error))
    assert eight_bits_of(conversion_now()) is None
    assert not place_of(conversion_now()).exists()
    assert worth_making(conversion_now())


@pytest.mark.parametrize("error", [SystemExit(1), OSError("No space left on device")])
def test_what_was_known_before_is_known_after_an_attempt_that_was_ended(
    error: BaseException, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else one that fits nothing would be made for ever, and a shut-down would be an attempt."""
    before = EightBits(Verdict(State.UNFINISHED, attempts=1), photos=("a.jpg",), withdrawn=2)
    write_eight_bits(conversion_now(), before)
    with pytest.raises(type(error)):
        _interrupted(monkeypatch, tmp_path, _raising(error))
    known = eight_bits_of(conversion_now())
    assert known is not None
    assert dataclasses.replace(known, nncf="") == before
    assert len(list(place_of(conversion_now()).iterdir())) == 1


def test_a_cache_that_is_cleared_meanwhile_stays_empty(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(OSError, match="cleared meanwhile"):
        _interrupted(monkeypatch, tmp_path, clear_conversions)
    assert [path for path in conversions_dir().iterdir() if path.is_dir()] == []


def test_a_conversion_that_was_cleared_and_made_again_meanwhile_has_no_verdict_in_8_bits(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was refused for ever, as “could not open the file”."""

    def cleared_and_made_again() -> None:
        shutil.rmtree(place_of(conversion_now()))

    with pytest.raises(OSError, match="cleared meanwhile"):
        _interrupted(monkeypatch, tmp_path, cleared_and_made_again)
    assert conversion_now().usable
    assert eight_bits_of(conversion_now()) is None
    assert worth_making(conversion_now())


def test_what_a_killed_process_had_begun_to_write_is_removed_by_the_next(home: Path) -> None:
    old, new = conversions_dir() / ".new-old", conversions_dir() / ".new-now"
    for folder in (old, new):
        folder.mkdir()
        (folder / "model.bin").write_bytes(b"half")
    os.utime(old, (time.time() - 3600,) * 2)
    keep_within()
    assert (old.exists(), new.exists()) == (False, True)  # that may be written now
    assert conversion_now().usable


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
@pytest.mark.parametrize("number", ["SIGTERM", "SIGKILL"])
def test_a_process_that_is_ended_leaves_nothing_that_runs_or_is_used(
    number: str, home: Path, tmp_path: Path
) -> None:
    conversions, entry = Conversions(), insects_entry()
    conversions.begin_eight_bits(entry, [str(path) for path in jpegs(tmp_path / "photos", 300)])
    (process,) = conversions._processes(entry, "int8")
    begun = time.monotonic()
    while eight_bits_of(conversion_now()) is None and time.monotonic() < begun + 60:
        time.sleep(0.01)
    process.send_signal(getattr(signal, number))
    process.wait(60)
    assert not is_held(lock_of(conversion_now()))
    known = eight_bits_of(conversion_now())
    if number == "SIGTERM":
        assert known is None
        assert not place_of(conversion_now()).exists()
        assert not list(conversions_dir().glob(".new-*"))
    else:
        assert known is not None
        assert (known.usable, known.verdict.attempts) == (False, 1)
    assert conversion_now().usable
    assert worth_making(conversion_now())


def test_what_ends_in_no_way_that_is_known_is_tried_twice_and_then_told(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broken NNCF, for instance: else each job would begin it anew, for ever."""
    for attempt in range(MAX_ATTEMPTS):
        assert worth_making(conversion_now()), attempt
        with pytest.raises(AttributeError):
            _interrupted(
                monkeypatch, tmp_path / str(attempt), _raising(AttributeError("node_name"))
            )
    assert not worth_making(conversion_now())
    assert "could not be made" in why_not(insects_entry())
