"""What the network saw is brought back to its place on the photo, and on photos with one clear
object the strongest place is on it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional

from resnet_gui.core.errors import ModelError
from resnet_gui.core.events import ImageSource, ModelReady
from resnet_gui.core.explain.events import Explained, Explaining, Method
from resnet_gui.core.explain.explainer import Explainer
from resnet_gui.core.inference.classifier import Classifier
from resnet_gui.core.nets import registry
from resnet_gui.core.nets.registration import Architecture, Kind, Options
from resnet_gui.core.preprocessing import Preprocessing
from resnet_gui.core.system.paths import user_models_dir
from resnet_gui.core.zoo import Zoo
from resnet_gui.core.zoo.ensembles import write_ensemble
from resnet_gui.core.zoo.providers.lite0 import lite0_weights_path
from resnet_gui.core.zoo.weights.load import save_model
from tests.helpers.models import small_spec
from tests.helpers.pictures import exif, stored
from tests.helpers.training import user_zoo

CLASSES = ("red anywhere", "top left", "top right", "bottom left", "bottom right", "nothing")
CELLS = 8


class RedCorners(nn.Module):
    """Classes that come from red: all of it, and that in one corner of the network's input."""

    masks: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.stage = nn.ReLU()
        self.head = nn.Linear(len(CLASSES), len(CLASSES), bias=False)
        self.head.weight.data = torch.eye(len(CLASSES)) * 40
        masks = torch.zeros(len(CLASSES), CELLS, CELLS)
        masks[0] = 1
        for number, (row, column) in enumerate(((0, 0), (0, -1), (-1, 0), (-1, -1)), 1):
            masks[number, row, column] = 1
        self.register_buffer("masks", masks)

    def forward(self, x: Tensor) -> Tensor:
        red = functional.adaptive_avg_pool2d(x[:, :1] - x[:, 1:2], CELLS)
        logits: Tensor = self.head(self.stage(red * self.masks).mean((2, 3)))
        return logits


def build(name: str, classes: int, options: Options) -> nn.Module:
    return RedCorners()


@pytest.fixture
def explainer(monkeypatch: pytest.MonkeyPatch) -> Iterator[Explainer]:
    monkeypatch.setattr(registry, "_registered", dict(registry._registered))
    registry.register(
        Architecture(
            "red_corners", "Red", "Test", f"{__name__}:build", Kind.OTHER, last_stage="stage"
        )
    )
    return Explainer(Classifier(user_zoo()))


def add_model(resize: int = 72, crop: int = 64) -> str:
    preprocessing = Preprocessing(resize, crop, (0.5,) * 3, (0.5,) * 3)
    spec = small_spec(
        id="red", architecture="red_corners", classes=CLASSES, preprocessing=preprocessing
    )
    path = user_models_dir() / "red.safetensors"
    save_model(path, spec, RedCorners().state_dict())
    return "red"


def source(upright: Image.Image, orientation: int = 1) -> ImageSource:
    buffer = io.BytesIO()
    stored(upright, orientation).save(buffer, "PNG", exif=exif(orientation))
    return ImageSource("photo.png", buffer.getvalue())


def explained(explainer: Explainer, photo: ImageSource, model: str, **options: Any) -> Explained:
    *_, last = explainer.explain(photo, model, **options)
    assert isinstance(last, Explained)
    return last


SIZES = {"landscape": (300, 200), "portrait": (160, 240), "square": (90, 90)}


@pytest.mark.parametrize(
    ("orientation", "method"),
    [*((n, Method.GRADCAM) for n in range(1, 9)), (1, Method.OCCLUSION), (6, Method.OCCLUSION)],
)
@pytest.mark.parametrize("shape", ["landscape", "portrait"])
def test_a_red_spot_is_found_where_a_person_sees_it(
    explainer: Explainer, shape: str, orientation: int, method: Method
) -> None:
    """Whichever way the file's pixels lie."""
    model = add_model()
    width, height = SIZES[shape]
    side = min(width, height)
    left, top, spot = width // 2 + side // 8, height // 2 - side // 3, side // 5
    upright = Image.new("RGB", (width, height), (90, 90, 90))
    upright.paste((230, 40, 40), (left, top, left + spot, top + spot))
    found = explained(explainer, source(upright, orientation), model, method=method, among=[0])
    assert (found.width, found.height) == (width, height)
    assert found.peak is not None
    x, y = found.peak
    assert left <= x <= left + spot
    assert top <= y <= top + spot


@pytest.mark.parametrize("shape", SIZES)
@pytest.mark.parametrize("corner", range(4))
def test_a_corner_of_the_input_is_a_corner_of_the_crop(
    explainer: Explainer, shape: str, corner: int
) -> None:
    """The network sees a square in the middle: 64 pixels of the shorter side's 72."""
    model = add_model()
    width, height = SIZES[shape]
    photo = source(Image.new("RGB", (width, height), (230, 40, 40)), 6)
    found = explained(explainer, photo, model, among=[1 + corner])
    assert found.label == CLASSES[1 + corner]
    seen = min(width, height) * 64 / 72
    row, column = divmod(corner, 2)
    cell = seen / CELLS
    left = (width - seen) / 2 + column * (seen - cell)
    top = (height - seen) / 2 + row * (seen - cell)
    assert found.peak is not None
    assert left - 1 <= found.peak[0] <= left + cell + 1
    assert top - 1 <= found.peak[1] <= top + cell + 1
    # All of the heat is there.
    assert (found.heat > 0).sum() == 1


