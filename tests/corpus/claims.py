"""Photos whose headers lie: many pixels behind few bytes, and BMP's many kinds."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import Any

from tests.corpus import bombs
from tests.corpus.cases import Case, data_case
from tests.helpers.pictures import encoded, gradient


def claims(some: Callable[[str], bytes]) -> Iterator[Case]:
    """Small files that claim many pixels. `some` gives a sound photo of a format."""
    big = ((2**31 - 1, 2**31 - 1), (65535, 65535), (100_000, 2500), (2**31 - 1, 1),
           (1, 250_000_001), (0, 0), (0, 10), (10, 0))  # fmt: skip
    jpeg = encoded(gradient(24, 18), "JPEG")
    progressive = encoded(gradient(24, 18), "JPEG", progressive=True)
    gif = encoded(gradient(24, 18).convert("P"), "GIF")
    webp = encoded(gradient(24, 18), "WEBP", lossless=True)
    for width, height in big:
        claim = f"{width} x {height}"
        small = min(width, 65535), min(height, 65535)
        yield data_case(f"PNG of {claim}", "claim.png", bombs.png_claim(width, height, b"\0" * 99))
        for name, data, marker in (
            ("JPEG", jpeg, b"\xff\xc0"), ("progressive JPEG", progressive, b"\xff\xc2"),
        ):  # fmt: skip
            at = data.index(marker)
            lie = data[: at + 5] + struct.pack(">HH", small[1], small[0]) + data[at + 9 :]
            yield data_case(f"{name} of {claim}", "claim.jpg", lie)
        screen = gif[:6] + struct.pack("<HH", *small) + gif[10:]
        yield data_case(f"GIF of {claim}", "claim.gif", screen)
        at = gif.index(b",", 13 + (3 * (2 << (gif[10] & 7)) if gif[10] & 128 else 0))
        yield data_case(f"GIF with a frame of {claim}", "claim.gif", gif[: at + 1]
                        + struct.pack("<HHHH", 0, 0, *small) + gif[at + 9 :])  # fmt: skip
        bits = (max(small[0], 1) - 1 & 0x3FFF) | (max(small[1], 1) - 1 & 0x3FFF) << 14
        yield data_case(f"WebP of {claim}", "claim.webp", webp[:21] + struct.pack("<I", bits)
                        + webp[25:])  # fmt: skip
        for kind in (b"P1", b"P2", b"P3", b"P4", b"P5", b"P6", b"P7", b"Pf", b"PF"):
            head = kind + b" %d %d %s " % (width, height, b"-1.0" if kind == b"Pf" else b"255")
            yield data_case(f"{kind.decode()} of {claim}", "claim.ppm", head + b"0 1 " * 20)
        bmp = _bmp(width=min(width, 2**31 - 1), height=min(height, 2**31 - 1))
        yield data_case(f"BMP of {claim}", "claim.bmp", bmp)
        tga = struct.pack("<BBBHHBHHHHBB", 0, 0, 2, 0, 0, 0, 0, 0, *small, 24, 0) + b"\0" * 30
        yield data_case(f"TGA of {claim}", "claim.tga", tga)
        tga = struct.pack("<BBBHHBHHHHBB", 0, 0, 10, 0, 0, 0, 0, 0, *small, 24, 0) + b"\xff\1\2\3"
        yield data_case(f"TGA (packed) of {claim}", "claim.tga", tga * 9)
        psd = b"8BPS\0\1" + b"\0" * 6 + struct.pack(">HIIHH", 3, height, width, 8, 3)
        yield data_case(f"PSD of {claim}", "claim.psd", psd + b"\0" * 64)
        dds = b"DDS " + struct.pack("<7I", 124, 0x1007, height, width, 0, 0, 0) + bytes(44)
        dds += struct.pack("<II4s5I", 32, 4, b"DXT1", 0, 0, 0, 0, 0) + bytes(20) + b"\0" * 64
        yield data_case(f"DDS of {claim}", "claim.dds", dds)
        qoi = b"qoif" + struct.pack(">IIBB", width, height, 3, 0) + b"\xfd" * 64
        yield data_case(f"QOI of {claim}", "claim.qoi", qoi)
        sgi = struct.pack(">HBBHHHH", 474, 1, 1, 3, *small, 3) + bytes(600)
        yield data_case(f"SGI of {claim}", "claim.rgb", sgi)
        pcx = b"\n\5\1\x08" + struct.pack("<HHHH", 0, 0, *(max(0, side - 1) for side in small))
        yield data_case(f"PCX of {claim}", "claim.pcx", pcx.ljust(128, b"\1") + bytes(64))
        for kind in ("AVIF", "HEIF", "JPEG2000"):
            found = _resized(some(kind), kind, width, height)
            if found:
                yield data_case(
                    f"{kind} of {claim}",
                    "claim.jp2" if kind == "JPEG2000" else f"claim.{kind.lower()}",
                    found,
                )
    for what, text in {
        "an endless comment": b"P6 #" + b"x" * 100_000, "letters": b"P5 abc def 255 ",
        "negative": b"P5 -3 -3 255 ", "a maximum of 0": b"P5 3 3 0 ", "a maximum of 10**9":
        b"P5 3 3 1000000000 " + bytes(90), "5,000 digits": b"P5 " + b"9" * 5000 + b" 3 255 ",
    }.items():  # fmt: skip
        yield data_case(f"PPM, {what}", "odd.ppm", text + bytes(64))


def _resized(data: bytes, kind: str, width: int, height: int) -> bytes:
    box = {"AVIF": b"ispe", "HEIF": b"ispe", "JPEG2000": b"ihdr"}[kind]
    at = data.find(box)
    if at < 0:
        return b""
    at += 8 if box == b"ispe" else 4
    sides = (width, height) if box == b"ispe" else (height, width)
    return data[:at] + struct.pack(">II", *sides) + data[at + 8 :]


def _bmp(
    *, header: int = 40, width: int = 24, height: int = 18, bits: int = 24, compression: int = 0,
    colours: int = 0, offset: int | None = None, pixels: bytes | None = None, planes: int = 1,
    palette: bytes = b"",
) -> bytes:  # fmt: skip
    if header == 12:
        sides = width & 0xFFFF, height & 0xFFFF
        info = struct.pack("<IHHHH", 12, *sides, planes, bits)
    else:
        size, kind, used = (value & 0xFFFFFFFF for value in (header, compression, colours))
        sides = width, height
        info = struct.pack("<IiiHHIIiiII", size, *sides, planes, bits, kind, 0, 2835, 2835, used, 0)
        info = info.ljust(min(header, 300), b"\0") if header > 0 else info
    info += palette
    data = bytes(n % 253 for n in range(24 * 18 * 4)) if pixels is None else pixels
    start = 14 + len(info) if offset is None else offset & 0xFFFFFFFF
    return b"BM" + struct.pack("<IHHI", 14 + len(info) + len(data), 0, 0, start) + info + data


def bmps() -> Iterator[Case]:
    def add(what: str, **values: Any) -> Case:
        return data_case(f"BMP, {what}", "odd.bmp", _bmp(**values))

    grey = bytes(n // 4 for n in range(1024))
    for header in (0, 4, 12, 16, 40, 52, 56, 64, 108, 124, 240, -1):
        yield add(f"header of {header} bytes", header=header)
    for bits in (0, 1, 2, 3, 4, 8, 15, 16, 24, 32, 64, 65535):
        for compression in (0, 1, 2, 3, 4, 5, 6, 11, 99) if bits in (1, 4, 8, 16, 32) else (0,):
            what = f"{bits} bits, compression {compression}"
            yield add(what, bits=bits, compression=compression, palette=grey if bits <= 8 else b"")
    for colours in (1, 256, 257, 65536, 2**31, -1):
        yield add(f"{colours} colours", bits=8, colours=colours)
    for offset in (0, 1, 2**31, -1):
        yield add(f"pixels at {offset}", offset=offset)
    for height in (-18, -(2**31), -1):
        yield add(f"height {height}", height=height)
    yield add("negative width", width=-24)
    yield add("no planes", planes=0)
    for what, packed in {
        "runs that go too far": b"\xff\x07" * 500, "jumps": b"\0\2\xff\xff" * 50,
        "ends at once": b"\0\1", "a literal without bytes": b"\0\xff", "nothing": b"",
        "many line ends": b"\0\0" * 5000,
    }.items():  # fmt: skip
        for bits, compression in ((8, 1), (4, 2)):
            yield add(f"RLE{bits}: {what}", bits=bits, compression=compression, pixels=packed,
                      palette=grey)  # fmt: skip
    for masks in (b"\0" * 16, b"\xff" * 16, b"\x00\xf8\0\0\xe0\x07\0\0\x1f\0\0\0"):
        for bits in (16, 32):
            yield add(f"{bits} bits, masks {masks[:4].hex()}", bits=bits, compression=3,
                      palette=masks)  # fmt: skip
