"""What weights are on this computer: how much space they take, removing them, and how fast each
model was here. Without torch."""

from __future__ import annotations

import contextlib
import logging
import shutil
import statistics
import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from resnet_gui.core.errors import ModelError, ModelFileError
from resnet_gui.core.http.fetch import TICK_S
from resnet_gui.core.http.settings import load_http_settings
from resnet_gui.core.system import atomic
from resnet_gui.core.system.disk import disk_errors
from resnet_gui.core.system.documents import read_object
from resnet_gui.core.system.files import check_regular, open_regular
from resnet_gui.core.system.locks import Timeout
from resnet_gui.core.system.paths import data_dir
from resnet_gui.core.values import from_json, to_json
from resnet_gui.core.zoo.providers.registry import published_specs
from resnet_gui.core.zoo.spec import ModelEntry, ModelSpec, ModelState
from resnet_gui.core.zoo.storage.remote_file import PART_SUFFIX, not_downloading, weights_file_name

_log = logging.getLogger(__name__)
_CHUNK = 1024 * 1024
_SAMPLES = 9
SPEEDS_FORMAT = 1


# --- space ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DiskUse:
    """Bytes on the disk. `folder` is where downloads go, `free` what its disk has left.

    Attributes:
        weights: downloaded weights that are whole.
        parts: what has arrived of downloads that were interrupted.
        own: the user's own models.
        bundled: what came with the program and its packages.
    """

    folder: Path
    weights: int
    parts: int
    own: int
    bundled: int
    free: int

    @property
    def total(self) -> int:
        return self.weights + self.parts + self.own + self.bundled


def disk_use(entries: Iterable[ModelEntry], folder: Path) -> DiskUse:
    """How much space the models take. A folder that is not there is empty."""
    sums = dict.fromkeys(ModelState, 0)
    for entry in entries:
        if entry.weights_path is not None:
            sums[entry.state] += _size(entry.weights_path)
    parts = sum(partial_bytes(spec, folder) for spec in published_specs())
    return DiskUse(
        folder=folder,
        weights=sums[ModelState.CACHED],
        parts=parts,
        own=sums[ModelState.YOURS],
        bundled=sums[ModelState.BUNDLED] + sums[ModelState.INSTALLED],
        free=_free(folder),
    )


def partial_bytes(spec: ModelSpec, folder: Path) -> int:
    """Bytes that have arrived of an interrupted download; 0 if there is none."""
    return _size(folder / f"{weights_file_name(spec)}{PART_SUFFIX}")


def remove_weights(entry: ModelEntry, folder: Path | None = None) -> int:
    """Delete downloaded weights, the rest of an interrupted download, or an own model.

    Args:
        folder: where downloads go, to find what has arrived of one.

    Returns:
        bytes that became free.

    Raises:
        ModelError: it came with the program or a package, or is being downloaded right now.
        DownloadError: its folder cannot be written.
    """
    if entry.state in (ModelState.BUNDLED, ModelState.INSTALLED):
        raise ModelError(
            f"“{entry.spec.title}” came with the program.",
            "It goes when the program or its package is uninstalled.",
        )
    paths = [entry.weights_path] if entry.weights_path else []
    if entry.state is ModelState.YOURS:
        return sum(_delete(path) for path in paths)
    name = weights_file_name(entry.spec)
    homes = dict.fromkeys([*(path.parent for path in paths), *([folder] if folder else [])])
    freed = 0
    for home in homes:
        if not home.is_dir():
            continue
        try:
            with not_downloading(home / name):
                for suffix in ("", PART_SUFFIX, f"{PART_SUFFIX}.json"):
                    freed += _delete(home / f"{name}{suffix}")
        except Timeout as error:
            raise ModelError(
                f"“{entry.spec.title}” is being downloaded right now.", "Cancel that first."
            ) from error
    return freed


def all_partial_bytes() -> int:
    """Bytes that have arrived of all interrupted downloads."""
    folder = load_http_settings().weights_dir()
    return sum(partial_bytes(spec, folder) for spec in published_specs())


