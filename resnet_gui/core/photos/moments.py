"""When a photo was taken, as its camera notes it (EXIF)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from PIL import ExifTags, Image

# The moment of the picture, else of its scan.
TAKEN = (
    (ExifTags.Base.DateTimeOriginal, ExifTags.Base.OffsetTimeOriginal),
    (ExifTags.Base.DateTimeDigitized, ExifTags.Base.OffsetTimeDigitized),
)
# Else of the file's last change by a program.
CHANGED = ((ExifTags.Base.DateTime, ExifTags.Base.OffsetTime),)
_OFFSET = re.compile(r"[+-](0\d|1[0-4]):[0-5]\d")
# Formats whose header may hold EXIF. Of others Pillow would decode pixels to look for it.
_WITH_EXIF = frozenset({"JPEG", "MPO", "TIFF", "WEBP", "PNG", "HEIF", "AVIF"})


def exif_of(image: Any) -> Image.Exif | None:
    """The EXIF of an opened photo; nothing is decoded, as Pillow's own `getexif` does of a PNG to
    look behind its pixels."""
    if image.format not in _WITH_EXIF or (image.format == "PNG" and "exif" not in image.info):
        return None
    exif: Image.Exif = image.getexif()
    return exif


def directory(exif: Image.Exif, which: int) -> Mapping[int, Any]:
    """A directory inside EXIF; empty if it is not there or damaged."""
    try:
        found: Mapping[int, Any] = exif.get_ifd(which)
    except Exception:  # noqa: BLE001 - the other directory may be sound
        return {}
    return found


def moment_of(exif: Image.Exif, moments: tuple[tuple[int, int], ...] = (*TAKEN, *CHANGED)) -> str:
    """ISO 8601 with seconds, local time of the camera, with its offset from UTC where that is noted
    ("2024-05-01T18:30:00+02:00"); "" if nothing is noted.

    Args:
        moments: tags that may hold it, the best first, each with that of its offset.
    """
    inner = directory(exif, ExifTags.IFD.Exif)
    for moment, offset in moments:
        for tags in (inner, exif):
            if found := _iso(tags.get(moment), tags.get(offset, inner.get(offset))):
                return found
    return ""


def taken_s(image: Any) -> float | None:
    """When an opened photo was taken, in seconds by its camera's clock since the beginning of 1970.

    A program that changed the file says nothing of that. None: it is not noted, or cannot be read;
    nothing is raised.
    """
    try:
        exif = exif_of(image)
        moment = moment_of(exif, TAKEN) if exif is not None else ""
        if not moment:
            return None
        by_clock = datetime.fromisoformat(moment).replace(tzinfo=None)
        return (by_clock - datetime(1970, 1, 1)).total_seconds()
    except Exception:  # noqa: BLE001 - damaged EXIF must not cost the photo
        return None


def _iso(moment: object, offset: object) -> str:
    """“2024:05:01 18:30:00” as ISO 8601; "" for what is no moment."""
    if not isinstance(moment, str):
        return ""
    text = moment.strip("\0 ")[:19]
    for form in ("%Y:%m:%d %H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S"):
        try:
            found = datetime.strptime(text, form).isoformat()
        except ValueError:
            continue
        known = offset.strip("\0 ") if isinstance(offset, str) else ""
        return found + (known if _OFFSET.fullmatch(known) else "")
    return ""