def test_a_photo_that_is_smaller_than_the_input_has_black_around(explainer: Explainer) -> None:
    model = add_model(resize=0, crop=64)
    upright = Image.new("RGB", (32, 32), (90, 90, 90))
    upright.paste((230, 40, 40), (0, 0, 8, 8))
    found = explained(explainer, source(upright), model, among=[0])
    box = found.box
    assert (box.left, box.top, box.width, box.height) == (-16, -16, 64, 64)
    assert found.peak is not None
    assert max(found.peak) <= 8


def test_where_nothing_speaks_for_a_class(explainer: Explainer) -> None:
    grey = source(Image.new("RGB", (80, 80), (90, 90, 90)))
    for method in Method:
        found = explained(explainer, grey, add_model(), method=method, among=[0])
        assert (found.peak, float(found.heat.max())) == (None, 0.0)


def test_the_most_probable_class_is_explained(explainer: Explainer) -> None:
    red = source(Image.new("RGB", (80, 80), (230, 40, 40)))
    model = add_model()
    assert explained(explainer, red, model).label == "red anywhere"
    assert explained(explainer, red, model, among=[5, 2]).label == "top right"


def test_an_occlusion_says_how_far_it_is_and_can_be_let_go(explainer: Explainer) -> None:
    red = source(Image.new("RGB", (80, 80), (230, 40, 40)))
    model = add_model()
    events = list(explainer.explain(red, model, method=Method.OCCLUSION))
    steps = [event for event in events if isinstance(event, Explaining)]
    assert [step.done for step in steps] == sorted(step.done for step in steps)
    assert (steps[0].done, steps[-1].done, steps[-1].total) == (0, 197, 197)
    again = explainer.explain(red, model, method=Method.OCCLUSION)
    assert isinstance(next(again), ModelReady)
    for _ in range(5):
        next(again)
    again.close()


def test_the_layer_is_clear_where_it_is_cold(explainer: Explainer) -> None:
    upright = Image.new("RGB", (64, 64), (90, 90, 90))
    upright.paste((230, 40, 40), (0, 0, 16, 16))
    layer = explained(explainer, source(upright), add_model(resize=64), among=[0]).layer
    pixels = np.frombuffer(layer.data, np.uint8).reshape(layer.height, layer.width, 4).astype(int)
    warm, cold = pixels[20, 20], pixels[-20, -20]
    assert warm[3] > cold[3] + 100
    assert warm[:3].sum() > cold[:3].sum() + 300  # in grey, too


def test_the_photo_is_looked_at_once(explainer: Explainer) -> None:
    """Also where answers are the mean over several crops: a map is of one."""
    upright = Image.new("RGB", (120, 80), (90, 90, 90))
    upright.paste((230, 40, 40), (70, 20, 90, 40))
    photo, model = source(upright), add_model()
    often = Explainer(Classifier(user_zoo(), look=lambda: "five-crop"))
    for method in Method:
        one = explained(explainer, photo, model, method=method, among=[0])
        assert (explained(often, photo, model, method=method, among=[0]).heat == one.heat).all()


def test_an_ensemble_says_whom_to_ask(explainer: Explainer) -> None:
    model = add_model()
    other = user_models_dir() / "other.safetensors"
    spec = small_spec(id="other", architecture="red_corners", classes=CLASSES)
    save_model(other, spec, RedCorners().state_dict())
    write_ensemble(user_models_dir() / "both.ensemble.json", "Both", [model, "other"])
    both = Explainer(Classifier(Zoo.standard()))
    entry = next(e for e in both._classifier.zoo.entries() if e.members)
    with pytest.raises(ModelError, match="Choose one of them"):
        list(both.explain(source(Image.new("RGB", (9, 9))), entry.spec.id))


# --- real photos ------------------------------------------------------------------------------

# Left, top, right, bottom of the object, in pixels, as a person draws it.
OBJECTS = {
    "n02206856_bee.JPEG": ("bee", (190, 45, 385, 290)),
    "n02099601_golden_retriever.JPEG": ("golden retriever", (45, 118, 235, 405)),
    "n03063599_coffee_mug.JPEG": ("coffee mug", (265, 285, 645, 680)),
    "n04146614_school_bus.JPEG": ("school bus", (75, 105, 465, 305)),
}


def check_on_the_object(path: Path, label: str, box: tuple[int, int, int, int]) -> None:
    if lite0_weights_path() is None:
        pytest.skip("extra “offline” is not installed")
    explainer = Explainer(Classifier(Zoo.standard()))
    found = explained(explainer, ImageSource.file(path), "efficientnet-lite0")
    assert (found.label, found.heat.shape) == (label, (7, 7))
    assert found.peak is not None
    x, y = found.peak
    assert box[0] <= x <= box[2]
    assert box[1] <= y <= box[3]


def test_the_strongest_place_is_on_the_cup(tmp_path: Path) -> None:
    from skimage import data

    path = tmp_path / "coffee.png"
    Image.fromarray(data.coffee()).save(path)
    check_on_the_object(path, "espresso", (170, 20, 420, 215))


@pytest.mark.data
@pytest.mark.parametrize("name", OBJECTS)
def test_the_strongest_place_is_on_the_object(shared_data: Path, name: str) -> None:
    check_on_the_object(shared_data / "photos" / name, *OBJECTS[name])
