"""Writes safetensors files so that a full disk is an OSError like everywhere else. Needs torch."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor

from resnet_gui.core.system.atomic import replacing

# What safetensors says: it is written in Rust, whose errors end with the system's number.
_SYSTEM_ERROR = re.compile(r"\(os error (\d+)\)")
_WINDOWS_FULL = (39, 112)  # ERROR_HANDLE_DISK_FULL, ERROR_DISK_FULL


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


def _system_error(message: str) -> tuple[int, str]:
    found = _SYSTEM_ERROR.search(message)
    if found is None:
        return errno.EIO, message
    number = int(found[1])
    if os.name == "nt":
        number = errno.ENOSPC if number in _WINDOWS_FULL else errno.EIO
    return number, os.strerror(number)
