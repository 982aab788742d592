"""Preprocessing is torchvision's, bit for bit, and the crop's frame is what is cut out."""

from __future__ import annotations

import resource
import sys

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image
from skimage import data as photos
from torchvision.transforms import InterpolationMode
from torchvision.transforms._presets import ImageClassification

from resnet_gui.core.photos.preprocess import crop_box, crop_photo, network_input, resized_size
from resnet_gui.core.zoo.spec import Preprocessing
from tests.helpers.pictures import gradient

SHAPES = [
    (256, 224),
    (232, 224),
    (224, 224),
    (256, 256),
    (32, 32),
    (40, 32),
    (300, 288),
    (480, 480),
]


def reference(image: Image.Image, preprocessing: Preprocessing) -> np.ndarray:
    preset = ImageClassification(
        crop_size=preprocessing.crop,
        resize_size=preprocessing.resize,
        mean=preprocessing.mean,
        std=preprocessing.std,
        interpolation=InterpolationMode(preprocessing.interpolation),
    )
    result: np.ndarray = preset(image).numpy()
    return result


@pytest.mark.parametrize("name", ["astronaut", "chelsea", "coffee", "rocket"])
@pytest.mark.parametrize(("resize", "crop"), SHAPES)
def test_equals_torchvisions_preset_on_photos(name: str, resize: int, crop: int) -> None:
    image = Image.fromarray(getattr(photos, name)())
    preprocessing = Preprocessing(resize, crop)
    assert np.array_equal(network_input(image, preprocessing), reference(image, preprocessing))


@pytest.mark.parametrize("name", ["astronaut", "chelsea", "coffee", "rocket"])
@pytest.mark.parametrize(("resize", "crop"), SHAPES)
def test_bicubic_equals_pillows_own_steps(name: str, resize: int, crop: int) -> None:
    """As EfficientNet-Lite0 is used: torchvision's preset, and Pillow's resize written out."""
    image = Image.fromarray(getattr(photos, name)())
    preprocessing = Preprocessing(resize, crop, (0.5,) * 3, (0.5,) * 3, "bicubic")
    x = network_input(image, preprocessing)
    assert np.array_equal(x, reference(image, preprocessing))
    whole = image.resize(resized_size(*image.size, resize), Image.Resampling.BICUBIC)
    left, top = round((whole.width - crop) / 2), round((whole.height - crop) / 2)
    cut = np.asarray(whole.crop((left, top, left + crop, top + crop)), np.float64)
    np.testing.assert_allclose(x, (cut / 127.5 - 1).transpose(2, 0, 1), atol=1e-6)


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic", "nearest"])
def test_each_interpolation_and_other_statistics(interpolation: str) -> None:
    image = Image.fromarray(photos.astronaut()).resize((301, 207))
    preprocessing = Preprocessing(
        100, 96, (0.4914, 0.4822, 0.4465), (0.247, 0.243, 0.261), interpolation
    )
    assert np.array_equal(network_input(image, preprocessing), reference(image, preprocessing))


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    width=st.integers(1, 700),
    height=st.integers(1, 700),
    resize=st.integers(8, 320),
    crop=st.integers(1, 320),
)
@example(width=640, height=480, resize=232, crop=224)
@example(width=481, height=640, resize=232, crop=224)
@example(width=32, height=32, resize=32, crop=32)
@example(width=3, height=5, resize=9, crop=224)  # smaller than the crop: black is added
@example(width=10, height=11, resize=10, crop=13)
@example(width=223, height=500, resize=223, crop=224)
def test_equals_torchvisions_preset_for_any_size(
    width: int, height: int, resize: int, crop: int
) -> None:
    if max(width, height) * resize // min(width, height) > 20_000:
        resize = 8  # thin strips become very long: slow, and covered below
    image = gradient(width, height)
    preprocessing = Preprocessing(resize, crop)
    assert np.array_equal(network_input(image, preprocessing), reference(image, preprocessing))


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    width=st.integers(20, 500),
    height=st.integers(20, 500),
    resize=st.sampled_from([0, 32, 64, 100]),
    crop=st.integers(8, 120),
)
def test_the_frame_is_what_is_cut(width: int, height: int, resize: int, crop: int) -> None:
    """A photo whose colours are its coordinates: the crop's rim tells where it was cut."""
    x = np.tile(np.linspace(0, 255, width), (height, 1))
    y = np.tile(np.linspace(0, 255, height)[:, None], (1, width))
    image = Image.fromarray(np.stack([x, y, np.full_like(x, 255)], -1).round().astype(np.uint8))
    preprocessing = Preprocessing(resize, crop)
    box = crop_box(width, height, preprocessing)
    cut = np.asarray(crop_photo(image, preprocessing))
    assert cut.shape == (crop, crop, 3)
    rows, columns = np.nonzero(cut[..., 2] > 127)  # without what was added in black
    seen = cut[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1].astype(float)
    # From the middle of the first to the middle of the last pixel, in the photo's pixels.
    for axis, start, length, whole in (
        (0, box.left, box.width, width),
        (1, box.top, box.height, height),
    ):
        values = seen[..., axis].mean(axis=axis) / 255 * (whole - 1) + 0.5
        count = seen.shape[1 - axis]
        step = length / count
        slack = 1.5 * max(1.0, step) + whole / 255
        assert abs(values[0] - (start + step / 2)) <= slack
        assert abs(values[-1] - (start + length - step / 2)) <= slack
        assert 0 <= start <= start + length <= whole + 1e-6


def test_the_frame_of_a_usual_photo() -> None:
    box = crop_box(640, 480, Preprocessing(256, 224))
    assert (box.left, box.top) == pytest.approx((109.7, 30), abs=1)
    assert (box.width, box.height) == pytest.approx((420.6, 420), abs=1)
    whole = crop_box(100, 50, Preprocessing(0, 224))
    assert (whole.left, whole.top, whole.width, whole.height) == (0, 0, 100, 50)


def test_sizes_round_down_as_in_torchvision() -> None:
    assert resized_size(640, 481, 256) == (340, 256)
    assert resized_size(481, 640, 256) == (256, 340)
    assert resized_size(10, 10, 256) == (256, 256)
    assert resized_size(17, 31, 0) == (17, 31)


@pytest.mark.skipif(sys.platform == "win32", reason="no resource module")
@pytest.mark.parametrize("size", [(1, 30_000), (30_000, 1), (3, 65_000)])
def test_a_hairline_photo_does_not_fill_the_memory(size: tuple[int, int]) -> None:
    """Its shorter side at 256 makes it millions of pixels long; only the middle is needed."""
    image = gradient(*size)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    x = network_input(image, Preprocessing(256, 224))
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert x.shape == (3, 224, 224)
    assert after - before < 300_000  # KiB; the whole strip would be 5.9 GB


def test_the_short_cut_for_hairlines_is_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    preprocessing = Preprocessing(256, 224)
    for size in ((20, 3000), (3000, 20), (7, 1001), (50, 1100)):
        image = gradient(*size)
        whole = np.asarray(crop_photo(image, preprocessing))
        with monkeypatch.context() as patch:
            patch.setattr("resnet_gui.core.photos.preprocess._MAX_RESIZED_PIXELS", 1)
            short = np.asarray(crop_photo(image, preprocessing))
        assert np.abs(whole.astype(int) - short).max() <= 1
        assert np.abs(whole.astype(int) - short).mean() < 0.25
