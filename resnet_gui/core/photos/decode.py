"""Photos to pixels: decode, orientation, colour, size limits. Pillow reads; no torch here.

The exact path of this module is the reference: `decode` gives what
`PIL.Image.open(path).convert("RGB")` gives for a plain 8-bit sRGB photo, and what a person would
expect to see for everything else (upright, in sRGB, alpha over white, 16 bits scaled to 8).

All threads together stay within one budget of memory (`imaging_budget`). A photo that would not
fit is made smaller while it is decoded (JPEG, JPEG 2000) or converted; for what has 3 or 4 channels
this begins at 95 megapixels where colours, alpha or orientation need a second picture, at 200 where
they do not. What does not fit even then is refused: from about 190 megapixels on (PNG, TIFF, BMP
with 3 or 4 channels), 80 (HEIC), 57 (AVIF), 90 (WebP; animated: 50), whose decoders need so much.
"""

from __future__ import annotations

import contextlib
import io
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from PIL import Image

from resnet_gui.core.errors import ImageReadError
from resnet_gui.core.events import ImageSource, RgbImage
from resnet_gui.core.photos import webp as imaging_webp
from resnet_gui.core.photos.budget import (
    BUDGET,
    WORTH_RETURNING,
    MemoryBudget,
    least_bytes,
    need,
    need_with,
    reduce_to_fit,
    return_memory,
)
from resnet_gui.core.photos.colour import is_final, orientation_of, turned_size, upright_rgb
from resnet_gui.core.photos.endings import (
    HEIC_SUFFIXES,
    IMAGE_SUFFIXES,
    RAW_SUFFIXES,
    looks_like_image,
)
from resnet_gui.core.photos.formats import HEIC_READABLE
from resnet_gui.core.photos.load import late_orientation, load, opened, take_orientation
from resnet_gui.core.photos.load import opened as _opened
from resnet_gui.core.photos.moments import taken_s
from resnet_gui.core.photos.preprocess import crop_photo
from resnet_gui.core.photos.problems import (
    as_read_error,
    out_of_memory,
    refuse_by_name,
    too_many_pixels,
    too_much_memory,
)
from resnet_gui.core.preprocessing import Preprocessing

__all__ = [
    "BUDGET", "HEIC_READABLE", "HEIC_SUFFIXES", "IMAGE_SUFFIXES", "MAX_PIXELS", "RAW_SUFFIXES",
    "DecodedPhoto", "MemoryBudget", "_opened", "decode", "decoded", "encode_png",
    "looks_like_image", "network_view", "preview", "read_header", "upright_size",
]  # fmt: skip

MAX_PIXELS = 250_000_000  # phones reach 200 megapixels
Box = tuple[float, float, float, float]  # left, top, right, bottom


@dataclass(frozen=True, slots=True)
class DecodedPhoto:
    """A photo in memory.

    Attributes:
        image: mode "RGB", upright, in sRGB.
        width, height: of the upright photo in the file, in pixels; `image` may be smaller.
        incomplete: the file ends early; the rest of the picture is grey, black or white.
        extent: what of `image` the photo fills, in its pixels, where that is not all of it: a
            decoder that halves an odd number rounds up.
    """

    image: Image.Image
    width: int
    height: int
    incomplete: bool
    extent: Box | None = None


def decode(
    source: ImageSource,
    *,
    at_least: int | None = None,
    max_pixels: int = MAX_PIXELS,
    budget: MemoryBudget | None = None,
) -> Image.Image:
    """Read one photo as 8-bit sRGB, upright. For the few: who decodes in several threads uses
    `decoded`, which counts the picture until it is no longer needed.

    Args:
        source: a file or encoded bytes. Of an animation or a multi-page file the first frame.
        at_least: if given, a JPEG may be decoded at 1/2, 1/4 or 1/8 of its size, as long as its
            shorter side stays at least this many pixels (5 times faster for a 12-megapixel photo;
            not the exact path). None: every pixel, unless the memory's budget forbids it.
        max_pixels: more are refused before anything is decoded.
        budget: the memory that may be used; None: the process's.

    Returns:
        an image of mode "RGB".

    Raises:
        ImageReadError: or a subclass of it; the text names the file and says what to do.
    """
    with contextlib.ExitStack() as held:
        return _decoded(source, at_least, max_pixels, budget or BUDGET, held).image


