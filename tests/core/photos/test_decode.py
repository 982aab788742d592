"""Decoding: every format upright, in sRGB, 8 bits; every broken file a named error."""

from __future__ import annotations

import io
import os
import struct
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from resnet_gui.core.errors import (
    CorruptImageError,
    ImageReadError,
    ImageTooLargeError,
    UnsupportedImageError,
)
from resnet_gui.core.events import ImageSource
from resnet_gui.core.photos import decode as imaging
from resnet_gui.core.photos.decode import decode, looks_like_image, preview, upright_size
from tests.helpers.pictures import (
    BLUE,
    GREEN,
    RED,
    SRGB_PRIMARIES,
    YELLOW,
    corners,
    encoded,
    exif,
    gradient,
    grey_profile,
    icc_profile,
    nearest,
    png,
    png_chunk,
    quadrants,
    stored,
)

pillow_heif = pytest.importorskip("pillow_heif")
UPRIGHT = ["red", "green", "blue", "yellow"]


def of_bytes(data: bytes, name: str = "pasted") -> ImageSource:
    return ImageSource(name, data)


def pixels(image: Image.Image) -> np.ndarray:
    assert image.mode == "RGB"
    return np.asarray(image).astype(int)


def assert_close(image: Image.Image, expected: Image.Image, tolerance: float) -> None:
    """The mean difference: a codec's loss is small everywhere, a wrong colour is not."""
    assert image.size == expected.size
    assert np.abs(pixels(image) - pixels(expected)).mean() <= tolerance


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


# --- colour -----------------------------------------------------------------------------------

R, G, B = SRGB_PRIMARIES


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


