"""CIFAR-10 from its archives and from a server: whole or not at all, and nothing that harms."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from resnet_gui.core import errors
from resnet_gui.core.dataset import Part
from resnet_gui.core.dataset.cifar10 import folder as cifar10
from resnet_gui.core.dataset.cifar10.archive import CLASSES
from resnet_gui.core.dataset.cifar10.folder import UnpackProgress, is_unpacked, prepare_cifar10
from resnet_gui.core.events import DownloadProgress, Notice
from resnet_gui.core.http.settings import HttpSettings
from tests.core.zoo.test_downloads_system import small_disk
from tests.helpers.cifar_archives import (
    as_image,
    batches,
    home_is_clean,
    make_binary,
    make_folder_archive,
    make_python,
    prepare,
    scan,
)
from tests.helpers.download_server import FAST, ONCE, Answer, Site


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (make_binary, "cifar-10-binary.tar.gz"),
        (make_python, "cifar-10-python.tar.gz"),
        (make_binary, "renamed"),
        (make_python, "packed.tar.bz2"),
    ],
)
def test_a_standard_archive_becomes_a_folder_without_loss(
    make: Callable[[Path], Path], name: str, tmp_path: Path
) -> None:
    events, folder = prepare(make(tmp_path / name))
    assert events[0] == UnpackProgress(0, 70)
    assert events[-1] == UnpackProgress(70, 70)
    assert events[-1].to_json()["event"] == "unpack_progress"
    assert is_unpacked()
    summary = scan(folder)
    assert summary.class_names == CLASSES
    assert summary.counts() == {Part.NONE: 0, Part.TRAIN: 50, Part.VAL: 0, Part.TEST: 20}
    assert (summary.problems, summary.ignored_files, summary.typical_side) == ((), 0, 32)
    seen: dict[int, int] = {}
    for batch, labels, pixels in batches():
        # The number counts within the part, whatever the archive's order: batch 2 begins at 10000.
        first = 0 if batch == "test_batch" else (int(batch[-1]) - 1) * 10_000
        part = "test" if batch == "test_batch" else "train"
        for index, (label, row) in enumerate(zip(labels, pixels, strict=True)):
            path = folder / part / CLASSES[label] / f"{first + index:05}.png"
            assert np.array_equal(np.asarray(Image.open(path)), as_image(row))
            seen[label] = seen.get(label, 0) + 1
    assert seen == dict.fromkeys(range(10), 7)


def test_a_packed_folder_keeps_its_bytes(tmp_path: Path) -> None:
    files = make_folder_archive(tmp_path / "cifar10-jpeg.tar.xz")
    _, folder = prepare(tmp_path / "cifar10-jpeg.tar.xz")
    found = {
        f"cifar/{path.relative_to(folder).as_posix()}": path.read_bytes()
        for path in folder.rglob("*.jpg")
    }
    assert found == files


def test_once_unpacked_it_is_not_asked_for_again(tmp_path: Path) -> None:
    _, folder = prepare(make_binary(tmp_path / "a.tar.gz"))
    assert prepare() == ([], folder)
    (tmp_path / "a.tar.gz").write_bytes(b"rubbish")
    events, again = prepare(tmp_path / "a.tar.gz")
    assert again == folder
    assert isinstance(events[0], Notice)
    assert "unpacked already" in events[0].message


def test_without_archive_and_leave_nothing_is_fetched(site: Site, own_home: Path) -> None:
    with pytest.raises(errors.DatasetError, match="not on this computer"):
        prepare()
    assert site.requests == []
    assert not (own_home / "data" / "datasets").exists()


# --- interrupted, changed, full disk --------------------------------------------------------


def test_stopped_in_the_middle_and_done_again(
    tmp_path: Path, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cifar10, "_INTERVAL_S", 0.0)
    path = make_binary(tmp_path / "a.tar.gz")
    work = prepare_cifar10(path)
    for event in work:
        if isinstance(event, UnpackProgress) and event.done >= 30:
            break
    assert not is_unpacked()
    work.close()
    assert home_is_clean(own_home)
    # What a program leaves behind that was killed.
    stale = own_home / "data" / "datasets" / ".cifar10.partial" / "train" / "cat"
    stale.mkdir(parents=True)
    (stale / "00000.png").write_bytes(b"half")
    _, folder = prepare(path)
    assert len(scan(folder).photos) == 70
    assert {p.name for p in folder.parent.iterdir()} == {"cifar10", ".cifar10.lock"}


def test_a_half_in_its_place_is_replaced_but_nothing_else_is(tmp_path: Path) -> None:
    path = make_binary(tmp_path / "a.tar.gz")
    half = cifar10.cifar10_dir() / "train" / "cat"
    half.mkdir(parents=True)
    (half / "00000.png").write_bytes(b"half")
    with pytest.raises(errors.DatasetError, match="not on this computer"):
        prepare()
    _, folder = prepare(path)
    assert len(scan(folder).photos) == 70
    (folder / ".complete.json").unlink()
    (folder / "my thesis").mkdir()
    with pytest.raises(errors.DatasetError, match="my thesis"):
        prepare(path)
    assert (folder / "my thesis").is_dir()


def test_a_changed_folder_is_not_taken_for_the_dataset(tmp_path: Path) -> None:
    path = make_binary(tmp_path / "a.tar.gz")
    _, folder = prepare(path)
    next((folder / "train" / "cat").iterdir()).unlink()
    for archive in (None, path):
        with pytest.raises(errors.DatasetError, match="was changed after"):
            prepare(archive)
    assert (folder / "train" / "dog").is_dir()


def test_a_full_disk_is_said_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_binary(tmp_path / "a.tar.gz")
    monkeypatch.setattr(cifar10, "_SPARE_BYTES", 0)
    with small_disk(tmp_path / "disk", 200_000) as disk:
        monkeypatch.setenv("RESNET_GUI_HOME", str(disk))
        for block in (1, 4096):  # on the way, and before
            monkeypatch.setattr(cifar10, "_BLOCK", block)
            with pytest.raises(errors.DatasetError, match="not enough space"):
                prepare(path)
            assert home_is_clean(disk)


@pytest.mark.skipif(os.name != "posix", reason="permissions as on POSIX")
def test_a_folder_that_cannot_be_written(tmp_path: Path, own_home: Path) -> None:
    (own_home / "data").mkdir(parents=True)
    (own_home / "data" / "datasets").write_text("in the way")
    with pytest.raises(errors.DatasetError, match="Nothing can be written"):
        prepare(make_binary(tmp_path / "a.tar.gz"))


# --- the network ----------------------------------------------------------------------------


def test_download_goes_on_where_it_broke_off(site: Site, own_home: Path) -> None:
    site.answers = [Answer(cut_at=0.5)]
    with pytest.raises(errors.TruncatedError, match="--archive FILE"):
        prepare(download=True, patience=ONCE)
    part = own_home / "data" / "datasets" / "cifar-10-binary.tar.gz.part"
    kept = part.stat().st_size
    assert kept > 0
    events, folder = prepare(download=True, patience=FAST)
    assert any(isinstance(event, DownloadProgress) for event in events)
    assert site.ranges() == [None, f"bytes={kept}-"]
    assert len(scan(folder).photos) == 70
    assert {p.name for p in folder.parent.iterdir()} <= {
        "cifar10", ".cifar10.lock", ".cifar-10-binary.tar.gz.lock",
    }  # fmt: skip


def test_what_is_not_as_published_is_thrown_away(site: Site, own_home: Path) -> None:
    site.answers = [Answer(body=b"x" * len(site.content))]
    with pytest.raises(errors.WrongHashError, match="SHA-256"):
        prepare(download=True, patience=ONCE)
    assert not cifar10.cifar10_dir().exists()
    assert cifar10.local_archive() is None


def test_offline_mode_and_mirror_hold(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(errors.OfflineModeError):
        prepare(download=True, settings=HttpSettings(offline=True))
    assert site.requests == []
    monkeypatch.setenv("RESNET_GUI_WEIGHTS_URL", f"{site.address}/mirror")
    assert cifar10.download_host() == "127.0.0.1"
    prepare(download=True, patience=FAST)
    assert site.requests[0][0] == "/mirror/cifar-10-binary.tar.gz"


def test_an_archive_in_the_datasets_folder_needs_no_network(
    site: Site, own_home: Path, tmp_path: Path
) -> None:
    place = own_home / "data" / "datasets" / "cifar-10-python.tar.gz"
    place.parent.mkdir(parents=True)
    make_python(place)
    _, folder = prepare()
    assert len(scan(folder).photos) == 70
    assert site.requests == []
    assert place.is_file()  # somebody put it there


# --- the real one ---------------------------------------------------------------------------


@pytest.mark.data
@pytest.mark.slow
def test_the_whole_dataset_as_jpeg(shared_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = shared_data / "cifar10-jpeg.tar.xz"
    if not archive.is_file():
        pytest.skip("the archive is not in the shared folder")
    monkeypatch.setattr(cifar10, "PER_CLASS", {"train": 5000, "test": 1000})
    _, folder = prepare(archive)
    summary = scan(folder)
    assert summary.counts()[Part.TRAIN] == 50_000
    assert summary.counts()[Part.TEST] == 10_000
    assert summary.problems == ()
    assert summary.typical_side == 32
    with tarfile.open(archive) as packed:
        member = packed.next()
        while member is not None and not member.isfile():
            member = packed.next()
        assert member is not None
        stream = packed.extractfile(member)
        assert isinstance(stream, io.BufferedReader)
        inside = Path(*Path(member.name).parts[1:])
        assert (folder / inside).read_bytes() == stream.read()
