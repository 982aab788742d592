"""What models in memory are known by. No torch here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from resnet_gui.core.errors import ModelFileError
from resnet_gui.core.events import DeviceInfo
from resnet_gui.core.zoo.spec import ModelEntry


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a model in memory was asked for: where, and whether only exactly or also in 8 bits."""

    device: DeviceInfo
    exact: bool
    eight_bits: bool


def model_key(entry: ModelEntry, wanted: Wanted) -> tuple[Any, ...]:
    """What a model in memory is kept under; the last is what it was asked for."""
    return *model_stamp(entry), wanted


def model_stamp(entry: ModelEntry) -> tuple[object, ...]:
    """A model in memory is that of its file, an ensemble of all its models' files: where one was
    replaced it is loaded anew."""
    return entry.spec.id, entry.spec.views, *map(_file_stamp, entry.singles())


def _file_stamp(entry: ModelEntry) -> tuple[object, ...]:
    path = entry.weights_path
    stamp: tuple[int, ...] = ()
    if path is not None:
        try:
            status = path.stat()
        except OSError as error:
            raise ModelFileError(
                path, f"{path.name} could not be read ({error.strerror})."
            ) from error
        # Not the time alone: a copy that keeps it, or a coarse clock, would pass for the old file.
        stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
    return entry.spec.id, str(path), stamp
