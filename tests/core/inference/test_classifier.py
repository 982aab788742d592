"""What the classifier says while it answers photos, good and bad ones."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from resnet_gui.core.errors import ModelError, UnknownModelError
from resnet_gui.core.events import ImageFailed, ImageSource, ModelLoading, ModelReady, Prediction
from resnet_gui.core.inference import photo_inputs
from resnet_gui.core.inference.backend import Crops, Rows
from resnet_gui.core.inference.exact import ExactBackend
from resnet_gui.core.photos import crops
from resnet_gui.core.photos import decode as imaging
from resnet_gui.core.system.devices import resolve_device
from resnet_gui.core.zoo import Preprocessing
from tests.core.inference.conftest import answers, photo, run
from tests.helpers.pictures import encoded, gradient

# --- events -----------------------------------------------------------------------------------


def test_events_come_in_order_and_say_what_they_are(insects: str) -> None:
    events = run([photo(1, (64, 48)), photo(2, (30, 90))], insects)
    assert [type(event) for event in events] == [ModelLoading, ModelReady, Prediction, Prediction]
    loading, ready, first, second = events
    assert isinstance(loading, ModelLoading)
    assert loading.first
    assert isinstance(ready, ModelReady)
    assert (ready.model, ready.device_kind) == (insects, "cpu")
    assert ready.device == resolve_device("cpu").name
    assert isinstance(first, Prediction)
    assert isinstance(second, Prediction)
    assert (first.position, second.position) == (0, 1)
    assert (first.path, second.path) == ("photo 1", "photo 2")
    assert (second.width, second.height) == (30, 90)
    assert first.decode_ms > 0
    assert first.inference_ms > 0
    assert first.device == ready.device
    probabilities = [score.probability for score in first.scores]
    assert probabilities == sorted(probabilities, reverse=True)
    assert sum(probabilities) == pytest.approx(1, abs=1e-5)  # three classes, five asked for


@pytest.mark.parametrize("batch", [1, 3, 50])
def test_bad_files_fail_alone_and_order_is_kept(
    batch: int, insects: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also in the batches that a GPU gets: a failure must not overtake the photos before it."""
    monkeypatch.setitem(photo_inputs._BATCH, "cpu", batch)
    bad = {
        "empty.jpg": b"",
        "notes.jpg": b"no photo",
        "noise.png": b"\x89PNG\r\n\x1a\n" + b"x" * 99,
    }
    for name, content in bad.items():
        (tmp_path / name).write_bytes(content)
    sources = [
        ImageSource.file(tmp_path / "empty.jpg"),
        photo(1),
        ImageSource.file(tmp_path / "gone.jpg"),
        ImageSource.file(tmp_path / "notes.jpg"),
        photo(2),
        photo(3),
        ImageSource.file(tmp_path),
        photo(4),
        photo(5),
        ImageSource.file(tmp_path / "noise.png"),
    ]
    got = answers(run(sources, insects))
    assert [answer.position for answer in got] == list(range(len(sources)))
    assert [answer.path for answer in got] == [source.name for source in sources]
    failed = {a.position: a.error_type for a in got if isinstance(a, ImageFailed)}
    assert failed == {
        0: "CorruptImageError",
        2: "ImageReadError",
        3: "UnsupportedImageError",
        6: "UnsupportedImageError",
        9: "CorruptImageError",
    }
    alone = answers(run([photo(4)], insects))[0]
    assert isinstance(alone, Prediction)
    in_batch = got[7]
    assert isinstance(in_batch, Prediction)
    assert in_batch.top.label == alone.top.label
    assert in_batch.top.probability == pytest.approx(alone.top.probability, abs=1e-5)


def test_a_photo_that_ends_early_is_answered_and_marked(insects: str) -> None:
    whole = encoded(gradient(200, 150), "PNG")
    sources = [ImageSource("cut.png", whole[: len(whole) * 2 // 3]), ImageSource("a.png", whole)]
    cut, good = answers(run(sources, insects))
    assert isinstance(cut, Prediction)
    assert cut.incomplete
    assert (cut.width, cut.height) == (200, 150)
    assert cut.to_json()["incomplete"] is True
    assert isinstance(good, Prediction)
    assert not good.incomplete


def test_a_photo_made_smaller_while_it_is_read_keeps_its_size_in_the_answer(
    insects: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From some 200 megapixels on; here with a small budget."""
    data = encoded(gradient(1600, 1200), "JPEG")
    (exact,) = answers(run([ImageSource("a.jpg", data)], insects))
    monkeypatch.setattr(imaging.BUDGET, "total_bytes", 1600 * 1200 * 2)
    (scaled,) = answers(run([ImageSource("a.jpg", data)], insects))
    assert isinstance(exact, Prediction)
    assert isinstance(scaled, Prediction)
    assert (scaled.width, scaled.height) == (1600, 1200)
    assert scaled.top.label == exact.top.label
    assert scaled.top.probability == pytest.approx(exact.top.probability, abs=0.05)


def test_a_failure_is_one_json_line(insects: str) -> None:
    (answer,) = answers(run([ImageSource.file("/nowhere/x.jpg")], insects))
    assert answer.to_json() == {
        "path": "/nowhere/x.jpg",
        "model": insects,
        "predictions": [],
        "incomplete": False,
        "error": {
            "type": "ImageReadError",
            "message": "x.jpg is not there. It may have been moved or renamed.",
        },
    }


def test_the_first_answer_does_not_wait_for_the_batch(
    insects: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(photo_inputs._BATCH, "cpu", 8)
    sizes: list[int] = []
    real = ExactBackend.infer

    def infer(self: ExactBackend, crops: Crops) -> Rows:
        sizes.append(len(crops))
        return real(self, crops)

    monkeypatch.setattr(ExactBackend, "infer", infer)
    bad = ImageSource("bad", b"x")
    run([bad, *[photo(n) for n in range(20)]], insects)
    assert sizes == [1, 8, 8, 3]


def test_no_photos_no_answers(insects: str) -> None:
    assert answers(run([], insects)) == []


def test_an_unknown_or_missing_model_is_an_error_before_any_photo() -> None:
    with pytest.raises(UnknownModelError):
        run([photo(1)], "resnet99")
    with pytest.raises(ModelError, match="not on this computer"):
        run([photo(1)], "resnet50")


def test_memory_that_runs_out_costs_one_photo(
    insects: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = crops.crop_photo

    def crop_photo(image: Image.Image, preprocessing: Preprocessing) -> Image.Image:
        if image.width == 33:
            raise MemoryError
        return real(image, preprocessing)

    monkeypatch.setattr(crops, "crop_photo", crop_photo)
    first, second = answers(run([photo(1, (33, 40)), photo(2)], insects))
    assert isinstance(first, ImageFailed)
    assert "does not fit into the free memory" in first.message
    assert isinstance(second, Prediction)
