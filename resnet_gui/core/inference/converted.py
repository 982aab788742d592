"""Converted models on the disk: which file they were made from, and whether they may answer.

A conversion is a folder of the cache under a key of all that it depends on: the weights' hash, the
architecture and its options, how photos become input, the processor, and the versions of OpenVINO,
torch and this program. Its `verdict.json` is written last: without one nothing is used. No torch
here, and no OpenVINO: finding one costs milliseconds.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import shutil
import time
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from resnet_gui import __version__
from resnet_gui.core.system import atomic, paths
from resnet_gui.core.system.checksum import Checksum
from resnet_gui.core.system.documents import DocumentError, read_object
from resnet_gui.core.system.openvino_import import openvino_version
from resnet_gui.core.system.processor import cpu_name
from resnet_gui.core.system.settings import exact_wanted
from resnet_gui.core.system.versions import version_of
from resnet_gui.core.values import Value, from_json
from resnet_gui.core.zoo.spec import ModelEntry, ModelSpec

_log = logging.getLogger(__name__)
FORMAT_VERSION = 2  # of the folder and of how a network is converted and checked
# For any number of photos, and for one: with every size known, EfficientNet-Lite0 answers a tenth
# sooner. Both have the same weights, in one file under two names where the disk can do that.
MODEL, MODEL_FOR_ONE = "model.xml", "one.xml"
COMPILED, VERDICT = "compiled", "verdict.json"
MAX_BYTES = 3_000_000_000  # of all conversions together; a ResNet-50 takes 103 MB
# Written beside the others, for seconds.
BEGUN, _NOT_BEGUN_S = ".new-", 600.0
_HASHES = "hashes.json"
_MAX_HASHES = 500
_MAX_DOCUMENT = 1_000_000
# A conversion that ended the process it ran in is begun once more, not at every start.
MAX_ATTEMPTS = 2


class State(StrEnum):
    CHECKED = "checked"  # answers as exact does
    REFUSED = "refused"  # it does not, or cannot be made
    UNFINISHED = "unfinished"  # begun


@dataclass(frozen=True, slots=True)
class Verdict(Value):
    """What comparing a conversion with exact gave.

    Attributes:
        precision: "bf16", "fp32" or "int8", in which it was checked and is used.
        reason: why it is refused, or was not begun, in words that go on after “as”.
        photos: how many were compared; same: with the same first answer.
        logits: largest difference, as a share of the largest |logit|.
        probabilities: largest difference.
        features: whether it gives the head's input, too.
        attempts: how often it was begun.
        mean: of each picture's largest difference of probabilities.
    """

    state: State
    precision: str = ""
    reason: str = ""
    photos: int = 0
    same: int = 0
    logits: float = 0.0
    probabilities: float = 0.0
    features: bool = False
    attempts: int = 1
    mean: float = 0.0


@dataclass(frozen=True, slots=True)
class Conversion:
    """The folder that a model's conversion has, or will have, and the verdict if there is one."""

    folder: Path
    verdict: Verdict | None

    @property
    def usable(self) -> bool:
        return self.verdict is not None and self.verdict.state is State.CHECKED

    @property
    def worth_trying(self) -> bool:
        """Whether making it may help: nobody has, or the last attempt did not end."""
        verdict = self.verdict
        return verdict is None or (
            verdict.state is State.UNFINISHED and verdict.attempts < MAX_ATTEMPTS
        )


def conversions_dir() -> Path:
    return paths.cache_dir() / "converted"


def find_conversion(entry: ModelEntry) -> Conversion | None:
    """The conversion of exactly this model on this computer; None where OpenVINO is not installed
    or the file's hash is not known yet."""
    if entry.weights_path is None or not (version := openvino_version()):
        return None
    known = known_hash(entry.weights_path)
    return None if known is None else conversion_of(entry.spec, known, version)


def conversion_of(spec: ModelSpec, weights_sha256: str, version: str) -> Conversion:
    """The conversion of a model with these weights, for this version of OpenVINO."""
    what = {
        "format": FORMAT_VERSION,
        "weights": weights_sha256,
        "architecture": spec.architecture,
        "options": spec.architecture_options,
        "classes": len(spec.classes),
        "preprocessing": spec.preprocessing.to_json(),
        "processor": cpu_name(),
        "versions": [__version__, version, version_of("torch")],
    }
    text = json.dumps(what, sort_keys=True, default=str)
    folder = conversions_dir() / hashlib.sha256(text.encode()).hexdigest()[:24]
    return Conversion(folder, read_verdict(folder))


def read_verdict(folder: Path) -> Verdict | None:
    try:
        return from_json(Verdict, read_object(folder / VERDICT, _MAX_DOCUMENT))
    except (FileNotFoundError, DocumentError, ValueError):
        return None


