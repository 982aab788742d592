"""The files of a form of 8 bits."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from resnet_gui.core.inference.classifier import Classifier
from resnet_gui.core.inference.converted import (
    VERDICT,
    clear_conversions,
    used_bytes,
)
from resnet_gui.core.inference.eight_bits import (
    place_of,
    worth_making,
)
from resnet_gui.core.zoo import Zoo
from tests.core.inference.openvino.conftest import conversion_now, sources
from tests.core.inference.openvino.eight_bits.forms import (
    NEEDS_NNCF,
    are_in_8_bits,
    classify,
)

pytestmark = NEEDS_NNCF


def test_it_counts_and_goes_with_its_conversion(home8: Path) -> None:
    place = place_of(conversion_now())
    assert {path.name for path in place.iterdir()} >= {"model.bin", "one.bin", VERDICT}
    size = (place / "model.bin").stat().st_size
    assert size < (conversion_now().folder / "model.bin").stat().st_size / 2
    before = used_bytes()
    shutil.copy(place / "model.bin", place / "other.bin")
    assert used_bytes() == before + size
    clear_conversions()
    assert not place.exists()


@pytest.mark.parametrize("damage", ["verdict", "weights"])
def test_a_damaged_one_is_not_used(damage: str, home8: Path, begun: list[list[str]]) -> None:
    place = place_of(conversion_now())
    if damage == "verdict":
        (place / VERDICT).write_text('{"verdict": {"state": "chec')
    else:
        for name in ("model.bin", "one.bin"):
            (place / name).unlink()
    events = classify(Classifier(Zoo.standard()), sources(2))
    assert are_in_8_bits(events) == [False] * 2
    assert worth_making(conversion_now())
