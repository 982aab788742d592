"""Decoded pixels to upright 8-bit sRGB: depth, colour, alpha, orientation. Strip by strip, so that
a large photo is never there twice at full depth; each pixel comes out as from the whole."""

from __future__ import annotations

import functools
import io
import itertools
from collections.abc import Callable
from typing import TypeVar

from PIL import Image, ImageChops, ImageCms

from resnet_gui.core.photos.budget import STRIP_PIXELS

_SRGB = ImageCms.createProfile("sRGB")
_ALPHA_MODES = ("RGBA", "LA", "PA", "RGBa", "La")
_TRANSPOSE = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
TURNED = (5, 6, 7, 8)  # orientations that swap width and height
ORIENTATION = 0x0112
Length = TypeVar("Length", int, float)


def orientation_of(image: Image.Image) -> int:
    """EXIF's orientation; 1 where there is none or it cannot be read."""
    try:
        value = int(image.getexif().get(ORIENTATION, 1))
    except Exception:  # noqa: BLE001 - damaged EXIF must not cost the photo
        return 1
    return value if value in _TRANSPOSE else 1


def turned_size(size: tuple[Length, Length], orientation: int) -> tuple[Length, Length]:
    """Width and height of stored pixels once they stand upright."""
    return (size[1], size[0]) if orientation in TURNED else size


def is_final(image: Image.Image) -> bool:
    """Whether the stored pixels are the picture: RGB, and nothing that says how to change them."""
    return (
        image.mode == "RGB"
        and "transparency" not in image.info
        and not isinstance(image.info.get("icc_profile"), bytes)
    )


