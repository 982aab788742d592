"""Transparency, orientation and colour profiles."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageCms

from resnet_gui.core.photos.decode import decode, preview, upright_size
from tests.core.photos.pictures import UPRIGHT, B, G, R, assert_close, of_bytes
from tests.helpers.pictures import (
    BLUE,
    RED,
    corners,
    encoded,
    exif,
    gradient,
    icc_profile,
    nearest,
    quadrants,
    stored,
)

pillow_heif = pytest.importorskip("pillow_heif")


# --- transparency -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "ink"), [("RGBA", (200, 0, 0, 128)), ("LA", (0, 128)), ("RGBA", (9, 9, 9, 0))]
)
@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF", "AVIF", "HEIF"])
def test_alpha_lies_over_white(mode: str, ink: tuple[int, ...], kind: str) -> None:
    photo = Image.new(mode, (32, 32), ink)
    if kind == "HEIF":
        photo = photo.convert("RGBA")  # pillow-heif writes no LA
    share = ink[-1] / 255
    expected = [
        round(c * share + 255 * (1 - share)) for c in photo.convert("RGBA").getpixel((0, 0))[:3]
    ]  # type: ignore[index]
    options = {"lossless": True} if kind == "WEBP" else {}
    got = decode(of_bytes(encoded(photo, kind, **options))).getpixel((16, 16))
    assert np.abs(np.subtract(got, expected)).max() <= 5  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_palette_with_a_transparent_entry(kind: str) -> None:
    photo = Image.new("P", (16, 16), 0)
    photo.putpalette([*RED, *BLUE])
    photo.paste(1, (8, 0, 16, 16))
    image = decode(of_bytes(encoded(photo, kind, transparency=1)))
    assert image.getpixel((2, 2)) == RED
    assert image.getpixel((12, 2)) == (255, 255, 255)


def test_palette_with_half_transparent_entries() -> None:
    photo = Image.new("P", (16, 16), 0)
    photo.putpalette([*RED, *BLUE])
    image = decode(of_bytes(encoded(photo, "PNG", transparency=bytes([128, 255]))))
    expected = [round(c * 128 / 255 + 127) for c in RED]
    assert np.abs(np.subtract(image.getpixel((2, 2)), expected)).max() <= 1  # type: ignore[arg-type]


def test_opaque_alpha_changes_nothing() -> None:
    photo = gradient(40, 30)
    with_alpha = photo.copy()
    with_alpha.putalpha(255)
    assert_close(decode(of_bytes(encoded(with_alpha, "PNG"))), photo, 0)


def test_one_transparent_colour_of_a_grey_or_colour_png() -> None:
    photo = Image.new("RGB", (16, 16), RED)
    photo.paste(BLUE, (8, 0, 16, 16))
    image = decode(of_bytes(encoded(photo, "PNG", transparency=BLUE)))
    assert (image.getpixel((2, 2)), image.getpixel((12, 2))) == (RED, (255, 255, 255))
    grey = Image.new("L", (16, 16), 20)
    grey.paste(90, (8, 0, 16, 16))
    image = decode(of_bytes(encoded(grey, "PNG", transparency=90)))
    assert image.getpixel((2, 2)) == (20, 20, 20)
    assert image.getpixel((12, 2)) == (255, 255, 255)


# --- orientation ------------------------------------------------------------------------------


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF"])
def test_exif_orientation_is_applied_once(kind: str, orientation: int) -> None:
    upright = quadrants(64, 48)
    # As bytes: pillow-heif overlooks the orientation in an Exif object.
    tags = exif(orientation).tobytes()
    data = encoded(stored(upright, orientation), kind, exif=tags)
    source = of_bytes(data)
    image = decode(source)
    assert image.size == upright.size
    assert list(map(nearest, corners(image))) == UPRIGHT
    assert upright_size(source) == upright.size
    small = preview(source, 32)
    assert (small.full_width, small.full_height) == upright.size
    assert (small.width, small.height) == (32, 24)
    shown = Image.frombytes("RGB", (small.width, small.height), small.data)
    assert list(map(nearest, corners(shown))) == UPRIGHT


@pytest.mark.parametrize("value", [0, 9, 65535])
def test_an_orientation_that_means_nothing_is_ignored(value: int) -> None:
    data = encoded(quadrants(), "JPEG", exif=exif(value))
    assert list(map(nearest, corners(decode(of_bytes(data))))) == UPRIGHT
    assert upright_size(of_bytes(data)) == (64, 48)


@pytest.mark.parametrize(
    "junk", [b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0" + b"\xa5" * 60]
)
def test_damaged_exif_does_not_cost_the_photo(junk: bytes) -> None:
    for kind in ("JPEG", "PNG", "WEBP"):
        data = encoded(quadrants(), kind, exif=junk)
        assert list(map(nearest, corners(decode(of_bytes(data))))) == UPRIGHT
        assert upright_size(of_bytes(data)) == (64, 48)
        assert preview(of_bytes(data), 32).width == 32


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF"])
def test_an_icc_profile_is_converted_to_srgb(kind: str) -> None:
    """A profile whose red is sRGB's blue: whoever ignores it sees blue for red."""
    swapped = icc_profile("swapped primaries", (B, G, R))
    photo = Image.new("RGB", (32, 32), (255, 0, 0))
    image = decode(of_bytes(encoded(photo, kind, icc_profile=swapped)))
    red, green, blue = image.getpixel((16, 16))  # type: ignore[misc]
    assert blue > 230
    assert red < 25
    assert green < 25


def test_a_profile_is_used_for_palettes_and_under_transparency() -> None:
    swapped = icc_profile("swapped primaries", (B, G, R))
    palette = Image.new("P", (16, 16), 0)
    palette.putpalette([255, 0, 0])
    assert decode(of_bytes(encoded(palette, "PNG", icc_profile=swapped))).getpixel((8, 8)) == (
        0, 0, 255,
    )  # fmt: skip
    glass = Image.new("RGBA", (16, 16), (255, 0, 0, 128))
    got = decode(of_bytes(encoded(glass, "PNG", icc_profile=swapped))).getpixel((8, 8))
    assert np.abs(np.subtract(got, (127, 127, 255))).max() <= 1  # type: ignore[arg-type]


def test_srgbs_own_profile_changes_no_bit() -> None:
    photo = gradient(64, 48)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    image = decode(of_bytes(encoded(photo, "PNG", icc_profile=profile)))
    assert_close(image, photo, 0)


def test_a_profile_counts_by_what_it_does_not_by_its_name() -> None:
    """“Linear sRGB”, as GIMP and Krita write it, is far from sRGB."""
    linear = icc_profile("sRGB built-in, linear", gamma=1.0)
    photo = Image.new("RGB", (16, 16), (64, 64, 64))
    image = decode(of_bytes(encoded(photo, "PNG", icc_profile=linear)))
    assert abs(image.getpixel((8, 8))[0] - 137) <= 2  # type: ignore[index]


def test_a_profile_of_another_mode_or_damaged_is_ignored() -> None:
    photo = gradient(64, 48)
    grey = photo.convert("L")
    good = icc_profile("wide", (B, G, R))
    for data in (
        encoded(photo, "PNG", icc_profile=b"no profile at all"),
        encoded(photo, "PNG", icc_profile=good[:200]),
        encoded(photo, "PNG", icc_profile=good[:128] + b"\xff" * (len(good) - 128)),
    ):
        assert_close(decode(of_bytes(data)), photo, 0)
    data = encoded(grey, "PNG", icc_profile=good)
    assert_close(decode(of_bytes(data)), grey.convert("RGB"), 0)
