"""Where answers to labelled photos are kept, and how they are found again. No torch.

An evaluation of a model on a folder is kept in the data folder, under what decides it: the model's
weights, what is in the folder, and the part. A run keeps the answers to its own validation photos
in its directory.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from resnet_gui.core.errors import DatasetError
from resnet_gui.core.evaluation.answered_by import in_8_bits
from resnet_gui.core.evaluation.predictions import (
    SUFFIX,
    Facts,
    Predictions,
    read_facts,
    write_predictions,
)
from resnet_gui.core.inference.backend import INT8
from resnet_gui.core.runs.directory import PREDICTIONS_FILE
from resnet_gui.core.runs.listing import runs_dir
from resnet_gui.core.system.files import open_regular
from resnet_gui.core.system.paths import data_dir
from resnet_gui.core.zoo.spec import ModelEntry

_log = logging.getLogger(__name__)
MAX_BYTES = 1_000_000_000  # of all kept evaluations; one of 10,000 photos and 10 classes takes 1 MB
_CHUNK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Stored:
    """A kept result. path: its file; bytes: its size."""

    path: Path
    facts: Facts
    bytes: int


def evaluations_dir() -> Path:
    return data_dir() / "evaluations"


def weights_key(entry: ModelEntry) -> str:
    """What decides a model's answers, as a short text: its weights, its architecture, its classes,
    how photos become input and how often it looks; of an ensemble, all that of each member. Not
    its title, nor how its answers are calibrated.

    Raises:
        OSError: its file cannot be read.
    """
    singles, spec = entry.singles(), entry.spec
    keys = [_weights_of(single) for single in singles]
    if len(keys) == 1 and not spec.views:
        return keys[0]
    text = json.dumps([spec.views, spec.classes, *keys], default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _weights_of(entry: ModelEntry) -> str:
    spec = entry.spec
    what = (
        spec.architecture, spec.architecture_options, spec.classes, spec.preprocessing.to_json(),
    )  # fmt: skip
    digest = hashlib.sha256(json.dumps(what, sort_keys=True, default=str).encode())
    if entry.weights_path is None:
        raise FileNotFoundError(f"the weights of {spec.id} are not here")
    with open_regular(entry.weights_path) as file:
        if entry.weights_path.suffix == SUFFIX:  # behind the header, in which titles change
            file.seek(int.from_bytes(file.read(8), "little"), os.SEEK_CUR)
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()[:32]


def stored_path(facts: Facts) -> Path:
    """Where the result of an evaluation is kept."""
    form = f"-{INT8}" if in_8_bits(facts) else ""  # beside that of the usual form
    name = f"{facts.weights[:16]}-{facts.fingerprint[:16]}-{facts.part}{form}{SUFFIX}"
    return evaluations_dir() / name


def keep(predictions: Predictions) -> Path | None:
    """Keep the result of an evaluation, in place of an earlier one of the same. None: it could not
    be written, or is too large; the log says why."""
    if not predictions.facts.weights:
        return None
    path = stored_path(predictions.facts)
    try:
        write_predictions(path, predictions)
    except (OSError, ValueError) as error:
        why: object = error
        if isinstance(error, OSError):
            why = f"{path.parent} cannot be written ({error.strerror or error})"
        _log.warning("The result is not kept: %s.", why)
        return None
    _keep_within(path)
    return path


def stored_results() -> Iterator[Stored]:
    """All kept results, of evaluations and of runs, in no order; damaged files are left out."""
    paths = [*_files(), *_of_runs()]
    for path in paths:
        try:
            yield Stored(path, read_facts(path), path.stat().st_size)
        except (DatasetError, OSError) as error:
            _log.warning("a kept result is left out: %s", error)


def run_result(run: str) -> Path | None:
    """The kept answers of a run to its validation photos, by the run's name; None: there are none.
    (Runs of before 0.3 kept none.)"""
    path = runs_dir() / run / PREDICTIONS_FILE
    return path if path.is_file() else None


def used_bytes() -> int:
    """What all kept evaluations take on the disk."""
    return sum(_size(path) for path in _files())


def clear() -> None:
    """Remove all kept evaluations. Those of runs belong to them."""
    for path in _files():
        with contextlib.suppress(OSError):
            path.unlink()


def _files() -> list[Path]:
    return [path for path in evaluations_dir().glob(f"*{SUFFIX}") if not path.name.startswith(".")]


def _of_runs() -> list[Path]:
    return sorted(runs_dir().glob(f"*/{PREDICTIONS_FILE}"))


def _keep_within(newest: Path) -> None:
    """Remove the oldest results until the others fit."""
    paths = sorted(_files(), key=_written)
    total = sum(_size(path) for path in paths)
    for path in paths:
        if total <= MAX_BYTES:
            return
        if path != newest:
            total -= _size(path)
            with contextlib.suppress(OSError):
                path.unlink()


def _size(path: Path) -> int:
    with contextlib.suppress(OSError):
        return path.stat().st_size
    return 0


def _written(path: Path) -> int:
    with contextlib.suppress(OSError):
        return path.stat().st_mtime_ns
    return 0
