"""A kept result with all that the page shows of it, computed once, in a lane."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from resnet_gui.core.calibration import Calibration
from resnet_gui.core.evaluation.metrics import (
    Bin,
    ClassFigures,
    Coverage,
    Figures,
    Floats,
    Ints,
    calibration_error,
    confidences_of,
    coverage_at,
    coverage_curve,
    reliability,
)
from resnet_gui.core.evaluation.predictions import Predictions, read_predictions

MOST_SHOWN = 1_000  # classes of a matrix: in a larger one nobody finds anything


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of the photos of a class.

    Attributes:
        photos: all. right: called by their class. missed: called something else. The rest gets no
            answer.
    """

    photos: int
    right: int
    missed: int


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """What is shown. Looking something up in it takes no time that a person would feel.

    Attributes:
        path: its file; None: it could not be kept.
        answers, confidences, losses, right: of each photo, (N,).
        bins, error: of the reliability diagram. raw_error: the error without the temperature.
        curve: what is answered by threshold.
        order: the classes of the confusion matrix, those first that are confused with each other
            most; of more than `MOST_SHOWN` those with most mistakes.
        worst, unsure, wrong: photos, see `Predictions`.
    """

    predictions: Predictions
    path: Path | None
    figures: Figures
    answers: Ints
    confidences: Floats
    losses: Floats
    right: npt.NDArray[np.bool_]
    bins: tuple[Bin, ...]
    error: float
    raw_error: float
    curve: tuple[Coverage, ...]
    order: tuple[int, ...]
    worst: tuple[int, ...]
    unsure: tuple[int, ...]
    wrong: tuple[int, ...]

    def cell(self, truth: int, answer: int) -> tuple[int, ...]:
        """The photos of one cell of the confusion matrix, the surest answers first."""
        return self._surest((self.predictions.truth == truth) & (self.answers == answer))

    def missed(self, truth: int) -> tuple[int, ...]:
        """The photos of a class that were called something else, the surest answers first."""
        return self._surest((self.predictions.truth == truth) & ~self.right)

    def _surest(self, chosen: npt.NDArray[np.bool_]) -> tuple[int, ...]:
        found = np.flatnonzero(chosen)
        order = np.argsort(-self.confidences[found], kind="stable")
        return tuple(found[order].tolist())

    def coverage(self, threshold: float) -> Coverage:
        return coverage_at(self.confidences, self.right, threshold)

    def fate(self, truth: int, threshold: float) -> Fate:
        """What becomes of a class's photos if the model says "not sure" below a threshold."""
        own = self.predictions.truth == truth
        answered = own & (self.confidences >= threshold)
        right = int((answered & self.right).sum())
        return Fate(int(own.sum()), right, int(answered.sum()) - right)

    def missed_by(self, truth: int, thresholds: Sequence[float]) -> list[int]:
        """How many of a class's photos are called something else at each threshold: `Fate.missed`,
        of a hundred thresholds as fast as of one."""
        wrong = np.sort(self.confidences[(self.predictions.truth == truth) & ~self.right])
        below = np.searchsorted(wrong, np.asarray(thresholds, np.float64))
        return [len(wrong) - int(count) for count in below]

    def safe_percent(self, truth: int) -> int | None:
        """The lowest threshold, in whole per cent, from which on no photo of a class is called
        something else; None: not even 100 is enough."""
        wrong = self.confidences[(self.predictions.truth == truth) & ~self.right]
        if not len(wrong):
            return 0
        percent = int(100 * float(wrong.max())) + 1
        return percent if percent <= 100 else None


def make_result(predictions: Predictions, path: Path | None) -> Result:
    """Takes some 100 ms for 10,000 photos of ten classes."""
    figures, answers = predictions.figures(), predictions.answers
    right = answers == predictions.truth
    confidences = predictions.confidences()
    bins = reliability(confidences, right)
    raw = reliability(confidences_of(predictions.logits), right)
    return Result(
        predictions=predictions,
        path=path,
        figures=figures,
        answers=answers,
        confidences=confidences,
        losses=predictions.losses(),
        right=right,
        bins=tuple(bins),
        error=calibration_error(bins),
        raw_error=calibration_error(raw),
        curve=tuple(coverage_curve(confidences, right)),
        order=by_confusion(figures),
        worst=tuple(predictions.worst()),
        unsure=tuple(predictions.least_sure()),
        wrong=tuple(predictions.confidently_wrong()),
    )


def by_confusion(figures: Figures) -> tuple[int, ...]:
    """The classes that occur, so that those lie side by side that are taken for each other: it
    begins with the pair that is confused most, and goes on with whichever class is confused most
    with those at the end of the row."""
    classes = np.array(figures.occurring, np.int64)
    if len(classes) > MOST_SHOWN:
        mistakes = [_mistakes(figures.classes[index]) for index in classes]
        classes = np.sort(classes[np.argsort(-np.array(mistakes), kind="stable")[:MOST_SHOWN]])
    matrix = figures.confusion(classes.tolist())
    both = (matrix + matrix.T).astype(np.float64)
    np.fill_diagonal(both, 0)
    order: list[int] = []  # places in `classes`
    left = list(range(len(classes)))
    while left:
        remaining = np.array(left)
        weights = both[order[-1], remaining] if order else both[remaining].max(axis=1)
        if not weights.any():  # with nobody left: the next pair begins
            weights = both[np.ix_(remaining, remaining)].max(axis=1)
        order.append(left.pop(int(weights.argmax())))
    return tuple(classes[order].tolist())


def _mistakes(item: ClassFigures) -> int:
    """Photos that were taken from it or for it."""
    return item.support + item.called - 2 * item.right


def open_result(path: Path, calibration: Calibration | None) -> Generator[None, None, Result]:
    """A job: read a kept result.

    Args:
        calibration: the model's as it is now; None: it is not here, the kept one counts.

    Raises:
        DatasetError: it cannot be read.
    """
    yield None
    predictions = read_predictions(path)
    if calibration is not None:
        predictions = predictions.calibrated_by(calibration)
    yield None
    return make_result(predictions, path)
