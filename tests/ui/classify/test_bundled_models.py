"""The bundled networks through the window: the cat, and the test images as `evaluate` sees them."""

from __future__ import annotations

import tarfile
from collections import Counter
from pathlib import Path, PurePosixPath

import pytest
from pytestqt.qtbot import QtBot

from resnet_gui.app.main import WindowApp
from resnet_gui.core.evaluation.evaluate import Evaluated, evaluate
from resnet_gui.core.zoo import Zoo
from tests.ui.conftest import ANSWER_MS

PER_CLASS = 20


def test_the_cat_dropped_on_the_window_is_a_cat(
    qtbot: QtBot, app: WindowApp, photos: dict[str, Path]
) -> None:
    app.window.controller.set_model("resnet56-cifar10")
    app.window.controller.open_paths([photos["chelsea"]])
    answer = app.window.page.results.answer
    qtbot.waitUntil(lambda: bool(answer.text() == "cat"), timeout=ANSWER_MS)


@pytest.fixture(scope="module")
def cifar_images(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty test images of each class: CLASS/NNNN.jpg."""
    folder = tmp_path_factory.mktemp("cifar") / "test"
    count: Counter[str] = Counter()
    with tarfile.open(shared_data / "cifar10-jpeg.tar.xz") as archive:
        for member in archive:
            path = PurePosixPath(member.name)
            if path.parts[1:2] != ("test",) or path.suffix != ".jpg":
                continue
            label = path.parts[2]
            if count[label] < PER_CLASS:
                count[label] += 1
                content = archive.extractfile(member)
                assert content is not None
                (folder / label).mkdir(parents=True, exist_ok=True)
                (folder / label / path.name).write_bytes(content.read())
    assert sorted(count.values()) == [PER_CLASS] * 10
    return folder


@pytest.mark.data
@pytest.mark.parametrize("model", ["resnet20-cifar10", "resnet56-cifar10"])
def test_the_window_answers_as_evaluate_does(
    qtbot: QtBot, app: WindowApp, cifar_images: Path, model: str
) -> None:
    controller = app.window.controller
    controller.set_model(model)
    controller.open_paths([cifar_images])
    count = 10 * PER_CLASS

    def answered() -> bool:
        shown = controller.photos.photos()
        return len(shown) == count and all(photo.prediction is not None for photo in shown)

    qtbot.waitUntil(answered, timeout=ANSWER_MS)
    seen: Counter[tuple[str, str]] = Counter()
    for photo in controller.photos.photos():
        assert photo.prediction is not None
        seen[Path(photo.prediction.path).parent.name, photo.prediction.top.label] += 1
    *_, measured = evaluate(Zoo.standard().ready(model), cifar_images)
    assert isinstance(measured, Evaluated)
    assert measured.n == count
    expected = {
        (truth, answer): photos
        for truth, row in zip(measured.classes, measured.confusion, strict=True)
        for answer, photos in zip(measured.classes, row, strict=True)
        if photos
    }
    assert dict(seen) == expected
    assert measured.top1 > 0.7, "it knows these images"
