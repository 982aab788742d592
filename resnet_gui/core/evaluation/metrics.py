"""What a model's answers to labelled photos amount to, in numpy alone: no torch.

torchmetrics would do the same, but imports torch, and a converted model is evaluated without (2 s
and 400 MB that nothing else needs). Tests compare with scikit-learn's and torchmetrics' figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from resnet_gui.core.evaluation.intervals import wilson_interval
from resnet_gui.core.inference.backend import Rows
from resnet_gui.core.words import lopsided_sentence, never_sentence, recognised_sentence

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
BINS = 15  # of the reliability diagram, as in Guo et al. 2017


@dataclass(frozen=True, slots=True)
class ClassFigures:
    """One class. A fraction is None where there is nothing to divide by.

    Attributes:
        support: its photos. called: photos that were called so. right: those that are both.
        f1: harmonic mean of precision and recall.
    """

    label: str
    support: int
    called: int
    right: int

    @property
    def recall(self) -> float | None:
        return self.right / self.support if self.support else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Wilson's 95 % interval of the recall."""
        return wilson_interval(self.right, self.support) if self.support else None

    @property
    def precision(self) -> float | None:
        return self.right / self.called if self.called else None

    @property
    def f1(self) -> float | None:
        both = self.support + self.called
        return 2 * self.right / both if both else None


@dataclass(frozen=True, slots=True)
class Figures:
    """All that can be counted.

    Attributes:
        n, right: photos, and those whose best class is theirs.
        interval: Wilson's 95 % interval of the accuracy.
        top5: share of photos whose class is among the best min(5, classes).
        loss: mean cross-entropy of the calibrated probabilities, in nats.
        classes: of each class of the model.
        pairs: (M, 3), a row for each cell of the confusion matrix that is not empty: truth, answer,
            photos. So it takes no more room than the photos, however many classes there are.
    """

    n: int
    right: int
    interval: tuple[float, float]
    top5: float
    loss: float
    classes: tuple[ClassFigures, ...]
    pairs: Ints

    @property
    def occurring(self) -> list[int]:
        """The classes that are a truth or an answer."""
        return [i for i, item in enumerate(self.classes) if item.support or item.called]

    def confusion(self, chosen: Sequence[int] | None = None) -> Ints:
        """The confusion matrix, rows truth, columns answer, in photos.

        Args:
            chosen: the classes of rows and columns. None: all of the model, (classes, classes): of
                very many classes that is more than fits into memory.
        """
        order = range(len(self.classes)) if chosen is None else chosen
        place = np.full(len(self.classes), -1)
        place[list(order)] = np.arange(len(order))
        rows, columns = place[self.pairs[:, 0]], place[self.pairs[:, 1]]
        inside = (rows >= 0) & (columns >= 0)
        matrix: Ints = np.zeros((len(order), len(order)), np.int64)
        matrix[rows[inside], columns[inside]] = self.pairs[inside, 2]
        return matrix

    @property
    def accuracy(self) -> float:
        return self.right / self.n if self.n else 0.0

    def lopsided(self) -> str:
        """See `lopsided_sentence`, `recognised_sentence` and `never_sentence`; "" for nothing."""
        most = max(self.classes, key=lambda item: item.support, default=None)
        never = never_sentence([(c.label, c.support) for c in self.classes if not c.called])
        said = lopsided_sentence(most.label, most.support, self.n) if most else ""
        others = [(c.label, c.right, c.support) for c in self.classes if c is not most]
        rare = recognised_sentence(others) if said and not never else ""
        return " ".join(filter(None, [said, rare, never]))

    def macro(self, what: str) -> float | None:
        """The mean of "precision", "recall" or "f1" over the classes that occur, as a truth or as
        an answer; a class without a value counts as 0, as in scikit-learn."""
        values = [getattr(self.classes[index], what) or 0.0 for index in self.occurring]
        return sum(values) / len(values) if values else None


@dataclass(frozen=True, slots=True)
class Bin:
    """Photos whose best class has a probability in (low, high].

    Attributes:
        photos: how many. confidence: their mean probability. accuracy: share that is right. Both
            are 0 where there are none.
    """

    low: float
    high: float
    photos: int
    confidence: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class Coverage:
    """If a model says nothing about photos that it is less sure of.

    Attributes:
        threshold: probability of the best class from which on it answers.
        answered: how many photos it then answers. right: how many of these rightly.
    """

    threshold: float
    answered: int
    right: int


def adjusted_words(temperature: float) -> str:
    """What stands behind a figure that depends on how sure a model sounds; "" if nothing was
    adjusted. More than 1 makes percentages smaller."""
    if temperature == 1:
        return ""
    was = "too sure" if temperature > 1 else "not sure enough"
    return f" (with its percentages adjusted, as it was {was})"


def log_probabilities(logits: Rows, temperature: float = 1.0) -> Floats:
    """(N, classes) float64."""
    scaled = logits.astype(np.float64) / temperature
    scaled -= scaled.max(axis=1, keepdims=True)
    result: Floats = scaled - np.log(np.exp(scaled).sum(axis=1, keepdims=True))
    return result


