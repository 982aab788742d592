"""A form of 8 bits that does not fit the photos it is asked about is used no more."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from resnet_gui.core.inference import quantize
from resnet_gui.core.inference.classifier import Classifier
from resnet_gui.core.inference.converted import (
    VERDICT,
)
from resnet_gui.core.inference.eight_bits import (
    place_of,
    withdraw,
    worth_making,
    write_eight_bits,
)
from resnet_gui.core.inference.quantize import make_eight_bits
from resnet_gui.core.zoo import Zoo
from tests.core.inference.openvino.conftest import conversion_now, insects_entry, notices, sources
from tests.core.inference.openvino.eight_bits.forms import (
    NEEDS_NNCF,
    OFF,
    PHOTOS,
    answered,
    are_in_8_bits,
    classify,
    file_sources,
    jpegs,
    known_now,
    quickly,
    spoil,
)

pytestmark = NEEDS_NNCF


def test_photos_of_another_kind_are_answered_in_the_usual_form_and_it_is_made_anew(
    home8: Path, tmp_path: Path, begun: list[list[str]]
) -> None:
    known = known_now()
    spoil(lambda weight: -20 * weight)
    photos = jpegs(tmp_path / "photos", 80)
    classifier = Classifier(Zoo.standard())
    events = classify(classifier, file_sources(photos))
    (notice,) = notices(events)
    assert "In 8 bits “Insects [garden]” answers these photos otherwise than it should" in notice
    assert are_in_8_bits(events) == [False] * 80
    usual = classify(Classifier(Zoo.standard(), **OFF), file_sources(photos))
    for one, other in zip(answered(events), answered(usual), strict=True):
        assert one.top.label == other.top.label
    # The one that does not fit is not used any more; the next learns from both kinds.
    assert begun == [[str(path) for path in photos]]
    withdrawn = known_now()
    assert (withdrawn.usable, withdrawn.withdrawn) == (False, 1)
    assert withdrawn.photos == known.photos
    assert [path.name for path in place_of(conversion_now()).iterdir()] == [VERDICT]
    assert are_in_8_bits(classify(classifier, sources(2))) == [False] * 2


@pytest.mark.slow
def test_what_is_made_after_one_that_did_not_fit_learns_from_both_kinds(
    home8: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known, photos = known_now(), jpegs(tmp_path / "photos", 80)
    withdraw(conversion_now(), known_now().made)
    quickly(monkeypatch)
    learned: list[int] = []
    made = quantize.quantize
    monkeypatch.setattr(
        quantize,
        "quantize",
        lambda folder, crops: learned.append(len(crops)) or made(folder, crops),
    )
    make_eight_bits(insects_entry(), photos)
    assert set(known_now().photos) == set(known.photos) | set(map(str, photos))
    assert learned == [(PHOTOS + 80) - (PHOTOS + 80) // 3]
    assert (known_now().usable, known_now().withdrawn) == (True, 1)


def test_a_few_photos_are_not_compared(home8: Path, begun: list[list[str]]) -> None:
    spoil(lambda weight: -20 * weight)
    assert are_in_8_bits(classify(Classifier(Zoo.standard()), sources(59))) == [True] * 59
    assert known_now().usable


def test_what_does_not_fit_again_and_again_is_given_up(home8: Path) -> None:
    known = known_now()
    for times in (1, 2, 3):
        withdraw(conversion_now(), known_now().made)
        assert known_now().withdrawn == times
        assert worth_making(conversion_now()) is (times < 3)
        if times < 3:
            write_eight_bits(conversion_now(), dataclasses.replace(known, withdrawn=times))
    assert known_now().verdict.reason == "your photos are of too many kinds for one such form"


def test_one_that_was_made_instead_meanwhile_stays(home8: Path) -> None:
    known = known_now()
    write_eight_bits(conversion_now(), dataclasses.replace(known, made="another", withdrawn=1))
    withdraw(conversion_now(), known.made)  # by somebody who compared the one before
    assert (known_now().usable, known_now().made, known_now().withdrawn) == (True, "another", 1)
    withdraw(conversion_now(), f"{known.made} another")  # of an ensemble of it
    assert (known_now().usable, known_now().withdrawn) == (False, 2)
