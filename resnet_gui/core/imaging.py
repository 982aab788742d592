"""Photos to pixels: decode, orientation, colour, size limits. Pillow reads; no torch here.

The exact path of this module is the reference: `decode` gives what
`PIL.Image.open(path).convert("RGB")` gives for a plain 8-bit sRGB photo, and what a person would
expect to see for everything else (upright, in sRGB, alpha over white, 16 bits scaled to 8).
"""

from __future__ import annotations

import contextlib
import errno
import functools
import io
import itertools
import os
import stat
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from PIL import Image, ImageChops, ImageCms, UnidentifiedImageError

from resnet_gui.core.errors import (
    CorruptImageError,
    ImageReadError,
    ImageTooLargeError,
    UnsupportedImageError,
)
from resnet_gui.core.types import ImageSource, RgbImage

try:
    import pillow_heif
except ImportError:  # extra "heic" is not installed
    HEIC_READABLE = False
else:
    pillow_heif.register_heif_opener()
    HEIC_READABLE = True

MAX_PIXELS = 250_000_000  # phones reach 200 megapixels; 250 are 750 MB as RGB
Image.MAX_IMAGE_PIXELS = None  # the limit above is checked before any pixel is decoded

HEIC_SUFFIXES = frozenset({".heic", ".heif", ".hif"})
IMAGE_SUFFIXES = HEIC_SUFFIXES | {
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".gif", ".webp", ".tif", ".tiff",
    ".bmp", ".dib", ".avif", ".mpo", ".ppm", ".pgm", ".pbm", ".jp2", ".j2k",
}  # fmt: skip
RAW_SUFFIXES = frozenset({
    ".3fr", ".arw", ".cr2", ".cr3", ".crw", ".dcr", ".dng", ".erf", ".iiq", ".kdc", ".mrw",
    ".nef", ".nrw", ".orf", ".pef", ".raf", ".raw", ".rw2", ".rwl", ".sr2", ".srf", ".srw", ".x3f",
})  # fmt: skip
# Only these decoders are opened: the others are old, unsafe or no photos. "JPEG" opens MPO too.
_FORMATS = (
    "JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP", "DIB", "AVIF", "PPM", "JPEG2000",
    *(("HEIF",) if HEIC_READABLE else ()),
)  # fmt: skip
_SRGB = ImageCms.createProfile("sRGB")


def looks_like_image(path: Path | str) -> bool:
    """Whether a file found in a folder should be tried: by its name's ending, RAW included
    (so that the person learns why it is not read).

    Args:
        path: the file, or its name alone, which is quicker for many.
    """
    name = path if isinstance(path, str) else path.name
    suffix = os.path.splitext(name)[1].lower()  # noqa: PTH122 - a Path per name takes 5 µs
    return not name.startswith(".") and (suffix in IMAGE_SUFFIXES or suffix in RAW_SUFFIXES)


