"""Photos that are damaged, odd, lying, endless or none at all."""

from __future__ import annotations

import contextlib
import functools
import io
import os
import random
import socket
import struct
import warnings
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from PIL import Image

from resnet_gui.core.photos.decode import HEIC_READABLE  # registers HEIC for writing as well
from tests.corpus import bombs, claims, tiffs
from tests.corpus.cases import Case, damaged, data_case, take
from tests.helpers.pictures import (
    encoded,
    exif,
    gradient,
    grey_profile,
    icc_profile,
    png,
    png_chunk,
)

KIND = "images"
_MODES = (
    "1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBX", "RGBa", "CMYK", "YCbCr", "HSV", "LAB",
    "I", "F", "I;16", "I;16B",
)  # fmt: skip
_ENDINGS = {
    "JPEG": "jpg", "JPEG2000": "jp2", "TIFF": "tif", "HEIF": "heic", "SPIDER": "spi", "DIB": "dib",
}  # fmt: skip
_WRONG = ("jpg", "png", "tif", "webp", "bmp", "gif", "avif", "heic", "jp2", "dng", "ico", "tga",
          "psd", "dds", "JPEG", "ppm")  # fmt: skip


def cases(seed: int, count: int, *, costly: bool = False) -> Iterator[tuple[int, Case]]:
    """(number, case): the crafted ones, then damaged ones up to `count`."""
    return take(crafted(), damaged_case, KIND, seed, count, costly)


@functools.cache
def crafted_tuple() -> tuple[Case, ...]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's advice on making such files
        made = (
            _sound, _metadata, _pngs, _jpegs, _no_photos, _no_files, _tiffs,
            functools.partial(claims.claims, _some), claims.bmps, bombs.cases,
        )  # fmt: skip
        return tuple(case for make in made for case in make())


def crafted() -> list[Case]:
    return list(crafted_tuple())


def damaged_case(rng: random.Random) -> Case:
    """A sound photo of any format after an accident, sometimes under another ending."""
    kind, mode, data = rng.choice(_sounds())
    what, bad = damaged(data, rng)
    if rng.random() < 0.3:
        more, bad = damaged(bad, rng)
        what += f", {more}"
    ending = rng.choice(_WRONG) if rng.random() < 0.25 else _ending(kind)
    return data_case(f"{kind} {mode}, {what}", f"damaged.{ending}", bad)


def _some(kind: str) -> bytes:
    """One sound photo of the format; b"" where Pillow does not write it here."""
    return next((data for name, _, data in _sounds() if name == kind), b"")


def _ending(kind: str) -> str:
    return _ENDINGS.get(kind, kind.lower())


@functools.cache
def _sounds() -> tuple[tuple[str, str, bytes], ...]:
    """Every format that Pillow writes in every mode that the format takes."""
    Image.init()
    photo = gradient(24, 18)
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for mode in _MODES:
            image = _in_mode(photo, mode)
            for kind in sorted(Image.SAVE):
                if image is None or kind in ("BUFR", "GRIB", "HDF5", "WMF"):
                    continue  # Pillow knows these by name only
                with contextlib.suppress(Exception):
                    found.append((kind, mode, encoded(image, kind)))
    options: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("JPEG", "progressive", {"progressive": True}),
        ("JPEG", "4:4:4", {"subsampling": 0, "quality": 100}),
        ("WEBP", "lossless", {"lossless": True}),
        ("TIFF", "lzw", {"compression": "tiff_lzw"}),
        ("TIFF", "deflate", {"compression": "tiff_adobe_deflate"}),
        ("TIFF", "jpeg", {"compression": "jpeg"}),
        ("TIFF", "packbits", {"compression": "packbits"}),
        ("JPEG2000", "lossless", {"irreversible": False}),
        ("JPEG2000", "tiles", {"tile_size": (8, 8)}),
        ("TGA", "rle", {"compression": "tga_rle"}),
    )
    for kind, name, more in options:
        found.append((kind, name, encoded(photo, kind, **more)))
    frames = [gradient(24, 18, seed) for seed in range(4)]
    for kind in ("GIF", "WEBP", "PNG", "TIFF", "AVIF", "MPO"):
        with contextlib.suppress(Exception):
            data = encoded(frames[0], kind, save_all=True, append_images=frames[1:], duration=40)
            found.append((kind, "animated", data))
    if HEIC_READABLE:
        with contextlib.suppress(Exception):
            data = encoded(frames[0], "HEIF", save_all=True, append_images=frames[1:])
            found.append(("HEIF", "several", data))
    return tuple(found)


