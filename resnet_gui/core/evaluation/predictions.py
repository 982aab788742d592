"""A model's answers to labelled photos, kept: whatever is asked of them later needs no network.

One `.safetensors` file: `logits` (N, classes) float32 (float16 where they are very many), `truth`
(N,) int32, `unlike` (N,) float32, `paths` as UTF-8 bytes with zeros between; and one JSON value
that says what was measured. Nothing in a file is trusted. No torch.
"""

from __future__ import annotations

import datetime as dates
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from resnet_gui.core.calibration import Calibration
from resnet_gui.core.errors import DatasetError, ModelFileError
from resnet_gui.core.evaluation.metrics import (
    Figures,
    Floats,
    Ints,
    confidences_of,
    figures_of,
    losses_of,
    margins_of,
)
from resnet_gui.core.header_schema import CALIBRATION, HeaderValueError
from resnet_gui.core.inference.backend import Rows
from resnet_gui.core.inference.unknown import Numbers
from resnet_gui.core.system.atomic import dump_json, replacing
from resnet_gui.core.system.documents import DocumentError, parse_json
from resnet_gui.core.system.files import check_regular
from resnet_gui.core.values import from_json, to_json
from resnet_gui.core.zoo.weights.model_file import read_tensors

SUFFIX = ".safetensors"
_KEY = "resnet_gui_predictions"
FORMAT_VERSION = 1
MAX_BYTES = 600_000_000
_WHOLE_BYTES = 64_000_000  # of logits in float32; more are kept in half precision
_TENSORS = ("logits", "truth", "unlike", "paths")


@dataclass(frozen=True, slots=True)
class Facts:
    """What was measured with what.

    Attributes:
        model, title: id and title of the model. weights: see `store.weights_key`; "": not known.
        data: the folder (absolute), to which the photos' paths belong; fingerprint: what was in it.
        part, part_of, trained_on, failed: as in `Evaluated`.
        classes: the model's.
        backend, precision: what answered.
        made: when, ISO 8601, UTC.
        n, right: photos, and those answered rightly.
        run, run_title, epoch: of a run's own validation photos: the run, and its best epoch.
        calibration: the model's, as of now.
        fitted: what these photos would make of it; empty where they are too few, or learned from.
        version: of the file's form.
    """

    model: str
    title: str
    data: str
    part: str
    classes: tuple[str, ...]
    n: int
    right: int
    weights: str = ""
    fingerprint: str = ""
    part_of: str = "folder"
    trained_on: int | None = None
    failed: int = 0
    backend: str = ""
    precision: str = ""
    made: str = ""
    run: str = ""
    run_title: str = ""
    epoch: int = 0
    calibration: dict[str, Any] = field(default_factory=dict)
    fitted: dict[str, Any] = field(default_factory=dict)
    version: int = FORMAT_VERSION


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """Answers to N photos.

    Attributes:
        paths: of the photos, relative to `facts.data`, with forward slashes.
        truth: (N,) int64, index in `facts.classes`. logits: (N, classes) float32, not calibrated.
        unlike: (N,) float32, the unknown score by `facts.fitted` (see `inference.unknown`).
    """

    facts: Facts
    paths: tuple[str, ...]
    truth: Ints
    logits: Rows
    unlike: Numbers

    @property
    def calibration(self) -> Calibration:
        """The model's own."""
        return Calibration.from_json(self.facts.calibration)

    @property
    def fitted(self) -> Calibration:
        return Calibration.from_json(self.facts.fitted)

    @property
    def answers(self) -> Ints:
        """(N,), index of the best class."""
        best: Ints = self.logits.argmax(axis=1)
        return best

    def figures(self) -> Figures:
        return figures_of(self.logits, self.truth, self.facts.classes, self.calibration.temperature)

    def losses(self) -> Floats:
        return losses_of(self.logits, self.truth, self.calibration.temperature)

    def confidences(self) -> Floats:
        """(N,), probability of the best class, calibrated."""
        return confidences_of(self.logits, self.calibration.temperature)

    def path(self, index: int) -> Path:
        return Path(self.facts.data) / self.paths[index]

    # --- rows of photos, the most telling first --------------------------------------------------

    def cell(self, truth: int, answer: int) -> list[int]:
        """The photos of one cell of the confusion matrix, the surest answers first."""
        found = np.flatnonzero((self.truth == truth) & (self.answers == answer))
        order = np.argsort(-self.confidences()[found], kind="stable")
        return [int(index) for index in found[order]]

    def worst(self) -> list[int]:
        """All photos, those of the highest loss first."""
        return [int(index) for index in np.argsort(-self.losses(), kind="stable")]

    def least_sure(self) -> list[int]:
        """All photos, those whose two best classes are closest first."""
        margins = margins_of(self.logits, self.calibration.temperature)
        return [int(index) for index in np.argsort(margins, kind="stable")]

    def confidently_wrong(self) -> list[int]:
        """The photos that were answered wrongly, the surest first."""
        wrong = np.flatnonzero(self.answers != self.truth)
        order = np.argsort(-self.confidences()[wrong], kind="stable")
        return [int(index) for index in wrong[order]]

    def calibrated_by(self, calibration: Calibration) -> Predictions:
        """The same answers under another calibration of the model."""
        return replace(self, facts=replace(self.facts, calibration=calibration.to_json()))


