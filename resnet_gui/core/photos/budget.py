"""One budget of memory for all threads that decode photos, and how much each photo takes of it.

Pillow keeps a pixel in 1, 2 or 4 bytes, and some decoders need several times that beside it. The
factors here were measured (see `tests/core/photos/test_measured.py`), with Pillow 13 and
pillow-heif 1.8.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from PIL import Image

# 200 megapixels at 4 bytes. With torch and a small network (700 MB) a process takes 1.5 GB.
BUDGET_BYTES = 800_000_000
WORTH_RETURNING = 60_000_000  # what an ordinary photo takes the allocator may keep
STRIP_PIXELS = 1_000_000
# Per pixel of a strip: the strip before and after, with alpha; of floats a float64 copy and masks.
_STRIP_BYTES, _DEEP_STRIP_BYTES = 16, 40
_HEADER_BYTES = 65_536
_MOST_REDUCTIONS = 6
_MOST_TIMES = 8
_PICTURE_BYTES = 4  # of an RGB pixel in Pillow


class MemoryBudget:
    """Bytes that may be used at once. Who wants more than is free waits; first come, first served.

    A photo that wants more than half of it is therefore decoded with few others, or alone.

    Attributes:
        total_bytes: the limit; can be changed while nobody waits.
    """

    def __init__(self, total_bytes: int = BUDGET_BYTES) -> None:
        self.total_bytes = total_bytes
        self._free = threading.Condition()
        self._used = 0
        self._waiting: deque[object] = deque()
        self._mine = threading.local()

    @property
    def used_bytes(self) -> int:
        return self._used

    @contextlib.contextmanager
    def hold(self, wanted_bytes: int) -> Iterator[None]:
        """Wait until `wanted_bytes` are free, and take them until the block ends. More than there
        is at all is granted to one alone. A thread that holds some already is not made to wait:
        it would wait for itself."""
        depth = getattr(self._mine, "depth", 0)
        self._take(wanted_bytes, waits=depth == 0)
        self._mine.depth = depth + 1
        try:
            yield
        finally:
            self._mine.depth = depth
            with self._free:
                self._used -= wanted_bytes
                self._free.notify_all()

    def _take(self, wanted_bytes: int, waits: bool) -> None:
        ticket = object()
        with self._free:
            self._waiting.append(ticket)
            try:
                while waits and (
                    self._waiting[0] is not ticket
                    or (self._used and self._used + wanted_bytes > self.total_bytes)
                ):
                    self._free.wait()
                self._used += wanted_bytes
            finally:
                self._waiting.remove(ticket)
                self._free.notify_all()


BUDGET = MemoryBudget()


@dataclass(frozen=True, slots=True)
class Need:
    """What a photo takes, in bytes.

    Attributes:
        peak: at most at one time, from opening it to the finished picture.
        reduce: the picture is made this many times smaller in width and height while it is
            converted (1: not).
        scale: and this many times by its decoder (1: not).
    """

    peak: int
    reduce: int
    scale: int = 1


def need(
    image: Image.Image,
    file_bytes: int,
    converts: bool,
    budget_bytes: int,
    at_least: int | None = None,
) -> Need | None:
    """What an opened, not yet loaded photo takes; its decoder is set to a smaller size where it
    can and must.

    Args:
        converts: another picture is made from the decoded one (colours, alpha, orientation).
        at_least: if given, a JPEG is decoded at 1/2, 1/4 or 1/8 of its size as long as its shorter
            side keeps this many pixels.

    Returns:
        None: it does not fit into the budget in any way; `least_bytes` says how much it takes.
    """
    scales = _scales(image)
    if at_least is not None and image.format in ("JPEG", "MPO"):
        scales = [scale for scale in scales if scale >= _draft_scale(image, at_least)]
    for scale in scales:
        decoded, decoder = _decoding(image, file_bytes, scale)
        if decoded + decoder > budget_bytes:
            continue
        if not converts:
            _scale(image, scale)
            return Need(decoded + decoder, 1, scale)
        area = image.width * image.height / scale**2
        beside = decoded + _strips(image, area)
        reduce = _reduction(area, budget_bytes - beside)
        finished = int(_PICTURE_BYTES * area / reduce**2)
        # Where the decoder can scale, that is the better way.
        if beside + finished <= budget_bytes and (reduce == 1 or scale == scales[-1]):
            _scale(image, scale)
            return Need(max(decoded + decoder, beside + finished), reduce, scale)
    return None


def least_bytes(image: Image.Image, file_bytes: int) -> int:
    """What decoding takes at the smallest size that its decoder can make."""
    return sum(_decoding(image, file_bytes, _scales(image)[-1]))


def reduce_to_fit(image: Image.Image, budget_bytes: int) -> int:
    """By how much a decoded photo has to be made smaller while it is converted."""
    area = image.width * image.height
    return _reduction(area, budget_bytes - area * _pixel_bytes(image.mode) - _strips(image, area))


def _reduction(area: float, free_bytes: float) -> int:
    reduce = 1
    while _PICTURE_BYTES * area / reduce**2 > free_bytes and reduce < _MOST_TIMES:
        reduce += 1
    return reduce


def need_with(image: Image.Image, decoder_bytes: int, budget_bytes: int) -> Need | None:
    """What a photo takes that another decoder than Pillow's reads, and that is then converted.

    Args:
        decoder_bytes: what that decoder takes, the decoded picture included.
    """
    area = image.width * image.height
    beside = decoder_bytes + _strips(image, area)
    reduce = _reduction(area, budget_bytes - beside)
    peak = beside + int(_PICTURE_BYTES * area / reduce**2)
    return Need(peak, reduce) if peak <= budget_bytes else None


def return_memory() -> None:
    """Give freed blocks back to the system: glibc keeps them, which looks like a leak."""
    trim = _malloc_trim()
    if trim is not None:
        trim(0)


@functools.cache
def _malloc_trim() -> Callable[[int], int] | None:
    if not sys.platform.startswith("linux"):
        return None
    try:
        trim: Callable[[int], int] = ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError):  # musl has none
        return None
    return trim


# --- what decoders take ---------------------------------------------------------------------------


def _strips(image: Image.Image, area: float) -> int:
    """What a strip takes while it is converted. It has some whole rows, however long they are."""
    deep = image.mode == "F" or image.mode.startswith("I")
    return int(
        min(area, max(STRIP_PIXELS, image.width * _MOST_TIMES))
        * (_DEEP_STRIP_BYTES if deep else _STRIP_BYTES)
    )


def _pixel_bytes(mode: str) -> int:
    """Bytes that Pillow takes for a pixel of this mode."""
    if mode in ("1", "L", "P"):
        return 1
    return 2 if mode.startswith("I;16") else 4


def _scales(image: Image.Image) -> list[int]:
    """By how much the decoder itself can make the photo smaller, 1 first."""
    if image.format in ("JPEG", "MPO"):
        return [1, 2, 4, 8]
    if image.format == "JPEG2000":
        levels = _jpeg2000(image).levels
        return [2**n for n in range(min(levels, _MOST_REDUCTIONS) + 1)]
    return [1]


def _scale(image: Any, scale: int) -> None:
    if scale == 1:
        return
    if image.format == "JPEG2000":
        image.reduce = scale.bit_length() - 1
    else:
        image.draft(None, (max(1, image.width // scale), max(1, image.height // scale)))


def _draft_scale(image: Image.Image, at_least: int) -> int:
    short = max(1, min(image.size))
    wanted = [max(1, -(-side * at_least // short)) for side in image.size]
    fits = min(side // least for side, least in zip(image.size, wanted, strict=True))
    return max(scale for scale in (1, 2, 4, 8) if scale <= max(1, fits))


def _decoding(image: Image.Image, file_bytes: int, scale: int) -> tuple[int, int]:
    """Bytes of the decoded picture, and of the decoder beside it."""
    area = image.width * image.height
    decoded = area * _pixel_bytes(image.mode) // scale**2
    beside = _BESIDE.get(image.format or "", _nothing)(image, file_bytes)
    if image.format == "JPEG2000":
        beside //= scale**2
    return decoded, beside


def _nothing(image: Image.Image, file_bytes: int) -> int:
    """Decoders that write row by row into the picture. Those in Python collect all rows first."""
    codecs = {tile[0] for tile in getattr(image, "tile", ())}
    collects = codecs & {"ppm", "ppm_plain", "bmp_rle", "dds_rgb"}
    return 8 * image.width * image.height if collects else 0


def _jpeg(image: Any, file_bytes: int) -> int:
    """A photo in several scans (all progressive ones) has its coefficients in memory: 2 bytes for
    each sample, at full size however small it is decoded."""
    if not image.info.get("progressive") and not _has_several_scans(image):
        return 0
    largest = max((h * v for _, h, v, _ in image.layer), default=1) or 1
    share = sum(h * v for _, h, v, _ in image.layer) / largest
    return int(2 * max(share, 1.0) * image.width * image.height)


def _has_several_scans(image: Any) -> bool:
    """Pillow stops at the first scan's marker: its length and number of components follow."""
    if image.fp is None:
        return False
    place = image.fp.tell()
    scan = image.fp.read(3)
    image.fp.seek(place)
    return len(scan) == 3 and scan[2] < image.layers


