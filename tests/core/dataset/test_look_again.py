"""A second look at a folder: nothing is read again unless something came, went or was moved."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PIL import Image

from resnet_gui.core.dataset import look_again as module
from resnet_gui.core.dataset.look_again import LookedAgain, look_again
from resnet_gui.core.dataset.scan import scan_dataset
from resnet_gui.core.dataset.summary import DatasetScanned, DatasetSummary
from resnet_gui.core.errors import DatasetError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("ant", "bee"):
        (tmp_path / "pets" / name).mkdir(parents=True)
        for number in range(5):
            size = (40 + number, 40 if name == "ant" else 60)
            Image.new("RGB", size).save(tmp_path / "pets" / name / f"{name}{number}.bmp")
    return tmp_path / "pets"


def scanned(folder: Path) -> DatasetSummary:
    *_, last = scan_dataset(folder)
    assert isinstance(last, DatasetScanned)
    return last.summary


def looked(before: DatasetSummary) -> LookedAgain:
    *_, last = look_again(before)
    assert isinstance(last, LookedAgain)
    return last


def test_the_same_folder_is_only_listed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = scanned(folder)

    def no_scan(folder: Path) -> None:
        raise AssertionError(f"{folder} is read again")

    monkeypatch.setattr(module, "scan_dataset", no_scan)
    (folder / "notes.txt").write_text("no photo")
    found = looked(before)
    assert found.summary is before
    assert not found.changes


def test_photos_that_came_went_and_were_moved(folder: Path) -> None:
    before = scanned(folder)
    for number in (0, 1):
        shutil.move(folder / "ant" / f"ant{number}.bmp", folder / "bee")
    (folder / "ant" / "ant2.bmp").unlink()
    Image.new("RGB", (90, 90)).save(folder / "bee" / "new.bmp")
    Image.new("RGB", (91, 90)).save(folder / "bee" / "bee0.bmp")
    found = looked(before)
    assert found.changes == ("2 photos are in another folder, 1 came, 1 went and 1 was replaced")
    counts = {item.name: item.count for item in found.summary.classes}
    assert counts == {"ant": 2, "bee": 8}


def test_one_photo_is_one_photo(folder: Path) -> None:
    before = scanned(folder)
    (folder / "ant" / "ant2.bmp").unlink()
    assert looked(before).changes == "1 photo went"


def test_only_files_that_cannot_be_used(folder: Path) -> None:
    before = scanned(folder)
    (folder / "ant" / "empty.jpg").touch()
    assert looked(before).changes == "files that cannot be used came or went"


def test_a_folder_that_is_gone_says_so(folder: Path) -> None:
    before = scanned(folder)
    folder.rename(folder.with_name("others"))
    with pytest.raises(DatasetError, match="is not there"):
        looked(before)
