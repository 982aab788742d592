"""Features that were computed before, by what they depend on: the next run on the same photos and
backbone needs no pass over them. No torch.

A folder of the cache for each backbone and way of computing, named by a hash of all that decides
the numbers; in it `.npy` files, one from each time that something was computed: a key of the photo
and its row of features, as NumPy's structured arrays. They are mapped, not read, and never changed.
What cannot be read or is damaged is not there.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from resnet_gui.core.photos.identity import photo_key
from resnet_gui.core.photos.store import workers
from resnet_gui.core.system import paths
from resnet_gui.core.system.atomic import replacing

MAX_BYTES = 2_000_000_000  # of all features together; 100,000 photos of a ResNet-50 take 820 MB
HASHED_AT_ONCE = 512
_KEY_BYTES = 16
_END_BYTES = 131_072  # photos of up to twice that are hashed whole
_FORMAT_VERSION = 1
_AT_ONCE = 4096  # rows that are read or written in one go: 34 MB of a ResNet-50's
_SUFFIX = ".npy"


def features_dir() -> Path:
    return paths.cache_dir() / "features"


def photo_keys(photos: Sequence[Path]) -> list[bytes]:
    """What tells photos apart; b"" for one that cannot be read."""
    key = partial(photo_key, key_bytes=_KEY_BYTES, end_bytes=_END_BYTES, dated=True)
    with ThreadPoolExecutor(workers(), thread_name_prefix="keys") as pool:
        return list(pool.map(key, photos))


def keys_in_pieces(photos: Sequence[Path]) -> Iterator[list[bytes]]:
    """As `photo_keys`, some hundred at a time: tens of thousands take their time, in which a person
    wants to see how far it is and to stop it."""
    for start in range(0, len(photos), HASHED_AT_ONCE):
        yield photo_keys(photos[start : start + HASHED_AT_ONCE])


class FoundRows:
    """Rows of features that lie in several tables, mostly mapped files: nothing is read before it
    is asked for.

    Attributes:
        numbers: of the photos that they belong to, rising. width: how many numbers a photo has.

    Args of the constructor:
        tables: (N, width) float32 each.
        places: for each of `numbers`, which table and which of its rows.
    """

    def __init__(
        self,
        width: int,
        tables: Sequence[npt.NDArray[np.float32]] = (),
        places: Mapping[int, tuple[int, int]] | None = None,
    ) -> None:
        self.width, self._tables = width, list(tables)
        self._places = dict(places or {})
        self.numbers = sorted(self._places)

    def joined(self, numbers: Sequence[int], rows: npt.NDArray[np.float32]) -> FoundRows:
        """These and further ones. rows: (N, width)."""
        places = {number: (len(self._tables), row) for row, number in enumerate(numbers)}
        return FoundRows(self.width, [*self._tables, rows], self._places | places)

    def read(self, start: int = 0, stop: int | None = None) -> npt.NDArray[np.float32]:
        """The rows of `numbers[start:stop]`: (N, width)."""
        wanted = np.array([self._places[number] for number in self.numbers[start:stop]])
        rows = np.empty((len(wanted), self.width), np.float32)
        for index, table in enumerate(self._tables):
            at = np.flatnonzero(wanted[:, 0] == index) if len(wanted) else ()
            for begin in range(0, len(at), _AT_ONCE):
                some = at[begin : begin + _AT_ONCE]
                rows[some] = table[wanted[some, 1]]
        return rows

    def chunks(self, start: int, stop: int) -> Iterator[npt.NDArray[np.float32]]:
        """As `read`, a few thousand at a time."""
        for begin in range(start, stop, _AT_ONCE):
            yield self.read(begin, min(begin + _AT_ONCE, stop))


class FeatureCache:
    """Features of one backbone, computed in one way.

    Args:
        depends: all that decides the numbers, as JSON: the backbone's hash, the preprocessing, the
            precision, versions …
        width: how many numbers a photo has.

    Attributes:
        folder: its own. width: as it was given.
    """

    def __init__(self, depends: Mapping[str, Any], width: int) -> None:
        self.folder = _folder_of(depends)
        self._kind = np.dtype([("key", "V16"), ("row", "<f4", (width,))])
        self.width = width

    def locate(self, keys: Sequence[bytes]) -> FoundRows:
        """Where the features of the photos are that there are some of; numbered as the keys are."""
        wanted: dict[bytes, list[int]] = {}
        for number, key in enumerate(keys):
            if key:
                wanted.setdefault(key, []).append(number)
        tables: list[npt.NDArray[np.float32]] = []
        found: dict[int, tuple[int, int]] = {}
        for path in sorted(_files(self.folder)):
            if not wanted:
                break
            table = self._mapped(path)
            if table is None:
                continue
            raw = table["key"].tobytes()
            known = (raw[i : i + _KEY_BYTES] for i in range(0, len(raw), _KEY_BYTES))
            places = [(place, wanted.pop(key)) for place, key in enumerate(known) if key in wanted]
            rows = table["row"]
            good = _finite(rows, [place for place, _ in places])
            for (place, numbers), fine in zip(places, good, strict=True):
                if fine:
                    found |= dict.fromkeys(numbers, (len(tables), place))
            tables.append(rows)
            if places:
                with contextlib.suppress(OSError):
                    os.utime(path)
        return FoundRows(self.width, tables, found)

    def find(self, keys: Sequence[bytes]) -> tuple[npt.NDArray[np.float32], list[int]]:
        """Features of the photos that there are some of, in memory.

        Returns:
            (N, width) float32, and which of the keys they belong to, rising.
        """
        found = self.locate(keys)
        return found.read(), found.numbers

    def add(
        self, keys: Sequence[bytes], rows: npt.NDArray[np.float32]
    ) -> npt.NDArray[np.float32] | None:
        """Keep features, where the disk has room; those used longest ago make it.

        Args:
            keys: of photos; b"" for those that could not be read, which are left out.
            rows: (N, width).

        Returns:
            all of them as they are kept, mapped; None where some are not.
        """
        good = [number for number, key in enumerate(keys) if key]
        size = len(good) * self._kind.itemsize
        if not good or size > MAX_BYTES // 2:
            return None
        path = self.folder / f"{uuid.uuid4().hex}{_SUFFIX}"
        try:  # they can be computed again
            keep_within(MAX_BYTES - size)
            with replacing(path) as temporary, temporary.open("wb") as file:
                descr = np.lib.format.dtype_to_descr(self._kind)
                head = {"descr": descr, "fortran_order": False, "shape": (len(good),)}
                np.lib.format.write_array_header_1_0(file, head)
                for start in range(0, len(good), _AT_ONCE):
                    some = good[start : start + _AT_ONCE]
                    table = np.empty(len(some), self._kind)
                    table["key"] = np.frombuffer(b"".join(keys[n] for n in some), "V16")
                    table["row"] = rows[some]
                    file.write(table.tobytes())
        except OSError:
            return None
        kept = self._mapped(path) if len(good) == len(keys) else None
        return None if kept is None else kept["row"]

    def remove(self) -> None:
        """Remove all that is kept under these conditions, whatever its width."""
        shutil.rmtree(self.folder, ignore_errors=True)  # Windows keeps what is mapped

    def _mapped(self, path: Path) -> npt.NDArray[Any] | None:
        """A file's table; None: it is none, or damaged."""
        try:
            table: npt.NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError, OverflowError):
            return None
        return table if table.dtype == self._kind and table.ndim == 1 else None


