"""TIFF files tag by tag: Pillow writes only sound ones."""

from __future__ import annotations

import struct
import zlib
from typing import Any

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 16: 8}
_CODES = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 11: "f", 12: "d", 16: "Q"}
WIDTH, HEIGHT = 24, 18


def tiff(
    tags: dict[int, Any], pixels: bytes, *, big_endian: bool = False, following: int | None = 0,
    copies: int = 1,
) -> bytes:  # fmt: skip
    """A TIFF of one directory (or `copies` alike), pixels first.

    Args:
        tags: number -> value, list of values, (type, values), or None: left out. Sound values are
            filled in for a small grey photo.
        following: where the next directory is said to be; None: this one itself.
    """
    order = ">" if big_endian else "<"
    base: dict[int, Any] = {
        256: WIDTH, 257: HEIGHT, 258: 8, 259: 1, 262: 1, 273: 8, 277: 1, 278: HEIGHT,
        279: len(pixels),
    }  # fmt: skip
    entries = {key: value for key, value in (base | tags).items() if value is not None}
    body = b"\0\0\0\0" if False else pixels + b"\0" * (len(pixels) % 2)
    start = 8 + len(body)
    out = (b"MM\0*" if big_endian else b"II*\0") + struct.pack(order + "I", start) + body
    for copy in range(copies):
        at = len(out)
        table, extra = b"", b""
        room = at + 2 + 12 * len(entries) + 4
        for key, value in sorted(entries.items()):
            kind, values = value if isinstance(value, tuple) else (4, value)
            values = values if isinstance(values, list | bytes) else [values]
            raw = _packed(order, kind, values)
            count = len(raw) // _SIZES.get(kind, 1)
            if len(raw) <= 4:
                place = raw.ljust(4, b"\0")
            else:
                place = struct.pack(order + "I", room + len(extra))
                extra += raw + b"\0" * (len(raw) % 2)
            table += struct.pack(order + "HHI", key, kind, count) + place
        after = room + len(extra)
        last = copy == copies - 1
        onwards = (at if following is None else following) if last else after
        out += struct.pack(order + "H", len(entries)) + table
        out += struct.pack(order + "I", onwards & 0xFFFFFFFF) + extra
    return out


def _packed(order: str, kind: int, values: Any) -> bytes:
    if isinstance(values, bytes):
        return values
    code = _CODES.get(kind)
    if code is None:
        return b"".join(struct.pack(order + "I", v & 0xFFFFFFFF) for v in values)
    mask = (1 << 8 * _SIZES[kind]) - 1
    if code in "BHIQ":
        values = [v & mask for v in values]
    return b"".join(struct.pack(order + code, v) for v in values)


def pixels(bits: int = 8, samples: int = 1, width: int = WIDTH, height: int = HEIGHT) -> bytes:
    row = (width * bits * samples + 7) // 8
    return bytes((x * 7 + y * 13) % 256 for y in range(height) for x in range(row))


def deflated_zeros(size: int) -> bytes:
    """`size` zero bytes behind a thousandth of them, made in pieces."""
    packer = zlib.compressobj(9)
    piece = bytes(1 << 20)
    parts = [packer.compress(piece) for _ in range(size >> 20)]
    parts.append(packer.compress(bytes(size & 0xFFFFF)))
    parts.append(packer.flush())
    return b"".join(parts)