def decode(
    source: ImageSource, *, at_least: int | None = None, max_pixels: int = MAX_PIXELS
) -> Image.Image:
    """Read one photo as 8-bit sRGB, upright.

    Args:
        source: a file or encoded bytes. Of an animation or a multi-page file the first frame.
        at_least: if given, a JPEG may be decoded at 1/2, 1/4 or 1/8 of its size, as long as its
            shorter side stays at least this many pixels (5 times faster for a 12-megapixel photo;
            not the exact path). None: every pixel.
        max_pixels: more are refused before anything is decoded.

    Returns:
        an image of mode "RGB".

    Raises:
        ImageReadError: or a subclass of it; the text names the file and says what to do.
    """
    name = source.short_name
    _refuse_by_name(source)
    try:
        with _opened(source) as image:
            width, height = image.size
            if width * height > max_pixels:
                raise ImageTooLargeError(
                    source.name,
                    f"{name} claims {width:,} × {height:,} pixels "
                    f"({width * height / 1e6:,.0f} megapixels).",
                    f"More than {max_pixels / 1e6:,.0f} megapixels are refused, because such files "
                    "are often made to fill the memory. Scale it down first.",
                )
            if at_least is not None:
                short = max(1, min(width, height))
                image.draft("RGB", (-(-width * at_least // short), -(-height * at_least // short)))
            image.load()
            return _upright_rgb(image)
    except (ImageReadError, KeyboardInterrupt):
        raise
    except MemoryError as error:
        raise ImageTooLargeError(
            source.name,
            f"{name} does not fit into the free memory.",
            "Close other programs or scale it down first.",
        ) from error
    except Exception as error:
        raise _as_read_error(source, error) from error


def preview(source: ImageSource, max_side: int) -> RgbImage:
    """Read one photo for the screen: at most `max_side` pixels wide and high.

    Raises:
        ImageReadError: as `decode`.
    """
    full_width, full_height = upright_size(source)
    ratio = max_side / max(full_width, full_height, 1)
    at_least = max(1, int(min(full_width, full_height) * min(ratio, 1.0)))
    image = decode(source, at_least=at_least)
    image.thumbnail((max_side, max_side), Image.Resampling.BILINEAR, reducing_gap=2.0)
    return RgbImage(image.width, image.height, image.tobytes(), full_width, full_height)


def upright_size(source: ImageSource) -> tuple[int, int]:
    """Width and height in pixels as a person sees the photo, from its header alone.

    Raises:
        ImageReadError: as `decode`.
    """
    _refuse_by_name(source)
    try:
        with _opened(source) as image:
            width, height = image.size
            if width * height > MAX_PIXELS:
                return width, height  # a PNG's orientation may stand behind all of its pixels
            turned = _orientation(image) in (5, 6, 7, 8) and image.format != "TIFF"
            return (height, width) if turned else (width, height)
    except ImageReadError:
        raise
    except Exception as error:
        raise _as_read_error(source, error) from error


def encode_png(image: Image.Image) -> bytes:
    """PNG bytes of an image in memory."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


class _Silence:
    """No warnings while a photo is read: Pillow warns of damaged metadata (EXIF, TIFF tags), but
    the pixels decide here.

    The filters belong to the whole process. Where reads in several threads overlap, the first one
    in sets them and the last one out puts back what was there; each on its own would restore them
    too early, or leave everything silent for good.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._readers = 0
        self._filters = warnings.catch_warnings()

    def __enter__(self) -> None:
        with self._lock:
            self._readers += 1
            if self._readers == 1:
                self._filters = warnings.catch_warnings()
                self._filters.__enter__()
                warnings.simplefilter("ignore")

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._readers -= 1
            if self._readers == 0:
                self._filters.__exit__(None, None, None)


_silence = _Silence()


@contextlib.contextmanager
def _opened(source: ImageSource) -> Iterator[Image.Image]:
    stream: Any = source.path if source.data is None else io.BytesIO(source.data)
    with _silence, Image.open(stream, formats=_FORMATS) as image:
        yield image


def _refuse_by_name(source: ImageSource) -> None:
    """Errors that need no decoder: RAW, folders, missing, empty, HEIC without its reader."""
    path, name = source.path, source.short_name
    if path is None:
        # The name may be an address from which the bytes were fetched.
        suffix = PurePosixPath(name.partition("?")[0].partition("#")[0]).suffix.lower()
        empty = not source.data
    else:
        suffix = path.suffix.lower()
        try:
            status = path.stat()
        except (FileNotFoundError, NotADirectoryError) as error:
            raise ImageReadError(
                source.name, f"{name} is not there.", "It may have been moved or renamed."
            ) from error
        except ValueError as error:  # a zero byte, half of a surrogate pair
            raise ImageReadError(source.name, f"No file can be named {name!r}.") from error
        except OSError as error:
            raise _as_read_error(source, error) from error
        if stat.S_ISDIR(status.st_mode):
            raise UnsupportedImageError(
                source.name, f"{name or source.name} is a folder, not a photo."
            )
        if not stat.S_ISREG(status.st_mode):
            raise UnsupportedImageError(source.name, f"{name} is not a file but a pipe or device.")
        empty = status.st_size == 0
    if suffix in RAW_SUFFIXES:
        raise UnsupportedImageError(
            source.name,
            f"{name} is a camera RAW file, which is not read here.",
            "Export it as JPEG or TIFF with your camera's software and use that.",
        )
    if empty:
        raise CorruptImageError(
            source.name, f"{name} is empty (0 bytes).", "Copy it again from where it came from."
        )
    if suffix in HEIC_SUFFIXES and not HEIC_READABLE:
        raise UnsupportedImageError(
            source.name,
            f"{name} is a HEIC photo, and the reader for these is not installed.",
            "Install it with “pip install pillow-heif”, or export the photo as JPEG.",
        )


_DRIVE_TROUBLE = (
    errno.EIO, errno.ENODEV, errno.ENXIO, errno.ESTALE, errno.ENOTCONN, errno.ETIMEDOUT,
    errno.EHOSTDOWN, errno.EHOSTUNREACH,
)  # fmt: skip


def _as_read_error(source: ImageSource, error: Exception) -> ImageReadError:
    name = source.short_name
    if isinstance(error, UnidentifiedImageError):
        return UnsupportedImageError(
            source.name,
            f"{name} is not a photo in a format that is read here, or its beginning is damaged.",
            "JPEG, PNG, WebP, TIFF, GIF, BMP, AVIF and HEIC are read.",
        )
    if isinstance(error, PermissionError):
        return ImageReadError(
            source.name, f"{name} may not be read.", "Check the file's permissions."
        )
    reason = str(error).strip() or type(error).__name__
    if isinstance(error, OSError) and error.errno is not None:
        advice = "Is its drive connected?" if error.errno in _DRIVE_TROUBLE else ""
        return ImageReadError(source.name, f"{name} could not be read ({error.strerror}).", advice)
    return CorruptImageError(
        source.name,
        f"{name} is damaged or cut off ({reason}).",
        "Copy it again from where it came from.",
    )


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(0x0112, 1))
    except Exception:  # noqa: BLE001 - damaged EXIF must not cost the photo
        return 1


def _upright_rgb(image: Image.Image) -> Image.Image:
    """Colour first (the profile belongs to the stored mode), then orientation, once."""
    profile = image.info.get("icc_profile")
    # Pillow's TIFF reader and pillow-heif turn the pixels themselves and clear the tag.
    orientation = _orientation(image)
    alpha = _alpha(image)
    rgb = _to_rgb(image, profile if isinstance(profile, bytes) else None)
    if alpha is not None:
        white = Image.new("RGB", rgb.size, (255, 255, 255))
        rgb = Image.composite(rgb, white, alpha)
    if orientation != 1:
        transpose = _TRANSPOSE.get(orientation)
        rgb = rgb if transpose is None else rgb.transpose(transpose)
    return rgb


_TRANSPOSE = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def _alpha(image: Image.Image) -> Image.Image | None:
    """The alpha channel (mode "L") if any pixel is not opaque."""
    if image.mode not in ("RGBA", "LA", "PA", "RGBa", "La") and "transparency" not in image.info:
        return None
    if image.mode.startswith("I") or image.mode == "F":
        return None  # a transparent grey level of a 16-bit PNG: nothing photographic
    alpha = image.convert("RGBA").getchannel("A")
    lowest, _ = alpha.getextrema()
    return alpha if isinstance(lowest, int) and lowest < 255 else None


def _to_rgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    if image.mode.startswith("I") or image.mode == "F":
        return _deep_grey_to_8_bit(image).convert("RGB")
    if image.mode in ("RGBA", "P", "PA", "RGBa", "1") or "transparency" in image.info:
        # Not through "RGB" at once: a palette's transparency would be lost with a warning.
        opaque = image.convert("RGBA").convert("RGB")
    elif image.mode in ("LA", "La"):
        opaque = image.convert("LA").getchannel("L")
    else:
        opaque = image.copy() if image.mode == "RGB" else image
    if profile and opaque.mode in ("RGB", "L", "CMYK", "LAB"):
        converted = _through_profile(opaque, profile)
        if converted is not None:
            return converted
    return opaque if opaque.mode == "RGB" else opaque.convert("RGB")


def _through_profile(image: Image.Image, profile: bytes) -> Image.Image | None:
    """The image in sRGB, or None if the profile is sRGB itself, damaged or of another mode."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        transform = ImageCms.buildTransform(source, _SRGB, image.mode, "RGB")
        # By what it does, not by its name: “linear sRGB” is far from sRGB, and sRGB's many copies
        # must not change a bit of the photo.
        probe = _probe(image.mode)
        if probe is not None:
            after = ImageCms.applyTransform(probe, transform)
            assert after is not None  # only a transform in place returns nothing
            change = ImageChops.difference(after, probe.convert("RGB")).tobytes()
            if max(change) <= _SAME_COLOUR:
                return None
        return ImageCms.applyTransform(image, transform)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None


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


def _deep_grey_to_8_bit(image: Image.Image) -> Image.Image:
    """16-bit and 32-bit grey to "L". Pillow's own convert would clip everything above 255.

    16-bit values are scaled by their type's range; 32-bit integers and floats, which have no
    agreed range, by the range that the values use.
    """
    import numpy as np  # 70 ms of the window's start, for the one photo in thousands

    values = np.asarray(image)
    if values.dtype == np.uint16 or image.mode.startswith("I;16"):
        return Image.fromarray((values.astype(np.uint16) >> 8).astype(np.uint8))
    as_float = values.astype(np.float64)
    numbers = as_float[np.isfinite(as_float)]
    low, high = (float(numbers.min()), float(numbers.max())) if numbers.size else (0.0, 0.0)
    as_float = np.nan_to_num(as_float, nan=low, posinf=high, neginf=low)
    if image.mode == "I" and low >= 0 and high <= 65535:
        low, high = 0.0, 255.0 if high <= 255 else 65535.0
    elif image.mode == "F" and low >= 0 and high <= 1:
        low, high = 0.0, 1.0
    span = (high - low) or 1.0
    return Image.fromarray(np.clip((as_float - low) / span * 255, 0, 255).astype(np.uint8))
