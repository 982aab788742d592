"""A form of 8 bits that is not as good, or cannot be made, is refused, and it is said why."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from resnet_gui.core.inference import eight_bits, quantize
from resnet_gui.core.inference.classifier import Classifier
from resnet_gui.core.inference.converted import (
    VERDICT,
    State,
)
from resnet_gui.core.inference.eight_bits import (
    describe_eight_bits,
    place_of,
)
from resnet_gui.core.inference.quantize import make_eight_bits
from resnet_gui.core.system.settings import (
    EIGHT_BITS_VARIABLE,
)
from resnet_gui.core.zoo import Zoo
from tests.core.inference.openvino.conftest import conversion_now, insects_entry, notices
from tests.core.inference.openvino.eight_bits.forms import (
    NEEDS_NNCF,
    PHOTOS,
    are_in_8_bits,
    classify,
    file_sources,
    instead,
    jpegs,
    known_now,
    quickly,
)

pytestmark = NEEDS_NNCF


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda weight: weight.flip(0), "it gives another first answer"),
        (lambda weight: 0.1 * weight, "apart"),
        (lambda weight: weight * torch.nan, "it answers with no number (NaN)"),
        (lambda weight: weight, "it is no faster here"),
    ],
)
def test_one_that_is_not_as_good_or_no_faster_is_refused(
    change: Callable[[Tensor], Tensor],
    reason: str,
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    begun: list[list[str]],
) -> None:
    quickly(monkeypatch)
    monkeypatch.setattr(quantize, "MIN_TIMES_AS_FAST", 10.0 if "faster" in reason else 0.0)
    monkeypatch.setattr(quantize, "quantize", instead(change))
    monkeypatch.setenv(EIGHT_BITS_VARIABLE, "1")
    photos = jpegs(tmp_path / "photos")
    make_eight_bits(insects_entry(), photos)
    verdict = known_now().verdict
    assert verdict.state is State.REFUSED
    assert reason in verdict.reason
    assert [path.name for path in place_of(conversion_now()).iterdir()] == [VERDICT]
    assert describe_eight_bits(insects_entry()) == f"Not in 8 bits, as {verdict.reason}."
    classifier = Classifier(Zoo.standard())
    events = classify(classifier, file_sources(photos))
    assert are_in_8_bits(events) == [False] * PHOTOS
    said = f"“Insects [garden]” does not answer in 8 bits, as {verdict.reason}."
    assert notices(events) == [said]
    assert notices(classify(classifier, file_sources(photos))) == []  # once
    assert begun == []


def test_a_processor_without_8_bits_is_not_tried(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quantize, "computes_in_8_bits", lambda: False)
    monkeypatch.setattr(quantize, "quantize", lambda *_: pytest.fail("it was tried"))
    make_eight_bits(insects_entry(), jpegs(tmp_path / "photos"))
    assert known_now().verdict.reason == "this processor does not compute with them"


def test_without_nncf_it_is_said_how_to_get_it(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, begun: list[list[str]]
) -> None:
    monkeypatch.setattr(eight_bits, "version_of", lambda _: "")
    monkeypatch.setenv(EIGHT_BITS_VARIABLE, "1")
    classifier, photos = Classifier(Zoo.standard()), file_sources(jpegs(tmp_path / "photos"))
    events = classify(classifier, photos)
    (notice,) = notices(events)
    assert "NNCF, which makes them, is not installed (pip install " in notice
    assert are_in_8_bits(events) == [False] * PHOTOS
    assert notices(classify(classifier, photos)) == []
    assert "NNCF" in describe_eight_bits(insects_entry())
    assert begun == []