@dataclass(frozen=True, slots=True)
class Measured:
    """All answers of an evaluation; path: the file in which they are kept, None: they could not
    be."""

    urgent: ClassVar[bool] = True
    predictions: Predictions
    path: Path | None


def now() -> str:
    return dates.datetime.now(dates.UTC).isoformat(timespec="seconds")


def size_of(photos: int, classes: int) -> int:
    """Bytes that the logits take in a file."""
    whole = photos * classes * 4
    return whole if whole <= _WHOLE_BYTES else whole // 2


def write_predictions(path: Path, predictions: Predictions) -> None:
    """Write the file atomically.

    Raises:
        OSError: the folder cannot be written or the disk is full.
        ValueError: they are too many to be kept.
    """
    from safetensors.numpy import save

    logits = predictions.logits
    if size_of(*logits.shape) > MAX_BYTES:
        raise ValueError("the answers are too many to be kept")
    half = logits.nbytes > _WHOLE_BYTES
    names = "\0".join(predictions.paths).encode("utf-8", "surrogateescape")
    limit = float(np.finfo(np.float16).max)
    tensors: dict[str, np.ndarray] = {
        "logits": np.clip(logits, -limit, limit).astype(np.float16) if half else logits,
        "truth": predictions.truth.astype(np.int32),
        "unlike": predictions.unlike.astype(np.float32),
        "paths": np.frombuffer(names, np.uint8),
    }
    tensors = {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}
    data = save(tensors, {_KEY: dump_json(to_json(predictions.facts))})
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def read_facts(path: Path) -> Facts:
    """What a file says of itself; its numbers stay on the disk.

    Raises:
        DatasetError: it is no such file, damaged, or of a newer version.
    """
    try:
        metadata, _ = read_tensors(path)
        value = parse_json(metadata[_KEY])
        if isinstance(value, dict) and value.get("version", 0) != FORMAT_VERSION:
            raise _unreadable(path, "it is of another version of this program")
        facts = from_json(Facts, value)
        for name in ("calibration", "fitted"):
            CALIBRATION.read(getattr(facts, name), name)
    except (ModelFileError, DocumentError, HeaderValueError, KeyError, ValueError) as error:
        raise _unreadable(path, "it is damaged") from error
    if not 0 <= facts.right <= facts.n or not facts.classes:
        raise _unreadable(path, "it is damaged")
    return facts


def read_predictions(path: Path) -> Predictions:
    """The inverse of `write_predictions`.

    Raises:
        DatasetError: it is no such file, damaged, too large, or of a newer version.
    """
    from safetensors import SafetensorError, safe_open

    facts = read_facts(path)
    try:
        if check_regular(path) > MAX_BYTES:
            raise _unreadable(path, "it is too large")
        with safe_open(path, "np") as file:
            tensors = {name: file.get_tensor(name) for name in _TENSORS}
    except (SafetensorError, OSError) as error:
        raise _unreadable(path, "it is damaged") from error
    logits, truth = tensors["logits"], tensors["truth"]
    n, classes = facts.n, len(facts.classes)
    names = tensors["paths"].tobytes().decode("utf-8", "surrogateescape")
    paths = tuple(names.split("\0")) if n else ()
    whole = (
        logits.shape == (n, classes)
        and truth.shape == tensors["unlike"].shape == (n,)
        and len(paths) == n
        and logits.dtype.kind == tensors["unlike"].dtype.kind == "f"
        and truth.dtype.kind == "i"
        and bool(np.isfinite(logits).all())
        and (not n or 0 <= int(truth.min()) <= int(truth.max()) < classes)
        and all(_inside(name) for name in paths)
    )
    if not whole:
        raise _unreadable(path, "it is damaged")
    return Predictions(
        facts,
        paths,
        truth.astype(np.int64),
        logits.astype(np.float32),
        tensors["unlike"].astype(np.float32),
    )


def _inside(name: str) -> bool:
    """Whether a photo's path leads nowhere else than into its folder."""
    return not name.startswith(("/", "\\")) and ":" not in name[:2] and ".." not in name.split("/")


def _unreadable(path: Path, reason: str) -> DatasetError:
    return DatasetError(
        path, f"The kept result {path.name} cannot be read: {reason}.", "Measure it again."
    )