def remove_partial() -> int:
    """Delete what has arrived of interrupted downloads; those that go on right now stay.

    Returns:
        bytes that became free.

    Raises:
        DownloadError: the folder cannot be written.
    """
    folder, freed = load_http_settings().weights_dir(), 0
    for name in map(weights_file_name, published_specs()):
        part = folder / f"{name}{PART_SUFFIX}"
        if not part.exists():
            continue
        with contextlib.suppress(Timeout), not_downloading(folder / name):
            freed += _delete(part) + _delete(part.with_name(f"{part.name}.json"))
    return freed


def copy_file(source: Path, target: Path) -> Iterator[int]:
    """Copy atomically; yields the bytes copied so far, several times a second.

    Raises:
        ModelFileError: the source cannot be read.
        DownloadError: no space, or the folder cannot be written.
    """
    done, last = 0, time.monotonic()
    chunks = _chunks(source)
    with (
        contextlib.closing(chunks),
        disk_errors(target.parent, _size(source)),
        atomic.replacing(target) as temporary,
        temporary.open("wb") as writing,
    ):
        for chunk in chunks:
            writing.write(chunk)
            done += len(chunk)
            if time.monotonic() - last >= TICK_S:
                last = time.monotonic()
                yield done
    yield done


def _chunks(path: Path) -> Generator[bytes, None, None]:
    try:
        with open_regular(path) as file:
            while chunk := file.read(_CHUNK):
                yield chunk
    except OSError as error:
        raise ModelFileError(
            path, f"{path.name} cannot be read ({error.strerror}).", "Is its drive connected?"
        ) from error


def _size(path: Path) -> int:
    try:
        return check_regular(path)
    except OSError:
        return 0


def _free(folder: Path) -> int:
    """Bytes free on the disk that holds `folder`, which need not exist yet."""
    for place in (folder, *folder.parents):
        with contextlib.suppress(OSError):
            return shutil.disk_usage(place).free
    return 0


def _delete(path: Path) -> int:
    size = _size(path)
    with disk_errors(path.parent):
        path.unlink(missing_ok=True)
    return size


# --- speed ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Speed:
    """How fast a model was on a device of this computer.

    Attributes:
        model: its id.
        device: the hardware's name.
        samples: milliseconds per photo (the network's share) of the last photos, oldest first.
    """

    model: str
    device: str
    samples: tuple[float, ...]

    @property
    def ms_per_photo(self) -> float:
        """The median, in milliseconds: one photo beside a busy program must not count."""
        return statistics.median(self.samples)


def speeds_path() -> Path:
    return data_dir() / "speeds.json"


def load_speeds(path: Path | None = None) -> dict[tuple[str, str], Speed]:
    """What was measured so far, by (model id, device name); empty where nothing was."""
    try:
        document = read_object(path or speeds_path())
        if document["format"] != SPEEDS_FORMAT:
            return {}
        found = from_json(list[Speed], document["speeds"])
        if not all(speed.samples and min(speed.samples) > 0 for speed in found):
            raise ValueError("samples must be above 0")
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError) as error:
        _log.warning("measured speeds not read: %s", error)  # they will be measured again
        return {}
    return {(speed.model, speed.device): speed for speed in found}


def record_speed(
    model: str, device: str, ms_per_photo: Sequence[float], path: Path | None = None
) -> Speed | None:
    """Add what a job measured. Call it once per job, with `Prediction.inference_ms` of all photos.

    The first photo of several is left out: it pays for warming up.

    Returns:
        the speed as it is known now; None if there was nothing to add.

    Raises:
        OSError: the data folder cannot be written (nothing worth stopping for).
    """
    fresh = [float(ms) for ms in (ms_per_photo[1:] or ms_per_photo) if ms > 0]
    if not fresh:
        return None
    known = load_speeds(path)
    before = known.get((model, device))
    samples = (*(before.samples if before else ()), *fresh)[-_SAMPLES:]
    speed = Speed(model, device, tuple(round(ms, 3) for ms in samples))
    known[model, device] = speed
    atomic.write_json(
        path or speeds_path(),
        {
            "format": SPEEDS_FORMAT,
            "speeds": to_json(list(known.values())),
        },
    )
    return speed
