"""The pictures in an archive of CIFAR-10, whichever of its three forms it has. No torch here.

| form | what is in it | becomes |
| --- | --- | --- |
| `cifar-10-binary.tar.gz` | `data_batch_1.bin` … `test_batch.bin`: label, 3072 pixels | PNG |
| `cifar-10-python.tar.gz` | `data_batch_1` … `test_batch`: pickled (see `plain_pickle`) | PNG |
| a folder of images, packed | `…/train/CLASS/NNNN.jpg`, `…/test/CLASS/NNNN.jpg` | the same bytes |

Nothing is unpacked by the archive's own names: members are read as streams, and what is written
gets names from here. PNG loses nothing; our own writer takes a third of Pillow's time.
"""

from __future__ import annotations

import bz2
import contextlib
import gzip
import hashlib
import io
import lzma
import re
import struct
import tarfile
import zlib
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, cast

import numpy as np
import numpy.typing as npt

from resnet_gui.core.dataset.cifar10.plain_pickle import PlainPickleError, load_batch
from resnet_gui.core.errors import DatasetError

CLASSES = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip
PARTS = ("train", "test")
ARCHIVE_SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.xz", ".txz", ".tar.bz2")

_SIDE, _PIXELS = 32, 3 * 32 * 32
_BATCH = 10_000  # pictures in each file of the two standard forms
_BINARY = re.compile(r"(data_batch_([1-5])|test_batch)\.bin")
_PYTHON = re.compile(r"data_batch_([1-5])|test_batch")
_IMAGE_SUFFIXES = {".jpg": b"\xff\xd8\xff", ".jpeg": b"\xff\xd8\xff", ".png": b"\x89PNG\r\n"}
_MAX_BATCH_BYTES = 40_000_000  # 10,000 records have 31 MB
_MAX_IMAGE_BYTES = 1_000_000
_MAX_TOTAL_BYTES = 600_000_000  # unpacked; the standard archives have 190 MB
_MAX_MEMBERS = 100_000
_STANDARD = "cifar-10-binary.tar.gz"
_AGAIN = f"Fetch it again from where it came from, or leave it away to have {_STANDARD} downloaded."

Batch = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Picture:
    """One encoded picture.

    Attributes:
        part: "train" or "test".
        name: of its file, without folders; unique in its part and class.
        label: index in CLASSES.
    """

    part: str
    label: int
    name: str
    data: bytes


