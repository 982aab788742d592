"""CIFAR-10 as a folder of the user's data: from an archive or from the network, once.

`datasets/cifar10/train/CLASS/NNNNN.png` and `test/CLASS/…`: from there on it is a dataset like any
other. It is unpacked beside its place and swapped in when it is whole; the file `.complete.json`
says that it is, and how many pictures each folder had.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import time
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from filelock import FileLock, Timeout

from resnet_gui.core.dataset.cifar10.archive import CLASSES, PARTS, ArchiveReader
from resnet_gui.core.errors import (
    DatasetError,
    DiskFullError,
    FolderNotWritableError,
    NetworkError,
)
from resnet_gui.core.events import DownloadProgress, Notice
from resnet_gui.core.http.fetch import TICK_S, Patience
from resnet_gui.core.http.settings import HttpSettings, host_of, load_http_settings
from resnet_gui.core.system import paths
from resnet_gui.core.system.atomic import write_json
from resnet_gui.core.system.documents import read_object
from resnet_gui.core.values import Value
from resnet_gui.core.zoo.storage.downloads import download_file
from resnet_gui.core.zoo.storage.remote_file import RemoteFile

NAME = "cifar10"
TITLE = "CIFAR-10"
# The hash that TensorFlow Datasets and others pin for it.
ARCHIVE = RemoteFile(
    TITLE,
    "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
    "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
    170_052_171,
)
PER_CLASS = {"train": 5000, "test": 1000}
FORMAT_VERSION = 1

_MARKER = ".complete.json"
_BLOCK = 4096  # what a small file takes on the disk
_SPARE_BYTES = 16_000_000
_INTERVAL_S = 0.05
_BY_HAND = (
    f"You can also fetch {ARCHIVE.name} on another computer: drop it on the Train page, or name it "
    "with “--archive FILE”."
)


@dataclass(frozen=True, slots=True)
class UnpackProgress(Value):
    """How many pictures are unpacked. `note` says what is waited for."""

    event: ClassVar[str] = "unpack_progress"
    done: int
    total: int
    note: str = ""


Cifar10Event = DownloadProgress | UnpackProgress | Notice


def cifar10_dir() -> Path:
    """Where it is, or will be."""
    return paths.datasets_dir() / NAME


def is_unpacked() -> bool:
    """Whether it can be used now: quick, the files are not counted."""
    return (cifar10_dir() / _MARKER).is_file()


def local_archive() -> Path | None:
    """A standard archive that lies in the datasets' folder: downloaded, or put there."""
    for name in (ARCHIVE.name, "cifar-10-python.tar.gz"):
        path = paths.datasets_dir() / name
        if path.is_file():
            return path
    return None


def download_host(settings: HttpSettings | None = None) -> str:
    """Where the download comes from, for a question to a person."""
    return host_of((settings or load_http_settings()).effective_mirror() or ARCHIVE.url)


def prepare_cifar10(
    archive: Path | None = None,
    *,
    download: bool = False,
    settings: HttpSettings | None = None,
    patience: Patience | None = None,
) -> Generator[Cifar10Event, None, Path]:
    """Bring CIFAR-10 into the user's data folder, as far as it is not there.

    Closing the generator stops; what was downloaded is kept, half-unpacked pictures are not.

    Args:
        archive: where the pictures are; not opened if they are unpacked already.
        download: whether the network may be asked. Set it only when the person said so.

    Yields:
        progress several times a second.

    Returns:
        the folder, complete.

    Raises:
        DatasetError: it is not here and must not be downloaded; the archive cannot be used; the
            folder was changed or cannot be written.
        NetworkError, SettingsError: as `download_file`.
    """
    folder = cifar10_dir()
    if _is_complete(folder):
        if archive is not None:
            yield Notice(
                f"{TITLE} is unpacked already: {archive.name} was not opened. Delete {folder} to "
                "have it unpacked from there."
            )
        return folder
    archive = paths.expanded(archive) if archive is not None else None
    if archive is None and not download:
        archive = local_archive()
        if archive is None:
            raise DatasetError(
                folder,
                f"{TITLE} is not on this computer.",
                f"It can be downloaded ({ARCHIVE.bytes / 1e6:.0f} MB), or unpacked from an "
                "archive that you have.",
            )
    if archive is None:
        archive = yield from _downloaded(settings, patience)
    with _disk_errors(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder.with_name(f".{NAME}.lock"), thread_local=False)
    yield from _acquire(lock, folder)
    try:
        if not _is_complete(folder):  # else another program was quicker
            yield from _unpack(archive, folder)
    finally:
        lock.release()
    return folder