def figures_of(
    logits: Rows, truth: Ints, labels: tuple[str, ...], temperature: float = 1.0
) -> Figures:
    """logits: (N, classes); truth: (N,)."""
    n, count = len(truth), len(labels)
    answers = logits.argmax(axis=1) if n else np.zeros(0, np.int64)
    right = int((answers == truth).sum())
    counts = zip(
        np.bincount(truth, minlength=count).tolist(),
        np.bincount(answers, minlength=count).tolist(),
        np.bincount(truth[answers == truth], minlength=count).tolist(),
        strict=True,
    )
    classes = tuple(ClassFigures(label, *row) for label, row in zip(labels, counts, strict=True))
    in_top = int((places_of(logits, truth) < min(5, count)).sum())
    return Figures(
        n=n,
        right=right,
        interval=wilson_interval(right, n),
        top5=in_top / n if n else 0.0,
        loss=float(losses_of(logits, truth, temperature).mean()) if n else 0.0,
        classes=classes,
        pairs=pairs_of(truth, answers, count),
    )


def pairs_of(truth: Ints, answers: Ints, classes: int) -> Ints:
    """The cells of a confusion matrix that are not empty, see `Figures.pairs`: (M, 3)."""
    cells, photos = np.unique(truth * np.int64(classes) + answers, return_counts=True)
    return np.stack([cells // classes, cells % classes, photos], axis=1).astype(np.int64)


def places_of(logits: Rows, truth: Ints) -> Ints:
    """How many classes come before the true one; of equal ones those with the smaller number."""
    if not len(truth):
        return np.zeros(0, np.int64)
    own = logits[np.arange(len(truth)), truth]
    before = (logits > own[:, None]).sum(axis=1)
    equal = logits == own[:, None]
    before += (equal & (np.arange(logits.shape[1]) < truth[:, None])).sum(axis=1)
    return np.asarray(before, np.int64)


def losses_of(logits: Rows, truth: Ints, temperature: float = 1.0) -> Floats:
    """Cross-entropy of each photo in nats: (N,)."""
    if not len(truth):
        return np.zeros(0)
    result: Floats = -log_probabilities(logits, temperature)[np.arange(len(truth)), truth]
    return result


def confidences_of(logits: Rows, temperature: float = 1.0) -> Floats:
    """Probability of each photo's best class: (N,)."""
    if not len(logits):
        return np.zeros(0)
    best: Floats = np.exp(log_probabilities(logits, temperature).max(axis=1))
    return best


def margins_of(logits: Rows, temperature: float = 1.0) -> Floats:
    """By how much the best class is more probable than the second: (N,)."""
    if not len(logits):
        return np.zeros(0)
    probabilities = np.exp(log_probabilities(logits, temperature))
    if probabilities.shape[1] < 2:
        return np.ones(len(logits))
    two = np.partition(probabilities, -2, axis=1)[:, -2:]
    result: Floats = two[:, 1] - two[:, 0]
    return result


def reliability(confidences: Floats, right: npt.NDArray[np.bool_], bins: int = BINS) -> list[Bin]:
    """Equally wide bins of confidence (Guo et al. 2017).

    Args:
        confidences: (N,), 0..1. right: (N,), whether the best class is the true one.
    """
    place = np.clip(np.ceil(confidences * bins).astype(np.int64) - 1, 0, bins - 1)
    photos = np.bincount(place, minlength=bins)
    sums = np.bincount(place, weights=confidences, minlength=bins)
    hits = np.bincount(place, weights=right, minlength=bins)
    return [
        Bin(i / bins, (i + 1) / bins, int(n), float(s / max(n, 1)), float(h / max(n, 1)))
        for i, (n, s, h) in enumerate(zip(photos, sums, hits, strict=True))
    ]


def calibration_error(bins: list[Bin]) -> float:
    """The expected calibration error: how far confidence and accuracy are apart in a bin, weighted
    by its photos. A fraction of 1."""
    total = sum(item.photos for item in bins)
    apart = sum(item.photos * abs(item.accuracy - item.confidence) for item in bins)
    return apart / total if total else 0.0


def coverage_at(confidences: Floats, right: npt.NDArray[np.bool_], threshold: float) -> Coverage:
    """What is answered from this probability on."""
    answered = confidences >= threshold
    return Coverage(threshold, int(answered.sum()), int((answered & right).sum()))


def coverage_curve(
    confidences: Floats, right: npt.NDArray[np.bool_], points: int = 101
) -> list[Coverage]:
    """For thresholds from 0 to 1."""
    order = np.argsort(confidences)
    ordered, hits = confidences[order], np.append(np.cumsum(right[order][::-1])[::-1], 0)
    thresholds = np.linspace(0, 1, points)
    first = np.searchsorted(ordered, thresholds, side="left")
    return [
        Coverage(float(t), len(ordered) - int(i), int(hits[i]))
        for t, i in zip(thresholds, first, strict=True)
    ]
