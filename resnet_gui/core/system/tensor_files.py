"""Writes safetensors files so that a full disk is an OSError like everywhere else. Needs torch."""

from __future__ import annotations

import errno
import json
import math
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor

from resnet_gui.core.system.atomic import replacing

# What safetensors says: it is written in Rust, whose errors end with the system's number.
_SYSTEM_ERROR = re.compile(r"\(os error (\d+)\)")
_KINDS = {"<f4": "F32", "<i8": "I64"}
_LENGTH, _ALIGNED = 8, 8
_WINDOWS_FULL = (39, 112)  # ERROR_HANDLE_DISK_FULL, ERROR_DISK_FULL


# A tensor as it is written: its shape, "<f4" or "<i8", and the arrays that it consists of, one
# after the other.
RowsToWrite = tuple[Sequence[int], str, Iterable[npt.NDArray[Any]]]


class TensorsNotWrittenError(OSError):
    """A file of tensors could not be written. `filename` and `errno` as of any OSError.

    Attributes:
        needed: bytes that it would have taken.
    """

    def __init__(self, number: int, reason: str, path: Path, needed: int) -> None:
        super().__init__(number, reason, str(path))
        self.needed = needed


def write_tensors(path: Path, tensors: dict[str, Tensor], metadata: Mapping[str, str]) -> None:
    """Write tensors (contiguous, on the CPU, none sharing memory) atomically.

    Raises:
        OSError: the disk is full or gone; an older file is untouched.
    """
    needed = sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())
    needed += sum(len(key) + len(value) for key, value in metadata.items())
    try:
        with replacing(path) as temporary:
            save_file(tensors, temporary, metadata=dict(metadata))
    except SafetensorError as error:
        # SafetensorError is no OSError: who waits for a full disk would not see this one.
        number, reason = _system_error(str(error))
        raise TensorsNotWrittenError(number, reason, path, needed) from error
    except OSError as error:
        number, reason = error.errno or errno.EIO, error.strerror or str(error)
        raise TensorsNotWrittenError(number, reason, path, needed) from error


def write_rows(
    path: Path,
    tensors: Mapping[str, RowsToWrite],
    metadata: Mapping[str, str],
) -> None:
    """As `write_tensors`, of tensors that need not fit into memory.

    Args:
        tensors: by their names.

    Raises:
        OSError: the disk is full or gone; an older file is untouched.
    """
    # The format is a length, JSON, and the numbers: https://github.com/huggingface/safetensors
    head: dict[str, Any] = {"__metadata__": dict(metadata)}
    end = 0
    for name, (shape, kind, _) in tensors.items():
        begin, end = end, end + math.prod(shape) * np.dtype(kind).itemsize
        head[name] = {"dtype": _KINDS[kind], "shape": list(shape), "data_offsets": [begin, end]}
    text = json.dumps(head).encode()
    text += b" " * (-len(text) % _ALIGNED)
    try:
        with replacing(path) as temporary, temporary.open("wb") as file:
            file.write(len(text).to_bytes(_LENGTH, "little") + text)
            for _, kind, arrays in tensors.values():
                for array in arrays:
                    file.write(array.astype(kind, copy=False).tobytes())
            if file.tell() != _LENGTH + len(text) + end:
                raise ValueError("the arrays are not what their shapes say")
    except OSError as error:
        number, reason = error.errno or errno.EIO, error.strerror or str(error)
        raise TensorsNotWrittenError(number, reason, path, end) from error


def _system_error(message: str) -> tuple[int, str]:
    found = _SYSTEM_ERROR.search(message)
    if found is None:
        return errno.EIO, message
    number = int(found[1])
    if os.name == "nt":
        number = errno.ENOSPC if number in _WINDOWS_FULL else errno.EIO
    return number, os.strerror(number)
