"""Forms of 8 bits in a running program: when one may answer, who watches it, and that one which
does not fit is gone. What computes is made up; everything else is the program's own."""

from __future__ import annotations

import dataclasses
import os
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np
import pytest

from resnet_gui.cli.commands.classify import classify
from resnet_gui.core.dataset.scan import scan_dataset
from resnet_gui.core.dataset.summary import DatasetScanned
from resnet_gui.core.evaluation.evaluate import evaluate
from resnet_gui.core.evaluation.kept_answers import kept_answers
from resnet_gui.core.evaluation.predictions import Measured
from resnet_gui.core.evaluation.store import keep
from resnet_gui.core.events import ClassifyEvent, ImageSource, Notice
from resnet_gui.core.inference import classifier as classifier_module
from resnet_gui.core.inference import eight_bits, eight_bits_guard, faster_forms
from resnet_gui.core.inference.answers import Answer, LoadedModel
from resnet_gui.core.inference.averaged import AveragedBackend, Part
from resnet_gui.core.inference.backend import INT8, OPENVINO, Backend, Crops, Rows
from resnet_gui.core.inference.check import TOLERANCES
from resnet_gui.core.inference.classifier import Classifier
from resnet_gui.core.inference.converted import Conversion, State, Verdict
from resnet_gui.core.inference.eight_bits import EightBits
from resnet_gui.core.inference.openvino_backend import openvino_device
from resnet_gui.core.library.answered import AnsweredPhoto
from resnet_gui.core.library.answering import Library
from resnet_gui.core.system import paths
from resnet_gui.core.system.settings import (
    EIGHT_BITS_VARIABLE,
    EXACT_VARIABLE,
    HOW_TO_GET_NNCF,
    wishes,
)
from resnet_gui.core.zoo import ModelEntry, Zoo
from tests.core.inference.openvino.conftest import small_insects
from tests.helpers.pictures import encoded, gradient

USUAL, QUICK = 1, 2  # the classes that they answer


class Made(Backend):
    """Answers every photo with one class."""

    name, threads = OPENVINO, 1

    def __init__(self, made: str, answer: int) -> None:
        self.made, self.answer = made, answer
        self.precision = INT8 if made else "bf16"
        self.device = openvino_device(self.precision)

    def infer(self, crops: Crops) -> Rows:
        rows = np.zeros((len(crops), 3), np.float32)
        rows[:, self.answer] = 20
        return rows

    def for_many(self) -> Backend:
        return Made(self.made, self.answer)


class Disk:
    """What is there. made: the form of 8 bits, "" for none. ended: whether the making that was
    begun here has."""

    def __init__(self, made: str = "") -> None:
        self.made, self.answer, self.ended_here = made, QUICK, False
        self.full = False

    def open(self, *_: object, eight_bits: bool = False, **__: object) -> Backend:
        return Made(self.made, self.answer) if eight_bits and self.made else Made("", USUAL)

    def faster(self, *_: object, eight_bits: bool = False, **__: object) -> Backend | None:
        found = self.open(eight_bits=eight_bits)
        return found if found.made else None

    def withdraw(self, *_: object) -> None:
        self.made = self.made if self.full else ""

    # As `Conversions`.
    def ended(self, _: ModelEntry, __: object = None, *, eight_bits: bool = False) -> bool:
        return eight_bits and self.ended_here

    def begin(self, *_: object) -> None: ...

    def begin_eight_bits(self, *_: object) -> None: ...

    def forget_eight_bits(self, _: ModelEntry) -> None:
        self.ended_here = False