# --- what is refused --------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".nef", ".CR3", ".dng"])
def test_camera_raw_is_refused_with_what_to_do(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"IMG_1{suffix}"
    Image.new("RGB", (8, 8)).save(path, "TIFF")  # most are TIFF files with a tiny picture in front
    for source in (ImageSource.file(path), of_bytes(path.read_bytes(), path.name)):
        with pytest.raises(UnsupportedImageError, match=r"RAW.*Export it as JPEG"):
            decode(source)
        with pytest.raises(UnsupportedImageError, match="RAW"):
            upright_size(source)


def test_text_that_calls_itself_a_photo(tmp_path: Path) -> None:
    path = tmp_path / "notes.jpg"
    path.write_text("milk, eggs, bread\n" * 50)
    with pytest.raises(UnsupportedImageError, match=r"notes\.jpg is not a photo"):
        decode(ImageSource.file(path))


def test_svg_and_eps_are_not_run(tmp_path: Path) -> None:
    path = tmp_path / "drawing.svg"
    path.write_text("<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>")
    with pytest.raises(UnsupportedImageError):
        decode(ImageSource.file(path))
    # Pillow would hand EPS to Ghostscript: a program that runs what is in the file.
    eps = encoded(Image.new("RGB", (8, 8)), "EPS")
    with pytest.raises(UnsupportedImageError):
        decode(of_bytes(eps))


def test_an_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "empty.png"
    path.touch()
    with pytest.raises(CorruptImageError, match=r"empty\.png is empty \(0 bytes\)"):
        decode(ImageSource.file(path))
    with pytest.raises(CorruptImageError, match="empty"):
        decode(of_bytes(b""))


@pytest.mark.parametrize("kind", ["AVIF", "HEIF", "JPEG2000"])
def test_a_truncated_file_of_which_nothing_can_be_shown(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "half.img"
    data = encoded(gradient(200, 150), kind)
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(ImageReadError, match=r"half\.img"):
        decode(ImageSource.file(path))


def test_a_missing_file(tmp_path: Path) -> None:
    path = tmp_path / "gone.jpg"
    for read in (decode, upright_size, lambda source: preview(source, 9)):
        with pytest.raises(ImageReadError, match=r"gone\.jpg is not there") as caught:
            read(ImageSource.file(path))
        assert caught.value.name == str(path)


def test_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "holiday.jpg"
    folder.mkdir()
    with pytest.raises(UnsupportedImageError, match=r"holiday.jpg is a folder"):
        decode(ImageSource.file(folder))


@pytest.mark.parametrize("name", ["a\0b.jpg", "x" * 5000 + ".jpg", "\ud800.jpg", "", "/"])
def test_names_that_no_file_can_have(name: str) -> None:
    for read in (decode, upright_size, lambda source: preview(source, 9)):
        with pytest.raises(ImageReadError):
            read(ImageSource(name))


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("no pipes in folders here")
    path = tmp_path / "pipe.jpg"
    os.mkfifo(path)
    with pytest.raises(ImageReadError, match=r"pipe.jpg"):
        decode(ImageSource.file(path))


@pytest.mark.skipif(not hasattr(os, "seteuid"), reason="no users to change to here")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = tmp_path / "secret.jpg"
    path.write_bytes(encoded(gradient(8, 8), "JPEG"))
    path.chmod(0)
    closed = tmp_path / "closed"
    closed.mkdir()
    (closed / "inside.jpg").write_bytes(b"x")
    closed.chmod(0)
    was_root = os.geteuid() == 0
    try:
        if was_root:
            for folder in (tmp_path, *tmp_path.parents):
                if folder.stat().st_mode & 0o001 == 0 and folder.is_relative_to("/tmp"):
                    folder.chmod(folder.stat().st_mode | 0o011)
            os.seteuid(65534)
        with pytest.raises(ImageReadError, match=r"secret.jpg may not be read.*permissions"):
            decode(ImageSource.file(path))
        with pytest.raises(ImageReadError, match=r"inside.jpg may not be read.*permissions"):
            decode(ImageSource.file(closed / "inside.jpg"))
    finally:
        if was_root:
            os.seteuid(0)
        closed.chmod(0o700)


@pytest.mark.parametrize("read", [decode, lambda source: preview(source, 100)])
def test_a_decompression_bomb_is_refused_before_a_pixel_is_made(
    read: Callable[[ImageSource], object],
) -> None:
    bomb = png(60_000, 60_000, 8, 2, b"\0" * 60_000)
    with pytest.raises(ImageTooLargeError, match=r"3,600 megapixels.*Scale it down"):
        read(of_bytes(bomb, "bomb.png"))
    # A header that cannot be true is refused as well, whatever the format.
    gif = bytearray(encoded(Image.new("P", (4, 4)), "GIF"))
    gif[6:10] = b"\xff\xff\xff\xff"
    with pytest.raises(ImageReadError):
        read(of_bytes(bytes(gif)))


def test_the_pixel_limit_can_be_set() -> None:
    data = encoded(gradient(40, 30), "PNG")
    assert decode(of_bytes(data), max_pixels=1200).size == (40, 30)
    with pytest.raises(ImageTooLargeError):
        decode(of_bytes(data), max_pixels=1199)


def test_a_bad_file_named_like_a_url_says_its_name() -> None:
    with pytest.raises(ImageReadError, match=r"https://example\.org/cat"):
        decode(of_bytes(b"<html>", "https://example.org/cat"))


# --- the fast way -----------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_draft_is_close_and_large_enough(mode: str) -> None:
    photo = gradient(1600, 1200).convert(mode)
    source = of_bytes(encoded(photo, "JPEG", quality=92))
    exact, draft = decode(source), decode(source, at_least=256)
    assert min(draft.size) >= 256
    assert draft.size == (400, 300)
    reduced = exact.resize(draft.size, Image.Resampling.BOX)
    assert_close(draft, reduced, 2)


def test_draft_never_falls_below_what_was_asked() -> None:
    source = of_bytes(encoded(gradient(300, 200), "JPEG"))
    assert decode(source, at_least=150).size == (300, 200)
    assert decode(source, at_least=100).size == (150, 100)
    assert decode(source, at_least=5000).size == (300, 200)
    assert decode(of_bytes(encoded(gradient(300, 200), "PNG")), at_least=50).size == (300, 200)


def test_draft_of_a_turned_photo_stands_upright() -> None:
    data = encoded(stored(quadrants(800, 600), 6), "JPEG", exif=exif(6))
    image = decode(of_bytes(data), at_least=100)
    assert image.size == (200, 150)
    assert list(map(nearest, corners(image))) == UPRIGHT


@pytest.mark.parametrize("size", [(1, 1), (1, 900), (900, 1), (37, 500)])
def test_preview_of_any_shape(size: tuple[int, int]) -> None:
    shown = preview(of_bytes(encoded(gradient(*size), "PNG")), 100)
    assert max(shown.width, shown.height) <= 100
    assert min(shown.width, shown.height) >= 1
    assert len(shown.data) == shown.width * shown.height * 3
    assert (shown.full_width, shown.full_height) == size


def test_preview_does_not_enlarge() -> None:
    shown = preview(of_bytes(encoded(gradient(40, 30), "PNG")), 1000)
    assert (shown.width, shown.height) == (40, 30)


# --- nothing else escapes ---------------------------------------------------------------------


def _specimens() -> list[bytes]:
    photo = gradient(48, 36)
    swapped = icc_profile("swapped", (B, G, R))
    with_alpha = photo.copy()
    with_alpha.putalpha(100)
    return [
        encoded(photo, "JPEG", exif=exif(6), icc_profile=swapped),
        encoded(photo, "JPEG", progressive=True),
        encoded(photo.convert("CMYK"), "JPEG"),
        encoded(photo, "PNG", exif=exif(6), icc_profile=swapped),
        encoded(with_alpha, "PNG"),
        encoded(photo.convert("P"), "PNG", transparency=3),
        encoded(Image.fromarray(np.zeros((9, 9), np.uint16)), "PNG"),
        encoded(photo, "GIF"),
        encoded(with_alpha, "WEBP", exif=exif(6)),
        encoded(photo, "TIFF", exif=exif(6)),
        encoded(photo, "TIFF", compression="tiff_lzw"),
        encoded(photo, "BMP"),
        encoded(photo, "AVIF", exif=exif(6)),
        encoded(photo, "HEIF", exif=exif(6)),
        encoded(photo, "JPEG2000"),
    ]


SPECIMENS = _specimens()


@settings(max_examples=400, deadline=None, derandomize=True)
@given(data=st.data())
def test_whatever_happens_to_a_file_it_is_read_or_named(data: st.DataObject) -> None:
    """Cut off anywhere, bits flipped anywhere: an image or an ImageReadError, never a warning."""
    raw = bytearray(data.draw(st.sampled_from(SPECIMENS)))
    # Half of the damage to the first bytes, where the headers are.
    anywhere = st.integers(0, len(raw) - 1)
    place = st.one_of(st.integers(0, min(200, len(raw) - 1)), anywhere)
    for position in data.draw(st.lists(place, max_size=8)):
        raw[position] ^= 1 << data.draw(st.integers(0, 7))
    if data.draw(st.booleans()):
        del raw[data.draw(anywhere) :]
    source = of_bytes(bytes(raw))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for read in (
            lambda: decode(source, max_pixels=2_000_000),
            lambda: upright_size(source),
        ):
            try:
                read()
            except ImageReadError as error:
                assert str(error)  # noqa: PT017 - reading may also succeed


def test_decoding_in_two_threads_leaves_the_warning_filters_alone() -> None:
    """Pillow's warnings are silenced while a photo is read. Where two reads overlap, the filters
    that the first one saved must not come back while the second still reads, nor its own stay."""
    before = list(warnings.filters)
    source = of_bytes(encoded(gradient(8, 8), "PNG"))
    first, second = imaging._opened(source), imaging._opened(source)
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    warnings.warn("Pillow says something", UserWarning, stacklevel=1)  # still silent
    second.__exit__(None, None, None)
    assert warnings.filters == before


# --- names ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.jpg", True), ("a.JPEG", True), ("a.heic", True), ("a.nef", True), ("a.webp", True),
        ("a.txt", False), ("a", False), (".a.jpg", False), ("a.jpg.part", False), ("a.svg", False),
    ],
)  # fmt: skip
def test_which_names_look_like_photos(name: str, expected: bool) -> None:
    assert looks_like_image(Path(name)) is expected


def test_yellow_is_used() -> None:
    assert corners(quadrants())[3] == YELLOW