class ArchiveReader:
    """Reads one archive from start to end.

    Attributes:
        sha256: of the archive's file, in hexadecimal; "" until all is read.
        lossless: whether the pictures were stored pixel by pixel.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.sha256 = ""
        self.lossless = False
        self._members = 0

    def pictures(self) -> Generator[Picture, None, None]:
        """All pictures, in the archive's order.

        Raises:
            DatasetError: the archive is missing, damaged, cut off, made to do harm, or none of
                CIFAR-10.
        """
        name = self.path.name
        try:
            with self.path.open("rb") as file:
                raw = _Hashed(file)
                with contextlib.closing(_Capped(_decompressed(raw))) as stream:
                    yield from self._read(cast(IO[bytes], stream))
                    while stream.read(1 << 20):  # checksums stand behind the last member
                        pass
                while raw.read(1 << 20):
                    pass
                self.sha256 = raw.digest.hexdigest()
        except _TooMuchError as error:
            raise self._refused("has far more in it than CIFAR-10 has") from error
        except (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile) as error:
            if not self._members:
                raise self._not_cifar() from error
            raise DatasetError(self.path, f"{name} is damaged or cut off.", _AGAIN) from error
        except OSError as error:
            if error.errno is None:  # of a decompressor, not of the disk
                raise DatasetError(self.path, f"{name} is damaged.", _AGAIN) from error
            raise DatasetError(
                self.path,
                f"{name} cannot be read ({error.strerror}).",
                "Is its name right, and its drive connected?",
            ) from error

    def _read(self, stream: IO[bytes]) -> Iterator[Picture]:
        found = 0
        with tarfile.open(fileobj=stream, mode="r|") as archive:
            while (member := archive.next()) is not None:
                archive.members.clear()  # type: ignore[attr-defined]  # 60,000 of them are 60 MB
                self._check(member)
                if not member.isreg():
                    continue
                for picture in self._pictures_of(archive, member):
                    found += 1
                    yield picture
        if not found:
            raise self._not_cifar()

    def _check(self, member: tarfile.TarInfo) -> None:
        """Raises DatasetError for what no archive of this dataset has."""
        self._members += 1
        if self._members > _MAX_MEMBERS:
            raise _TooMuchError
        path = PurePosixPath(member.name.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or ":" in "".join(path.parts[:1]):
            raise self._refused("holds a file that would land outside its folder")
        if not (member.isreg() or member.isdir()):
            raise self._refused("holds links or devices, which CIFAR-10 has none of")

    def _pictures_of(self, archive: tarfile.TarFile, member: tarfile.TarInfo) -> Iterator[Picture]:
        path = PurePosixPath(member.name)
        if path.name.startswith("."):
            return  # what macOS packs beside each file
        if match := _BINARY.fullmatch(path.name):
            records = self._content(archive, member, _MAX_BATCH_BYTES)
            yield from self._binary(path.name, int(match[2] or 0), records)
        elif match := _PYTHON.fullmatch(path.name):
            pickled = self._content(archive, member, _MAX_BATCH_BYTES)
            yield from self._python(path.name, int(match[1] or 0), pickled)
        elif path.name == "batches.meta.txt":
            names = self._content(archive, member, _MAX_IMAGE_BYTES).decode("utf-8", "replace")
            if tuple(names.split()) != CLASSES:
                raise self._refused("names other classes than CIFAR-10")
        elif path.suffix.lower() in _IMAGE_SUFFIXES and len(path.parts) >= 3:
            part, label = path.parts[-3].lower(), path.parts[-2].lower()
            if part in PARTS and label in CLASSES:
                data = self._content(archive, member, _MAX_IMAGE_BYTES)
                yield self._image(path, part, CLASSES.index(label), data)

    def _content(self, archive: tarfile.TarFile, member: tarfile.TarInfo, limit: int) -> bytes:
        if member.size > limit:
            raise _TooMuchError
        file = archive.extractfile(member)
        data = file.read() if file is not None else b""
        if len(data) != member.size:
            raise EOFError
        return data

    def _binary(self, name: str, number: int, records: bytes) -> Iterator[Picture]:
        if not records or len(records) % (_PIXELS + 1):
            raise DatasetError(
                self.path,
                f"{self.path.name} is damaged: {name} is not made of whole pictures.",
                _AGAIN,
            )
        rows = np.frombuffer(records, np.uint8).reshape(-1, _PIXELS + 1)
        yield from self._encoded(name, number, rows[:, 0].tolist(), rows[:, 1:])

    def _python(self, name: str, number: int, pickled: bytes) -> Iterator[Picture]:
        try:
            labels, pixels = load_batch(pickled, _PIXELS)
        except PlainPickleError as error:
            raise DatasetError(
                self.path,
                f"{self.path.name} was not opened: {name} is not plain pictures and labels "
                f"({error}). Pickled files can carry programs.",
                f"Use {_STANDARD} instead, which can carry none.",
            ) from error
        yield from self._encoded(name, number, labels, pixels)

    def _encoded(
        self, name: str, number: int, labels: list[int], pixels: Batch
    ) -> Iterator[Picture]:
        """Pictures of a batch as PNG. number: which file of the training part, 0: the test's."""
        if len(labels) > _BATCH or not all(0 <= label < len(CLASSES) for label in labels):
            raise DatasetError(
                self.path,
                f"{self.path.name} is damaged: {name} has labels that stand for nothing.",
                _AGAIN,
            )
        self.lossless = True
        part = "train" if number else "test"
        first = (number - 1) * _BATCH if number else 0
        for index, (label, data) in enumerate(zip(labels, encode_pngs(pixels), strict=True)):
            yield Picture(part, label, f"{first + index:05}.png", data)

    def _image(self, path: PurePosixPath, part: str, label: int, data: bytes) -> Picture:
        suffix = path.suffix.lower()
        if not data.startswith(_IMAGE_SUFFIXES[suffix]):
            raise DatasetError(
                self.path,
                f"{self.path.name} is damaged: {path.name!r} in it is no {suffix[1:].upper()}.",
                _AGAIN,
            )
        stem = path.stem
        plain = stem.isascii() and stem.isdecimal() and len(stem) <= 9
        name = stem if plain else f"n{self._members:06}"
        return Picture(part, label, f"{name}{suffix}", data)

    def _refused(self, why: str) -> DatasetError:
        return DatasetError(
            self.path,
            f"{self.path.name} was not unpacked: it {why}.",
            f"The archive {_STANDARD} is the standard one.",
        )

    def _not_cifar(self) -> DatasetError:
        return DatasetError(
            self.path,
            f"{self.path.name} is no archive of CIFAR-10.",
            f"Known are {_STANDARD}, cifar-10-python.tar.gz, and a packed folder "
            "train/CLASS/*.jpg with test/CLASS/*.jpg. Other photos: unpack them and use the "
            "folder.",
        )


