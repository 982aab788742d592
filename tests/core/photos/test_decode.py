"""What is refused, and why; the fast way; nothing but named errors escapes."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from resnet_gui.core.errors import (
    CorruptImageError,
    ImageReadError,
    ImageTooLargeError,
    UnsupportedImageError,
)
from resnet_gui.core.events import ImageSource
from resnet_gui.core.photos import decode as imaging
from resnet_gui.core.photos.decode import decode, looks_like_image, preview, upright_size
from tests.core.photos.pictures import UPRIGHT, B, G, R, assert_close, of_bytes
from tests.helpers.pictures import (
    YELLOW,
    corners,
    encoded,
    exif,
    gradient,
    icc_profile,
    nearest,
    png,
    quadrants,
    stored,
)

pillow_heif = pytest.importorskip("pillow_heif")


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