def _in_mode(photo: Image.Image, mode: str) -> Image.Image | None:
    for way in ((mode,), ("RGBA", mode), ("LA", mode), ("L", mode), ("I", mode)):
        with contextlib.suppress(ValueError, OSError):
            image = photo
            for step in way:
                image = image.convert(step)
            return image
    return Image.new(mode, photo.size) if mode.startswith("I;16") else None


def _sound() -> Iterator[Case]:
    for kind, mode, data in _sounds():
        yield data_case(f"{kind} {mode}", f"sound.{_ending(kind)}", data)
    some = {kind: data for kind, _, data in _sounds()}
    for number, (kind, data) in enumerate(sorted(some.items())):
        ending = _WRONG[number % len(_WRONG)]
        yield data_case(f"{kind} named {ending}", f"wrong.{ending}", data)
        yield data_case(f"the first bytes of {kind}", f"short.{_ending(kind)}", data[:16])
        yield data_case(f"{kind}, then garbage", f"long.{_ending(kind)}", data + b"\xa5" * 5000)
        yield data_case(f"half of {kind}", f"half.{_ending(kind)}", data[: len(data) // 2])


def _metadata() -> Iterator[Case]:
    photo = gradient(24, 18)
    for value in range(10):
        for kind in ("JPEG", "PNG", "WEBP"):
            data = encoded(photo, kind, exif=exif(value))
            yield data_case(f"{kind}, orientation {value}", f"turned.{_ending(kind)}", data)
    tiff = tiffs.tiff
    odd: dict[str, bytes] = {
        "orientation 65535": tiff({274: (3, 65535)}, b""),
        "orientation as text": tiff({274: (2, b"6\0")}, b""),
        "orientation as a list": tiff({274: (3, [6, 6, 6, 6])}, b""),
        "orientation as a fraction by zero": tiff({274: (5, b"\1\0\0\0\0\0\0\0")}, b""),
        "orientation as nan": tiff({274: (11, [float("nan")])}, b""),
        "no directory": b"II*\0\xff\xff\xff\xff",
        "a directory in a circle": tiff({34665: 8}, b"", following=None),
        "65535 entries": b"II*\0\x08\0\0\0\xff\xff" + b"\x12\x01\x03\0" * 50,
        "garbage": b"garbage" * 20,
        "empty": b"",
    }
    for what, block in odd.items():
        for kind in ("JPEG", "PNG", "WEBP"):
            data = encoded(photo, kind, exif=b"Exif\0\0" + block)
            yield data_case(f"{kind}, EXIF: {what}", f"exif.{_ending(kind)}", data)
    sound = icc_profile("p")
    cmyk = sound[:16] + b"CMYK" + sound[20:]
    huge = struct.pack(">I", 2**31) + sound[4:128] + struct.pack(">I", 2**31) + sound[132:]
    profiles = {
        "garbage": b"garbage" * 40, "cut off": sound[:140], "of CMYK": cmyk, "of grey":
        grey_profile(2.2), "one byte": b"\1", "that claims 2 GB": huge, "of zeros": bytes(500),
    }  # fmt: skip
    for what, profile in profiles.items():
        for kind, image in (
            ("JPEG", photo), ("PNG", photo.convert("L")), ("TIFF", photo.convert("CMYK")),
            ("WEBP", photo), ("JPEG", photo.convert("CMYK")), ("PNG", photo.convert("RGBA")),
        ):  # fmt: skip
            data = encoded(image, kind, icc_profile=profile)
            yield data_case(f"{kind} {image.mode}, profile {what}", f"icc.{_ending(kind)}", data)


def _pngs() -> Iterator[Case]:
    def add(what: str, data: bytes) -> Case:
        return data_case(f"PNG, {what}", "odd.png", data)

    samples = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
    for colour in (0, 1, 2, 3, 4, 5, 6, 7, 255):
        for depth in (0, 1, 2, 4, 8, 16, 3, 32):
            row = (24 * depth * samples.get(colour, 1) + 7) // 8
            palette = png_chunk(b"PLTE", bytes(range(48))) if colour == 3 else b""
            rows = bytes(n % 251 for n in range(row * 18))
            yield add(f"colour {colour}, {depth} bits", png(24, 18, depth, colour, rows, palette))
    grey, rgb = bytes(24 * 18), bytes(24 * 18 * 3)
    idx = bytes(n % 16 for n in range(24 * 18))
    plte = png_chunk(b"PLTE", bytes(range(48)))
    for what, size in (("short", 3), ("long", 300), ("empty", 0)):
        clear = png_chunk(b"tRNS", bytes(size))
        yield add(f"palette, {what} transparency", png(24, 18, 8, 3, idx, plte, clear))
        yield add(f"grey, {what} transparency", png(24, 18, 8, 0, grey, clear))
        yield add(f"RGB, {what} transparency", png(24, 18, 8, 2, rgb, clear))
    yield add("palette missing", png(24, 18, 8, 3, idx))
    yield add("palette of 7 bytes", png(24, 18, 8, 3, idx, png_chunk(b"PLTE", bytes(7))))
    yield add("transparency before the palette", png(24, 18, 8, 3, idx, png_chunk(b"tRNS", b"\0")))
    bomb = zlib.compress(bytes(80_000_000), 9)
    for name, head in ((b"zTXt", b"k\0\0"), (b"iCCP", b"k\0\0"), (b"iTXt", b"k\0\1\0\0\0")):
        yield add(
            f"{name.decode()} of 80 MB", png(24, 18, 8, 0, grey, png_chunk(name, head + bomb))
        )
        yield add(
            f"{name.decode()} of garbage", png(24, 18, 8, 0, grey, png_chunk(name, b"\xff" * 9))
        )
    texts = b"".join(png_chunk(b"tEXt", b"k%d\0v" % n) for n in range(3000))
    yield add("3,000 texts", png(24, 18, 8, 0, grey, texts))
    for name in (b"gAMA", b"cHRM", b"sRGB", b"pHYs", b"acTL", b"fcTL", b"fdAT", b"eXIf", b"tIME",
                 b"bKGD", b"sBIT", b"IHDR", b"CgBI", b"\0\0\0\0"):  # fmt: skip
        for size in (0, 1, 3, 70):
            chunk = png_chunk(name, bytes(range(size)))
            yield add(f"{name!r} of {size} bytes", png(24, 18, 8, 0, grey, chunk))
    sound = png(24, 18, 8, 0, grey)
    at = sound.index(b"IDAT") - 4
    yield add("chunk of 2**31 bytes", sound[:at] + b"\x80\0\0\0" + sound[at + 4 :])
    yield add("wrong checksum of IHDR", sound[:29] + b"\0\0\0\0" + sound[33:])
    yield add("no IEND", sound[:-12])
    yield add("no IDAT", sound[:at] + sound[-12:])
    yield add("too few rows", png(24, 18, 8, 0, grey[: 24 * 3]).replace(b"x", b"x"))
    filters = b"".join(bytes([n % 9]) + bytes(24) for n in range(18))
    head = struct.pack(">IIBBBBB", 24, 18, 8, 0, 0, 0, 0)
    yield add("unknown filters", sound[:8] + png_chunk(b"IHDR", head)
              + png_chunk(b"IDAT", zlib.compress(filters)) + png_chunk(b"IEND", b""))  # fmt: skip
    for what, tail in (("interlaced", b"\0\0\1"), ("unknown methods", b"\7\7\7")):
        odd = png_chunk(b"IHDR", head[:10] + tail)
        yield add(what, sound[:8] + odd + sound[33:])


def _jpegs() -> Iterator[Case]:
    def add(what: str, data: bytes) -> Case:
        return data_case(f"JPEG, {what}", "odd.jpg", data)

    photo = gradient(24, 18)
    sound = encoded(photo, "JPEG")
    cmyk = encoded(photo.convert("CMYK"), "JPEG")
    at = cmyk.index(b"Adobe")
    for transform in (0, 1, 2, 3, 255):
        yield add(f"CMYK, Adobe transform {transform}", cmyk[: at + 11] + bytes([transform])
                  + cmyk[at + 12 :])  # fmt: skip
        adobe = b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0" + bytes([transform])
        yield add(f"RGB, Adobe transform {transform}", sound[:2] + adobe + sound[2:])
    yield add("CMYK without Adobe", cmyk[: at - 4] + cmyk[at + 12 :])
    frame = sound.index(b"\xff\xc0")
    for marker in (0xC1, 0xC2, 0xC3, 0xC5, 0xC9, 0xCA, 0xCB, 0xC4, 0xD8, 0x01):
        yield add(f"frame of kind {marker:02X}", sound[: frame + 1] + bytes([marker])
                  + sound[frame + 2 :])  # fmt: skip
    for bits in (0, 1, 12, 16, 255):
        yield add(f"{bits} bits", sound[: frame + 4] + bytes([bits]) + sound[frame + 5 :])
    for parts in (0, 1, 2, 4, 5, 255):
        yield add(f"{parts} components", sound[: frame + 9] + bytes([parts]) + sound[frame + 10 :])
    for factor in (0x00, 0x44, 0x41, 0x14, 0xFF):
        yield add(f"sampling {factor:02X}", sound[: frame + 11] + bytes([factor])
                  + sound[frame + 12 :])  # fmt: skip
    for size in (0, 1, 2, 3, 65535):
        block = b"\xff\xe1" + struct.pack(">H", size) + b"Exif\0\0II*\0"
        yield add(f"APP1 of {size} bytes", sound[:2] + block + sound[2:])
        comment = b"\xff\xfe" + struct.pack(">H", size) + b"hello"
        yield add(f"comment of {size} bytes", sound[:2] + comment + sound[2:])
    icc = b"ICC_PROFILE\0"
    for part, of in ((0, 0), (1, 2), (9, 1), (255, 255)):
        piece = icc + bytes([part, of]) + b"x" * 50
        block = b"\xff\xe2" + struct.pack(">H", 2 + len(piece)) + piece
        yield add(f"profile part {part} of {of}", sound[:2] + block + sound[2:])
    yield add("no end", sound[:-2])
    yield add("twice", sound + sound)
    yield add("fill bytes", sound[:2] + b"\xff" * 5000 + sound[2:])
    yield add("3,000 empty scans", sound[:2] + b"\xff\xfe\0\x02" * 3000 + sound[2:])
    yield add(
        "no tables", sound.replace(b"\xff\xdb", b"\xff\xfe").replace(b"\xff\xc4", b"\xff\xfe")
    )
    yield add("restarts out of order", sound[:-12] + b"\xff\xd5\xff\xd1" + sound[-12:])
    block = b"MPF\0II*\0\x08\0\0\0\x03\0" + b"\x00\xb0\x07\0\x04\0\0\x000100"
    block += b"\x01\xb0\x04\0\x01\0\0\0\xff\xff\xff\x7f\x02\xb0\x07\0\xff\xff\xff\x7f\x20\0\0\0"
    for cut in (len(block), 8, 14, 30):
        piece = block[:cut]
        data = b"\xff\xe2" + struct.pack(">H", 2 + len(piece)) + piece
        yield data_case(f"MPO index cut at {cut}", "odd.mpo", sound[:2] + data + sound[2:])


_TEXTS: dict[str, bytes] = {
    "one byte": b"\xff",
    "JPEG's first two bytes": b"\xff\xd8",
    "a text": b"hello\n" * 50,
    "a web page": b"<!DOCTYPE html><html><body><img src=x></body></html>",
    "SVG": b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect/></svg>',
    "SVG with an entity bomb": b'<!DOCTYPE s [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><svg>&b;</svg>',
    "a script": b"#!/bin/sh\nrm -rf /\n",
    "PDF": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj<<>>endobj",
    "PostScript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n",
    "a ZIP": b"PK\3\4" + b"\0" * 60,
    "a program": b"\x7fELF" + b"\2\1\1" + b"\0" * 60,
    "a pickle": b"\x80\4cos\nsystem\n(S'id'\ntR.",
    "a video": b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + b"\0" * 60,
    "ftyp of 2**32": b"\xff\xff\xff\xffftypheic" + b"\0" * 60,
    "ftyp avif alone": b"\0\0\0\x18ftypavif\0\0\0\0avifmif1",
    "ftyp heic alone": b"\0\0\0\x18ftypheic\0\0\0\0heicmif1",
    "RIFF of 2**32": b"RIFF\xff\xff\xff\xffWEBPVP8 \xff\xff\xff\xff",
    "RIFF of 0": b"RIFF\0\0\0\0WEBP",
    "JPEG 2000's signature": b"\0\0\0\x0cjP  \r\n\x87\n",
    "JPEG 2000 code stream": b"\xff\x4f\xff\x51" + b"\xff" * 60,
    "JPEG XL": b"\xff\n" + b"\x12" * 60,
    "ICO of 65535": b"\0\0\1\0\xff\xff" + b"\0" * 80,
    "ICO of itself": b"\0\0\1\0\1\0" + b"\x10\x10\0\0\1\0\x20\0\xff\xff\0\0\0\0\0\0",
    "ICNS in a circle": b"icns\0\0\0\x20ic07\0\0\0\0" + b"\0" * 16,
    "zeros": bytes(5000),
    "ones": b"\xff" * 5000,
    "line ends": b"\r\n" * 2000,
    "a mark of UTF-16": b"\xff\xfe<\0s\0v\0g\0>\0",
    "XBM of 10**9": b"#define a_width 1000000000\n#define a_height 1000000000\nstatic char a[]={",
    "XPM": b'/* XPM */\nstatic char *a[] = {\n"9 9 1 1",\n"a c #fff",\n',
    "FITS": b"SIMPLE  =                    T".ljust(80) + b"NAXIS   = 2000000000".ljust(80),
}


def _no_photos() -> Iterator[Case]:
    yield data_case("empty", "empty.jpg", b"")
    for number, (what, data) in enumerate(_TEXTS.items()):
        yield data_case(f"{what} named jpg", "none.jpg", data)
        yield data_case(f"{what}", f"none.{_WRONG[number % len(_WRONG)]}", data)


def _no_files() -> Iterator[Case]:
    def add(what: str, build: Callable[[Path], None], name: str = "none.jpg") -> Case:
        return Case(what, name, build)

    yield add("a folder", lambda path: path.mkdir())
    yield add("a folder that nobody may enter", lambda path: path.mkdir(mode=0))
    yield add("a link to itself", lambda path: path.symlink_to(path.name))
    yield add("a link to nothing", lambda path: path.symlink_to("nowhere"))
    yield add("a link to its folder", lambda path: path.symlink_to("."))
    for device in ("zero", "full", "null", "random", "tty", "stdin", "fd/0"):
        yield add(f"a link to /dev/{device}", functools.partial(_link, target=f"/dev/{device}"))
    yield add("a link to /proc/self/mem", functools.partial(_link, target="/proc/self/mem"))
    yield add("a link to /proc/kmsg", functools.partial(_link, target="/proc/kmsg"))
    if hasattr(os, "mkfifo"):
        yield add("a pipe without a writer", os.mkfifo)
        yield add("a pipe named png", os.mkfifo, "none.png")
    yield add("a socket", _socket)
    yield add("a file that nobody may read", _unreadable)  # root may read it all the same
    yield add("5 GB of holes", functools.partial(_sparse, head=b""))
    yield add("a JPEG, then 5 GB of holes", functools.partial(_sparse,
              head=encoded(gradient(24, 18), "JPEG")))  # fmt: skip
    yield add("a TIFF, then 5 GB of holes", functools.partial(_sparse,
              head=tiffs.tiff({}, tiffs.pixels())), "none.tif")  # fmt: skip


def _link(path: Path, target: str) -> None:
    path.symlink_to(target)


def _unreadable(path: Path) -> None:
    path.write_bytes(encoded(gradient(24, 18), "JPEG"))
    path.chmod(0)


def _sparse(path: Path, head: bytes) -> None:
    with path.open("wb") as file:
        file.write(head)
        file.truncate(5 << 30)


def _socket(path: Path) -> None:
    here = Path.cwd()
    with socket.socket(socket.AF_UNIX) as made:
        try:
            os.chdir(path.parent)  # a socket's whole path must not be longer than 107 bytes
            made.bind(path.name)
        finally:
            os.chdir(here)


def _tiffs() -> Iterator[Case]:
    for what, data in tiffs.variants():
        yield data_case(f"TIFF, {what}", "odd.tif", data)
    with contextlib.suppress(Exception):
        stream = io.BytesIO()
        gradient(24, 18).save(stream, "TIFF", compression="tiff_lzw", tiffinfo={270: "x" * 100_000})
        yield data_case("TIFF, a long description", "odd.tif", stream.getvalue())
