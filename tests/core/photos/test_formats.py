"""Every format and depth gives the pixels that are in it."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from resnet_gui.core.events import ImageSource
from resnet_gui.core.photos.decode import decode
from tests.core.photos.pictures import UPRIGHT, assert_close, of_bytes, pixels
from tests.helpers.pictures import (
    BLUE,
    GREEN,
    RED,
    corners,
    encoded,
    gradient,
    grey_profile,
    nearest,
    png,
    png_chunk,
    quadrants,
)

pillow_heif = pytest.importorskip("pillow_heif")


# --- formats ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "tolerance"),
    [
        ("PNG", 0), ("BMP", 0), ("TIFF", 0), ("PPM", 0), ("JPEG", 4), ("WEBP", 6), ("AVIF", 6),
        ("HEIF", 6), ("JPEG2000", 3), ("GIF", 6),
    ],
)  # fmt: skip
def test_each_format_gives_its_pixels(kind: str, tolerance: float, tmp_path: Path) -> None:
    photo = gradient(96, 64)
    path = tmp_path / "photo"
    photo.save(path, kind, quality=92)
    image = decode(ImageSource.file(path))
    assert_close(image, photo, tolerance)
    assert_close(decode(of_bytes(path.read_bytes())), image, 0)


def test_a_plain_photo_is_what_pillow_gives(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    gradient(120, 80).save(path, quality=80)
    with Image.open(path) as image:
        expected = image.convert("RGB")
    assert np.array_equal(pixels(decode(ImageSource.file(path))), pixels(expected))


def test_progressive_and_subsampled_jpeg() -> None:
    photo = gradient(120, 80)
    data = encoded(photo, "JPEG", quality=90, progressive=True, subsampling="4:2:0")
    assert_close(decode(of_bytes(data)), photo, 6)


@pytest.mark.parametrize("mode", ["L", "1", "P", "YCbCr", "CMYK"])
def test_colour_modes_as_pillow_converts_them(mode: str) -> None:
    photo = gradient(64, 48).convert(mode)
    kind = "JPEG" if mode in ("YCbCr", "CMYK") else "PNG"
    data = encoded(photo, kind)
    with Image.open(io.BytesIO(data)) as image:
        expected = image.convert("RGB")
    assert np.array_equal(pixels(decode(of_bytes(data))), pixels(expected))


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF", "AVIF"])
def test_of_several_frames_the_first(kind: str) -> None:
    frames = [Image.new("RGB", (32, 32), colour) for colour in (RED, GREEN, BLUE)]
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:])
    with Image.open(io.BytesIO(data)) as image:
        assert getattr(image, "n_frames", 1) == 3  # or the test would prove nothing
    image = decode(of_bytes(data))
    assert nearest(image.getpixel((16, 16))) == "red"  # type: ignore[arg-type]


def test_multi_picture_jpeg_gives_the_first() -> None:
    frames = [Image.new("RGB", (32, 32), colour) for colour in (RED, GREEN)]
    data = encoded(frames[0], "MPO", save_all=True, append_images=frames[1:])
    assert nearest(decode(of_bytes(data)).getpixel((9, 9))) == "red"  # type: ignore[arg-type]


def test_cmyk_jpeg_with_adobes_inverted_values() -> None:
    """Adobe stores 255 - ink; Pillow's reader undoes it. Wrongly read, white turns black."""
    photo = quadrants().convert("CMYK")
    data = encoded(photo, "JPEG", quality=95)
    assert b"Adobe" in data  # the marker by which readers know that it is inverted
    assert list(map(nearest, corners(decode(of_bytes(data))))) == UPRIGHT
    white = Image.new("CMYK", (32, 32), (0, 0, 0, 0))
    assert decode(of_bytes(encoded(white, "JPEG"))).getpixel((9, 9)) == (255, 255, 255)


# --- depth ------------------------------------------------------------------------------------


def test_16_bit_grey_png_keeps_its_range() -> None:
    ramp = np.linspace(0, 65535, 256).astype(np.uint16).reshape(1, 256).repeat(8, 0)
    data = encoded(Image.fromarray(ramp), "PNG")
    values = pixels(decode(of_bytes(data)))
    assert np.abs(values[0, :, 0] - np.arange(256)).max() <= 1
    assert np.array_equal(values[..., 0], values[..., 2])


def test_16_bit_rgb_png() -> None:
    samples = np.zeros((4, 256, 3), dtype=">u2")
    samples[..., 0] = np.linspace(0, 65535, 256)
    samples[..., 2] = 65535
    values = pixels(decode(of_bytes(png(256, 4, 16, 2, samples.tobytes()))))
    assert np.abs(values[0, :, 0] - np.arange(256)).max() <= 1
    assert values[..., 1].max() == 0
    assert values[..., 2].min() == 255


