"""What a network sees of a photo: the exact way, and the fast one beside it."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from skimage import data as skimage_photos

from resnet_gui.core.events import ImageSource
from resnet_gui.core.photos import crops
from resnet_gui.core.photos.budget import MemoryBudget
from resnet_gui.core.photos.crops import PhotoCrop, read_crop
from resnet_gui.core.photos.decode import decode
from resnet_gui.core.photos.preprocess import crop_photo, network_input, normalised, reading_side
from resnet_gui.core.photos.store import crop_reader, exact_reader
from resnet_gui.core.preprocessing import Preprocessing
from tests.helpers.pictures import (
    SRGB_PRIMARIES,
    corners,
    encoded,
    exif,
    icc_profile,
    nearest,
    quadrants,
    stored,
)

USUAL = Preprocessing(256, 224)
SMALL = Preprocessing(32, 32)
BICUBIC = Preprocessing(256, 224, (0.5,) * 3, (0.5,) * 3, "bicubic")
PHOTOS = ["astronaut", "chelsea", "coffee", "rocket", "retina", "immunohistochemistry"]


def skimage_photo(name: str, enlarged: int = 1) -> Image.Image:
    image = Image.fromarray(getattr(skimage_photos, name)())
    size = image.width * enlarged, image.height * enlarged
    return image if enlarged == 1 else image.resize(size, Image.Resampling.BICUBIC)


def jpeg(image: Image.Image, **options: Any) -> ImageSource:
    return ImageSource("photo.jpg", encoded(image, "JPEG", **{"quality": 92, **options}))


def both(
    source: ImageSource, preprocessing: Preprocessing = USUAL
) -> tuple[np.ndarray, np.ndarray]:
    exact = read_crop(source, preprocessing, exact=True)
    fast = read_crop(source, preprocessing, exact=False)
    assert (exact.width, exact.height) == (fast.width, fast.height)
    return exact.pixels.astype(int), fast.pixels.astype(int)


@pytest.fixture
def sizes(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """How large the photos were that came out of the decoder."""
    seen: list[tuple[int, int]] = []

    def noting(real: Any) -> Any:
        def crop(image: Image.Image, *more: Any) -> Any:
            seen.append(image.size)
            return real(image, *more)

        return crop

    for name in ("crop_photo", "quick_crop"):
        monkeypatch.setattr(crops, name, noting(getattr(crops, name)))
    return seen


@pytest.mark.parametrize("preprocessing", [USUAL, SMALL, BICUBIC, Preprocessing(0, 224)])
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_exact_is_decoding_and_cropping_and_normalising_is_left(
    kind: str, preprocessing: Preprocessing
) -> None:
    source = ImageSource("a", encoded(skimage_photo("coffee", 2), kind))
    image = decode(source)
    crop = read_crop(source, preprocessing, exact=True)
    side = preprocessing.crop
    assert crop.pixels.shape == (side, side, 3)
    assert crop.pixels.dtype == np.uint8
    assert np.array_equal(crop.pixels, np.asarray(crop_photo(image, preprocessing)))
    x = normalised(np.stack([crop.pixels, crop.pixels]), preprocessing)
    assert x.shape == (2, 3, side, side)
    assert x.flags.c_contiguous
    expected = network_input(image, preprocessing)
    assert all(np.array_equal(row, expected) for row in x)


@pytest.mark.parametrize("preprocessing", [USUAL, BICUBIC], ids=["bilinear", "bicubic"])
@pytest.mark.parametrize(
    ("name", "enlarged"), [*((name, 1) for name in PHOTOS), ("coffee", 3), ("rocket", 3)]
)
def test_fast_is_off_by_a_grey_level_or_two(
    name: str, enlarged: int, preprocessing: Preprocessing, sizes: list[tuple[int, int]]
) -> None:
    photo = skimage_photo(name, enlarged)
    exact, fast = both(jpeg(photo), preprocessing)
    difference = np.abs(exact - fast)
    print(f"{name} x {enlarged}: {difference.mean():.3f}, {difference.max()}")  # noqa: T201
    assert difference.mean() < 0.5
    assert difference.max() <= 8
    full, reduced = sizes
    assert full == photo.size
    assert 512 <= min(reduced) < 1024 or reduced == full


@pytest.mark.parametrize(
    ("side", "decoded_side"),
    [(500, 500), (1023, 1023), (1024, 512), (2047, 1024), (4095, 1024), (4096, 512)],
)
def test_a_jpeg_is_decoded_at_no_less_than_twice_the_target(
    side: int, decoded_side: int, sizes: list[tuple[int, int]]
) -> None:
    source = jpeg(Image.linear_gradient("L").resize((side + 8, side)))
    read_crop(source, USUAL, exact=False)
    read_crop(source, USUAL, exact=True)
    assert min(sizes[0]) == decoded_side
    assert min(sizes[1]) == side


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("size", [(2041, 1033), (1033, 2049), (1409, 1411)])
def test_a_side_that_cannot_be_halved_shifts_nothing(
    size: tuple[int, int], orientation: int
) -> None:
    """The decoder rounds up: its last pixels are filled by the photo in part only, and taken for
    whole ones they would move the picture by up to half a pixel of what the network sees."""
    x = np.linspace(0, 20 * np.pi, size[0])[None, :]
    y = np.linspace(0, 20 * np.pi, size[1])[:, None]
    waves = (127 + 60 * np.sin(x) + 60 * np.sin(y)).astype(np.uint8)
    upright = Image.fromarray(waves).convert("RGB")
    source = jpeg(stored(upright, orientation), exif=exif(orientation))
    exact, fast = both(source, Preprocessing(128, 128))
    assert np.abs(exact - fast).max() <= 3


@pytest.mark.parametrize("size", [(500, 375), (300, 225), (64, 48), (1, 1)])
def test_small_photos_are_decoded_whole(
    size: tuple[int, int], sizes: list[tuple[int, int]]
) -> None:
    exact, fast = both(jpeg(skimage_photo("chelsea").resize(size)))
    assert sizes == [size, size]
    assert np.abs(exact - fast).max() <= 1  # the crop alone is resized: other rounding


@pytest.mark.parametrize(
    "preprocessing",
    [Preprocessing(0, 224), Preprocessing(64, 64, interpolation="nearest")],
    ids=["as it is", "nearest"],
)
def test_where_single_pixels_count_fast_is_exact(preprocessing: Preprocessing) -> None:
    assert reading_side(preprocessing) is None
    exact, fast = both(jpeg(skimage_photo("coffee", 2)), preprocessing)
    assert np.array_equal(exact, fast)


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF", "BMP"])
def test_other_formats_lose_little_too(kind: str) -> None:
    source = ImageSource("a", encoded(skimage_photo("rocket", 2), kind))
    exact, fast = both(source)
    difference = np.abs(exact - fast)
    assert difference.mean() < 0.5
    assert difference.max() <= 8


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_large_jpeg_stands_upright(orientation: int) -> None:
    upright = quadrants(1280, 1040)
    source = jpeg(stored(upright, orientation), exif=exif(orientation))
    crop = read_crop(source, USUAL, exact=False)
    assert (crop.width, crop.height) == upright.size
    colours = [nearest(colour) for colour in corners(Image.fromarray(crop.pixels))]
    assert colours == ["red", "green", "blue", "yellow"]


def test_colours_of_a_large_jpeg_are_as_in_the_exact_one() -> None:
    photo = skimage_photo("coffee", 3)
    red, green, blue = SRGB_PRIMARIES
    swapped = icc_profile("swapped", (blue, green, red))
    plain = read_crop(jpeg(photo), USUAL, exact=True).pixels.astype(int)
    for what, source in {
        "profile": jpeg(photo, icc_profile=swapped),
        "CMYK": jpeg(photo.convert("CMYK")),
        "grey": jpeg(photo.convert("L")),
        "progressive": jpeg(photo, progressive=True),
        "no subsampling": jpeg(photo, subsampling=0),
    }.items():
        exact, fast = both(source)
        assert np.abs(exact - fast).mean() < 0.5, what
        if what in ("profile", "grey"):  # the specimen is one
            assert np.abs(exact - plain).mean() > 4, what


def test_a_large_jpeg_that_ends_early_is_marked() -> None:
    data = encoded(skimage_photo("coffee", 2), "JPEG")
    crop = read_crop(ImageSource("cut.jpg", data[: len(data) // 2]), USUAL, exact=False)
    assert crop.incomplete
    assert (crop.width, crop.height) == (1200, 800)


def test_less_of_the_memory_budget_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[int] = []

    class Noting(MemoryBudget):
        def _take(self, wanted_bytes: int, waits: bool) -> None:
            taken.append(wanted_bytes)
            super()._take(wanted_bytes, waits)

    budget = Noting()
    monkeypatch.setattr("resnet_gui.core.photos.decode.BUDGET", budget)
    source = jpeg(skimage_photo("coffee", 4))
    exact = read_crop(source, USUAL, exact=True)
    fast = read_crop(source, USUAL, exact=False)
    assert isinstance(exact, PhotoCrop)
    assert isinstance(fast, PhotoCrop)
    assert budget.used_bytes == 0
    assert taken == [4 * 2400 * 1600, 4 * 1200 * 800]


def test_readers_of_folders_go_the_same_ways(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(encoded(skimage_photo("coffee", 2), "JPEG"))
    for reader, exact in ((exact_reader, True), (crop_reader, False)):
        expected = read_crop(ImageSource.file(path), USUAL, exact=exact)
        assert np.array_equal(reader(USUAL)(path), expected.pixels)


def test_pictures_for_a_network_need_no_torch(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(encoded(skimage_photo("coffee"), "JPEG"))
    code = (
        "import sys\n"
        "from resnet_gui.core.events import ImageSource\n"
        "from resnet_gui.core.inference import photo_inputs\n"
        "from resnet_gui.core.photos.crops import read_crop\n"
        "from resnet_gui.core.photos.preprocess import normalised\n"
        "from resnet_gui.core.preprocessing import Preprocessing\n"
        "way = Preprocessing(256, 224)\n"
        "crop = read_crop(ImageSource.file(sys.argv[1]), way, exact=False)\n"
        "assert normalised(crop.pixels, way).shape == (3, 224, 224)\n"
        "print([name for name in ('torch', 'torchvision') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_the_exact_way_is_what_it_is_by_name() -> None:
    """No default: who reads for a network says which way."""
    with pytest.raises(TypeError, match="exact"):
        read_crop(jpeg(quadrants()), USUAL)  # type: ignore[call-arg]
    assert reading_side(dataclasses.replace(USUAL, resize=300)) == 600
