"""When and where a photo was taken, from headers of all kinds, the hostile too."""

from __future__ import annotations

import io
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image, TiffImagePlugin

from resnet_gui.core.events import ImageSource
from resnet_gui.core.library.facts import NO_FACTS, PhotoFacts, read_facts
from resnet_gui.core.photos.formats import HEIC_READABLE
from tests.helpers.pictures import gradient

TAKEN = "2024:05:01 18:30:00"
HERE = {1: "S", 2: (33.0, 51.0, 24.48), 3: "W", 4: (0.0, 7.0, 40.08)}
FACTS = PhotoFacts("2024-05-01T18:30:00+02:00", -33.8568, -0.1278)


def exif(
    moment: Any = TAKEN, offset: Any = "+02:00", gps: dict[int, Any] | None = None
) -> Image.Exif:
    made = Image.Exif()
    made[ExifTags.Base.Make] = "A maker"  # Pillow writes none where the first directory is empty
    inner = made.get_ifd(ExifTags.IFD.Exif)
    if moment is not None:
        inner[ExifTags.Base.DateTimeOriginal] = moment
    if offset is not None:
        inner[ExifTags.Base.OffsetTimeOriginal] = offset
    made.get_ifd(ExifTags.IFD.GPSInfo).update(HERE if gps is None else gps)
    return made


def photo(form: str, facts: Image.Exif) -> ImageSource:
    data = io.BytesIO()
    gradient(64, 48).save(data, form, exif=facts.tobytes())
    return ImageSource("photo", data.getvalue())


def close_to(found: PhotoFacts, expected: PhotoFacts) -> bool:
    assert found.latitude is not None
    assert found.longitude is not None
    return (found.taken, round(found.latitude, 7), round(found.longitude, 7)) == (
        expected.taken, expected.latitude, expected.longitude,
    )  # fmt: skip


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "MPO"])
def test_facts_of_each_format(form: str) -> None:
    assert close_to(read_facts(photo(form, exif())), FACTS)


@pytest.mark.skipif(not HEIC_READABLE, reason="the extra “heic” is not installed")
def test_facts_of_a_heic() -> None:
    data = io.BytesIO()
    gradient(64, 48).save(data, "HEIF", exif=exif().tobytes())
    assert close_to(read_facts(ImageSource("photo", data.getvalue())), FACTS)


def test_a_photo_without_a_camera_has_no_facts(tmp_path: Path) -> None:
    for form in ("JPEG", "PNG", "GIF", "BMP"):
        path = tmp_path / f"x.{form}"
        gradient(9, 9).save(path, form)
        assert read_facts(ImageSource.file(path)) == NO_FACTS
    assert read_facts(ImageSource.file(tmp_path)) == NO_FACTS
    assert read_facts(ImageSource.file(tmp_path / "not there")) == NO_FACTS
    assert read_facts(ImageSource.file("zero\0byte")) == NO_FACTS
    assert read_facts(ImageSource("text", b"no photo")) == NO_FACTS


@pytest.mark.parametrize(
    ("moment", "offset", "taken"),
    [
        ("2024:05:01 18:30:00", None, "2024-05-01T18:30:00"),
        ("2024:05:01 18:30:00", "=cmd()", "2024-05-01T18:30:00"),
        ("2024:05:01 18:30:00\0", "-05:00", "2024-05-01T18:30:00-05:00"),
        ("2024-05-01 18:30:00", None, "2024-05-01T18:30:00"),
        ("0000:00:00 00:00:00", None, ""),
        ("    :  :     :  :  ", None, ""),
        ("2024:13:41 25:61:61", None, ""),
        ("=1+1", None, ""),
        ("", None, ""),
    ],
)
def test_only_a_moment_is_a_moment(moment: str, offset: str | None, taken: str) -> None:
    assert read_facts(photo("JPEG", exif(moment, offset))).taken == taken


RATIONAL = TiffImagePlugin.IFDRational


@pytest.mark.parametrize(
    "gps",
    [
        {},
        {1: "N", 2: (91.0, 0.0, 0.0), 3: "E", 4: (1.0, 0.0, 0.0)},
        {1: "N", 2: (1.0, 0.0, 0.0), 3: "E", 4: (180.0, 1.0, 0.0)},
        {1: "N", 2: (RATIONAL(0, 0), 0.0, 0.0), 3: "E", 4: (1.0, 0.0, 0.0)},
        {1: "N", 2: (1.0, 0.0, 0.0)},
        {1: "?", 2: (1.0, 0.0, 0.0), 3: "E", 4: (1.0, 0.0, 0.0)},
        {1: "N", 2: (1.0, 0.0, 0.0, 0.0, 0.0), 3: "E", 4: (1.0, 0.0, 0.0)},
    ],
)
def test_an_impossible_place_is_none(gps: dict[int, Any]) -> None:
    found = read_facts(photo("JPEG", exif(gps=gps)))
    assert (found.latitude, found.longitude) == (None, None)
    assert found.taken


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from(["JPEG", "TIFF", "WEBP", "PNG"]))
def test_a_damaged_header_raises_nothing(seed: int, form: str) -> None:
    data = bytearray(photo(form, exif()).data or b"")
    random_ = random.Random(seed)
    for _ in range(random_.randint(1, 30)):
        data[random_.randrange(min(400, len(data)))] = random_.randrange(256)
    found = read_facts(ImageSource("photo", bytes(data)))
    assert found.latitude is None or -90 <= found.latitude <= 90
    assert found.longitude is None or -180 <= found.longitude <= 180


def test_nothing_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(*_: object) -> None:
        raise AssertionError("pixels were decoded")

    photos = [photo("PNG", exif()), photo("JPEG", exif())]
    data = io.BytesIO()
    gradient(9, 9).save(data, "PNG")
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", load)
    assert [bool(read_facts(p).taken) for p in photos] == [True, True]
    assert read_facts(ImageSource("plain", data.getvalue())) == NO_FACTS
