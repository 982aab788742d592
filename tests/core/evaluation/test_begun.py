"""A test that was stopped goes on where it was, and ends as one that never was."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from resnet_gui.core.evaluation import begun
from resnet_gui.core.evaluation.compare import compare
from resnet_gui.core.evaluation.evaluate import Evaluated, evaluate
from resnet_gui.core.evaluation.predictions import Measured, read_predictions
from resnet_gui.core.evaluation.store import clear, stored_results
from resnet_gui.core.events import ImageFailed, Notice
from resnet_gui.core.inference.exact import ExactBackend
from resnet_gui.core.inference.feature_cache import used_bytes
from resnet_gui.core.runs.events import Preparing
from resnet_gui.core.zoo.weights.model_file import copy_model
from tests.helpers.training import make_photos, make_tiny_model, user_zoo

PHOTOS = 40


@pytest.fixture
def letters(tmp_path: Path) -> Path:
    make_tiny_model()
    return make_photos(tmp_path / "letters", ("a", "b"), count=PHOTOS // 2)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many photos the network saw, call by call."""
    found: list[int] = []
    original = ExactBackend.infer_both

    def spied(self: ExactBackend, crops: Any) -> Any:
        found.append(len(crops))
        return original(self, crops)

    monkeypatch.setattr(ExactBackend, "infer_both", spied)
    return found


def measure(data: Path, model: str = "tiny") -> Iterator[Any]:
    return evaluate(user_zoo().get(model), data, part="all", device="cpu")


def make_other_model() -> None:
    path = make_tiny_model(name="other")
    data = bytearray(path.read_bytes())
    data[-1] ^= 1  # one weight is another
    path.write_bytes(bytes(data))


def stop_after(events: Iterator[Any], photos: int) -> None:
    for event in events:
        if isinstance(event, Preparing) and event.what == "photos" and event.done >= photos:
            break
    events.close()  # type: ignore[attr-defined]


def notices(events: list[Any]) -> list[str]:
    return [event.message for event in events if isinstance(event, Notice)]


def test_it_goes_on_where_it_was_stopped(letters: Path, asked: list[int]) -> None:
    *_, whole, wanted = measure(letters)
    assert isinstance(whole, Measured)
    clear()
    asked.clear()
    stop_after(measure(letters), 16)
    assert not list(stored_results())  # what is not finished is no result
    stop_after(measure(letters), 32)  # and stopped once more
    events = list(measure(letters))
    assert sum(asked) == PHOTOS
    assert notices(events) == [
        f"The last test with “Tiny” was not finished: it goes on. 32 of {PHOTOS} photos were "
        "answered then."
    ]
    done = [e.done for e in events if isinstance(e, Preparing) and e.what == "photos"]
    assert done == [32, 40]
    *_, measured, result = events
    assert isinstance(result, Evaluated)
    assert isinstance(measured, Measured)
    assert measured.path is not None
    kept = read_predictions(measured.path)
    assert kept.paths == whole.predictions.paths
    assert np.allclose(kept.logits, whole.predictions.logits, atol=1e-5)
    assert result.to_json() | {"loss": 0} == wanted.to_json() | {"loss": 0}
    assert result.loss == pytest.approx(wanted.loss, abs=1e-6)
    # A finished one begins anew.
    asked.clear()
    assert not notices(list(measure(letters)))
    assert sum(asked) == PHOTOS
    assert not used_bytes()


def test_photos_are_known_by_their_content(letters: Path, asked: list[int]) -> None:
    """Those that were changed since are asked about, those that got another name are not."""
    stop_after(measure(letters), 32)
    (letters / "a" / "000.jpg").rename(letters / "a" / "new name.jpg")
    make_photos(letters.parent / "other", ("green",), count=1)
    (letters.parent / "other" / "green" / "000.jpg").replace(letters / "a" / "001.jpg")
    broken = letters / "b" / "019.jpg"
    broken.write_bytes(broken.read_bytes()[:300])
    asked.clear()
    events = list(measure(letters))
    assert sum(asked) == PHOTOS - 31 - 1
    assert [e.path for e in events if isinstance(e, ImageFailed)] == [str(broken)]
    assert (events[-1].n, events[-1].failed) == (PHOTOS - 1, 1)