def write_verdict(folder: Path, verdict: Verdict) -> None:
    """Raises OSError."""
    atomic.write_json(folder / VERDICT, verdict.to_json())


def describe(entry: ModelEntry) -> str:
    """How a model that is here is run on the CPU, in a sentence; "" where nothing is known. Looks
    at the disk."""
    if exact_wanted():
        return "Exact, as the settings say."
    found = find_conversion(entry)
    if found is None or found.verdict is None:
        return ""
    verdict = found.verdict
    if verdict.state is State.CHECKED:
        how = "half precision" if verdict.precision == "bf16" else "full precision"
        return (
            f"Fast (OpenVINO, {how}). Compared with the exact way on {verdict.photos} pictures, "
            f"probabilities were at most {max(verdict.probabilities, 0.001):.1%} apart."
        )
    if verdict.state is State.REFUSED:
        return f"Exact: the faster form was refused, as {verdict.reason}."
    if not found.worth_trying:
        return "Exact: the faster form could not be made."
    if verdict.reason:
        return (
            f"Exact for now: the faster form was not made, as {verdict.reason}. It is tried again "
            "after the next start."
        )
    return ""


# --- the weights' hashes --------------------------------------------------------------------------


def known_hash(path: Path) -> str | None:
    """The SHA-256 of a file that was hashed before and has not changed since."""
    try:
        stamp = _stamp(path)
    except OSError:
        return None
    match _hashes().get(str(path)):
        case [*found, str(sha256)] if found == stamp:
            return sha256
    return None


def weights_hash(path: Path) -> str:
    """The SHA-256 of a file: as known, else computed and remembered. Raises OSError."""
    known = known_hash(path)
    if known is None:
        stamp = _stamp(path)
        hashing = Checksum("sha256", "").of(path)
        while known is None:
            try:
                next(hashing)
            except StopIteration as end:
                known = str(end.value)
        remember_hash(path, stamp, known)
    return known


def remember_hash(path: Path, stamp: list[int], sha256: str) -> None:
    """Note a file's hash. `stamp`: from `file_stamp`, before it was read. Raises OSError."""
    known = {name: value for name, value in _hashes().items() if name != str(path)}
    known[str(path)] = [*stamp, sha256]
    newest = dict(list(known.items())[-_MAX_HASHES:])
    atomic.write_json(conversions_dir() / _HASHES, newest)


def file_stamp(path: Path) -> list[int]:
    """What changes when a file does. Raises OSError."""
    return _stamp(path)


def _stamp(path: Path) -> list[int]:
    status = path.stat()
    return [status.st_size, status.st_mtime_ns, status.st_ino]


def _hashes() -> dict[str, Any]:
    try:
        return read_object(conversions_dir() / _HASHES, _MAX_DOCUMENT)
    except (FileNotFoundError, DocumentError):
        return {}


# --- space ----------------------------------------------------------------------------------------


def used_bytes() -> int:
    """What all conversions take on the disk."""
    return sum(map(_size, _folders()))


def clear_conversions() -> None:
    """Remove all conversions and what is known of files; they are made again when needed."""
    for folder in _folders():
        remove_conversion(folder)
    with contextlib.suppress(OSError):
        (conversions_dir() / _HASHES).unlink()


def keep_within(limit: int = MAX_BYTES, keep: Path | None = None) -> None:
    """Remove the conversions used longest ago until the others fit into `limit` bytes; and what
    processes that were killed had begun to write."""
    for folder in _folders():
        if folder.name.startswith(BEGUN) and time.time() - _used_at(folder) / 1e9 > _NOT_BEGUN_S:
            shutil.rmtree(folder, ignore_errors=True)
    sizes = {folder: _size(folder) for folder in sorted(_folders(), key=_used_at)}
    total = sum(sizes.values())
    for folder, size in sizes.items():
        if total <= limit:
            return
        if folder != keep:
            remove_conversion(folder)
            total -= size


def note_use(folder: Path) -> None:
    with contextlib.suppress(OSError):
        os.utime(folder / VERDICT)


def _folders() -> list[Path]:
    try:
        return [path for path in conversions_dir().iterdir() if path.is_dir()]
    except OSError:
        return []


def _used_at(folder: Path) -> int:
    for path in (folder / VERDICT, folder):
        with contextlib.suppress(OSError):
            return path.stat().st_mtime_ns
    return 0


def _size(folder: Path) -> int:
    sizes: dict[tuple[int, int], int] = {}
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):
            status = path.stat()
            sizes[status.st_dev, status.st_ino] = status.st_size  # two names of a file: once
    return sum(sizes.values())


def remove_conversion(folder: Path) -> None:
    """Remove a conversion; it is made again when needed."""
    # The verdict first: half a conversion must not look like a whole one.
    with contextlib.suppress(OSError):
        (folder / VERDICT).unlink()
    shutil.rmtree(folder, ignore_errors=True)  # Windows keeps what another process has open