def test_16_bit_png_with_alpha_over_white() -> None:
    samples = np.zeros((2, 2, 4), dtype=">u2")
    samples[0, :, 3] = 65535
    values = pixels(decode(of_bytes(png(2, 2, 16, 6, samples.tobytes()))))
    assert values[0].max() == 0
    assert values[1].min() == 255


def test_16_bit_png_with_a_transparent_colour_is_read() -> None:
    samples = np.full((4, 4, 3), 40000, dtype=">u2")
    transparent = png_chunk(b"tRNS", struct.pack(">HHH", 40000, 1, 2))
    image = decode(of_bytes(png(4, 4, 16, 2, samples.tobytes(), transparent)))
    assert abs(image.getpixel((0, 0))[0] - 40000 / 257) <= 1  # type: ignore[index]
    grey = np.full((4, 4), 40000, dtype=">u2")
    transparent = png_chunk(b"tRNS", struct.pack(">H", 3))
    image = decode(of_bytes(png(4, 4, 16, 0, grey.tobytes(), transparent)))
    assert abs(image.getpixel((0, 0))[0] - 40000 / 257) <= 1  # type: ignore[index]


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_shallow_grey_png_spans_black_to_white(depth: int) -> None:
    per_row = 8 * depth // 8
    rows = (b"\x00" * per_row) + (b"\xff" * per_row)
    values = pixels(decode(of_bytes(png(8, 2, depth, 0, rows))))
    assert values[0].max() == 0
    assert values[1].min() == 255


@pytest.mark.parametrize("order", ["<u2", ">u2"])
def test_16_bit_tiff_of_both_byte_orders(order: str, tmp_path: Path) -> None:
    tifffile = pytest.importorskip("tifffile")
    ramp = np.linspace(0, 65535, 256).astype(order).reshape(1, 256).repeat(4, 0)
    path = tmp_path / "deep.tif"
    tifffile.imwrite(path, ramp, byteorder=order[0], photometric="minisblack")
    values = pixels(decode(ImageSource.file(path)))
    assert np.abs(values[0, :, 0] - np.arange(256)).max() <= 1


@pytest.mark.parametrize(
    ("values", "darkest", "brightest"),
    [
        (np.array([[0.0, 0.5, 1.0]], dtype=np.float32), 0, 255),
        (np.array([[-3.0, 0.0, 3.0]], dtype=np.float32), 0, 255),
        (np.array([[0.0, 0.25, 0.5]], dtype=np.float32), 0, 127),
        (np.array([[0, 128, 255]], dtype=np.int32), 0, 255),
        (np.array([[0, 30000, 65535]], dtype=np.int32), 0, 255),
        (np.array([[-100000, 0, 100000]], dtype=np.int32), 0, 255),
        (np.array([[7, 7, 7]], dtype=np.int32), 7, 7),
    ],
)
def test_32_bit_tiff(values: np.ndarray, darkest: int, brightest: int) -> None:
    image = decode(of_bytes(encoded(Image.fromarray(values), "TIFF")))
    got = pixels(image)[0, :, 0]
    assert (got[0], got[-1]) == (darkest, brightest)
    assert list(got) == sorted(got)


def test_a_grey_profile_and_a_grey_photo() -> None:
    """A gamma of 1 lifts the middle, in every channel alike; sRGB's own curve changes nothing."""
    ramp = Image.fromarray(np.arange(256, dtype=np.uint8).reshape(16, 16))
    for gamma, middle in ((1.0, 188), (2.2, 128)):
        data = encoded(ramp, "PNG", icc_profile=grey_profile(gamma))
        values = pixels(decode(of_bytes(data)))
        assert np.abs(values[8, 0] - middle).max() <= 2


def test_a_few_values_that_are_no_numbers_do_not_blacken_a_float_tiff() -> None:
    values = np.linspace(-5, 5, 100, dtype=np.float32).reshape(10, 10)
    values[0, 0], values[5, 5], values[9, 9] = -np.inf, np.nan, np.inf
    got = pixels(decode(of_bytes(encoded(Image.fromarray(values), "TIFF"))))[..., 0]
    assert got[0, 0] == 0
    assert got[9, 9] == 255
    assert 110 < got[4, 9] < 145  # the middle stays the middle


def test_lab_tiff() -> None:
    photo = quadrants()
    to_lab = ImageCms.buildTransform(
        ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB"
    )
    lab = ImageCms.applyTransform(photo, to_lab)
    assert lab is not None
    assert_close(decode(of_bytes(encoded(lab, "TIFF"))), photo, 2)
