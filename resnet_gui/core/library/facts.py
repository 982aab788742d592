"""What a photo's header tells beside its pixels: when and where it was taken (EXIF)."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from PIL import ExifTags, Image

from resnet_gui.core.events import ImageSource
from resnet_gui.core.photos.load import opened
from resnet_gui.core.system.files import check_regular

# The moment of the picture; else of its scan; else of the file's last change by a program.
_MOMENTS = (
    (ExifTags.Base.DateTimeOriginal, ExifTags.Base.OffsetTimeOriginal),
    (ExifTags.Base.DateTimeDigitized, ExifTags.Base.OffsetTimeDigitized),
    (ExifTags.Base.DateTime, ExifTags.Base.OffsetTime),
)
_OFFSET = re.compile(r"[+-](0\d|1[0-4]):[0-5]\d")
# Formats whose header may hold EXIF. Of others Pillow would decode pixels to look for it.
_WITH_EXIF = frozenset({"JPEG", "MPO", "TIFF", "WEBP", "PNG", "HEIF", "AVIF"})


@dataclass(frozen=True, slots=True)
class PhotoFacts:
    """When and where a photo was taken, as its camera says.

    Attributes:
        taken: ISO 8601 with seconds, local time of the camera, with its offset from UTC where that
            is noted ("2024-05-01T18:30:00+02:00"); "" if nothing is noted.
        latitude: degrees, north positive, -90..90. longitude: east positive, -180..180. Both or
            neither.
    """

    taken: str = ""
    latitude: float | None = None
    longitude: float | None = None


NO_FACTS = PhotoFacts()


def read_facts(source: ImageSource) -> PhotoFacts:
    """Read them from the header; nothing is decoded. What is missing, damaged or impossible is
    not there; nothing is raised."""
    try:
        if source.path is not None:
            check_regular(source.path)  # opening a pipe would wait
        with opened(source) as image:
            exif = _exif(image)
            if exif is None:
                return NO_FACTS
            place = _place(_directory(exif, ExifTags.IFD.GPSInfo))
            return PhotoFacts(_moment(exif), *(place or (None, None)))
    except Exception:  # noqa: BLE001 - whatever a damaged header leads Pillow to
        return NO_FACTS


def _exif(image: Any) -> Image.Exif | None:
    """Pillow's own `getexif` decodes a PNG to look behind its pixels."""
    if image.format not in _WITH_EXIF or (image.format == "PNG" and "exif" not in image.info):
        return None
    exif: Image.Exif = image.getexif()
    return exif


def _directory(exif: Image.Exif, which: int) -> Mapping[int, Any]:
    try:
        found: Mapping[int, Any] = exif.get_ifd(which)
    except Exception:  # noqa: BLE001 - the other directory may be sound
        return {}
    return found


def _moment(exif: Image.Exif) -> str:
    inner = _directory(exif, ExifTags.IFD.Exif)
    for moment, offset in _MOMENTS:
        for tags in (inner, exif):
            if found := _iso(tags.get(moment), tags.get(offset, inner.get(offset))):
                return found
    return ""


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


def _place(gps: Mapping[int, Any]) -> tuple[float, float] | None:
    latitude = _degrees(gps.get(2), gps.get(1), "NS", 90)
    longitude = _degrees(gps.get(4), gps.get(3), "EW", 180)
    return None if latitude is None or longitude is None else (latitude, longitude)


def _degrees(parts: object, side: object, sides: str, most: int) -> float | None:
    """Degrees, minutes and seconds as a number; None for what is no place.

    Args:
        side: one of the two letters of `sides`, the second of which is negative.
    """
    if isinstance(side, bytes):
        side = side.decode("ascii", "replace")
    letter = side.strip("\0 ").upper()[:1] if isinstance(side, str) else ""
    if not letter or letter not in sides or not isinstance(parts, tuple | list):
        return None
    if not 1 <= len(parts) <= 3:
        return None
    try:
        numbers = [float(part) for part in parts]
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    total: float = sum(number / 60**place for place, number in enumerate(numbers))
    if not math.isfinite(total) or min(numbers) < 0 or total > most:
        return None
    return -total if letter == sides[1] and total else total
