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


class FeatureCache:
    """Features of one backbone, computed in one way.

    Args:
        depends: all that decides the numbers, as JSON: the backbone's hash, the preprocessing, the
            precision, versions …
        width: how many numbers a photo has.
    """

    def __init__(self, depends: Mapping[str, Any], width: int) -> None:
        text = json.dumps({"format": _FORMAT_VERSION, **depends}, sort_keys=True)
        self.folder = features_dir() / hashlib.sha256(text.encode()).hexdigest()[:32]
        self._kind = np.dtype([("key", "V16"), ("row", "<f4", (width,))])
        self._width = width

    def find(self, keys: Sequence[bytes]) -> tuple[npt.NDArray[np.float32], list[int]]:
        """Features of the photos that there are some of.

        Returns:
            (N, width) float32, and which of the keys they belong to, rising.
        """
        wanted: dict[bytes, list[int]] = {}
        for number, key in enumerate(keys):
            if key:
                wanted.setdefault(key, []).append(number)
        rows: dict[int, npt.NDArray[np.float32]] = {}
        for path in sorted(_files(self.folder)):
            if not wanted:
                break
            table = self._mapped(path)
            if table is None:
                continue
            raw = table["key"].tobytes()
            known = (raw[i : i + _KEY_BYTES] for i in range(0, len(raw), _KEY_BYTES))
            places = [(place, wanted.pop(key)) for place, key in enumerate(known) if key in wanted]
            block = table["row"][[place for place, _ in places]]
            good = np.isfinite(block).all(1)
            for (_, numbers), row, fine in zip(places, block, good, strict=True):
                if fine:
                    rows |= dict.fromkeys(numbers, row)
            if places:
                with contextlib.suppress(OSError):
                    os.utime(path)
        found = sorted(rows)
        if not found:
            return np.empty((0, self._width), np.float32), []
        return np.stack([rows[number] for number in found]), found

    def add(self, keys: Sequence[bytes], rows: npt.NDArray[np.float32]) -> None:
        """Keep features, where the disk has room; those used longest ago make it.

        Args:
            keys: of photos; b"" for those that could not be read, which are left out.
            rows: (N, width).
        """
        good = [number for number, key in enumerate(keys) if key]
        if not good:
            return
        table = np.empty(len(good), self._kind)
        table["key"] = np.frombuffer(b"".join(keys[number] for number in good), "V16")
        table["row"] = rows[good]
        if table.nbytes > MAX_BYTES // 2:
            return
        with contextlib.suppress(OSError):  # they can be computed again
            keep_within(MAX_BYTES - table.nbytes)
            with (
                replacing(self.folder / f"{uuid.uuid4().hex}{_SUFFIX}") as temporary,
                temporary.open("wb") as file,
            ):
                np.save(file, table, allow_pickle=False)

    def _mapped(self, path: Path) -> npt.NDArray[Any] | None:
        """A file's table; None: it is none, or damaged."""
        try:
            table: npt.NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError, OverflowError):
            return None
        return table if table.dtype == self._kind and table.ndim == 1 else None


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