@contextlib.contextmanager
def decoded(
    source: ImageSource,
    *,
    at_least: int | None = None,
    max_pixels: int = MAX_PIXELS,
    budget: MemoryBudget | None = None,
) -> Iterator[DecodedPhoto]:
    """Read one photo and keep its share of the budget until the block ends; then its pixels are
    freed.

    Args, Raises: as `decode`.
    """
    with contextlib.ExitStack() as held:
        photo = _decoded(source, at_least, max_pixels, budget or BUDGET, held)
        try:
            yield photo
        finally:
            photo.image.close()  # whoever still has it must not keep what the budget gets back


def preview(source: ImageSource, max_side: int) -> RgbImage:
    """Read one photo for the screen: at most `max_side` pixels wide and high.

    Raises:
        ImageReadError: as `decode`.
    """
    full_width, full_height = upright_size(source)
    ratio = max_side / max(full_width, full_height, 1)
    at_least = max(1, int(min(full_width, full_height) * min(ratio, 1.0)))
    with decoded(source, at_least=at_least) as photo:
        image = photo.image
        image.thumbnail((max_side, max_side), Image.Resampling.BILINEAR, reducing_gap=2.0)
        return RgbImage(image.width, image.height, image.tobytes(), full_width, full_height)


def network_view(source: ImageSource, preprocessing: Preprocessing) -> RgbImage:
    """The pixels that a network gets of one photo, before they are normalised: crop x crop.

    Raises:
        ImageReadError: as `decode`.
    """
    with decoded(source) as photo:
        image = crop_photo(photo.image, preprocessing)
        return RgbImage(image.width, image.height, image.tobytes(), photo.width, photo.height)


class Header(NamedTuple):
    """What a photo's header tells.

    Attributes:
        width, height: in pixels, as a person sees it.
        taken: seconds by the camera's clock since the beginning of 1970; None: not noted.
    """

    width: int
    height: int
    taken: float | None = None


def upright_size(source: ImageSource) -> tuple[int, int]:
    """Width and height in pixels as a person sees the photo, from its header alone.

    Raises:
        ImageReadError: as `decode`.
    """
    return read_header(source, timed=False)[:2]


def read_header(source: ImageSource, *, timed: bool = True) -> Header:
    """Look at a photo without decoding it.

    Args:
        timed: also when it was taken.

    Raises:
        ImageReadError: as `decode`.
    """
    refuse_by_name(source)
    try:
        with opened(source) as image:
            if image.width * image.height > MAX_PIXELS:
                return Header(*image.size)  # refused when it is decoded
            if not late_orientation(image):
                taken = taken_s(image) if timed else None
                orientation = take_orientation(image)
                return Header(*turned_size(image.size, orientation), taken)
        with decoded(source) as photo:
            return Header(photo.width, photo.height)
    except ImageReadError:
        raise
    except Exception as error:
        partial = _partial_webp_size(source)
        if partial is not None:
            return Header(*partial)
        raise as_read_error(source, error) from error


