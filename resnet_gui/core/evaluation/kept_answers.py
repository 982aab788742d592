"""A model's answers to photos of a folder that were kept, instead of asking it anew. No torch."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from resnet_gui.core.dataset import DatasetSummary, LabelledPhoto
from resnet_gui.core.dataset.summary import ProblemKind
from resnet_gui.core.errors import DatasetError, ResNetGuiError
from resnet_gui.core.evaluation.answered_by import in_8_bits
from resnet_gui.core.evaluation.predictions import Facts, Predictions, read_predictions
from resnet_gui.core.evaluation.store import Stored, stored_results, weights_key
from resnet_gui.core.inference.answers import calibrated
from resnet_gui.core.inference.backend import EXACT
from resnet_gui.core.runs.config import Method
from resnet_gui.core.runs.listing import RunDirectory
from resnet_gui.core.zoo import ModelEntry

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class KeptAnswers:
    """said: by a photo's position its class and how probable it is, by the model's calibration of
    now. made: when they were given, ISO 8601, UTC."""

    said: dict[int, tuple[int, float]]
    made: str


def kept_answers(
    entry: ModelEntry,
    summary: DatasetSummary,
    photos: Sequence[LabelledPhoto],
    *,
    exact: bool,
) -> KeptAnswers | None:
    """What this very model answered to all these photos, but for those that could not be read; None
    where no test and no run kept it, or a photo was changed since.

    Args:
        summary: the folder as it is now: same paths and sizes are the same photos, unless one was
            written later than it was answered.
        exact: whether answers of a faster backend, or in half precision, will not do.
    """
    found = [
        stored
        for stored in stored_results()
        if stored.facts.fingerprint == summary.fingerprint and summary.fingerprint
    ]
    if not found:
        return None
    try:
        weights = weights_key(entry)
    except OSError:
        return None
    newest = max((_written(summary, photo) for photo in photos), default=0.0)
    for stored in sorted(found, key=lambda item: item.facts.made, reverse=True):
        facts = stored.facts
        if facts.weights != weights or _seconds(facts.made) < newest:
            continue
        if exact and not _exact(stored):
            continue
        if in_8_bits(facts):
            continue
        try:
            predictions = read_predictions(stored.path)
        except DatasetError as error:
            _log.warning("%s", error)
            continue
        said = _said(entry, predictions, photos)
        missing = len(photos) - len(said)
        # Some are missing: only where they are the very photos that could not be read then, not
        # some that nobody asked about.
        same = len(said) == facts.n and missing == facts.failed - _never_judged(facts, summary)
        if said and (not missing or same):
            return KeptAnswers(said, facts.made)
    return None


def _never_judged(facts: Facts, summary: DatasetSummary) -> int:
    """How many of the photos that a result counts as failed are none of the summary's: a test also
    counts what could not be read as the folder was searched."""
    if facts.run:
        return 0
    return sum(p.kind is not ProblemKind.UNREADABLE_FOLDER for p in summary.unreadable)


def _exact(stored: Stored) -> bool:
    """Whether the exact backend gave the answers, in float32. Runs of before said so also of a head
    that had learned from OpenVINO's features, and answered from them."""
    facts = stored.facts
    if (facts.backend, facts.precision) != (EXACT, "fp32"):
        return False
    if not facts.run:
        return True
    try:
        run = RunDirectory.open(stored.path.parent)
        note, config = run.document.get("features"), run.config
    except (ResNetGuiError, OSError):
        return False
    of_network = config.method is Method.PROGRESSIVE and facts.epoch > config.head_epochs
    return of_network or not isinstance(note, dict) or note.get("backend") == EXACT


def _said(
    entry: ModelEntry, predictions: Predictions, photos: Sequence[LabelledPhoto]
) -> dict[int, tuple[int, float]]:
    row_of = {path: row for row, path in enumerate(predictions.paths)}
    known = [(n, row_of[p.path]) for n, p in enumerate(photos) if p.path in row_of]
    if not known:
        return {}
    rows = calibrated(entry.spec.calibration, predictions.logits[[row for _, row in known]])
    best = rows.argmax(axis=1)
    sure = rows[np.arange(len(rows)), best]
    return {n: (int(b), float(s)) for (n, _), b, s in zip(known, best, sure, strict=True)}


def _written(summary: DatasetSummary, photo: LabelledPhoto) -> float:
    """When a photo was written; of one that is gone nothing is known."""
    try:
        return summary.absolute(photo).stat().st_mtime
    except OSError:
        return float("inf")


def _seconds(made: str) -> float:
    try:
        return datetime.fromisoformat(made).timestamp() + 1  # it has no fractions
    except ValueError:
        return 0.0