@pytest.fixture
def disk(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> Disk:
    small_insects()
    disk = Disk()
    monkeypatch.setattr(classifier_module, "open_backend", disk.open)
    monkeypatch.setattr(faster_forms, "open_faster", disk.faster)
    monkeypatch.setattr(faster_forms, "withdraw_all", disk.withdraw)
    monkeypatch.setattr(faster_forms, "CONVERSIONS", disk)
    for module in (eight_bits_guard, faster_forms):
        monkeypatch.setattr(module, "open_converted", lambda *_, **__: Made("", USUAL), False)
    return disk


def _classifier(**more: Any) -> Classifier:
    wants: dict[str, Any] = {"wants_exact": lambda: False, "wants_eight_bits": lambda: True}
    return Classifier(Zoo.standard(), **wants, **more)


PHOTO = encoded(gradient(40, 32), "PNG")


def _photos(count: int) -> list[ImageSource]:
    return [ImageSource(f"photo {n}", PHOTO) for n in range(count)]


def _class(answer: Answer) -> int:
    return int(answer.row[:-1].argmax())


def _answers(classifier: Classifier, count: int) -> list[int]:
    events = classifier.ask(_photos(count), "insects", "cpu", LoadedModel.answers)
    return [_class(event) for event in events if isinstance(event, Answer)]


def _notices(events: Sequence[ClassifyEvent | Answer]) -> list[str]:
    return [event.message for event in events if isinstance(event, Notice)]


@pytest.mark.parametrize("threads", [1, 2])  # with two, photos are answered where they are read
def test_a_form_that_becomes_ready_in_a_job_is_watched_too(
    threads: int, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Made, "threads", threads)
    said: list[int] = []
    events: list[ClassifyEvent | Answer] = []
    for event in _classifier().ask(_photos(120), "insects", "cpu", LoadedModel.answers):
        events.append(event)
        if isinstance(event, Answer):
            said.append(_class(event))
            if len(said) == 20:
                disk.made, disk.ended_here = "v1", True
    assert len(said) == 120
    assert QUICK not in said
    (notice,) = _notices(events)
    assert "answers these photos otherwise than it should" in notice


def test_a_form_that_fits_takes_over_in_a_job(disk: Disk) -> None:
    disk.answer = USUAL
    forms: list[str] = []
    for event in _classifier().ask(_photos(120), "insects", "cpu", LoadedModel.answers):
        if isinstance(event, Answer):
            forms.append(event.model.backend.made)
            if len(forms) == 20:
                disk.made, disk.ended_here = "v1", True
    assert forms[:20] == [""] * 20
    assert forms[-1] == "v1"


def test_one_photo_that_is_answered_otherwise_is_answered_in_the_usual_form(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be a hard one: the form goes on, but what is known to be wrong nobody sees."""
    disk.made, disk.answer = "v1", USUAL
    infer, asked = Made.infer, [0]  # each of the first is asked about twice: compared, answered

    def third_wrong(self: Made, crops: Crops) -> Rows:
        asked[0] += bool(self.made)
        rows = infer(self, crops)
        return np.roll(rows, 1, axis=1) if self.made and asked[0] == 5 else rows

    monkeypatch.setattr(Made, "infer", third_wrong)
    events = list(_classifier().ask(_photos(70), "insects", "cpu", LoadedModel.answers))
    assert _notices(events) == []
    answers = [event for event in events if isinstance(event, Answer)]
    assert {_class(answer) for answer in answers} == {USUAL}
    assert [n for n, answer in enumerate(answers) if not answer.model.backend.made] == [2]


def test_the_first_photos_of_a_folder_are_watched_as_the_others(disk: Disk) -> None:
    disk.made = "v1"
    library = Library(_classifier())
    events = list(library.answer(_photos(70), "insects", "cpu", anew=True))
    library.store.close()
    answers = [event.answer for event in events if isinstance(event, AnsweredPhoto)]
    assert len(answers) == 70
    assert not any("8 bits" in answer.device for answer in answers)


# --- one that was withdrawn is gone ---------------------------------------------------------------


@pytest.mark.parametrize("full", [False, True])  # the disk, so that it still says that it may
def test_a_form_that_was_withdrawn_answers_nothing_more(full: bool, disk: Disk) -> None:
    disk.made, disk.full, look = "v1", full, ["flip"]
    classifier = _classifier(look=lambda: look[0])
    assert set(_answers(classifier, 3)) == {QUICK}  # so few are not watched
    look[0] = "none"
    disk.ended_here = True
    assert QUICK not in _answers(classifier, 70)
    disk.ended_here = True
    for look[0] in ("flip", "none"):
        assert set(_answers(classifier, 3)) == {USUAL}
    classifier.forget("insects")
    assert set(_answers(classifier, 3)) == {USUAL}
    # Another one, made since, is another matter.
    disk.made = "v2"
    classifier.forget("insects")
    assert set(_answers(classifier, 3)) == {QUICK}


def test_a_job_that_waited_meanwhile_does_not_go_on_with_it(disk: Disk) -> None:
    disk.made = "v1"
    classifier = _classifier()
    waiting = classifier.ask(_photos(20), "insects", "cpu", LoadedModel.answers)
    found = [_class(e) for _, e in zip(range(6), waiting, strict=False) if isinstance(e, Answer)]
    assert set(found) == {QUICK}
    assert _answers(classifier, 70)[-1] == USUAL
    assert {_class(event) for event in waiting if isinstance(event, Answer)} == {USUAL}


# --- tests and what they keep ---------------------------------------------------------------------


def _with_model_in_8_bits(quick_first: bool) -> AveragedBackend:
    parts = [Part(one, slice(None), 32, None) for one in (Made("v1", QUICK), Made("", USUAL))]
    return AveragedBackend(parts if quick_first else parts[::-1], 1)


def test_an_ensemble_says_that_one_of_its_models_is_in_8_bits() -> None:
    for backend in map(_with_model_in_8_bits, (True, False)):
        assert (backend.precision, backend.made) == ("bf16, int8", "v1")
        assert "8 bits" in backend.device.name


@pytest.mark.parametrize("precision", ["bf16, int8", "int8"])
def test_answers_in_8_bits_that_were_kept_before_are_not_compared(
    precision: str, own_home: Path, tmp_path: Path
) -> None:
    small_insects()
    entry = Zoo.standard().ready("insects")
    for name in ("ant", "bee"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "photo.png").write_bytes(PHOTO)
        os.utime(tmp_path / name / "photo.png", (1e9, 1e9))
    *_, scanned = scan_dataset(tmp_path)
    assert isinstance(scanned, DatasetScanned)
    summary = scanned.summary
    events = list(evaluate(entry, tmp_path, part="all", device="cpu", summary=summary))
    (measured,) = (event for event in events if isinstance(event, Measured))
    assert kept_answers(entry, summary, summary.photos, exact=False) is not None
    facts = dataclasses.replace(measured.predictions.facts, precision=precision)
    assert measured.path is not None
    measured.path.unlink()
    keep(dataclasses.replace(measured.predictions, facts=facts))
    assert kept_answers(entry, summary, summary.photos, exact=False) is None


# --- words ----------------------------------------------------------------------------------------


def test_card_setting_and_option_say_the_same_of_what_is_asked_of_a_form(
    own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked = Verdict(State.CHECKED, INT8, photos=24, same=23, mean=0.02)
    monkeypatch.setenv(EIGHT_BITS_VARIABLE, "1")
    monkeypatch.delenv(EXACT_VARIABLE)
    usual = Conversion(own_home, Verdict(State.CHECKED, "bf16"))
    monkeypatch.setattr(eight_bits, "find_conversion", lambda _: usual)
    monkeypatch.setattr(eight_bits, "usable_eight_bits", lambda _: EightBits(checked))
    small_insects()
    card = eight_bits.describe_eight_bits(Zoo.standard().ready("insects"))
    setting = wishes()["eight_bits"].tip
    option = get_type_hints(classify, include_extras=True)["eight_bits"].__metadata__[0].help
    margin = f"more than {TOLERANCES[INT8].margin * 100:.0f} points ahead of the next"
    for words in (card, setting, option):
        assert margin in words
    for words in (setting, option):
        assert f"NNCF ({HOW_TO_GET_NNCF})" in words
        assert f"{eight_bits.FEWEST} photos or more" in words
    wanted = tomllib.loads((paths.PACKAGE_DIR.parent / "pyproject.toml").read_text("utf-8"))
    assert any(
        f"pip install {package}" == HOW_TO_GET_NNCF
        for package in wanted["project"]["optional-dependencies"]["int8"]
    )
