"""What a photo's header tells beside its pixels: when and where it was taken (EXIF)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from PIL import ExifTags

from resnet_gui.core.events import ImageSource
from resnet_gui.core.photos.load import opened
from resnet_gui.core.photos.moments import directory, exif_of, moment_of
from resnet_gui.core.system.files import check_regular


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
            exif = exif_of(image)
            if exif is None:
                return NO_FACTS
            place = _place(directory(exif, ExifTags.IFD.GPSInfo))
            return PhotoFacts(moment_of(exif), *(place or (None, None)))
    except Exception:  # noqa: BLE001 - whatever a damaged header leads Pillow to
        return NO_FACTS


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
