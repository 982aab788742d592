"""Which kinds of files are read as photos: first bytes, kinds that are refused (`endings`: names).

Without Pillow's own list: only these decoders are opened; the others are old, unsafe or no photos.
"""

from __future__ import annotations

import io
import os
from typing import IO

from PIL import (
    BmpImagePlugin,
    DdsImagePlugin,
    Image,
    JpegImagePlugin,
    PsdImagePlugin,
    TgaImagePlugin,
    TiffImagePlugin,
)

from resnet_gui.core.photos.endings import TGA_SUFFIXES

try:
    import pillow_heif
except ImportError:  # extra "heic" is not installed
    HEIC_READABLE = False
else:
    pillow_heif.register_heif_opener()
    HEIC_READABLE = True

READ_HERE = (
    "JPEG, PNG, WebP, TIFF, GIF, BMP, AVIF, HEIC, JPEG 2000, PPM, TGA, PSD, ICO and DDS are read."
)

# "JPEG" opens MPO too.
_FORMATS = (
    "JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP", "DIB", "AVIF", "PPM", "JPEG2000", "PSD", "ICO",
    "DDS", *(("HEIF",) if HEIC_READABLE else ()),
)  # fmt: skip
_TGA_FOOTER = b"TRUEVISION-XFILE"
_SIGNATURES = {
    b"\xff\xd8\xff": "JPEG", b"\x89PNG\r\n\x1a\n": "PNG", b"GIF8": "GIF", b"II*\0": "TIFF",
    b"MM\0*": "TIFF", b"II+\0": "TIFF", b"MM\0+": "TIFF", b"II\xbc\x01": "TIFF", b"BM": "BMP",
    b"8BPS": "PSD", b"DDS ": "DDS", b"\0\0\1\0": "ICO",
    b"\0\0\0\x0cjP  ": "JPEG 2000", b"\xff\x4f\xff\x51": "JPEG 2000",
}  # fmt: skip
# Only these tell an unsupported kind apart from damage; their classes say why they do not open.
SAY_WHY: dict[str, type[Image.Image]] = {
    "JPEG": JpegImagePlugin.JpegImageFile,
    "TIFF": TiffImagePlugin.TiffImageFile,
    "BMP": BmpImagePlugin.BmpImageFile,
    "PSD": PsdImagePlugin.PsdImageFile,
    "DDS": DdsImagePlugin.DdsImageFile,
    "TGA": TgaImagePlugin.TgaImageFile,
}
_NOT_DAMAGED = ("unsupported", "unknown", "unimplemented", "not yet supported", "cannot handle")


def decoders_for(name: str, stream: IO[bytes]) -> tuple[str, ...]:
    """The decoders to try. A TGA begins with nothing that tells it from other bytes: it is only
    tried where its name or the mark at its end say so."""
    if os.path.splitext(name)[1].lower() in TGA_SUFFIXES:  # noqa: PTH122 - may be an address
        return (*_FORMATS, "TGA")
    head = stream.read(3)
    # No other format that is read here begins so; the end is not looked up for each photo.
    is_tga = len(head) == 3 and head[1] <= 1 and head[2] in (1, 2, 3, 9, 10, 11)
    if is_tga:
        size = stream.seek(0, os.SEEK_END)
        stream.seek(max(0, size - 26))
        is_tga = _TGA_FOOTER in stream.read()
    stream.seek(0)
    return (*_FORMATS, "TGA") if is_tga else _FORMATS


def signature(head: bytes, name: str = "") -> str:
    """The format that the first bytes claim (a TGA's: its name), empty if none that is known."""
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WebP"
    for start, kind in _SIGNATURES.items():
        if head.startswith(start):
            return kind
    suffix = os.path.splitext(name)[1].lower()  # noqa: PTH122 - may be an address
    return "TGA" if suffix in TGA_SUFFIXES else ""


def why_unsupported(kind: str, stream: IO[bytes]) -> str:
    """Why a file of this format does not open, if it is sound but of a kind that is not read.

    Returns:
        the reason in a few words; empty: nothing says so, the file may be damaged.
    """
    opener = SAY_WHY.get(kind)
    if opener is None:
        return ""
    try:
        opener(io.BytesIO(stream.read()))  # type: ignore[call-arg]
    except Exception as error:  # noqa: BLE001 - whatever a damaged header leads to
        cause = error.args[0] if error.args else None
        if isinstance(cause, KeyError) and cause.args:
            return _missing_key(kind, cause.args[0])
        return str(error) if says_unsupported(error) else ""
    return ""


def _missing_key(kind: str, key: object) -> str:
    """Pillow looks kinds up in tables; what is not in them ends in a KeyError."""
    if kind == "TIFF" and isinstance(key, int):
        return f"compression {key}"
    if kind == "PSD" and isinstance(key, tuple) and len(key) == 2:
        return f"colour mode {key[0]} with {key[1]} bits"
    return ""


def says_unsupported(error: BaseException) -> bool:
    """Whether Pillow's error is about a kind that it does not read, not about damage."""
    text = str(error).lower()
    return "unknown error" not in text and any(word in text for word in _NOT_DAMAGED)
