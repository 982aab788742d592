"""A file of features (`.npz`), written while they come: memory stays flat. Without torch.

Arrays, to be read with `numpy.load(path)`; no pickles:

- `features`: (N, D) float32, or (N, D, H, W) without pooling.
- `paths`: (N,) text, the photos in the same order.
- `failed`, `messages`: (M,) text, the photos without features and why.
- `model`, `pooling`: text without dimensions.
- `ways`: (W,) text, each a JSON object: model and SHA-256 of its weights, preprocessing, backend,
  precision, device, versions (see `features.FeatureWay`); mostly one. `way`: (N,) int64, which of
  them each photo's features came by. Files of before have neither.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from resnet_gui.core.errors import ResNetGuiError
from resnet_gui.core.system.atomic import replacing

SUFFIX = ".npz"


class FeatureFile:
    """Collects features beside the file-to-be, inside a `with`; `save` writes it at once.

    Attributes:
        target: the file. paths: what has come so far. failed: (path, message).
        ways: as JSON, in the order in which they came.

    Raises:
        ResNetGuiError: from `with`, `add` and `save`: the folder cannot be written, or is full. An
            older file is untouched.
    """

    def __init__(self, target: Path, model: str, pooling: str) -> None:
        self.target = target
        self.model, self.pooling = model, pooling
        self.paths: list[str] = []
        self.failed: list[tuple[str, str]] = []
        self.ways: list[str] = []
        self._way: list[int] = []
        self._shape: tuple[int, ...] = ()
        self._spool: IO[bytes] | None = None

    def __enter__(self) -> FeatureFile:
        try:
            self.target.parent.mkdir(parents=True, exist_ok=True)
            self._spool = tempfile.TemporaryFile(dir=self.target.parent)
        except OSError as error:
            raise self._not_written(error) from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._spool is not None:
            # On a full disk what is still to be written fails once more, and would hide the error
            # that says so. Nobody needs it any more: `save` has read what it needs.
            with contextlib.suppress(OSError):
                self._spool.close()

    @property
    def shape(self) -> tuple[int, ...]:
        """Of all features so far."""
        return (len(self.paths), *self._shape)

    def add(self, path: str, features: npt.NDArray[np.float32], way: str = "{}") -> None:
        """features: (D,) or (D, H, W), of one shape for all photos. way: as JSON."""
        assert self._spool is not None
        if self.paths and features.shape != self._shape:
            raise ValueError(f"features of shape {features.shape} after {self._shape}")
        try:
            self._spool.write(np.ascontiguousarray(features, dtype="<f4").tobytes())
        except OSError as error:
            raise self._not_written(error) from error
        self._shape = features.shape
        self.paths.append(path)
        if way not in self.ways:
            self.ways.append(way)
        self._way.append(self.ways.index(way))

    def add_failed(self, path: str, message: str) -> None:
        self.failed.append((path, message))

    def save(self) -> None:
        """Write the file; an older one is replaced."""
        assert self._spool is not None
        try:
            self._spool.seek(0)
            with replacing(self.target) as temporary, zipfile.ZipFile(temporary, "w") as archive:
                # The array's head says how many there are, so it can only be written now.
                with archive.open("features.npy", "w", force_zip64=True) as file:
                    head = {"descr": "<f4", "fortran_order": False, "shape": self.shape}
                    np.lib.format.write_array_header_1_0(file, head)
                    shutil.copyfileobj(self._spool, file, 1024 * 1024)
                _write_text(archive, "paths", self.paths)
                _write_text(archive, "failed", [path for path, _ in self.failed])
                _write_text(archive, "messages", [message for _, message in self.failed])
                _write_text(archive, "model", self.model)
                _write_text(archive, "pooling", self.pooling)
                _write_text(archive, "ways", self.ways)
                _write_array(archive, "way", np.array(self._way, dtype="<i8"))
        except OSError as error:
            raise self._not_written(error) from error

    def _not_written(self, error: OSError) -> ResNetGuiError:
        return ResNetGuiError(
            f"{self.target} could not be written ({error.strerror or error}).",
            "Choose another place with --out.",
        )


def _write_text(archive: zipfile.ZipFile, name: str, value: str | Sequence[str]) -> None:
    _write_array(archive, name, np.array(value, dtype=np.str_))


def _write_array(archive: zipfile.ZipFile, name: str, array: npt.NDArray[Any]) -> None:
    with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
        np.lib.format.write_array(file, array, allow_pickle=False)
