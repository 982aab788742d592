"""Photos read the fast way get the answers that they get the exact way."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from skimage import data as skimage_photos

from resnet_gui.core.events import ImageSource
from resnet_gui.core.photos.crops import read_crop
from resnet_gui.core.photos.preprocess import normalised
from resnet_gui.core.zoo import Zoo
from resnet_gui.core.zoo.weights.load import load_network
from tests.helpers.pictures import encoded

PHOTOS = ["astronaut", "chelsea", "coffee", "rocket", "retina"]
SURE = 0.1  # below this margin two classes are equal to the model


@functools.cache
def lite0() -> tuple[torch.nn.Module, object]:
    entry = Zoo.standard().ready("efficientnet-lite0")
    return load_network(entry), entry.spec.preprocessing


def probabilities(source: ImageSource, *, exact: bool) -> torch.Tensor:
    network, preprocessing = lite0()
    crop = read_crop(source, preprocessing, exact=exact)  # type: ignore[arg-type]
    x = torch.from_numpy(normalised(crop.pixels[np.newaxis], preprocessing))  # type: ignore[arg-type]
    with torch.inference_mode():
        return network(x).softmax(1)[0]  # type: ignore[no-any-return]


def check(source: ImageSource) -> float:
    exact, fast = probabilities(source, exact=True), probabilities(source, exact=False)
    first, second = exact.topk(2).values.tolist()
    if first - second > SURE:
        assert exact.argmax() == fast.argmax(), source.name
    difference = float((exact - fast).abs().max())
    assert difference < 0.08, source.name
    return difference


def enlarged(image: Image.Image, times: int) -> ImageSource:
    large = image.resize((image.width * times, image.height * times), Image.Resampling.BICUBIC)
    return ImageSource("large.jpg", encoded(large, "JPEG", quality=90))


@pytest.mark.parametrize("name", PHOTOS)
def test_skimages_photos_get_the_same_answer(name: str) -> None:
    image = Image.fromarray(getattr(skimage_photos, name)())
    worst = max(check(enlarged(image, times)) for times in ((1,) if name == "retina" else (1, 3)))
    print(f"{name}: {worst:.3f}")  # noqa: T201 - shown by pytest -s


@pytest.mark.data
def test_the_shared_photos_get_the_same_answer(shared_data: Path) -> None:
    files = sorted((shared_data / "photos").glob("*.JPEG"))
    assert len(files) == 19
    worst = max(check(ImageSource.file(file)) for file in files)
    print(f"as they are: {worst:.3f}")  # noqa: T201 - shown by pytest -s
    for file in files[::8]:  # and as large as cameras make them
        with Image.open(file) as image:
            check(enlarged(image.convert("RGB"), 3))