def test_another_model_or_precision_begins_anew(
    letters: Path, asked: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_after(measure(letters), 32)
    path = user_zoo().get("tiny").weights_path
    assert path is not None
    make_other_model()
    asked.clear()
    assert not notices(list(measure(letters, "other")))
    assert sum(asked) == PHOTOS
    with monkeypatch.context() as patch:
        patch.setattr(ExactBackend, "precision", "bf16", raising=False)
        original = ExactBackend.__init__

        def coarser(self: ExactBackend, *args: Any, **options: Any) -> None:
            original(self, *args, **options)
            self.precision = "bf16"

        patch.setattr(ExactBackend, "__init__", coarser)
        asked.clear()
        assert not notices(list(measure(letters)))
        assert sum(asked) == PHOTOS
    # A new title and another calibration are the same weights.
    copy_model(path, path.with_suffix(".new"), title="New", calibration={"temperature": 2.0})
    path.with_suffix(".new").replace(path)
    asked.clear()
    assert notices(list(measure(letters)))
    assert sum(asked) == PHOTOS - 32


def test_what_was_answered_is_written_while_it_goes_on(
    letters: Path, asked: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A killed test loses half a minute."""
    monkeypatch.setattr(begun, "_EVERY_S", 0.0)
    events = measure(letters)
    for event in events:
        if isinstance(event, Preparing) and event.done == 32 and event.what == "photos":
            break
    before = used_bytes()
    assert before
    asked.clear()
    assert notices(list(measure(letters)))  # as another process would
    assert sum(asked) == PHOTOS - 32
    events.close()  # type: ignore[attr-defined]


def test_a_disk_that_takes_nothing_does_not_end_a_test(
    letters: Path, own_home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from resnet_gui.core.inference.feature_cache import features_dir

    features_dir().parent.mkdir(parents=True, exist_ok=True)
    features_dir().write_text("no folder")
    stop_after(measure(letters), 16)
    assert "could not be kept" in caplog.text
    assert isinstance(list(measure(letters))[-1], Evaluated)


def test_a_comparison_goes_on_with_both_models(letters: Path, asked: list[int]) -> None:
    make_other_model()
    zoo = user_zoo()

    def comparison() -> Iterator[Any]:
        return compare(zoo.get("tiny"), zoo.get("other"), letters, part="all", device="cpu")

    stop_after(comparison(), PHOTOS + 16)
    *_, compared = comparison()
    assert sum(asked) == 2 * PHOTOS
    assert len(compared.photos) == PHOTOS
    assert not used_bytes()


def test_a_test_of_another_folder_takes_nothing_away(
    letters: Path, asked: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor does it look for answers among those of the first, photo by photo."""
    stop_after(measure(letters), 32)
    kept = used_bytes()
    other = make_photos(letters.parent / "others", ("a", "b"), count=3)
    with monkeypatch.context() as patch:
        patch.delattr(begun, "photo_keys")
        assert isinstance(list(measure(other))[-1], Evaluated)
    assert used_bytes() == kept
    assert "goes on" in notices(list(measure(letters)))[0]


def test_it_can_be_stopped_while_it_looks_for_answers(
    letters: Path, asked: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(begun, "HASHED_AT_ONCE", 8)
    stop_after(measure(letters), 16)
    for path in sorted(letters.rglob("*.jpg")):  # none of them is known any more
        path.write_bytes(path.read_bytes() + b"changed")
    asked.clear()
    events = list(measure(letters))
    assert not notices(events)
    done = [e.done for e in events if isinstance(e, Preparing) and e.what == "photos"]
    assert done[: PHOTOS // 8] == [0] * (PHOTOS // 8)
    assert done[-1] == sum(asked) == PHOTOS


def test_features_of_trainings_are_not_displaced(
    letters: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(begun, "MAX_BYTES", 100)
    stop_after(measure(letters), 32)
    assert not used_bytes()
