"""Scanning folders: layouts, odd names, and everything that can be wrong with a file."""

from __future__ import annotations

import os
import random
import struct
import subprocess
import sys
import tempfile
import unicodedata
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resnet_gui.core.dataset import (
    DatasetScanned,
    DatasetSummary,
    LabelledPhoto,
    Part,
    ProblemKind,
    ScanProgress,
    scan_dataset,
)
from resnet_gui.core.dataset.split import Split, make_split
from resnet_gui.core.dataset.summary import ClassSummary
from resnet_gui.core.errors import DatasetError
from tests.helpers.training import make_photos, make_tiny_model, tiny_config, user_zoo


def scan(folder: Path) -> DatasetSummary:
    *progress, done = list(scan_dataset(folder))
    assert all(isinstance(event, ScanProgress) for event in progress)
    assert isinstance(done, DatasetScanned)
    return done.summary


def huge_png() -> bytes:
    """A small PNG whose header claims 60,000 x 60,000 pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        crc = struct.pack(">I", zlib.crc32(name + data))
        return struct.pack(">I", len(data)) + name + data + crc

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def make_nasty(folder: Path) -> Path:
    """Two good classes, and one of everything that goes wrong."""
    from PIL import Image

    make_photos(folder, ("red", "🐝 été", "green"), count=8)
    bad = folder / "red"
    good = (bad / "000.jpg").read_bytes()
    (bad / "zero.jpg").write_bytes(b"")
    (bad / "text.jpg").write_text("no photo", encoding="utf-8")
    (bad / "truncated.jpg").write_bytes(good[: len(good) // 2])
    (bad / "damaged.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"x" * 99)
    Image.new("RGB", (1, 1)).save(bad / "pixel.png")
    (bad / "huge.png").write_bytes(huge_png())
    (bad / "raw.nef").write_bytes(b"II*\0")
    (folder / "empty").mkdir()
    (folder / "single").mkdir()
    (folder / "single" / "one.jpg").write_bytes(good)
    if os.name == "posix":
        (folder / "green" / "loop").symlink_to(folder / "green", target_is_directory=True)
        (folder / "green" / "gone.jpg").symlink_to(folder / "nowhere.jpg")
    (folder / ".hidden").mkdir()
    (folder / ".hidden" / "a.jpg").write_bytes(good)
    (folder / "__MACOSX").mkdir()
    (folder / "red" / "._000.jpg").write_bytes(b"resource fork")
    (folder / "red" / "Thumbs.db").write_bytes(b"x")
    (folder / "red" / "notes.txt").write_text("x", encoding="utf-8")
    return folder


def test_class_folders(tmp_path: Path) -> None:
    summary = scan(make_photos(tmp_path / "photos", count=5))
    assert summary.class_names == ("green", "red")
    assert [item.undivided for item in summary.classes] == [5, 5]
    assert not summary.has_parts
    assert summary.trainable
    assert summary.problems == ()
    assert summary.counts()[Part.NONE] == 10
    assert len(summary.classes[0].samples) == 5


def test_parts(tmp_path: Path) -> None:
    make_photos(tmp_path / "Train", count=4)
    make_photos(tmp_path / "val", count=2)
    make_photos(tmp_path / "val", ("blue",), count=1)
    make_photos(tmp_path / "test", count=3)
    summary = scan(tmp_path)
    assert summary.has_parts
    assert summary.class_names == ("green", "red")
    counts = summary.counts()
    assert (counts[Part.TRAIN], counts[Part.VAL], counts[Part.TEST]) == (8, 4, 6)
    assert [problem.kind for problem in summary.problems] == [ProblemKind.UNKNOWN_CLASS]
    split = make_split(summary, 0.2, 0)
    assert (len(split.train), len(split.val), len(split.test)) == (8, 4, 6)
    assert not split.seeded


def test_train_and_test_without_val_draws_one_from_train(tmp_path: Path) -> None:
    make_photos(tmp_path / "train", count=10)
    make_photos(tmp_path / "test", count=3)
    split = make_split(scan(tmp_path), 0.2, 0)
    assert (len(split.train), len(split.val), len(split.test)) == (16, 4, 6)
    assert all(item.path.startswith("train/") for item in (*split.train, *split.val))


def test_a_class_may_be_called_train(tmp_path: Path) -> None:
    make_photos(tmp_path, ("train", "bus"), count=2)
    assert scan(tmp_path).class_names == ("bus", "train")


def test_nested_folders_and_an_outer_folder(tmp_path: Path) -> None:
    make_photos(tmp_path / "unpacked" / "red" / "2024" / "may", ("a",), count=2)
    make_photos(tmp_path / "unpacked" / "green", ("b", "c"), count=1)
    summary = scan(tmp_path)
    assert summary.class_names == ("green", "red")
    assert Path(summary.root).name == "unpacked"
    assert [problem.kind for problem in summary.problems] == [ProblemKind.INNER_FOLDER]


def test_one_name_in_two_spellings_is_one_class(tmp_path: Path) -> None:
    make_photos(tmp_path / "train", (unicodedata.normalize("NFD", "été"), "red"), count=2)
    make_photos(tmp_path / "val", (unicodedata.normalize("NFC", "été"), "red"), count=2)
    summary = scan(tmp_path)
    assert summary.class_names == ("red", unicodedata.normalize("NFC", "été"))
    assert summary.problems == ()


def test_nasty_folder_each_problem_has_its_message_and_the_rest_trains(tmp_path: Path) -> None:
    summary = scan(make_nasty(tmp_path / "nasty 🐝"))
    kinds = {problem.kind: problem for problem in summary.problems}
    expected = {
        ProblemKind.EMPTY_FILE: "0 bytes",
        ProblemKind.NOT_A_PHOTO: "RAW",
        ProblemKind.INCOMPLETE: "truncated.jpg",
        ProblemKind.DAMAGED: "damaged.png",
        ProblemKind.TOO_SMALL: "1 × 1",
        ProblemKind.TOO_LARGE: "60,000",
        ProblemKind.EMPTY_CLASS: "“empty”",
        ProblemKind.TINY_CLASS: "“single”",
    }
    if os.name == "posix":
        expected[ProblemKind.LINK_LOOP] = "loop"
    for kind, words in expected.items():
        messages = [problem.message for problem in summary.problems if problem.kind is kind]
        assert any(words in message for message in messages), (kind, messages)
    messages = [problem.message for problem in summary.problems]
    assert len(set(messages)) == len(messages), "each has its own"
    assert any("text.jpg" in message for message in messages)
    assert any("gone.jpg" in message for message in messages) or os.name != "posix"
    assert kinds[ProblemKind.EMPTY_FILE].path == "red/zero.jpg"
    incomplete = kinds[ProblemKind.INCOMPLETE]
    assert not incomplete.blocking
    assert "It is used as far as it goes" in incomplete.message
    assert incomplete.path in {photo.path for photo in summary.photos}
    assert summary.class_names == ("green", "red", "single", "🐝 été")
    assert summary.trainable
    assert summary.ignored_files == 1
    make_tiny_model()
    from resnet_gui.core.events import Notice
    from resnet_gui.core.runs.events import RunFinished
    from resnet_gui.core.training.api import train

    config = tiny_config(Path(summary.root), method="head", epochs=2)
    events = list(train(config, zoo=user_zoo()))
    assert isinstance(events[-1], RunFinished)
    assert {e.message for e in events if isinstance(e, Notice)} == set(messages)


def test_single_class_and_no_photos_block(tmp_path: Path) -> None:
    single = scan(make_photos(tmp_path / "single", ("red",)))
    assert not single.trainable
    assert single.problems[0].kind is ProblemKind.SINGLE_CLASS
    (tmp_path / "nothing" / "a").mkdir(parents=True)
    nothing = scan(tmp_path / "nothing")
    assert nothing.problems[0].kind is ProblemKind.NO_PHOTOS
    assert nothing.problems[0].blocking


def test_classes_of_very_unequal_size_are_named(tmp_path: Path) -> None:
    """180 good castings and 9 defective ones: 94.7 % is what “OK” alone gets."""
    make_photos(tmp_path, ("OK",), count=30, side=16)
    make_photos(tmp_path, ("defect",), count=3, side=16)
    [problem] = scan(tmp_path).problems
    assert (problem.kind, problem.path) == (ProblemKind.UNEQUAL_CLASSES, "defect")
    assert not problem.blocking
    assert problem.message == (
        "“defect” has 3 photos and “OK” 30: an accuracy over all of them says little of “defect”. "
        "Look at each class, too, and add photos of “defect”."
    )
    make_photos(tmp_path, ("defect",), count=4, side=16)
    assert scan(tmp_path).problems == ()


def test_loose_photos_are_counted(tmp_path: Path) -> None:
    make_photos(tmp_path, count=2)
    (tmp_path / "a.jpg").write_bytes((tmp_path / "red" / "000.jpg").read_bytes())
    assert [problem.kind for problem in scan(tmp_path).problems] == [ProblemKind.LOOSE_PHOTOS]


def test_missing_folder_and_file() -> None:
    with pytest.raises(DatasetError, match="is not there"):
        list(scan_dataset(Path("/nowhere/at/all")))
    with pytest.raises(DatasetError, match="is a file"):
        list(scan_dataset(Path(__file__)))


@pytest.fixture
def readable_folder() -> Iterator[Path]:
    """A folder that every user may enter (pytest's own may not be)."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.mark.skipif(os.name != "posix", reason="permissions as on POSIX")
def test_unreadable_folder_is_named(readable_folder: Path) -> None:
    make_photos(readable_folder, ("red", "green", "locked"), count=2)
    (readable_folder / "locked").chmod(0)
    (readable_folder / "red" / "000.jpg").chmod(0)
    root = os.geteuid() == 0  # to whom no folder is closed
    if root:
        os.seteuid(65534)
    try:
        summary = scan(readable_folder)
    finally:
        if root:
            os.seteuid(0)
        (readable_folder / "locked").chmod(0o755)
    kinds = {problem.kind for problem in summary.problems}
    assert ProblemKind.UNREADABLE_FOLDER in kinds
    assert ProblemKind.UNREADABLE_FILE in kinds
    assert summary.class_names == ("green", "red")


def test_fingerprint_sees_changes_and_not_the_order(tmp_path: Path) -> None:
    make_photos(tmp_path, count=3)
    before = scan(tmp_path).fingerprint
    assert scan(tmp_path).fingerprint == before
    (tmp_path / "red" / "000.jpg").rename(tmp_path / "red" / "renamed.jpg")
    assert scan(tmp_path).fingerprint != before


def _summary(counts: list[int]) -> DatasetSummary:
    photos = tuple(
        LabelledPhoto(f"c{label}/{number}.jpg", label, Part.NONE, 1)
        for label, count in enumerate(counts)
        for number in range(count)
    )
    classes = tuple(ClassSummary(f"c{i}", n, 0, 0, 0, ()) for i, n in enumerate(counts))
    return DatasetSummary("/x", False, classes, photos, (), 0, 0, "")


@settings(deadline=None)  # a busy machine is no failure
@given(
    st.lists(st.integers(1, 40), min_size=1, max_size=6),
    st.floats(0.01, 0.9),
    st.integers(0, 2**31 - 1),
)
def test_split_is_stratified_and_complete(counts: list[int], fraction: float, seed: int) -> None:
    summary = _summary(counts)
    split = make_split(summary, fraction, seed)
    paths = [item.path for item in (*split.train, *split.val)]
    assert sorted(paths) == sorted(photo.path for photo in summary.photos)
    for label, count in enumerate(counts):
        val = sum(item.label == label for item in split.val)
        train = sum(item.label == label for item in split.train)
        assert train >= 1
        if count > 1:
            assert 1 <= val <= max(1, round(count * fraction))
    assert make_split(summary, fraction, seed) == split
    assert Split.from_json(split.to_json()) == split


@settings(deadline=None)
@given(
    st.lists(st.integers(1, 40), min_size=1, max_size=6),
    st.floats(0.01, 0.9),
    st.integers(0, 2**31 - 1),
    st.floats(0, 1),
)
def test_no_photo_that_the_start_model_learned_from_validates(
    counts: list[int], fraction: float, seed: int, share: float
) -> None:
    summary = _summary(counts)
    rng = random.Random(seed)
    learned = {photo.path for photo in summary.photos if rng.random() < share}
    split = make_split(summary, fraction, seed, learned)
    plain = make_split(summary, fraction, seed)
    paths = [item.path for item in (*split.train, *split.val)]
    assert sorted(paths) == sorted(photo.path for photo in summary.photos)
    assert not learned & {item.path for item in split.val}
    for label in range(len(counts)):
        fresh = sum(p.label == label and p.path not in learned for p in summary.photos)
        val = sum(item.label == label for item in split.val)
        wanted = sum(item.label == label for item in plain.val)
        assert val == (wanted if wanted <= fresh else fresh // 2)
    assert make_split(summary, fraction, seed, learned) == split
    assert make_split(summary, fraction, seed, ()) == plain


def test_what_the_start_model_knows_is_left_out_of_a_folders_own_parts() -> None:
    photos = tuple(
        LabelledPhoto(f"{part.value}/c/{number}.jpg", 0, part, 1)
        for part in (Part.TRAIN, Part.VAL, Part.TEST)
        for number in range(4)
    )
    classes = (ClassSummary("c", 0, 4, 4, 4, ()),)
    summary = DatasetSummary("/x", True, classes, photos, (), 0, 0, "")
    learned = {"train/c/0.jpg", "val/c/1.jpg", "val/c/2.jpg", "test/c/3.jpg"}
    split = make_split(summary, 0.2, 0, learned)
    assert len(split.train) == 4
    assert [item.path for item in split.val] == ["val/c/0.jpg", "val/c/3.jpg"]
    assert [item.path for item in split.test] == [f"test/c/{n}.jpg" for n in range(3)]


def test_the_scan_needs_no_torch() -> None:
    code = (
        "import sys; import resnet_gui.core.dataset, resnet_gui.core.photos.store, "
        "resnet_gui.core.runs.listing, resnet_gui.core.training.presets, "
        "resnet_gui.core.runs.events, resnet_gui.core.runs.schedules; "
        "assert not {'torch', 'torchvision', 'PySide6'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.slow
def test_twenty_thousand_photos_are_scanned_in_the_background(tmp_path: Path) -> None:
    make_photos(tmp_path, count=1)
    data = (tmp_path / "red" / "000.jpg").read_bytes()
    for number in range(20_000):
        (tmp_path / ("red", "green")[number % 2] / f"x{number}.jpg").write_bytes(data)
    events = list(scan_dataset(tmp_path))
    assert len(events[-1].summary.photos) == 20_002  # type: ignore[union-attr]
    assert len(events) > 10


def test_what_is_wrong_with_a_class_comes_before_what_is_wrong_with_files(tmp_path: Path) -> None:
    """Behind twenty broken files nobody would find it."""
    make_photos(tmp_path, ("green",), count=40)
    make_photos(tmp_path, ("red",), count=3)
    for number in range(20):
        (tmp_path / "green" / f"broken {number}.jpg").write_bytes(b"no photo")
    kinds = [problem.kind for problem in scan(tmp_path).problems]
    assert kinds == [ProblemKind.UNEQUAL_CLASSES, *[ProblemKind.NOT_A_PHOTO] * 20]


@pytest.mark.parametrize("content", [b"", b"no photo", b"\xff\xd8\xff\xe0 cut off"])
def test_a_broken_file_is_named_with_its_folder(tmp_path: Path, content: bytes) -> None:
    """Every card of a camera has an IMG_0001.JPG."""
    make_photos(tmp_path, count=4)
    for camera in ("CAM1", "CAM2"):
        (tmp_path / "red" / camera).mkdir()
        (tmp_path / "red" / camera / "IMG_0001.JPG").write_bytes(content)
    said = [problem.message for problem in scan(tmp_path).problems]
    assert [text[:21] for text in said] == ["red/CAM1/IMG_0001.JPG", "red/CAM2/IMG_0001.JPG"]


def test_the_thumbnails_of_a_class_are_from_all_over_it(tmp_path: Path) -> None:
    make_photos(tmp_path, count=40)
    samples = scan(tmp_path).classes[0].samples
    assert [int(Path(path).stem) for path in samples] == [0, 4, 8, 13, 17, 22, 26, 31, 35]
