"""WebP photos that Pillow's own reader cannot read well: those that end early, of which libwebp
can show what is there, as browsers do; and large ones, for which Pillow's reader, made for
animations, keeps four pictures in memory. Both by the libwebp that comes with Pillow."""

from __future__ import annotations

import contextlib
import ctypes
import functools
from collections.abc import Iterator
from typing import Any

from PIL import Image

_MODE_RGBA = 1
PIXEL_BYTES = 8  # of the decoder: its picture, and of a lossless one what it is made of


def claimed_size(data: bytes) -> tuple[int, int] | None:
    """Width and height from the header of a still WebP; None: there is none, or no way to ask."""
    library = _library()
    if library is None:
        return None
    width, height = ctypes.c_int(), ctypes.c_int()
    found = library.WebPGetInfo(data, len(data), ctypes.byref(width), ctypes.byref(height))
    return (width.value, height.value) if found else None


def is_cut_off(data: bytes) -> bool:
    """Whether a WebP says that it is longer than it is."""
    if len(data) < 12 or data[:4] != b"RIFF" or data[8:12] != b"WEBP":
        return False
    return int.from_bytes(data[4:8], "little") + 8 > len(data)


def rows_of(data: bytes) -> Image.Image | None:
    """The picture (mode "RGBA", what is missing is transparent); None: not one row is there."""
    with pixels_of(data) as rows:
        if rows is None:
            return None
        size = claimed_size(data)
        assert size is not None
        image = Image.new("RGBA", size)
        image.paste(rows, (0, 0))
        return image


@contextlib.contextmanager
def pixels_of(data: bytes) -> Iterator[Image.Image | None]:
    """The rows of a still WebP that are there (mode "RGBA"), without a copy: they are libwebp's
    own memory, which is freed at the end. None: not one."""
    library = _library()
    if library is None:
        yield None
        return
    decoder = library.WebPINewRGB(_MODE_RGBA, None, 0, 0)
    if not decoder:
        raise MemoryError
    try:
        library.WebPIAppend(decoder, data, len(data))
        last, width, height, stride = (ctypes.c_int() for _ in range(4))
        rows = library.WebPIDecGetRGB(
            decoder, *(ctypes.byref(value) for value in (last, width, height, stride))
        )
        if not rows or last.value <= 0:
            yield None
            return
        memory: Any = (ctypes.c_char * (stride.value * last.value)).from_address(rows)
        size = width.value, last.value
        image = Image.frombuffer("RGBA", size, memory, "raw", "RGBA", stride.value, 1)
        yield image
        image.close()
    finally:
        library.WebPIDelete(decoder)


@functools.cache
def _library() -> Any:
    """libwebp as Pillow loaded it; None where its functions cannot be reached (Windows)."""
    try:
        from PIL import _webp

        library = ctypes.CDLL(_webp.__file__)
        for name, result in (
            ("WebPGetInfo", ctypes.c_int),
            ("WebPINewRGB", ctypes.c_void_p),
            ("WebPIAppend", ctypes.c_int),
            ("WebPIDecGetRGB", ctypes.c_void_p),
            ("WebPIDelete", None),
        ):
            getattr(library, name).restype = result
        pointer, size, integer = ctypes.c_void_p, ctypes.c_size_t, ctypes.POINTER(ctypes.c_int)
        library.WebPGetInfo.argtypes = [ctypes.c_char_p, size, integer, integer]
        library.WebPINewRGB.argtypes = [ctypes.c_int, pointer, size, ctypes.c_int]
        library.WebPIAppend.argtypes = [pointer, ctypes.c_char_p, size]
        library.WebPIDecGetRGB.argtypes = [pointer, integer, integer, integer, integer]
        library.WebPIDelete.argtypes = [pointer]
    except (ImportError, OSError, AttributeError, TypeError):
        return None
    return library
