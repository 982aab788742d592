"""`evaluate` on the fast backend: exact's figures, and exact's alone where it fails."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from resnet_gui.core.dataset import scan_dataset
from resnet_gui.core.evaluation.evaluate import Evaluated, evaluate
from resnet_gui.core.events import ImageFailed, Notice
from resnet_gui.core.inference.exact import ExactBackend
from resnet_gui.core.inference.openvino_backend import OpenVinoBackend
from resnet_gui.core.runs.events import Preparing
from resnet_gui.core.system.openvino_import import openvino_version
from tests.helpers.conversions import copy_converted_home, make_converted_home
from tests.helpers.training import make_photos, user_zoo

pytestmark = pytest.mark.skipif(not openvino_version(), reason="the extra “fast” is not installed")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_converted_home(tmp_path_factory.mktemp("made"))


@pytest.fixture
def data(made: Path, own_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """20 photos of the first two of the tiny model's classes, one of them damaged."""
    copy_converted_home(made, own_home)
    monkeypatch.delenv("RESNET_GUI_EXACT")
    return make_photos(tmp_path / "letters", ("a", "b"))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The backends that were asked, for each photo or batch."""
    found: list[str] = []
    for kind in (OpenVinoBackend, ExactBackend):

        def spied(self: Any, crops: Any, original: Any = kind.infer_both) -> Any:
            found.append(self.name)
            return original(self, crops)

        monkeypatch.setattr(kind, "infer_both", spied)
    return found


def run(data: Path, *, exact: bool = False) -> tuple[list[Any], Evaluated]:
    events = list(evaluate(user_zoo().ready("tiny"), data, part="all", exact=exact))
    assert isinstance(events[-1], Evaluated)
    return events, events[-1]


def test_the_figures_are_those_of_exact(data: Path, asked: list[str]) -> None:
    events, fast = run(data)
    assert set(asked) == {"openvino"}
    assert len(asked) == 5
    done = [e.done for e in events if isinstance(e, Preparing) and e.what == "photos"]
    assert done == [16, 20]
    asked.clear()
    _, exact = run(data, exact=True)
    assert set(asked) == {"exact"}
    assert fast.n == exact.n == 20
    assert fast.loss == pytest.approx(exact.loss, rel=0.02)
    assert abs(fast.top1 - exact.top1) < 0.06  # one of 20
    assert sum(map(sum, fast.confusion)) == 20


def test_what_cannot_be_read_is_told_once(data: Path, asked: list[str]) -> None:
    victim = data / "b" / "003.jpg"
    victim.write_bytes(victim.read_bytes()[:400])
    scanned = list(scan_dataset(data))[-1].summary  # type: ignore[union-attr]
    whole = dataclasses.replace(scanned)
    events = list(evaluate(user_zoo().ready("tiny"), data, part="all", summary=whole))
    failed = [event.path for event in events if isinstance(event, ImageFailed)]
    assert failed == [str(victim)]
    assert events[-1].failed == 1  # type: ignore[union-attr]
    assert events[-1].n == 19  # type: ignore[union-attr]


@pytest.mark.parametrize("wrong", ["fails", "no numbers"])
def test_where_it_fails_all_photos_are_judged_exactly(
    wrong: str, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, wanted = run(data, exact=True)
    calls = 0
    original = OpenVinoBackend.infer_both

    def failing(self: OpenVinoBackend, crops: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls <= 3:
            return original(self, crops)
        if wrong == "fails":
            raise RuntimeError("out of order\nand more")
        return np.full((len(crops), 5), np.nan, np.float32), None

    monkeypatch.setattr(OpenVinoBackend, "infer_both", failing)
    events, found = run(data)
    assert found == wanted
    (notice,) = [event.message for event in events if isinstance(event, Notice)]
    assert notice.endswith("torch is used instead.")
    assert "and more" not in notice