def is_archive_name(name: str) -> bool:
    """Whether a file may be such an archive, by its name."""
    return name.lower().endswith(ARCHIVE_SUFFIXES)


def encode_pngs(pixels: Batch) -> Iterator[bytes]:
    """PNG files of pictures as CIFAR-10 stores them.

    Args:
        pixels: (N, 3072) uint8: red, green and blue planes of 32 rows.
    """
    planes = pixels.reshape(-1, 3, _SIDE, _SIDE)
    rows = np.empty((len(planes), _SIDE, 1 + 3 * _SIDE), np.uint8)
    rows[:, :, 0] = 2  # PNG's filter “up”: each row as its difference from the one above
    values = planes.transpose(0, 2, 3, 1).reshape(-1, _SIDE, 3 * _SIDE)
    rows[:, 0, 1:] = values[:, 0]
    np.subtract(values[:, 1:], values[:, :-1], out=rows[:, 1:, 1:])
    head = b"\x89PNG\r\n\x1a\n" + _chunk(
        b"IHDR", struct.pack(">IIBBBBB", _SIDE, _SIDE, 8, 2, 0, 0, 0)
    )
    end = _chunk(b"IEND", b"")
    for picture in rows:
        yield head + _chunk(b"IDAT", zlib.compress(picture.data, 1)) + end


def _chunk(kind: bytes, data: bytes) -> bytes:
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


class _TooMuchError(Exception):
    """More in the archive than CIFAR-10 can have: a mistake, or made to fill the disk."""


class _Hashed(io.RawIOBase):
    """A file that is hashed while it is read once, from start to end."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self.digest.update(data)
        return data

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


class _Capped(io.RawIOBase):
    """A stream that refuses to give more than the cap."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._left = _MAX_TOTAL_BYTES

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(min(size, self._left + 1) if size >= 0 else self._left + 1)
        self._left -= len(data)
        if self._left < 0:
            raise _TooMuchError
        return data

    def close(self) -> None:
        self._stream.close()
        super().close()


def _decompressed(raw: _Hashed) -> IO[bytes]:
    """The tar inside, by the first bytes and not by the name."""
    buffered = io.BufferedReader(raw, 1 << 20)
    start = buffered.peek(6)[:6]
    if start.startswith(b"\x1f\x8b"):
        return gzip.GzipFile(fileobj=buffered)  # type: ignore[return-value]
    if start.startswith(b"\xfd7zXZ"):
        return lzma.LZMAFile(buffered)
    if start.startswith(b"BZh"):
        return bz2.BZ2File(buffered)
    return buffered