def _downloaded(
    settings: HttpSettings | None, patience: Patience | None
) -> Generator[Cifar10Event, None, Path]:
    folder = paths.datasets_dir()
    try:
        return (yield from download_file(ARCHIVE, folder, settings, patience))
    except DiskFullError as error:
        raise _disk_full(folder, error.needed) from error
    except FolderNotWritableError as error:
        raise _not_writable(folder, error.reason) from error
    except NetworkError as error:
        error.add_advice(_BY_HAND)
        raise


def _acquire(lock: FileLock, folder: Path) -> Iterator[Cifar10Event]:
    while True:
        try:
            lock.acquire(blocking=False)
            return
        except Timeout:
            yield UnpackProgress(0, 0, f"Another program is unpacking {TITLE}; waiting for it…")
            time.sleep(TICK_S)
        except OSError as error:
            raise _not_writable(folder.parent, error.strerror or str(error)) from error


def _unpack(archive: Path, folder: Path) -> Iterator[Cifar10Event]:
    """Unpack beside the place, check, swap in."""
    total = sum(PER_CLASS.values()) * len(CLASSES)
    free = shutil.disk_usage(folder.parent).free
    if free < total * _BLOCK + _SPARE_BYTES:
        raise _disk_full(folder.parent, total * _BLOCK + _SPARE_BYTES)
    staging = folder.with_name(f".{NAME}.partial")
    reader = ArchiveReader(archive)
    try:
        with _disk_errors(folder):
            shutil.rmtree(staging, ignore_errors=True)  # of a program that was killed
            for part in PARTS:
                for name in CLASSES:
                    (staging / part / name).mkdir(parents=True)
        yield UnpackProgress(0, total)
        yield from _write_pictures(reader, staging, total)
        counts = _counts(staging)
        _check_whole(archive, counts)
        with _disk_errors(folder):
            if hasattr(os, "sync"):
                os.sync()  # the marker must not outlive a power cut that the pictures do not
            write_json(
                staging / _MARKER,
                {
                    "format": FORMAT_VERSION,
                    "dataset": TITLE,
                    "archive": archive.name,
                    "sha256": reader.sha256,
                    "lossless": reader.lossless,
                    "photos": counts,
                },
            )
            if folder.exists():
                shutil.rmtree(folder)  # `_is_complete` saw that it is a half of ours
            staging.rename(folder)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    if reader.sha256 == ARCHIVE.sha256_prefix and archive.parent == folder.parent:
        with contextlib.suppress(OSError):
            archive.unlink()  # our own download has done its work
    yield UnpackProgress(total, total)


def _write_pictures(reader: ArchiveReader, staging: Path, total: int) -> Iterator[Cifar10Event]:
    places = {
        (part, label): os.path.join(staging, part, name, "")  # noqa: PTH118 - 60,000 Paths cost 1 s
        for part in PARTS
        for label, name in enumerate(CLASSES)
    }
    last = time.monotonic()
    with contextlib.closing(reader.pictures()) as pictures:
        for done, picture in enumerate(pictures):
            path = places[picture.part, picture.label] + picture.name
            try:
                with open(path, "xb", buffering=0) as file:  # noqa: PTH123
                    written = file.write(picture.data)
                    if written != len(picture.data):  # so ends a disk that is full
                        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            except FileExistsError as error:
                raise DatasetError(
                    reader.path,
                    f"{reader.path.name} holds {picture.name} of the class "
                    f"“{CLASSES[picture.label]}” twice.",
                    "It is not the standard archive: pack it anew.",
                ) from error
            except OSError as error:
                raise _named(error, staging.parent) from error
            if time.monotonic() - last >= _INTERVAL_S:
                last = time.monotonic()
                yield UnpackProgress(done + 1, total)