def _webp(image: Image.Image, file_bytes: int) -> int:
    """Two canvases of RGBA, the frame, and a copy of it for Python."""
    return 12 * image.width * image.height + 2 * file_bytes


def _avif(image: Any, file_bytes: int) -> int:
    """Planes, RGB(A) and a copy of it for Python; twice the bytes beyond 8 bits."""
    per_pixel = (7 if image.mode == "RGB" else 10) * (2 if _avif_is_deep(image) else 1)
    return int(per_pixel * image.width * image.height + 2 * file_bytes)


def _avif_is_deep(image: Any) -> bool:
    head = _head(image)
    place = head.find(b"av1C")
    return 0 <= place < len(head) - 6 and bool(head[place + 6] & 0x40)


def _heif(image: Image.Image, file_bytes: int) -> int:
    deep = image.info.get("bit_depth", 8) > 8
    return (12 if deep else 6) * image.width * image.height + 2 * file_bytes


def _tiff(image: Any, file_bytes: int) -> int:
    """One strip or tile at a time, as it is stored and unpacked (YCbCr: to RGBA)."""
    tags = image.tag_v2
    bits, samples = tags.get(258, (1,)), tags.get(277, 1)
    bits = bits if isinstance(bits, tuple) else (bits,)
    per_pixel: float = max(bits, default=8) * (samples if isinstance(samples, int) else 1) / 8
    per_pixel = max(per_pixel, 4.0 if tags.get(262) == 6 else 1.0)
    rows, width, height = tags.get(278, image.height), tags.get(322), tags.get(323)
    if isinstance(width, int) and isinstance(height, int):
        pixels = width * height
    else:
        pixels = image.width * min(rows if isinstance(rows, int) else image.height, image.height)
    strip = int(pixels * per_pixel)
    if not image.use_load_libtiff:  # not packed: a single strip is read in small pieces
        return 0 if len(image.tile) == 1 else 2 * min(strip, file_bytes)
    return strip + min(strip, file_bytes)