def encode_png(image: Image.Image) -> bytes:
    """PNG bytes of an image in memory."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def _decoded(
    source: ImageSource,
    at_least: int | None,
    max_pixels: int,
    budget: MemoryBudget,
    held: contextlib.ExitStack,
) -> DecodedPhoto:
    file_bytes = refuse_by_name(source)
    try:
        with opened(source) as image:
            if image.width * image.height > max_pixels:
                raise too_many_pixels(source, *image.size, max_pixels)
            orientation = take_orientation(image)
            size = image.size
            converts = orientation != 1 or not is_final(image)
            limit = budget.total_bytes
            takes = need(image, file_bytes, converts, limit, at_least)
            if takes is None and image.format == "WEBP":
                photo = _large_webp(source, image, file_bytes, orientation, budget, held)
                if photo is not None:
                    return photo
            if takes is None:
                raise too_much_memory(source, least_bytes(image, file_bytes), limit)
            _hold(budget, takes.peak, held)
            incomplete = load(image)
            reduce = takes.reduce
            if image.format == "PNG":  # what stands behind its pixels is known only now
                orientation = orientation_of(image)
                if not converts and (orientation != 1 or not is_final(image)):
                    reduce = reduce_to_fit(image, limit)
                    _hold(budget, 4 * image.width * image.height // reduce**2, held)
            rgb = upright_rgb(image, orientation, reduce)
            jpeg = image.format in ("JPEG", "MPO")
            extent = _extent(size, takes.scale, orientation) if jpeg and reduce == 1 else None
            return DecodedPhoto(rgb, *turned_size(size, orientation), incomplete, extent)
    except (ImageReadError, KeyboardInterrupt):
        raise
    except MemoryError as error:
        raise out_of_memory(source) from error
    except Exception as error:
        partial = _partial_webp(source, max_pixels, budget, held)
        if partial is not None:
            return partial
        raise as_read_error(source, error) from error


def _hold(budget: MemoryBudget, count: int, held: contextlib.ExitStack) -> None:
    if count >= WORTH_RETURNING:
        held.callback(return_memory)
    held.enter_context(budget.hold(count))


def _extent(size: tuple[int, int], scale: int, orientation: int) -> Box | None:
    """What of a picture that its decoder made smaller is the photo: the last row and column are
    whole pixels, of which the photo may fill a part only. After turning they can be the first."""
    if size[0] % scale == size[1] % scale == 0:
        return None
    width, height = turned_size((size[0] / scale, size[1] / scale), orientation)
    whole_width, whole_height = math.ceil(width), math.ceil(height)
    left = whole_width - width if orientation in (2, 3, 6, 7) else 0.0
    top = whole_height - height if orientation in (3, 4, 7, 8) else 0.0
    return left, top, left + width, top + height


def _partial_webp_size(source: ImageSource) -> tuple[int, int] | None:
    data = _cut_off_webp(source)
    return None if data is None else imaging_webp.claimed_size(data)


def _partial_webp(
    source: ImageSource, max_pixels: int, budget: MemoryBudget, held: contextlib.ExitStack
) -> DecodedPhoto | None:
    """A WebP that ends early, as far as it goes; None: it is none, or has not one row."""
    data = _cut_off_webp(source)
    size = None if data is None else imaging_webp.claimed_size(data)
    if data is None or size is None:
        return None
    if size[0] * size[1] > max_pixels:
        raise too_many_pixels(source, *size, max_pixels)
    # Two pictures of Pillow's: of the rows, and the finished one.
    takes = (imaging_webp.PIXEL_BYTES + 8) * size[0] * size[1] + 2 * len(data)
    if takes > budget.total_bytes:
        raise too_much_memory(source, takes, budget.total_bytes)
    _hold(budget, takes, held)
    image = imaging_webp.rows_of(data)
    return None if image is None else DecodedPhoto(upright_rgb(image), *size, incomplete=True)


def _large_webp(
    source: ImageSource,
    image: Image.Image,
    file_bytes: int,
    orientation: int,
    budget: MemoryBudget,
    held: contextlib.ExitStack,
) -> DecodedPhoto | None:
    """A still WebP for which Pillow's reader takes too much; None: this way is not open either."""
    takes = need_with(
        image,
        imaging_webp.PIXEL_BYTES * image.width * image.height + 2 * file_bytes,
        budget.total_bytes,
    )
    if takes is None or getattr(image, "n_frames", 1) != 1:
        return None
    _hold(budget, takes.peak, held)
    data = source.data if source.path is None else source.path.read_bytes()
    with imaging_webp.pixels_of(data or b"") as pixels:
        if pixels is None or pixels.size != image.size:
            return None
        pixels.info.update(image.info)
        rgb = upright_rgb(pixels, orientation, takes.reduce)
    return DecodedPhoto(rgb, *turned_size(image.size, orientation), incomplete=False)


def _cut_off_webp(source: ImageSource) -> bytes | None:
    """The bytes of a WebP that is longer by its own account."""
    try:
        data = source.data if source.path is None else _start(source, 12)
        if data is None or data[:4] != b"RIFF" or data[8:12] != b"WEBP":
            return None
        if source.path is not None:
            data = source.path.read_bytes()
    except OSError:
        return None
    return data if imaging_webp.is_cut_off(data) else None


def _start(source: ImageSource, count: int) -> bytes:
    assert source.path is not None
    with source.path.open("rb") as file:
        return file.read(count)
