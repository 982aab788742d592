"""Collects a model's answers while an evaluation runs. No torch."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

import numpy as np

from resnet_gui.core.dataset.summary import DatasetSummary
from resnet_gui.core.evaluation.answers import Answered
from resnet_gui.core.evaluation.calibrate import fit_calibration
from resnet_gui.core.evaluation.predictions import MAX_BYTES, Facts, Predictions, now, size_of
from resnet_gui.core.evaluation.store import weights_key
from resnet_gui.core.inference.backend import Backend, Rows
from resnet_gui.core.looks import LOOKS
from resnet_gui.core.zoo.spec import ModelEntry

_MOST_FEATURES = 40_000_000  # numbers in memory


class Gathered:
    """Answers in memory: nothing of photos that are too many to be kept.

    Args of the constructor:
        photos: how many will come, at most. classes: the model's.
    """

    def __init__(self, photos: int, classes: int) -> None:
        self._photos = photos
        self._wanted = size_of(photos, classes) <= MAX_BYTES
        self._positions: list[int] = []
        self._logits: list[Rows] = []
        self._features: list[Rows] | None = []

    def add(self, answered: Answered) -> None:
        """The next answers."""
        if not self._wanted:
            return
        self._positions += answered.positions
        self._logits.append(np.stack(answered.logits))
        if len(answered.features) != len(answered.positions):
            self._features = None
        elif self._features is not None:
            rows = np.stack(answered.features)
            too_many = self._photos * rows.shape[1] > _MOST_FEATURES
            if too_many:
                self._features = None
            else:
                self._features.append(rows)

    def predictions(
        self,
        photos: Sequence[tuple[str, int]],
        entry: ModelEntry,
        summary: DatasetSummary,
        backend: Backend,
        *,
        part: str,
        part_of: str,
        trained_on: int | None,
        failed: int,
    ) -> Predictions | None:
        """All of them; None where they are too many.

        Args:
            photos: path and class of all photos that were to be judged.
            part, part_of, trained_on, failed: as in `Evaluated`.
        """
        if not self._wanted or not self._positions:
            return None
        # A test that was stopped and goes on begins with what it had.
        order = np.argsort(self._positions)
        positions = [self._positions[n] for n in order]
        logits = np.concatenate(self._logits)[order]
        truth = np.array([photos[index][1] for index in positions], np.int64)
        features = np.concatenate(self._features)[order] if self._features else None
        fitted, unlike = fit_calibration(logits, truth, features)
        weights = ""
        with contextlib.suppress(OSError):  # its file is gone meanwhile
            weights = weights_key(entry)
        spec = entry.spec
        facts = Facts(
            model=spec.id,
            title=f"{spec.title} ({LOOKS[spec.views].label})" if spec.views else spec.title,
            data=summary.root,
            part=part,
            classes=spec.classes,
            n=len(truth),
            right=int((logits.argmax(axis=1) == truth).sum()),
            weights=weights,
            fingerprint=summary.fingerprint,
            part_of=part_of,
            trained_on=trained_on,
            failed=failed,
            backend=backend.name,
            precision=backend.precision,
            made=now(),
            calibration=spec.calibration.to_json(),
            # What is averaged has no logits of one network: the score would mean nothing. Those of
            # 8 bits say nothing of the usual form.
            fitted={}
            if trained_on or spec.views or spec.members or backend.made
            else fitted.to_json(),
        )
        paths = tuple(photos[index][0] for index in positions)
        return Predictions(facts, paths, truth, logits, unlike)
