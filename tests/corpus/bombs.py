"""Few bytes, many pixels, just under the program's limit."""

from __future__ import annotations

import functools
import math
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from PIL import Image

from resnet_gui.core.photos.decode import MAX_PIXELS
from tests.corpus.cases import Case
from tests.corpus.tiffs import deflated_zeros, tiff
from tests.helpers.pictures import encoded, png_chunk

_SIDE = math.isqrt(MAX_PIXELS) - 11  # 15,800: 249.6 megapixels
_MIDDLE = 9000  # 81 megapixels: what a decoder may still take as a whole


def png_claim(width: int, height: int, packed: bytes, depth: int = 8, colour: int = 2) -> bytes:
    """A PNG whose header and data need not belong together."""
    head = struct.pack(">IIBBBBB", width & 0xFFFFFFFF, height & 0xFFFFFFFF, depth, colour, 0, 0, 0)
    chunks = png_chunk(b"IHDR", head) + png_chunk(b"IDAT", packed) + png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def cases() -> Iterator[Case]:
    """Some of each format, the worst that it can hold."""

    def add(what: str, name: str, build: Any, *values: Any) -> Case:
        return Case(f"bomb: {what}", name, functools.partial(_built, build, values), costly=True)

    for side in (_SIDE, _MIDDLE):
        yield add(f"PNG RGB, {side}", "bomb.png", _png, side, 8, 2, 3)
        yield add(f"PNG RGBA, {side}", "bomb.png", _png, side, 8, 6, 4)
        yield add(f"PNG RGBA of 16 bits, {side}", "bomb.png", _png, side, 16, 6, 8)
        yield add(f"PNG grey of 16 bits, {side}", "bomb.png", _png, side, 16, 0, 2)
        yield add(f"TIFF of floats, {side}", "bomb.tif", _tiff, side, 32, 3, 1)
        yield add(f"TIFF of 32-bit integers, {side}", "bomb.tif", _tiff, side, 32, 2, 1)
        yield add(f"TIFF RGB of 16 bits, {side}", "bomb.tif", _tiff, side, 16, 1, 3)
        yield add(f"TIFF CMYK, {side}", "bomb.tif", _tiff, side, 8, 1, 4)
    yield add("GIF", "bomb.gif", _gif)
    yield add("JPEG", "bomb.jpg", _pillow, "JPEG", "L", (15000, 15000), {})
    yield add("progressive JPEG", "bomb.jpg", _pillow, "JPEG", "L", (15000, 15000),
              {"progressive": True})  # fmt: skip
    yield add("WebP", "bomb.webp", _pillow, "WEBP", "RGB", (15000, 15000),
              {"lossless": True, "method": 0, "quality": 0})  # fmt: skip
    yield add("WebP of half the size", "bomb.webp", _pillow, "WEBP", "RGB", (_MIDDLE, _MIDDLE),
              {"lossless": True, "method": 0, "quality": 0})  # fmt: skip
    yield add("CMYK JPEG", "bomb.jpg", _pillow, "JPEG", "CMYK", (_MIDDLE, _MIDDLE), {})
    yield add("JPEG 2000", "bomb.jp2", _pillow, "JPEG2000", "RGB", (4000, 4000), {})
    yield add("AVIF", "bomb.avif", _pillow, "AVIF", "RGB", (4000, 4000), {"speed": 10})
    yield add("BMP of runs", "bomb.bmp", _bmp)
    yield add("PPM of holes", "bomb.ppm", _ppm)


def _built(build: Any, values: tuple[Any, ...], path: Path) -> None:
    data = build(*values)
    if isinstance(data, bytes):
        path.write_bytes(data)
    else:
        head, size = data
        with path.open("wb") as file:
            file.write(head)
            file.truncate(size)


def _png(side: int, depth: int, colour: int, size: int) -> bytes:
    packer, row = zlib.compressobj(9), bytes(1 + side * size)
    packed = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    return png_claim(side, side, packed, depth, colour)


def _tiff(side: int, bits: int, kind: int, samples: int) -> bytes:
    packed = deflated_zeros(side * side * samples * bits // 8)
    photometric = {1: 1, 3: 2, 4: 5}[samples]
    tags = {256: side, 257: side, 258: (3, [bits] * samples), 259: 8, 262: photometric,
            277: samples, 278: side, 339: (3, [kind] * samples)}  # fmt: skip
    return tiff(tags, packed)


def _gif() -> bytes:
    """One colour in codes that grow: LZW's best case."""
    screen = b"GIF89a" + struct.pack("<HHBBB", _SIDE, _SIDE, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    frame = b"," + struct.pack("<HHHHB", 0, 0, _SIDE, _SIDE, 0) + b"\x02"
    bits, used, out, size, following, left = 0, 0, bytearray(), 3, 6, _SIDE * _SIDE
    codes = [4, 0]  # clear, one pixel
    run = 1
    left -= 1
    while left > 0:
        run = min(run + 1, left)
        codes.append(following if following < 4096 else 4095)
        left -= run
        if following < 4095:
            following += 1
        else:
            run -= 1
        if len(codes) > 200_000:
            break
    codes.append(5)
    limit = 6
    for number, code in enumerate(codes):
        bits |= code << used
        used += size
        while used >= 8:
            out.append(bits & 255)
            bits >>= 8
            used -= 8
        if number >= 2:
            limit += 1
            if limit > (1 << size) - 1 and size < 12:
                size += 1
    out.append(bits & 255)
    blocks = b"".join(
        bytes([len(out[at : at + 255])]) + out[at : at + 255] for at in range(0, len(out), 255)
    )
    return screen + frame + blocks + b"\0;"


def _pillow(kind: str, mode: str, size: tuple[int, int], options: dict[str, Any]) -> bytes:
    return encoded(Image.new(mode, size, 90 if mode == "L" else (90, 80, 70)), kind, **options)


def _bmp() -> bytes:
    row = b"\xff\x07" * (_SIDE // 255) + bytes([_SIDE % 255, 7]) + b"\0\0"
    palette = bytes(1024)
    info = struct.pack("<IiiHHIIiiII", 40, _SIDE, _SIDE, 1, 8, 1, 0, 1, 1, 256, 0)
    start = 14 + len(info) + len(palette)
    data = row * _SIDE + b"\0\1"
    return b"BM" + struct.pack("<IHHI", start + len(data), 0, 0, start) + info + palette + data


def _ppm() -> tuple[bytes, int]:
    head = b"P6 %d %d 255 " % (_SIDE, _SIDE)
    return head, len(head) + 3 * _SIDE * _SIDE