def variants() -> list[tuple[str, bytes]]:
    """One small file for each thing that a TIFF can get wrong, or that few programs read."""
    found: list[tuple[str, bytes]] = []

    def add(what: str, tags: dict[int, Any], data: bytes | None = None, **more: Any) -> None:
        found.append((what, tiff(tags, pixels() if data is None else data, **more)))

    for number in (
        0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 32766, 32771, 32773, 32809, 32895, 32908, 32946, 34661,
        34663, 34676, 34677, 34712, 34887, 34892, 34925, 34933, 50000, 50001, 50002, 52546, 65535,
    ):  # fmt: skip
        add(f"compression {number}", {259: (3, number)})
    add("deflate", {259: 8}, zlib.compress(pixels()))
    add("deflate cut off", {259: 8}, zlib.compress(pixels())[:-9])
    for photometric in (0, 2, 3, 4, 5, 6, 8, 9, 10, 32803, 34892, 65535):
        add(f"photometric {photometric}", {262: (3, photometric)})
        rgb = {258: (3, [8, 8, 8]), 277: 3, 262: (3, photometric)}
        add(f"photometric {photometric}, three samples", rgb, pixels(samples=3))
    for bits in (0, 1, 2, 3, 4, 5, 6, 10, 12, 14, 16, 24, 32, 64, 128, 65535):
        for kind in (1, 2, 3, 4, 5, 6, 0, 99) if bits in (16, 32, 64) else (1,):
            tags = {258: (3, bits), 339: (3, kind)}
            add(f"{bits} bits of kind {kind}", tags, pixels(min(bits, 128)))
    for samples in (0, 2, 4, 5, 6, 255, 65535):
        few = min(samples, 6)
        tags = {277: (3, samples), 258: (3, [8] * max(1, few)), 262: 2}
        add(f"{samples} samples", tags, pixels(samples=max(few, 1)))
        add(f"{samples} samples, planes", tags | {284: (3, 2)}, pixels(samples=max(few, 1)))
    for extra in (0, 1, 2, 99):
        tags = {277: 4, 258: (3, [8, 8, 8, 8]), 262: 2, 338: (3, extra)}
        add(f"extra samples {extra}", tags, pixels(samples=4))
    for planar in (0, 2, 3, 65535):
        add(f"planar {planar}", {284: (3, planar)})
    for predictor in (0, 2, 3, 65535):
        tags = {317: (3, predictor), 259: 8}
        add(f"predictor {predictor}", tags, zlib.compress(pixels()))
    for orientation in (*range(10), 255, 65535):
        add(f"orientation {orientation}", {274: (3, orientation)})
    for fill in (2, 3):
        add(f"fill order {fill}", {266: (3, fill)})
    for rows in (0, 1, 7, 2**31, 2**32 - 1):
        add(f"{rows} rows a strip", {278: rows})
    for offset in (0, 1, 2**31 - 1, 2**31, 2**32 - 1, [8, 8], [8] * 5000):
        add(f"strip offsets {str(offset)[:20]}", {273: offset})
    for size in (0, 1, 2**31, 2**32 - 1, [9, 9]):
        add(f"strip sizes {size}", {279: size})
    for side in (0, 1, 2**16, 2**31 - 1, 2**32 - 1):
        add(f"width {side}", {256: side})
        add(f"height {side}", {257: side})
    add("width and height of 2**31", {256: 2**31, 257: 2**31})
    add("negative width", {256: (9, -24)})
    add("width as a fraction", {256: (11, [24.0])})
    add("width as text", {256: (2, b"24\0")})
    for tag in (256, 257, 258, 259, 262, 273, 277, 278, 279):
        add(f"no tag {tag}", {tag: None})
        for kind in (2, 5, 7, 10, 12, 13, 16, 99):
            if tag in (256, 258, 259, 273):
                add(f"tag {tag} of type {kind}", {tag: (kind, b"\1\0\0\0\0\0\0\0")})
    tile = {273: None, 278: None, 279: None}
    for width, height in ((16, 16), (0, 0), (16, 0), (1, 1), (17, 13), (2**16, 2**16), (-1, -1)):
        tags = tile | {322: width, 323: height, 324: [8] * 4, 325: [256] * 4}
        add(f"tiles {width} x {height}", tags, pixels(samples=3))
    add("tiles without offsets", tile | {322: 16, 323: 16})
    add("strips and tiles", {322: 16, 323: 16, 324: [8] * 4, 325: [256] * 4})
    add("a directory that is its own next", {}, following=None)
    add("the next directory lies in the pixels", {}, following=10)
    add("the next directory is beyond the end", {}, following=2**31)
    add("the next directory is negative", {}, following=-8)
    add("60 pages", {}, copies=60)
    add("60 pages in a circle", {}, copies=60, following=8 + len(pixels()))
    add("big endian", {258: (3, 8), 259: (3, 1), 262: (3, 1), 277: (3, 1)}, big_endian=True)
    add("many unknown tags", {n: n for n in range(40000, 40400)})
    add("palette without colours", {262: 3})
    add("palette too short", {262: 3, 320: (3, [1, 2, 3])})
    add("palette", {262: 3, 320: (3, list(range(0, 65536, 256)) * 3)})
    add("JPEG tables of garbage", {259: 7, 347: (7, b"\xff\xd8garbage\xff\xd9")})
    add("old JPEG with offsets", {259: 6, 513: 8, 514: 50})
    add("EXIF pointer to itself", {34665: 8 + len(pixels())})
    add("EXIF pointer beyond", {34665: 2**31})
    add("GPS pointer to the start", {34853: 0})
    add("sub-directories in a circle", {330: [8 + len(pixels())] * 20})
    add("profile of garbage", {34675: (7, b"garbage" * 30)})
    add("XMP of garbage", {700: (1, b"<x:xmpmeta \xff\xfe" * 20)})
    sound = tiff({}, pixels())
    found += [
        ("count of entries 65535", sound[: 8 + len(pixels())] + b"\xff\xff" + sound[-110:]),
        ("count of entries 0", sound[: 8 + len(pixels())] + b"\0\0\0\0\0\0"),
        ("directory at 0", b"II*\0\0\0\0\0" + pixels()),
        ("directory beyond the end", b"II*\0\xff\xff\xff\xff" + pixels()),
        ("directory negative", b"MM\0*\x80\0\0\0" + pixels()),
        ("BigTIFF, empty", b"II+\0\x08\0\0\0\x10" + b"\0" * 40),
        ("BigTIFF, far away", b"II+\0\x08\0\0\0" + b"\xff" * 8 + b"\0" * 40),
        ("header alone", b"II*\0"),
        ("MDI", b"EP*\0\x08\0\0\0" + sound[8:]),
    ]
    return found