def upright_rgb(image: Image.Image, orientation: int = 1, reduce: int = 1) -> Image.Image:
    """The loaded photo as mode "RGB", in sRGB, alpha over white.

    Args:
        orientation: how the stored pixels have to be turned, as in EXIF.
        reduce: width and height are divided by this, rounded up; pixels become their mean.
    """
    profile = image.info.get("icc_profile")
    to_srgb = _to_srgb(profile, image) if isinstance(profile, bytes) else None
    if image.mode == "RGB" and "transparency" not in image.info and to_srgb is None:
        if orientation == 1 and reduce == 1:
            return image._new(image.im)  # the same pixels, without the file's object around them
        convert: Callable[[Image.Image], Image.Image] = _as_it_is
    elif image.mode.startswith("I") or image.mode == "F":
        convert = _deep_grey(image)
    else:
        convert = functools.partial(_flat_rgb, to_srgb=to_srgb)
    width, height = -(-image.width // reduce), -(-image.height // reduce)
    turned = orientation in TURNED
    result = Image.new("RGB", (height, width) if turned else (width, height))
    # In whole multiples of `reduce`, so that a strip's rows are rows of the result.
    rows = max(1, STRIP_PIXELS // max(1, image.width) // reduce) * reduce
    for top in range(0, image.height, rows):
        strip = image.crop((0, top, image.width, min(top + rows, image.height)))
        strip = convert(strip)
        if reduce > 1:
            strip = strip.reduce(reduce)
        start, stop = top // reduce, top // reduce + strip.height
        if orientation in _TRANSPOSE:
            strip = strip.transpose(_TRANSPOSE[orientation])
        if orientation in (3, 4, 6, 7):
            start = height - stop
        result.paste(strip, (start, 0) if turned else (0, start))
    return result


def _as_it_is(strip: Image.Image) -> Image.Image:
    return strip


def _flat_rgb(
    strip: Image.Image, to_srgb: Callable[[Image.Image], Image.Image] | None
) -> Image.Image:
    alpha = None
    if strip.mode in (*_ALPHA_MODES, "P") or "transparency" in strip.info:
        # Not through "RGB" at once: a palette's transparency would be lost with a warning.
        with_alpha = strip.convert("RGBA")
        if strip.mode in _ALPHA_MODES or "transparency" in strip.info:
            alpha = _if_not_opaque(with_alpha.getchannel("A"))
        grey = strip.mode in ("LA", "La")
        opaque = strip.convert("LA").getchannel("L") if grey else with_alpha.convert("RGB")
    elif strip.mode == "1":
        opaque = strip.convert("RGB")
    else:
        opaque = strip
    if to_srgb is not None:
        rgb = to_srgb(opaque)
    else:
        rgb = opaque if opaque.mode == "RGB" else opaque.convert("RGB")
    if alpha is None:
        return rgb
    return Image.composite(rgb, Image.new("RGB", rgb.size, (255, 255, 255)), alpha)


def _if_not_opaque(alpha: Image.Image) -> Image.Image | None:
    lowest, _ = alpha.getextrema()
    return alpha if isinstance(lowest, int) and lowest < 255 else None


def _to_srgb(profile: bytes, image: Image.Image) -> Callable[[Image.Image], Image.Image] | None:
    """How to come from a profile to sRGB; None if it is sRGB itself, damaged or of another mode."""
    if image.mode in ("RGBA", "P", "PA", "RGBa", "1") or "transparency" in image.info:
        mode = "RGB"
    else:
        mode = "L" if image.mode in ("LA", "La") else image.mode
    if mode not in ("RGB", "L", "CMYK", "LAB"):
        return None
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        transform = ImageCms.buildTransform(source, _SRGB, mode, "RGB")
        ImageCms.applyTransform(Image.new(mode, (1, 1)), transform)
        # By what it does, not by its name: “linear sRGB” is far from sRGB, and sRGB's many copies
        # must not change a bit of the photo.
        probe = _probe(mode)
        if probe is not None:
            after = ImageCms.applyTransform(probe, transform)
            assert after is not None  # only a transform in place returns nothing
            change = ImageChops.difference(after, probe.convert("RGB")).tobytes()
            if max(change) <= _SAME_COLOUR:
                return None
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None

    def convert(strip: Image.Image) -> Image.Image:
        converted = ImageCms.applyTransform(strip, transform)
        assert converted is not None
        return converted

    return convert


_SAME_COLOUR = 2  # of 255: what copies of one profile differ by after rounding


@functools.cache
def _probe(mode: str) -> Image.Image | None:
    """Colours from all over the mode's range; None for modes that sRGB cannot be in."""
    if mode == "L":
        return Image.frombytes("L", (16, 16), bytes(range(256)))
    if mode == "RGB":
        levels = [round(step * 255 / 8) for step in range(9)]
        return Image.frombytes("RGB", (27, 27), bytes(sum(itertools.product(levels, repeat=3), ())))
    return None


def _deep_grey(image: Image.Image) -> Callable[[Image.Image], Image.Image]:
    """16-bit and 32-bit grey to 8 bits. Pillow's own convert would clip everything above 255.

    16-bit values are scaled by their type's range; 32-bit integers and floats, which have no
    agreed range, by the range that the values use. A transparent grey level is left out: nothing
    photographic.
    """
    import numpy as np  # 70 ms of the window's start, for the one photo in thousands

    if image.mode.startswith("I;16"):

        def from_16_bits(strip: Image.Image) -> Image.Image:
            grey = (np.asarray(strip).astype(np.uint16) >> 8).astype(np.uint8)
            return Image.fromarray(grey).convert("RGB")

        return from_16_bits
    low, high = np.inf, -np.inf
    rows = max(1, STRIP_PIXELS // max(1, image.width))
    for top in range(0, image.height, rows):
        strip = image.crop((0, top, image.width, min(top + rows, image.height)))
        values = np.asarray(strip).astype(np.float64)
        numbers = values[np.isfinite(values)]
        if numbers.size:
            low, high = min(low, float(numbers.min())), max(high, float(numbers.max()))
    if low > high:
        low = high = 0.0
    # Infinities and what is no number lie at the ends of what the others use.
    lowest, highest = low, high
    if image.mode == "I" and low >= 0 and high <= 65535:
        low, high = 0.0, 255.0 if high <= 255 else 65535.0
    elif image.mode == "F" and low >= 0 and high <= 1:
        low, high = 0.0, 1.0
    span = (high - low) or 1.0

    def from_32_bits(strip: Image.Image) -> Image.Image:
        values = np.nan_to_num(
            np.asarray(strip).astype(np.float64), nan=lowest, posinf=highest, neginf=lowest
        )
        grey = np.clip((values - low) / span * 255, 0, 255).astype(np.uint8)
        return Image.fromarray(grey).convert("RGB")

    return from_32_bits
