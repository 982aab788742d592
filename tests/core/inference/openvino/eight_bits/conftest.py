"""A model with its conversion in 8 bits, made once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from resnet_gui.core.inference import background, faster_forms
from resnet_gui.core.inference.background import Conversions
from resnet_gui.core.inference.quantize import make_eight_bits
from resnet_gui.core.system.settings import (
    EIGHT_BITS_VARIABLE,
    EXACT_VARIABLE,
)
from resnet_gui.core.zoo import ModelEntry
from tests.core.inference.openvino.conftest import (
    copy_home,
    insects_entry,
)
from tests.core.inference.openvino.eight_bits.forms import (
    jpegs,
    known_now,
    quickly,
)


@pytest.fixture(scope="session")
def made_in_8_bits(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the model, its conversion and the form of 8 bits of that."""
    home = tmp_path_factory.mktemp("eight_bits") / "home"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RESNET_GUI_HOME", str(home))
        quickly(patch)
        copy_home(made, home)
        make_eight_bits(insects_entry(), jpegs(home.parent / "photos"))
        assert known_now().usable
    return home


@pytest.fixture
def home8(made_in_8_bits: Path, own_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, of the test's own, where answers in 8 bits are wanted."""
    copy_home(made_in_8_bits, own_home)
    monkeypatch.delenv(EXACT_VARIABLE)
    monkeypatch.setenv(EIGHT_BITS_VARIABLE, "1")
    return own_home


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The photos that forms of 8 bits would be made from; no process begins."""
    handed: list[list[str]] = []

    def started(
        entry: ModelEntry, device: object, photos: Sequence[str] = (), *, in_turn: bool = False
    ) -> None:
        handed.append(list(photos))
        raise OSError("not here")

    monkeypatch.setattr(background, "_start", started)
    monkeypatch.setattr(faster_forms, "CONVERSIONS", Conversions())
    return handed
