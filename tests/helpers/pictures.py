"""Small photos made on the spot, in every format and with every trap the decoder has to know."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
from PIL import Image

Colour = tuple[int, int, int]

RED, GREEN, BLUE, YELLOW = (220, 30, 30), (30, 190, 40), (30, 40, 210), (230, 220, 40)
# sRGB's primaries as a profile stores them (D50).
SRGB_PRIMARIES = ((0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141))

# What EXIF orientation n means: how the stored pixels have to be turned to stand upright.
_TO_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_FROM_UPRIGHT = {
    **_TO_UPRIGHT,
    6: Image.Transpose.ROTATE_90,
    8: Image.Transpose.ROTATE_270,
}


def quadrants(width: int = 64, height: int = 48) -> Image.Image:
    """Red, green / blue, yellow: no turn or flip of it looks like another."""
    image = Image.new("RGB", (width, height), RED)
    image.paste(GREEN, (width // 2, 0, width, height // 2))
    image.paste(BLUE, (0, height // 2, width // 2, height))
    image.paste(YELLOW, (width // 2, height // 2, width, height))
    return image


def corners(image: Image.Image) -> list[Colour]:
    """The colours in the middle of the four quadrants, row by row."""
    width, height = image.size
    return [
        image.getpixel((width * x // 4, height * y // 4))  # type: ignore[misc]
        for y in (1, 3)
        for x in (1, 3)
    ]


def nearest(colour: Colour) -> str:
    """Which of the four colours this is, after a lossy format."""
    names = {"red": RED, "green": GREEN, "blue": BLUE, "yellow": YELLOW}
    return min(
        names, key=lambda name: sum(abs(a - b) for a, b in zip(colour, names[name], strict=True))
    )


def stored(upright: Image.Image, orientation: int) -> Image.Image:
    """The pixels as a camera that was held so writes them."""
    turn = _FROM_UPRIGHT.get(orientation)
    return upright if turn is None else upright.transpose(turn)


def exif(orientation: int) -> Image.Exif:
    tags = Image.Exif()
    tags[0x0112] = orientation
    return tags


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def gradient(width: int, height: int, seed: int = 0) -> Image.Image:
    """Smooth colours with some noise: compresses like a photo, and every pixel differs."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    pixels = np.stack(
        [
            x * 255 / max(1, width - 1),
            y * 255 / max(1, height - 1),
            128 + 100 * np.sin(x / 9.0 + seed) * np.cos(y / 7.0),
        ],
        axis=-1,
    )
    pixels += rng.normal(0, 4, pixels.shape)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def icc_profile(
    description: str,
    primaries: tuple[tuple[float, float, float], ...] = SRGB_PRIMARIES,
    gamma: float = 2.2,
) -> bytes:
    """A matrix/TRC RGB profile of version 2, byte by byte: Pillow makes only sRGB's."""
    return _profile(
        b"RGB ",
        description,
        {
            **dict(zip((b"rXYZ", b"gXYZ", b"bXYZ"), map(_xyz, primaries), strict=True)),
            **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), _curve(gamma)),
        },
    )


def grey_profile(gamma: float) -> bytes:
    return _profile(b"GRAY", f"grey, gamma {gamma}", {b"kTRC": _curve(gamma)})


def _profile(space: bytes, description: str, more: dict[bytes, bytes]) -> bytes:
    text = description.encode("ascii") + b"\0"
    desc = b"desc\0\0\0\0" + struct.pack(">I", len(text)) + text + b"\0" * 78
    desc += b"\0" * (-len(desc) % 4)
    tags = {
        b"desc": desc,
        b"wtpt": _xyz((0.9642, 1.0, 0.8249)),
        **more,
        b"cprt": b"text\0\0\0\0none\0\0\0\0",
    }
    table, data = b"", b""
    start = 128 + 4 + 12 * len(tags)
    for name, value in tags.items():
        table += name + struct.pack(">II", start + len(data), len(value))
        data += value
    header = struct.pack(">I", start + len(data)) + b"\0\0\0\0\x02\x20\0\0mntr" + space + b"XYZ "
    header += struct.pack(">6H", 2024, 1, 1, 0, 0, 0) + b"acsp" + b"\0" * 28
    header += struct.pack(">iii", 63190, 65536, 54061)
    return header.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + data


def _xyz(value: tuple[float, float, float]) -> bytes:
    return b"XYZ \0\0\0\0" + b"".join(struct.pack(">i", round(v * 65536)) for v in value)


def _curve(gamma: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"


def png_chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width: int, height: int, depth: int, colour_type: int, rows: bytes, *extra: bytes) -> bytes:
    """A PNG from raw samples (no filter), with more chunks before the pixels."""
    per_row = len(rows) // height
    raw = b"".join(b"\0" + rows[y * per_row : (y + 1) * per_row] for y in range(height))
    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", header)
        + b"".join(extra)
        + png_chunk(b"IDAT", zlib.compress(raw))
        + png_chunk(b"IEND", b"")
    )
