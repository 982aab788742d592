"""Archives of CIFAR-10 that are damaged, or made to harm: refused, and nothing is left."""

from __future__ import annotations

import os
import pickle
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from resnet_gui.core import errors
from resnet_gui.core.dataset.cifar10.plain_pickle import PlainPickleError, load_batch
from tests.helpers.cifar_archives import (
    add,
    home_is_clean,
    make_binary,
    make_folder_archive,
    pictures,
    prepare,
    python2_pickle,
    writing,
)

# --- damaged and evil archives --------------------------------------------------------------


@pytest.mark.parametrize("fraction", [0.3, 0.9, 0.9999])
@pytest.mark.parametrize("suffix", [".tar.gz", ".tar.xz", ".tar"])
def test_a_cut_off_archive_leaves_nothing(
    fraction: float, suffix: str, tmp_path: Path, own_home: Path
) -> None:
    path = make_binary(tmp_path / f"cut{suffix}")
    whole = path.read_bytes()
    if suffix == ".tar":
        whole = whole[: whole.index(b"cifar-10-batches-bin/test_batch.bin") + 5000]
    path.write_bytes(whole[: int(len(whole) * fraction)])
    with pytest.raises(errors.DatasetError, match=r"cut\.tar.*(damaged|not the whole|no archive)"):
        prepare(path)
    assert home_is_clean(own_home)


def test_a_damaged_archive_is_named(tmp_path: Path, own_home: Path) -> None:
    data = bytearray(make_binary(tmp_path / "bad.tar.gz").read_bytes())
    data[-6] ^= 0xFF  # the checksum behind the last picture
    (tmp_path / "bad.tar.gz").write_bytes(data)
    with pytest.raises(errors.DatasetError, match=r"bad\.tar\.gz is damaged"):
        prepare(tmp_path / "bad.tar.gz")
    assert home_is_clean(own_home)


def test_a_part_of_the_dataset_is_not_the_dataset(tmp_path: Path, own_home: Path) -> None:
    make_folder_archive(tmp_path / "a.tar", leave_out="cifar/test/frog/0001.jpg")
    with pytest.raises(errors.DatasetError, match="1 test pictures of the class “frog” instead"):
        prepare(tmp_path / "a.tar")
    assert home_is_clean(own_home)


def evil(path: Path, change: Callable[[tarfile.TarFile], None]) -> Path:
    """A whole archive with something in front of it."""
    make_folder_archive(path.with_name("good.tar"))
    with writing(path) as archive, tarfile.open(path.with_name("good.tar")) as good:
        change(archive)
        for member in good:
            archive.addfile(member, good.extractfile(member))
    return path


def special(name: str, kind: bytes, target: str = "") -> Callable[[tarfile.TarFile], None]:
    def change(archive: tarfile.TarFile) -> None:
        member = tarfile.TarInfo(name)
        member.type, member.linkname = kind, target
        archive.addfile(member)

    return change


def file(name: str, data: bytes) -> Callable[[tarfile.TarFile], None]:
    return lambda archive: add(archive, name, data)


JPEG = b"\xff\xd8\xff" + bytes(40)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (file("../train/cat/9.jpg", JPEG), "outside its folder"),
        (file("/tmp/train/cat/9.jpg", JPEG), "outside its folder"),
        (file("x\\..\\..\\train/cat/9.jpg", JPEG), "outside its folder"),
        (file("C:/train/cat/9.jpg", JPEG), "outside its folder"),
        (special("cifar/train", tarfile.SYMTYPE, "/tmp"), "links or devices"),
        (special("cifar/train/cat/9.jpg", tarfile.LNKTYPE, "/etc/passwd"), "links or devices"),
        (special("cifar/train/cat/9.jpg", tarfile.CHRTYPE), "links or devices"),
        (special("cifar/train/cat/9.jpg", tarfile.FIFOTYPE), "links or devices"),
        (file("cifar/train/cat/9.jpg", b"#!/bin/sh\n" + bytes(40)), "is no JPG"),
        (file("cifar/train/cat/9.jpg", JPEG + bytes(2_000_000)), "far more"),
        (file("cifar/train/cat/0001.jpg", JPEG), "twice"),
        (file("data_batch_1.bin", bytes(3000)), "not made of whole pictures"),
        (file("data_batch_1.bin", b"\x0b" + bytes(3072)), "stand for nothing"),
        (file("batches.meta.txt", b"apple\npear\n"), "other classes"),
        (file("data_batch_1.bin", bytes(50_000_000)), "far more"),
    ],
)
def test_an_archive_that_is_made_to_harm_is_refused(
    change: Callable[[tarfile.TarFile], None], words: str, tmp_path: Path, own_home: Path
) -> None:
    path = evil(tmp_path / "evil.tar.gz", change)
    before = {p for p in tmp_path.rglob("*") if own_home not in p.parents}
    with pytest.raises(errors.DatasetError, match=words) as caught:
        prepare(path)
    assert "evil.tar.gz" in str(caught.value)
    assert {p for p in tmp_path.rglob("*") if own_home not in p.parents} - {own_home} == before
    assert home_is_clean(own_home)


