"""Photos that were taken one right after the other train together or validate together."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from PIL import ExifTags, Image

from resnet_gui.core.dataset import (
    DatasetScanned,
    DatasetSummary,
    LabelledPhoto,
    Part,
    scan_dataset,
)
from resnet_gui.core.dataset.bursts import BURST_S, bursts_of, in_bursts, torn_sentence
from resnet_gui.core.dataset.split import Split, make_split
from resnet_gui.core.dataset.summary import ClassSummary
from resnet_gui.core.events import Notice
from resnet_gui.core.training.split_notices import split_notices

NIGHT = datetime(2026, 3, 1, 22, 0, 0)


def photo(path: str, taken: float | None, label: int = 0) -> LabelledPhoto:
    return LabelledPhoto(path, label, Part.NONE, 1, taken)


def bursts(*sizes: int, name: str = "fox", label: int = 0) -> list[LabelledPhoto]:
    """So many photos a second apart, an hour between."""
    return [
        photo(f"{name}/{number:02}-{shot}.jpg", 3600.0 * number + shot, label)
        for number, size in enumerate(sizes)
        for shot in range(size)
    ]


def summary_of(*classes: list[LabelledPhoto]) -> DatasetSummary:
    names = [photos[0].path.partition("/")[0] for photos in classes]
    found = [ClassSummary(n, len(p), 0, 0, 0, ()) for n, p in zip(names, classes, strict=True)]
    photos = tuple(item for photos in classes for item in photos)
    return DatasetSummary("/x", False, tuple(found), photos, (), 0, 0, "")


def torn(split: Split, photos: list[LabelledPhoto]) -> list[list[str]]:
    """The bursts that are on both sides."""
    validating = {item.path for item in split.val}
    groups = [{item.path for item in group} for group in bursts_of(photos, BURST_S)]
    return [sorted(group) for group in groups if group & validating and group - validating]


def test_a_burst_is_of_one_class_and_folder_and_goes_on_while_it_goes_on() -> None:
    photos = [
        photo("fox/a/1.jpg", 0.0),
        photo("fox/a/2.jpg", 50.0),
        photo("fox/a/3.jpg", 100.0),
        photo("fox/a/4.jpg", 161.0),
        photo("fox/b/1.jpg", 1.0),
        photo("fox/a/5.jpg", None),
        photo("hare/a/1.jpg", 2.0, 1),
    ]
    found = [[item.path for item in group] for group in bursts_of(photos, 60.0)]
    assert found == [
        ["fox/a/1.jpg", "fox/a/2.jpg", "fox/a/3.jpg"],
        ["fox/a/4.jpg"],
        ["fox/a/5.jpg"],
        ["fox/b/1.jpg"],
        ["hare/a/1.jpg"],
    ]
    assert in_bursts(photos, 60.0) == 3
    assert in_bursts(photos, 0.0) == 0


@pytest.mark.parametrize("sizes", [(4, 4), (5,) * 6, (3,) * 100, (1, 2, 3, 4, 5, 6, 1, 1), (1, 1)])
@pytest.mark.parametrize("fraction", [0.02, 0.2, 0.9])
def test_no_burst_trains_and_validates(sizes: tuple[int, ...], fraction: float) -> None:
    photos = bursts(*sizes)
    for seed in range(20):
        split = make_split(summary_of(photos), fraction, seed, (), BURST_S)
        assert torn(split, photos) == []
        assert len(split.train) + len(split.val) == len(photos)
        assert split.train
        assert split.val
        if fraction == 0.2 and len(photos) > 20:
            assert abs(len(split.val) - 0.2 * len(photos)) <= (max(sizes) + 1) / 2


def test_without_times_nothing_changes() -> None:
    timed, plain = bursts(*(1,) * 30), [photo(f"fox/{n:02}.jpg", None) for n in range(30)]
    for photos in (timed, plain):
        summary = summary_of(photos)
        assert make_split(summary, 0.2, 3, (), BURST_S) == make_split(summary, 0.2, 3)


def test_a_class_that_is_one_burst_is_divided_all_the_same_and_that_is_said() -> None:
    fox, hare = bursts(12), bursts(3, 3, 3, name="hare", label=1)
    summary = summary_of(fox, hare)
    split = make_split(summary, 0.2, 0, (), BURST_S)
    assert sum(item.label == 0 for item in split.val) == 2
    said = torn_sentence(summary, {item.path for item in split.val}, BURST_S)
    assert "“fox”" in said
    assert "“hare”" not in said
    assert list(split_notices("Net", summary, split, (), BURST_S)) == [Notice(said)]
    assert list(split_notices("Net", summary, split, (), 0)) == []


def test_who_knows_one_photo_of_a_burst_is_not_asked_about_the_others() -> None:
    photos = bursts(*(4,) * 10)
    known = {photos[0].path, photos[9].path}
    for seed in range(20):
        split = make_split(summary_of(photos), 0.3, seed, known, BURST_S)
        assert not {item.path[:6] for item in split.val} & {path[:6] for path in known}
        assert torn(split, photos) == []


def test_of_one_new_burst_some_photos_are_learned() -> None:
    photos = bursts(*(1,) * 100, 10)
    known = {item.path for item in photos[:100]}
    split = make_split(summary_of(photos), 0.2, 0, known, BURST_S)
    assert len(split.val) == 5


def test_where_a_photo_of_each_burst_is_known_the_others_validate_all_the_same() -> None:
    """A model of an earlier version learned photos drawn one by one: its next run had nothing to
    validate with, though 40 photos were new."""
    photos = bursts(*(5,) * 20)
    known = {item.path for item in photos if not item.path.endswith("-3.jpg")}
    split = make_split(summary_of(photos), 0.2, 0, known, BURST_S)
    assert len(split.val) == 20
    assert not known & {item.path for item in split.val}
    assert "look alike" in torn_sentence(
        summary_of(photos), {item.path for item in split.val}, BURST_S
    )


@pytest.mark.parametrize(
    ("ending", "side"), [("jpg", 32), ("jpg", 400), ("webp", 64), ("heic", 64)]
)
def test_a_scan_knows_when_photos_were_taken(tmp_path: Path, ending: str, side: int) -> None:
    """Small files are read at once, larger ones by their header."""
    if ending == "heic":
        pytest.importorskip("pillow_heif")
    for name, gap in (("badger", 2), ("empty", 600)):
        (tmp_path / name).mkdir()
        for number in range(4):
            exif = Image.Exif()
            moment = (NIGHT + timedelta(seconds=gap * number)).strftime("%Y:%m:%d %H:%M:%S")
            exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = moment
            picture = Image.effect_noise((side, side), 80).convert("RGB")
            picture.save(tmp_path / name / f"{number}.{ending}", exif=exif.tobytes())
    *_, done = scan_dataset(tmp_path)
    assert isinstance(done, DatasetScanned)
    assert done.summary.in_bursts == 4
    taken = [item.taken for item in done.summary.photos]
    first = taken[0]
    assert first is not None
    assert [moment - first for moment in taken if moment is not None] == [
        0, 2, 4, 6, 0, 600, 1200, 1800,
    ]  # fmt: skip


def test_the_date_of_a_program_that_changed_a_photo_makes_no_burst(tmp_path: Path) -> None:
    for name in ("badger", "empty"):
        (tmp_path / name).mkdir()
        for number in range(3):
            exif = Image.Exif()
            exif[ExifTags.Base.DateTime] = "2026:03:01 22:00:00"
            Image.new("RGB", (32, 32)).save(tmp_path / name / f"{number}.jpg", exif=exif)
    *_, done = scan_dataset(tmp_path)
    assert isinstance(done, DatasetScanned)
    assert done.summary.in_bursts == 0