def _check_whole(archive: Path, counts: Mapping[str, Mapping[str, int]]) -> None:
    """Raises DatasetError if a class has fewer or more pictures than CIFAR-10 has."""
    for part, by_class in counts.items():
        for name, count in by_class.items():
            if count != PER_CLASS[part]:
                raise DatasetError(
                    archive,
                    f"{archive.name} is not the whole of {TITLE}: it has {count:,} "
                    f"{'training' if part == 'train' else 'test'} pictures of the class “{name}” "
                    f"instead of {PER_CLASS[part]:,}.",
                    "Fetch the archive again. Or unpack it yourself and train on the folder, if "
                    "that is what you want.",
                )


def _is_complete(folder: Path) -> bool:
    """Whether all pictures are there.

    Raises:
        DatasetError: the folder has been changed, or is not ours: nothing in it is touched.
    """
    try:
        if not folder.is_dir():
            return False
        marker = _read_marker(folder)
        if marker is None:
            _check_ours(folder)
            return False
        if marker != _counts(folder):
            raise DatasetError(
                folder,
                f"The folder {folder} was changed after {TITLE} was unpacked there.",
                "Name it by its path to train on it as it is, or delete it to have it unpacked "
                "again.",
            )
    except OSError as error:
        raise DatasetError(
            folder,
            f"The folder {folder} cannot be read ({error.strerror}).",
            "Check its permissions.",
        ) from error
    return True


def _read_marker(folder: Path) -> object:
    """What the folder had when it was whole: part -> class -> number; None: it never was."""
    try:
        value = read_object(folder / _MARKER)
        return value["photos"] if value["format"] == FORMAT_VERSION else None
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def _counts(folder: Path) -> dict[str, dict[str, int]]:
    """Visible files by part and class."""
    found: dict[str, dict[str, int]] = {}
    for part in PARTS:
        found[part] = {}
        for name in CLASSES:
            try:
                with os.scandir(folder / part / name) as entries:
                    found[part][name] = sum(not entry.name.startswith(".") for entry in entries)
            except FileNotFoundError:
                found[part][name] = 0
    return found


def _check_ours(folder: Path) -> None:
    """Raises DatasetError if there is anything but pictures in the ten classes: it is not ours
    to replace."""
    for part in folder.iterdir():
        known = part.name in PARTS and all(child.name in CLASSES for child in part.iterdir())
        if not known and part.name != _MARKER:
            raise DatasetError(
                folder,
                f"{TITLE} belongs into {folder}, but something else is there (“{part.name}”).",
                "Move it away, then try again.",
            )


@contextlib.contextmanager
def _disk_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _named(error, folder.parent) from error


def _named(error: OSError, folder: Path) -> DatasetError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return _disk_full(folder, sum(PER_CLASS.values()) * len(CLASSES) * _BLOCK)
    return _not_writable(folder, error.strerror or str(error))


def _disk_full(folder: Path, needed: int) -> DatasetError:
    place = next((p for p in (folder, *folder.parents) if p.exists()), folder)
    free = shutil.disk_usage(place).free
    return DatasetError(
        folder,
        f"There is not enough space in {folder}: {needed / 1e6:,.0f} MB are needed, "
        f"{free / 1e6:,.0f} MB are free.",
        "Free some space, then try again.",
    )


def _not_writable(folder: Path, reason: str) -> DatasetError:
    return DatasetError(
        folder,
        f"Nothing can be written to {folder} ({reason}).",
        "Change its permissions. The variable RESNET_GUI_HOME puts the program's folders "
        "elsewhere.",
    )
