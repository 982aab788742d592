"""Weights files of Keras (HDF5): which layers and tensors they hold. Numbers only, no code. Needs
h5py, the extra `keras`.

Three layouts are read: Keras 1 and 2 (`save_weights("x.h5")`, the published files), a whole model
in that form (`model.save("x.h5")`), and Keras 3 (`x.weights.h5`).
"""

from __future__ import annotations

import contextlib
import importlib.util
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resnet_gui.core.errors import CheckpointMismatchError, ModelError, ModelFileError
from resnet_gui.core.system.files import open_regular
from resnet_gui.core.zoo.weights.plain_file import check_file

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

SUFFIXES = (".h5", ".hdf5")
INSTALL = "Install it with “pip install h5py” (it is in the extra “keras”)."
_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_CHUNK_BYTES = 64 * 1024 * 1024
_DEPTH, _OBJECTS = 16, 50_000  # more is no network: links of a damaged file may run in circles
_SKIPPED = {"optimizer", "_optimizer", "optimizer_weights", "top_level_model_weights"}
_NORM = ("gamma", "beta", "moving_mean", "moving_variance")
_AUTOMATIC = re.compile(r"(conv2d|batch_normalization|dense)(?:_(\d+))?")

Shape = tuple[int, ...]


def has_h5py() -> bool:
    """Whether such files can be read here; imports nothing."""
    return importlib.util.find_spec("h5py") is not None


def is_hdf5(path: Path) -> bool:
    """Whether the file begins as HDF5 files do.

    Raises:
        OSError: it cannot be read.
    """
    with open_regular(path) as file:
        return file.read(len(_SIGNATURE)) == _SIGNATURE


@dataclass(frozen=True, slots=True)
class KerasFile:
    """An open file.

    Attributes:
        path: of the file.
        layers: layer -> variable ("kernel", "gamma" …) -> its shape, in Keras's order of axes.
        named: whether the layers' names are those of the model. False (files of the first Keras 3
            versions): "conv2d", "conv2d_1", … count the layers of one kind in the model's order.
    """

    path: Path
    layers: Mapping[str, Mapping[str, Shape]]
    named: bool
    _tensors: Mapping[str, Mapping[str, Any]]

    def read(self, layer: str, variable: str) -> npt.NDArray[np.float32]:
        """One tensor, float32, in Keras's order of axes.

        Raises:
            ModelFileError: it is damaged.
            CheckpointMismatchError: it does not hold fractions.
        """
        import numpy as np

        dataset = self._tensors[layer][variable]
        with _parsing(self.path):
            kind = dataset.dtype
        if kind.kind != "f":
            name = f"“{layer}/{variable}”"
            raise CheckpointMismatchError(self.path, f"fractions in {name}", str(kind))
        with _parsing(self.path):
            return np.ascontiguousarray(dataset[()], dtype=np.float32)


@contextlib.contextmanager
def open_keras_file(path: Path) -> Iterator[KerasFile]:
    """Open a weights file and list what is in it; tensors are read when they are asked for.

    Raises:
        ModelError: h5py is not installed.
        ModelFileError: no HDF5, damaged, or it refers to other files.
    """
    try:
        import h5py
    except ImportError as error:
        raise ModelError(f"Reading {path.name} needs the package h5py.", INSTALL) from error
    check_file(path)
    with _parsing(path):
        file = h5py.File(path, "r")
    with file:
        with _parsing(path):
            content = _listed(path, file)
        yield content


@contextlib.contextmanager
def _parsing(path: Path) -> Iterator[None]:
    """Around the library that reads: whatever error it ends in, the file is damaged."""
    try:
        yield
    except ModelFileError:
        raise
    except Exception as error:
        raise _damaged(path) from error


def _listed(path: Path, file: Any) -> KerasFile:
    tensors: dict[str, dict[str, Any]] = {}
    if any(name in file for name in ("layers", "_layer_checkpoint_dependencies")):
        named = _keras3(path, file, tensors)
    else:
        named = True
        for place, dataset in _datasets(path, file):
            if len(place) > 1:
                tensors.setdefault(place[-2], {})[place[-1].removesuffix(":0")] = dataset
    if not tensors:
        raise ModelFileError(
            path,
            f"{path.name} does not hold a network's weights.",
            "Files of Keras's “save_weights” can be read.",
        )
    layers = {
        layer: {name: tuple(map(int, dataset.shape)) for name, dataset in variables.items()}
        for layer, variables in tensors.items()
    }
    return KerasFile(path, layers, named, tensors)


def _keras3(path: Path, file: Any, tensors: dict[str, dict[str, Any]]) -> bool:
    """Fill `tensors` from `…/vars/0`, `…/vars/1` …; returns whether the layers are named."""
    named = True
    groups: dict[tuple[str, ...], dict[int, Any]] = {}
    for place, dataset in _datasets(path, file):
        if len(place) > 2 and place[-2] == "vars" and place[-1].isdigit():
            groups.setdefault(place[:-1], {})[int(place[-1])] = dataset
    for place, numbered in groups.items():
        if "seed_generator" in place:  # of a Dropout layer
            continue
        name = file["/".join(place)].attrs.get("name")
        if isinstance(name, bytes):
            name = name.decode()
        named = named and isinstance(name, str)
        layer = name if isinstance(name, str) else place[-2]
        sizes = [len(dataset.shape) for dataset in numbered.values()]
        words = _NORM if sizes == [1, 1, 1, 1] else ("kernel", "bias")
        tensors[layer] = {
            words[number] if number < len(words) else str(number): numbered[number]
            for number in sorted(numbered)
        }
    if not named:
        in_order = sorted(tensors, key=_position)
        for layer in in_order:
            tensors[layer] = tensors.pop(layer)
    return named


def _position(layer: str) -> tuple[str, int]:
    match = _AUTOMATIC.fullmatch(layer)
    return (match[1], int(match[2] or 0)) if match else (layer, 0)


def _datasets(path: Path, group: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    """All tensors below a group with their places.

    Raises:
        ModelFileError: a link or tensor lies in another file, or there is no end of them.
    """
    import h5py

    waiting: list[tuple[tuple[str, ...], Any]] = [((), group)]
    seen = 0
    while waiting:
        place, here = waiting.pop()
        for name in here:
            seen += 1
            inner = (*place, name)
            if seen > _OBJECTS or len(inner) > _DEPTH:
                raise _damaged(path)
            # A link, or numbers kept elsewhere, could read any file of this computer.
            if not isinstance(here.get(name, getlink=True), h5py.HardLink):
                raise _leads_outside(path, inner)
            item = here[name]
            if isinstance(item, h5py.Dataset):
                if item.external or item.is_virtual:
                    raise _leads_outside(path, inner)
                # What is made of one chunk is made whole, however little of it is asked for.
                if item.chunks and math.prod(item.chunks) * item.dtype.itemsize > _CHUNK_BYTES:
                    raise _damaged(path)
                yield inner, item
            elif isinstance(item, h5py.Group) and name not in _SKIPPED:
                waiting.append((inner, item))


def _leads_outside(path: Path, place: tuple[str, ...]) -> ModelFileError:
    return ModelFileError(
        path,
        f"{path.name} was not read: “{'/'.join(place)}” in it leads to another place or file.",
        "Ask its maker for a file that “save_weights” wrote.",
    )


def _damaged(path: Path) -> ModelFileError:
    return ModelFileError(
        path,
        f"{path.name} is damaged or cut off, or no HDF5 file.",
        f"If it was downloaded, delete it (it is in {path.parent}) and download it again.",
    )
