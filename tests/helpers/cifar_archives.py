"""Small archives in the forms that CIFAR-10 has, for tests."""

from __future__ import annotations

import io
import pickle
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from resnet_gui.core.dataset import DatasetScanned, DatasetSummary, scan_dataset
from resnet_gui.core.dataset.cifar10 import folder as cifar10
from resnet_gui.core.dataset.cifar10.archive import CLASSES
from resnet_gui.core.dataset.cifar10.folder import prepare_cifar10

TRAIN_PER_CLASS, TEST_PER_CLASS = 5, 2
Pixels = npt.NDArray[np.uint8]


def make_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A whole dataset has five training and two test pictures per class."""
    monkeypatch.setattr(cifar10, "PER_CLASS", {"train": TRAIN_PER_CLASS, "test": TEST_PER_CLASS})


def pictures(part: str) -> tuple[list[int], Pixels]:
    """Labels in mixed order, and (N, 3072) pixels: noise around a colour per class."""
    count = TRAIN_PER_CLASS if part == "train" else TEST_PER_CLASS
    generator = np.random.default_rng(len(part))
    labels = generator.permutation(np.repeat(np.arange(10), count))
    colours = np.random.default_rng(0).integers(60, 190, (10, 3, 1))
    pixels = colours[labels] + generator.integers(-50, 50, (len(labels), 3, 1024))
    return labels.tolist(), pixels.astype(np.uint8).reshape(-1, 3072)


def add(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    archive.addfile(member, io.BytesIO(data))


@contextmanager
def writing(path: Path) -> Iterator[tarfile.TarFile]:
    kind = {"gz": "w:gz", "xz": "w:xz", "bz2": "w:bz2"}.get(path.suffix[1:], "w")
    with tarfile.open(path, kind) as archive:  # type: ignore[call-overload]
        yield archive


def batches() -> Iterator[tuple[str, list[int], Pixels]]:
    """As the standard archives: five training files, of ten pictures here, and a test file."""
    labels, pixels = pictures("train")
    for number in range(5):
        part = slice(number * 10, number * 10 + 10)
        yield f"data_batch_{number + 1}", labels[part], pixels[part]
    yield "test_batch", *pictures("test")


def make_binary(path: Path) -> Path:
    with writing(path) as archive:
        folder = "cifar-10-batches-bin"
        for name, labels, pixels in batches():
            rows = np.concatenate([np.array(labels, np.uint8)[:, None], pixels], axis=1)
            add(archive, f"{folder}/{name}.bin", rows.tobytes())
        add(archive, f"{folder}/batches.meta.txt", "\n".join([*CLASSES, "", ""]).encode())
        add(archive, f"{folder}/readme.html", b"<html>")
    return path


def python2_pickle(labels: list[int], pixels: Pixels) -> bytes:
    """What Python 2 and numpy wrote: protocol 2, texts as byte strings."""

    def text(value: bytes) -> bytes:
        return b"U" + bytes([len(value)]) + value

    def number(value: int) -> bytes:
        return b"M" + value.to_bytes(2, "little")

    data = pixels.tobytes()
    array = (
        b"cnumpy.core.multiarray\n_reconstruct\nq\x01cnumpy\nndarray\nK\x00\x85" + text(b"b")
        + b"\x87R(K\x01" + number(len(labels)) + number(3072) + b"\x86cnumpy\ndtype\n"
        + text(b"u1") + b"K\x00K\x01\x87R(K\x03" + text(b"|") + b"NNN" + 2 * b"J\xff\xff\xff\xff"
        + b"K\x00tb\x89T" + len(data).to_bytes(4, "little") + data + b"tb"
    )  # fmt: skip
    numbers = b"](" + b"".join(b"K" + bytes([label]) for label in labels) + b"e"
    return b"\x80\x02}q\x00(" + text(b"data") + array + text(b"labels") + numbers + b"u."


def make_python(path: Path) -> Path:
    with writing(path) as archive:
        for name, labels, pixels in batches():
            add(archive, f"cifar-10-batches-py/{name}", python2_pickle(labels, pixels))
        meta = pickle.dumps({"label_names": list(CLASSES)}, 2)
        add(archive, "cifar-10-batches-py/batches.meta", meta)
    return path


def make_folder_archive(path: Path, leave_out: str = "") -> dict[str, bytes]:
    """JPEG files by class. Returns path in the archive -> bytes."""
    files = {}
    for part in ("train", "test"):
        seen = dict.fromkeys(range(10), 0)
        for label, pixels in zip(*pictures(part), strict=True):
            buffer = io.BytesIO()
            Image.fromarray(as_image(pixels)).save(buffer, "JPEG", quality=75)
            name = f"cifar/{part}/{CLASSES[label]}/{seen[label]:04}.jpg"
            seen[label] += 1
            if name != leave_out:
                files[name] = buffer.getvalue()
    with writing(path) as archive:
        for name, data in files.items():
            add(archive, name, data)
    return files


def as_image(pixels: Pixels) -> Pixels:
    """(32, 32, 3) of a stored row."""
    return np.ascontiguousarray(pixels.reshape(3, 32, 32).transpose(1, 2, 0))


def prepare(archive: Path | None = None, **options: Any) -> tuple[list[Any], Path]:
    work = prepare_cifar10(archive, **options)
    events = []
    while True:
        try:
            events.append(next(work))
        except StopIteration as end:
            return events, end.value


def scan(folder: Path) -> DatasetSummary:
    *_, done = scan_dataset(folder)
    assert isinstance(done, DatasetScanned)
    return done.summary


def home_is_clean(own_home: Path) -> bool:
    """Nothing of a dataset is left but the lock."""
    folder = own_home / "data" / "datasets"
    return not folder.exists() or {path.name for path in folder.iterdir()} <= {".cifar10.lock"}