def _jpeg2000_bytes(image: Image.Image, file_bytes: int) -> int:
    """openjpeg keeps each sample of a tile in 4 bytes, and some more."""
    header = _jpeg2000(image)
    return int(5.5 * header.components * header.tile_pixels) + file_bytes


_BESIDE: dict[str, Callable[[Any, int], int]] = {
    "JPEG": _jpeg,
    "MPO": _jpeg,
    "WEBP": _webp,
    "AVIF": _avif,
    "HEIF": _heif,
    "TIFF": _tiff,
    "JPEG2000": _jpeg2000_bytes,
}


@dataclass(frozen=True, slots=True)
class _Jpeg2000:
    """What matters of a codestream's header. levels: how often it can be halved."""

    components: int
    tile_pixels: int
    levels: int


def _jpeg2000(image: Any) -> _Jpeg2000:
    kept: _Jpeg2000 | None = image.info.get("resnet_gui_jpeg2000")
    if kept is not None:
        return kept
    area, bands = image.width * image.height, len(image.getbands())
    found = _Jpeg2000(bands, area, 0)
    head = _head(image)
    start = head.find(b"\xff\x4f\xff\x51")

    def number(place: int, size: int) -> int:
        return int.from_bytes(head[place : place + size], "big")

    if start >= 0 and len(head) >= start + 42:
        width = number(start + 8, 4) - number(start + 16, 4)
        height = number(start + 12, 4) - number(start + 20, 4)
        tile = min(number(start + 24, 4), width) * min(number(start + 28, 4), height)
        components = number(start + 40, 2)
        # A container may claim another size than the codestream has: the larger one counts.
        larger = max(1.0, width * height / max(1, area))
        found = _Jpeg2000(max(components, bands), int(max(tile, 1) * larger), 0)
        place = start + 4 + number(start + 4, 2)
        while place + 4 <= len(head) and head[place] == 0xFF and head[place + 1] != 0x90:
            if head[place + 1] == 0x52:  # COD: Scod, progression, layers (2), transform, levels
                levels = number(place + 9, 1)
                found = _Jpeg2000(found.components, found.tile_pixels, levels)
                break
            place += 2 + max(2, number(place + 2, 2))
    image.info["resnet_gui_jpeg2000"] = found
    return found


def _head(image: Any) -> bytes:
    """The file's first bytes."""
    if image.fp is None:
        return b""
    place = image.fp.tell()
    image.fp.seek(0, os.SEEK_SET)
    head: bytes = image.fp.read(_HEADER_BYTES)
    image.fp.seek(place)
    return head
