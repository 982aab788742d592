"""Photos that end early: shown as far as they go, and marked. Damage and kinds that are not read
are named."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFile

from resnet_gui.core.errors import CorruptImageError, ImageReadError, UnsupportedImageError
from resnet_gui.core.events import ImageSource
from resnet_gui.core.photos.decode import DecodedPhoto, decode, decoded, preview, upright_size
from tests.helpers.pictures import encoded, exif, gradient, png_chunk, quadrants, stored

WIDTH, HEIGHT = 200, 150


def read(data: bytes, name: str = "cut.img") -> DecodedPhoto:
    with decoded(ImageSource(name, data)) as photo:
        return DecodedPhoto(photo.image.copy(), photo.width, photo.height, photo.incomplete)


def tiff(image: Image.Image, compression: int, rows_per_strip: int) -> bytes:
    """A striped RGB TIFF whose directory stands in front, as cameras and scanners write it."""
    import zlib

    pixels = np.asarray(image)
    height, width, _ = pixels.shape
    strips = [
        pixels[top : top + rows_per_strip].tobytes() for top in range(0, height, rows_per_strip)
    ]
    if compression == 8:
        strips = [zlib.compress(strip) for strip in strips]
    count = len(strips)
    entries = 9
    after = 8 + 2 + 12 * entries + 4
    bits, starts, lengths = after, after + 6, after + 6 + 4 * count
    data = after + 6 + 8 * count
    offsets = [data + sum(len(s) for s in strips[:n]) for n in range(count)]
    tags = [
        (256, 4, 1, width), (257, 4, 1, height), (258, 3, 3, bits), (259, 3, 1, compression),
        (262, 3, 1, 2), (273, 4, count, starts), (277, 3, 1, 3), (278, 4, 1, rows_per_strip),
        (279, 4, count, lengths),
    ]  # fmt: skip
    head = b"II*\0" + struct.pack("<IH", 8, entries)
    for tag, kind, number, value in tags:
        head += struct.pack("<HHI", tag, kind, number)
        head += (
            struct.pack("<HH", value, 0) if (kind, number) == (3, 1) else struct.pack("<I", value)
        )
    head += struct.pack("<I", 0) + struct.pack("<HHH", 8, 8, 8)
    head += struct.pack(f"<{count}I", *offsets) + struct.pack(f"<{count}I", *map(len, strips))
    return head + b"".join(strips)


PHOTO = gradient(WIDTH, HEIGHT)
WITH_ALPHA = PHOTO.copy()
WITH_ALPHA.putalpha(200)
WHOLE = {
    "jpeg": encoded(PHOTO, "JPEG", quality=90),
    "jpeg, progressive": encoded(PHOTO, "JPEG", quality=90, progressive=True),
    "png": encoded(PHOTO, "PNG"),
    "webp": encoded(PHOTO, "WEBP", quality=95),
    "webp, lossless": encoded(PHOTO, "WEBP", lossless=True),
    "webp, alpha": encoded(WITH_ALPHA, "WEBP", quality=95),
    "gif": encoded(PHOTO, "GIF"),
    "tiff": encoded(PHOTO, "TIFF"),
    "tiff, in strips": tiff(PHOTO, 1, 16),
    "tiff, packed strips": tiff(PHOTO, 8, 16),
    "bmp": encoded(PHOTO, "BMP"),
    "ppm": encoded(PHOTO, "PPM"),
    "tga": encoded(PHOTO, "TGA"),
}


@pytest.mark.parametrize("kind", WHOLE)
def test_whole_photos_are_not_marked(kind: str) -> None:
    photo = read(WHOLE[kind], "whole.tga" if kind == "tga" else "whole.img")
    assert not photo.incomplete
    assert (photo.width, photo.height) == (WIDTH, HEIGHT) == photo.image.size


@pytest.mark.parametrize("kind", WHOLE)
def test_a_photo_that_ends_early_is_read_as_far_as_it_goes(kind: str) -> None:
    data, name = WHOLE[kind], "cut.tga" if kind == "tga" else "cut.img"
    source = ImageSource(name, data[: len(data) * 7 // 10])
    photo = read(source.data or b"", name)
    assert photo.incomplete
    assert (photo.width, photo.height) == (WIDTH, HEIGHT) == photo.image.size
    assert upright_size(source) == (WIDTH, HEIGHT)
    shown = preview(source, 50)
    assert (shown.full_width, shown.full_height) == (WIDTH, HEIGHT)
    # What is there is right: the upper rows (BMP and TGA are stored from below), or of a
    # progressive JPEG a blurred whole.
    whole = np.asarray(read(data, name).image).astype(int)
    got = np.asarray(photo.image).astype(int)
    rows = slice(-HEIGHT // 4, None) if kind in ("bmp", "tga") else slice(0, HEIGHT // 4)
    assert np.abs(got[rows] - whole[rows]).mean() <= (12 if "progressive" in kind else 1)
    assert np.abs(got - whole).mean() > 0.1


def test_no_row_at_all_is_an_error() -> None:
    jpeg = WHOLE["jpeg"]
    scan = jpeg.index(b"\xff\xda")
    png = WHOLE["png"]
    for data in (
        jpeg[: scan + 14],
        png[: png.index(b"IDAT") + 6],
        WHOLE["webp"][:40],
        tiff(PHOTO, 8, HEIGHT)[:400],
        WHOLE["bmp"][:60],
    ):
        with pytest.raises(CorruptImageError, match=r"cut\.img is damaged or cut off"):
            read(data)


def test_damage_in_the_middle_is_still_an_error() -> None:
    data = bytearray(WHOLE["png"])
    middle = len(data) // 2
    data[middle : middle + 40] = bytes(40)
    with pytest.raises(CorruptImageError):
        read(bytes(data))


def test_an_incomplete_photo_stands_upright_and_small_ones_too() -> None:
    data = encoded(stored(quadrants(1600, 1200), 6), "JPEG", exif=exif(6), quality=95)
    with decoded(ImageSource("cut.jpg", data[:-300]), at_least=100) as photo:
        assert photo.incomplete
        assert (photo.width, photo.height) == (1600, 1200)
        assert photo.image.size == (200, 150)


def test_it_is_decided_photo_by_photo_in_many_threads() -> None:
    """Pillow's switch for this belongs to the whole process; it stays as it is."""
    jobs = [(kind, cut) for kind in ("jpeg", "png", "tiff", "gif") for cut in (True, False)] * 20

    def is_marked(kind: str, cut: bool) -> bool:
        data = WHOLE[kind]
        return read(data[: len(data) * 6 // 10] if cut else data).incomplete

    with ThreadPoolExecutor(8) as pool:
        marked = list(pool.map(is_marked, *zip(*jobs, strict=True)))
    assert marked == [cut for _, cut in jobs]
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False


# --- kinds that are not read ----------------------------------------------------------------------


def bmp(bits: int, compression: int) -> bytes:
    header = struct.pack("<IiiHHIIiiII", 40, 8, 8, 1, bits, compression, 64, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54 + 64, 0, 0, 54) + header + bytes(64)


def odd_tiff(**changed: int) -> bytes:
    """A TIFF with other values in its directory. changed: "t262" -> value."""
    data = bytearray(tiff(PHOTO, 1, HEIGHT))
    for n in range(9):
        place = 10 + 12 * n
        tag = struct.unpack_from("<H", data, place)[0]
        if f"t{tag}" in changed:
            struct.pack_into("<H", data, place + 8, changed[f"t{tag}"])
    return bytes(data)


PSD_OF_16_BITS = b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, 9, 9, 16, 3) + bytes(500)
ODD_DDS = b"DDS " + struct.pack("<IIII", 124, 7, 9, 9) + bytes(56)
ODD_DDS += struct.pack("<II4s", 32, 4, b"ABCD") + bytes(99)


@pytest.mark.parametrize(
    ("data", "kind", "reason"),
    [
        (bmp(24, 7), "BMP", "compression"),
        (bmp(13, 0), "BMP", "pixel depth"),
        (WHOLE["jpeg"].replace(b"\xff\xc0\0\x11\x08", b"\xff\xc0\0\x11\x0c"), "JPEG", "12-bit"),
        (odd_tiff(t262=32000), "TIFF", "unknown pixel mode"),
        (odd_tiff(t259=34712), "TIFF", "compression 34712"),
        (PSD_OF_16_BITS, "PSD", "16 bits"),
        (ODD_DDS, "DDS", "pixel format"),
    ],
)  # fmt: skip
def test_an_unsupported_kind_says_so(data: bytes, kind: str, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "odd.img"
    path.write_bytes(data)
    for source in (ImageSource.file(path), ImageSource("odd.img", data)):
        with pytest.raises(UnsupportedImageError, match=f"odd.img is a kind of {kind}") as caught:
            decode(source)
        assert reason in str(caught.value)
        assert "damaged" not in str(caught.value)
        with pytest.raises(UnsupportedImageError, match=f"a kind of {kind}"):
            upright_size(source)


def test_a_tiff_packed_in_a_way_that_pillow_lacks_says_so() -> None:
    """Its header is read well; libtiff was built without this compression."""
    with pytest.raises(UnsupportedImageError, match=r"a kind of TIFF .*\(unsupported compression"):
        read(odd_tiff(t259=50001))


def test_a_known_format_with_a_broken_header_is_damaged_not_unknown() -> None:
    data = encoded(PHOTO, "TIFF", compression="tiff_lzw")
    with pytest.raises(CorruptImageError, match=r"damaged or cut off"):
        read(data[: len(data) // 2])  # Pillow writes the directory behind the pixels


# --- TGA, PSD, ICO, DDS ---------------------------------------------------------------------------


def psd(image: Image.Image) -> bytes:
    """A flattened Photoshop file, as few bytes as it needs."""
    channels = image.split()
    head = b"8BPS" + struct.pack(">H6xHIIHH", 1, len(channels), image.height, image.width, 8, 3)
    return head + bytes(12) + b"\0\0" + b"".join(channel.tobytes() for channel in channels)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
@pytest.mark.parametrize("kind", ["TGA", "DDS", "ICO", "PSD"])
def test_more_formats_open_as_pillow_reads_them(kind: str, mode: str, tmp_path: Path) -> None:
    if (kind, mode) == ("PSD", "L"):
        mode = "RGB"
    photo = gradient(64, 48).convert(mode)
    path = tmp_path / f"photo.{kind.lower()}"
    path.write_bytes(psd(photo) if kind == "PSD" else encoded(photo, kind))
    with Image.open(path) as image:
        image.load()
        expected = image.convert("RGBA") if "A" in image.mode else image.convert("RGB")
    if expected.mode == "RGBA":
        white = Image.new("RGB", expected.size, (255, 255, 255))
        white.paste(expected, mask=expected.getchannel("A"))
        expected = white
    for source in (ImageSource.file(path), ImageSource(path.name, path.read_bytes())):
        with decoded(source) as got:
            assert np.abs(np.asarray(got.image).astype(int) - np.asarray(expected)).max() <= 1
            assert not got.incomplete


@pytest.mark.parametrize("order", ["RGB", "BGR", "RGBA", "BGRA"])
def test_uncompressed_dds_is_what_pillows_slow_decoder_gives(order: str) -> None:
    shifts = {"R": 0, "G": 8, "B": 16} if order.startswith("R") else {"B": 0, "G": 8, "R": 16}
    masks = [0xFF << shifts[band] for band in "RGB"] + [0xFF000000 if "A" in order else 0]
    bits = 32 if "A" in order else 24
    pixels = np.random.default_rng(1).integers(0, 256, (9, 7, bits // 8), np.uint8).tobytes()
    flags = 0x41 if "A" in order else 0x40
    data = b"DDS " + struct.pack("<7I44x", 124, 0x100F, 9, 7, 0, 0, 0)
    data += struct.pack("<4I4I5I", 32, flags, 0, bits, *masks, 0x1000, 0, 0, 0, 0) + pixels
    with Image.open(io.BytesIO(data)) as image:
        expected = image.convert("RGBA")
    white = Image.new("RGB", expected.size, (255, 255, 255))
    expected = Image.composite(expected.convert("RGB"), white, expected.getchannel("A"))
    assert read(data).image.tobytes() == expected.tobytes()


def test_an_icon_with_a_bomb_inside_is_refused_before_it_is_decoded() -> None:
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + png_chunk(b"IDAT", b"x")
    bmp_bomb = struct.pack("<IiiHHIIiiII", 40, 60_000, 120_000, 1, 24, 0, 0, 0, 0, 0, 0)
    for inside in (bomb, bmp_bomb):
        icon = (
            b"\0\0\1\0\1\0" + struct.pack("<BBBBHHII", 0, 0, 0, 0, 1, 32, len(inside), 22) + inside
        )
        with pytest.raises(ImageReadError, match="60,000"):
            read(icon)


def test_a_text_is_not_taken_for_a_tga() -> None:
    for text in (b"\x00\x00\x02" + b"milk, eggs, bread" * 20, b"\0\1\1" + bytes(200)):
        with pytest.raises(UnsupportedImageError, match="is not a photo"):
            read(text, "notes.jpg")


# --- stderr ---------------------------------------------------------------------------------------


def test_nothing_of_the_decoders_comes_to_stderr(tmp_path: Path) -> None:
    """libtiff writes to the descriptor itself; Pillow logs; both in a process of their own."""
    packed = bytearray(tiff(PHOTO, 8, 16))
    packed[400:4000] = bytes(3600)
    too_many = bytearray(tiff(PHOTO, 1, HEIGHT))
    struct.pack_into("<H", too_many, 10 + 12 * 6 + 8, 60_000)
    jpeg = bytearray(WHOLE["jpeg"])
    jpeg[700:900] = bytes(200)
    png = bytearray(WHOLE["png"])
    png[200:300] = bytes(100)
    files = {
        "packed.tif": bytes(packed), "samples.tif": bytes(too_many), "noise.jpg": bytes(jpeg),
        "noise.png": bytes(png), "cut.tif": tiff(PHOTO, 8, 16)[:9000],
        "jpeg.tif": encoded(PHOTO, "TIFF", compression="jpeg").replace(b"\xff\xda", b"\xff\xdb"),
        "cut.jp2": encoded(PHOTO, "JPEG2000")[:3000], "cut.avif": encoded(PHOTO, "AVIF")[:900],
    }  # fmt: skip
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    code = """
import sys
from pathlib import Path
from resnet_gui.core.errors import ImageReadError
from resnet_gui.core.photos.decode import decode, upright_size
from resnet_gui.core.events import ImageSource
for path in sorted(Path(sys.argv[1]).iterdir()):
    for source in (ImageSource.file(path), ImageSource(path.name, path.read_bytes())):
        for read in (decode, upright_size):
            try:
                read(source)
            except ImageReadError:
                pass
print("read all")
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, timeout=60, check=False
    )
    assert done.stdout == b"read all\n" or os.linesep != "\n"
    assert done.returncode == 0
    assert done.stderr == b""


def test_where_libtiffs_messages_cannot_be_turned_off_they_are_led_away(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """As on Windows, where its functions cannot be reached."""
    from resnet_gui.core.photos import load as imaging_load

    monkeypatch.setattr(imaging_load, "_libtiff_is_silent", lambda: False)
    image = type("Tiff", (), {"format": "TIFF"})()
    with imaging_load._quiet(image):
        os.write(2, b"libtiff says something")
    os.write(2, b"still there")
    assert capfd.readouterr().err == "still there"