def test_a_bomb_ends_at_the_cap(
    tmp_path: Path, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from resnet_gui.core.dataset.cifar10 import archive as cifar10_archive

    monkeypatch.setattr(cifar10_archive, "_MAX_TOTAL_BYTES", 5_000_000)
    path = evil(tmp_path / "bomb.tar.gz", file("readme.txt", bytes(20_000_000)))
    with pytest.raises(errors.DatasetError, match="far more"):
        prepare(path)
    assert home_is_clean(own_home)


@pytest.mark.parametrize("content", [b"", b"no archive at all", b"\x1f\x8b rubbish", b"PK\x03\x04"])
def test_what_is_no_archive_of_cifar10_is_said(
    content: bytes, tmp_path: Path, own_home: Path
) -> None:
    (tmp_path / "x.tar.gz").write_bytes(content)
    with pytest.raises(
        errors.DatasetError, match=r"x\.tar\.gz is (no archive of CIFAR-10|damaged)"
    ):
        prepare(tmp_path / "x.tar.gz")
    with writing(tmp_path / "other.tar") as archive:
        add(archive, "holiday/a.jpg", JPEG)
    with pytest.raises(errors.DatasetError, match="no archive of CIFAR-10"):
        prepare(tmp_path / "other.tar")
    with pytest.raises(errors.DatasetError, match="cannot be read"):
        prepare(tmp_path / "missing.tar.gz")
    assert home_is_clean(own_home)


# --- pickles --------------------------------------------------------------------------------


class Shell:
    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Any, ...]:
        return (os.system, (f"touch {self.target}",))


def test_a_pickle_with_code_runs_nothing(tmp_path: Path, own_home: Path) -> None:
    bad = pickle.dumps({"data": Shell(tmp_path / "ran"), "labels": [1]}, 2)
    with writing(tmp_path / "evil.tar.gz") as archive:
        add(archive, "cifar-10-batches-py/data_batch_1", bad)
    with pytest.raises(errors.DatasetError, match="asks for") as caught:
        prepare(tmp_path / "evil.tar.gz")
    assert "cifar-10-binary.tar.gz" in str(caught.value)
    assert not (tmp_path / "ran").exists()
    assert home_is_clean(own_home)


@pytest.mark.parametrize(
    "pickled",
    [
        b"",
        b"rubbish",
        pickle.dumps([1, 2, 3]),
        pickle.dumps({"data": b"x", "labels": [1]}),
        pickle.dumps({"data": np.zeros((1, 3072), np.uint8), "labels": ["cat"]}, 2),
        b"\x80\x02cbuiltins\neval\nU\x03" + b"1+1\x85R.",
        b"\x80\x05\x96" + (1 << 40).to_bytes(8, "little") + b".",  # room for a terabyte
        b"\x80\x02}r\xff\xff\xff\xff.",
        python2_pickle(*pictures("test"))[:-500],
        python2_pickle([1, 2, 3], pictures("test")[1][:2]),
        b"i" + b"os\nsystem\n.",
    ],
)
def test_pickles_that_are_not_plain_batches_are_refused(pickled: bytes) -> None:
    with pytest.raises(PlainPickleError):
        load_batch(pickled, 3072)


def test_batches_saved_by_newer_programs_are_read() -> None:
    labels, pixels = pictures("test")
    for protocol in (3, 4):
        read_labels, read_pixels = load_batch(
            pickle.dumps({"data": pixels, "labels": labels}, protocol), 3072
        )
        assert read_labels == labels
        assert np.array_equal(read_pixels, pixels)