def kept_width(depends: Mapping[str, Any]) -> int:
    """How many numbers a photo has in what is kept under these conditions; 0: nothing is."""
    for path in _files(_folder_of(depends)):
        with contextlib.suppress(OSError, ValueError, EOFError, OverflowError, KeyError):
            row = np.load(path, mmap_mode="r", allow_pickle=False).dtype["row"]
            if len(row.shape) == 1:
                return int(row.shape[0])
    return 0


def _folder_of(depends: Mapping[str, Any]) -> Path:
    text = json.dumps({"format": _FORMAT_VERSION, **depends}, sort_keys=True)
    return features_dir() / hashlib.sha256(text.encode()).hexdigest()[:32]


def _finite(rows: npt.NDArray[np.float32], places: Sequence[int]) -> list[bool]:
    """Which of the rows at these places are numbers, all of them."""
    good: list[bool] = []
    for start in range(0, len(places), _AT_ONCE):
        some = rows[places[start : start + _AT_ONCE]]
        good += np.logical_and.reduce(np.isfinite(some), axis=1).tolist()
    return good


def used_bytes() -> int:
    """What all kept features take on the disk."""
    return sum(size for _, size, _ in _all())


def clear_features() -> None:
    """Remove all kept features; they are computed again when needed."""
    shutil.rmtree(features_dir(), ignore_errors=True)  # Windows keeps what is mapped


def keep_within(limit: int) -> None:
    """Remove the files used longest ago until the others fit into `limit` bytes."""
    files = sorted(_all())
    total = sum(size for _, size, _ in files)
    for _, size, path in files:
        if total <= limit:
            return
        with contextlib.suppress(OSError):
            path.unlink()
            total -= size
            path.parent.rmdir()  # if that was the last one


def _all() -> list[tuple[int, int, Path]]:
    """When each file was used last, its size, and itself."""
    found = []
    with contextlib.suppress(OSError):
        for folder in features_dir().iterdir():
            for path in _files(folder):
                with contextlib.suppress(OSError):
                    info = path.stat()
                    found.append((info.st_mtime_ns, info.st_size, path))
    return found


def _files(folder: Path) -> list[Path]:
    """Also those that a killed process left half done (.tmp)."""
    try:
        return [path for path in folder.iterdir() if path.is_file()]
    except OSError:
        return []
