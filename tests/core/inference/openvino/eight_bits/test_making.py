"""A form of 8 bits is made from a person’s photos, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from resnet_gui.core.events import ImageSource, Notice, Prediction
from resnet_gui.core.inference import (
    background,
    convert_process,
    eight_bits,
    faster_forms,
    quantize,
)
from resnet_gui.core.inference.backend import INT8
from resnet_gui.core.inference.background import Conversions
from resnet_gui.core.inference.classifier import Classifier
from resnet_gui.core.inference.converted import (
    State,
    Verdict,
    describe,
)
from resnet_gui.core.inference.eight_bits import (
    EightBits,
    describe_eight_bits,
    eight_bits_of,
    lock_of,
    photos_for,
    spread,
    worth_making,
    write_eight_bits,
)
from resnet_gui.core.inference.quantize import make_eight_bits
from resnet_gui.core.library.answered import AnsweredPhoto
from resnet_gui.core.library.answering import Library
from resnet_gui.core.system.locks import lock
from resnet_gui.core.system.settings import (
    EIGHT_BITS_VARIABLE,
    Settings,
    save_settings,
)
from resnet_gui.core.system.versions import version_of
from resnet_gui.core.zoo import ModelEntry, Zoo
from tests.core.inference.openvino.conftest import conversion_now, insects_entry, notices, sources
from tests.core.inference.openvino.eight_bits.forms import (
    NEEDS_NNCF,
    OFF,
    PHOTOS,
    are_in_8_bits,
    classify,
    file_sources,
    jpegs,
    known_now,
    like_the_process,
    quickly,
)

pytestmark = NEEDS_NNCF


def test_a_folder_is_answered_in_8_bits_once_they_were_tried_on_its_photos(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quickly(monkeypatch)
    monkeypatch.setattr(background, "_start", like_the_process)
    monkeypatch.setattr(faster_forms, "CONVERSIONS", Conversions())
    save_settings(Settings(eight_bits=True))
    photos = file_sources(jpegs(tmp_path / "photos"))
    entry = insects_entry()
    assert describe_eight_bits(entry) == "In 8 bits after the next folder of 64 photos or more."
    classifier, usual = Classifier(Zoo.standard()), Classifier(Zoo.standard(), **OFF)
    events = classify(classifier, photos)
    assert notices(events) == []
    switched = are_in_8_bits(events)
    # The job that went on went over; what was being answered then is in the usual form.
    assert (switched[0], switched[-1]) == (False, True)
    # Single photos and the next folder are answered in 8 bits, too, and by who starts anew.
    assert are_in_8_bits(classify(classifier, photos[:1])) == [True]
    anew = classify(Classifier(Zoo.standard()), photos)
    assert are_in_8_bits(anew) == [True] * PHOTOS
    for one, other in zip(anew, classify(usual, photos), strict=True):
        if isinstance(one, Prediction) and isinstance(other, Prediction):
            assert one.top.label == other.top.label
            assert one.top.probability == pytest.approx(other.top.probability, abs=0.1)
    known = known_now()
    assert (known.verdict.precision, known.verdict.photos) == (INT8, PHOTOS // 3)
    assert len(known.photos) == PHOTOS
    assert known.nncf == version_of("nncf")
    assert describe_eight_bits(entry) == (
        f"8 bits: {known.times_as_fast:.1f} times as fast here; on 24 of your photos the same "
        f"answer {known.verdict.same} times, always where it was more than 25 points ahead of the "
        f"next; percentages {max(known.verdict.mean, 0.001):.1%} apart on average."
    )
    assert describe(entry).startswith("Fast (OpenVINO, ")


@pytest.mark.slow
def test_it_is_made_in_a_process_of_its_own(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(EIGHT_BITS_VARIABLE, "1")
    conversions = Conversions()
    entry = insects_entry()
    photos = jpegs(tmp_path / "photos\udcff")
    conversions.begin_eight_bits(entry, [str(path) for path in photos])
    assert conversions.underway(entry, eight_bits=True)
    assert not conversions.underway(entry)
    conversions.wait(100)
    assert conversions.ended(entry, eight_bits=True)
    assert known_now().verdict.state in (State.CHECKED, State.REFUSED)  # it may be no faster
    assert known_now().photos == tuple(map(str, photos))


def test_photos_of_a_job_are_taken_evenly_and_only_files() -> None:
    files = [ImageSource.file(f"/photos/{number}.jpg") for number in range(1000)]
    chosen = photos_for([*sources(5), *files])
    assert len(chosen) == 300
    assert (chosen[0], chosen[150]) == ("/photos/0.jpg", "/photos/500.jpg")
    assert photos_for([*sources(5), *files[:59]]) == []
    assert photos_for(files[:64]) == [source.name for source in files[:64]]
    assert spread(["a", "b", "c", "d"], 2) == ["a", "c"]


def test_photos_are_known_by_their_whole_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    chosen = photos_for([ImageSource.file(f"photos/{number}.jpg") for number in range(64)])
    assert chosen[0] == str(tmp_path / "photos" / "0.jpg")


def test_a_making_that_decided_nothing_is_begun_again_with_the_next_folder(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[Sequence[str]] = []

    def ended(_: ModelEntry, __: object, photos: Sequence[str]) -> subprocess.Popen[bytes]:
        begun.append(photos)
        process = subprocess.Popen([sys.executable, "-c", ""])
        process.wait()
        return process

    monkeypatch.setattr(background, "_start", ended)
    conversions = Conversions()
    for folder in ("a", "b"):
        conversions.begin_eight_bits(insects_entry(), [folder])
    assert begun == [["a"], ["b"]]
    write_eight_bits(conversion_now(), EightBits(Verdict(State.REFUSED, reason="it is no faster")))
    conversions.begin_eight_bits(insects_entry(), ["c"])
    assert begun == [["a"], ["b"]]


def test_too_few_photos_that_can_be_read_decide_nothing(home: Path, tmp_path: Path) -> None:
    photos = jpegs(tmp_path / "photos")
    for path in photos[: PHOTOS - 59]:
        path.write_bytes(b"no photo")
    make_eight_bits(insects_entry(), photos)
    assert eight_bits_of(conversion_now()) is None


def test_one_that_ends_its_process_is_not_begun_for_ever(home: Path) -> None:
    for attempts, again in ((1, True), (2, False)):
        unfinished = Verdict(State.UNFINISHED, attempts=attempts)
        write_eight_bits(conversion_now(), EightBits(unfinished))
        assert worth_making(conversion_now()) is again
    with lock(lock_of(conversion_now()), 1.0):  # the second attempt goes on, in another process
        assert eight_bits.why_not(insects_entry()) == ""
    assert eight_bits.why_not(insects_entry()) == "that could not be made"


# --- of photos whose answers are kept ------------------------------------------------------------


def _answer(photos: list[ImageSource], *, eight_bits: bool, anew: bool = False) -> list[str]:
    """Answer a folder as the window does; what is said with it."""
    classifier = Classifier(Zoo.standard(), wants_eight_bits=lambda: eight_bits)
    library = Library(classifier)
    events = list(library.answer(photos, "insects", "cpu", anew=anew))
    library.store.close()
    assert sum(isinstance(event, AnsweredPhoto) for event in events) == len(photos)
    return [event.message for event in events if isinstance(event, Notice)]


def test_a_folder_whose_answers_are_kept_makes_one_too(
    home: Path, tmp_path: Path, begun: list[list[str]]
) -> None:
    """As that of a person who wants 8 bits and drops the folder of before again."""
    photos = file_sources(jpegs(tmp_path / "photos"))
    everything = [source.name for source in photos]
    _answer(photos, eight_bits=False)
    assert begun == []
    assert _answer(photos, eight_bits=True) == []
    assert begun == [everything]


@pytest.mark.parametrize("anew", [False, True])
def test_one_is_made_from_a_whole_folder_however_little_of_it_is_asked_at_a_time(
    anew: bool, home: Path, tmp_path: Path, begun: list[list[str]]
) -> None:
    """Most answers are kept, or the first few photos are asked about before the others."""
    photos = file_sources(jpegs(tmp_path / "photos"))
    _answer(photos[10:], eight_bits=False)
    _answer(photos, eight_bits=True, anew=anew)
    assert begun == [[source.name for source in photos]]


def test_why_none_is_made_is_said_of_kept_answers_too(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, begun: list[list[str]]
) -> None:
    photos = file_sources(jpegs(tmp_path / "photos"))
    _answer(photos, eight_bits=False)
    monkeypatch.setattr(eight_bits, "version_of", lambda _: "")
    (said,) = _answer(photos, eight_bits=True)
    assert "NNCF, which makes them, is not installed" in said
    assert begun == []


def test_nobody_makes_one_who_answers_exactly_or_has_one(
    home8: Path, tmp_path: Path, begun: list[list[str]]
) -> None:
    photos = file_sources(jpegs(tmp_path / "photos"))
    for _ in range(2):
        library = Library(Classifier(Zoo.standard()))
        list(library.answer(photos, "insects", "cpu", exact=True))
        list(library.answer(photos, "insects", "cpu"))
        library.store.close()
    assert begun == []


def test_several_are_made_one_after_the_other(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As those of an ensemble's models, whose processes begin together."""
    entry, at_once, most, made = insects_entry(), [0], [0], []

    def make(single: ModelEntry, photos: Sequence[Path]) -> None:
        at_once[0] += 1
        most[0] = max(most[0], at_once[0])
        time.sleep(0.05)
        at_once[0] -= 1
        made.append((single.spec.id, photos))

    monkeypatch.setattr(quantize, "make_eight_bits", make)
    monkeypatch.setattr(convert_process, "_LOOK_S", 0.01)
    photos = [tmp_path / "photo.jpg"]
    with ThreadPoolExecutor(3) as pool:  # a lock holds between threads as between processes
        list(pool.map(lambda _: convert_process.make_in_turn(entry, photos), range(3)))
    assert made == [("insects", photos)] * 3
    assert most == [1]
