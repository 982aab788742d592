"""A head learned in a second: logistic regression on a model's features, and what it says of photos
that it did not learn from. numpy alone.

Features are centred and brought to length 1, so that one strength of the penalty serves all
networks: that of scikit-learn's C = 1, weights of photos added up. The loss is then smooth and
strongly convex, so Nesterov's accelerated gradient with the step that its constants give
(Nesterov 2004, “Introductory Lectures on Convex Optimization”, scheme 2.2.11) gets there in a
number of steps that is known beforehand, with no line search and no random numbers.
"""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]

FOLDS = 5
_PENALTY = 1.0  # of all photos together
_CLOSE = 1e-3  # to what part of the first distance from the best weights
_MOST_STEPS, _FEWEST_STEPS = 200, 20
MOST_WORK = (
    5e10  # multiply-adds of a head: a few seconds on one core; ended early it is a milder one
)
BIAS = 0.25  # its column: one of 1 would be the steepest direction of all, and slow all others
_STEPS_AT_ONCE = 10
DIRECTIONS = 256  # of features that are kept where there are many photos
MANY = 2_000  # photos
_POWER_STEPS = 12
_FAR = 3.0


@dataclass(frozen=True, slots=True)
class Space:
    """What features are seen in: their centre, and the directions in which photos differ most.

    Attributes:
        centre: (D,). directions: (D, K), or None for all as they are.
    """

    centre: Floats
    directions: Floats | None

    @classmethod
    def of(cls, rows: Floats) -> Space:
        """rows: (N, D). Labels play no part, so nothing is learned from photos that are judged."""
        centre: Floats = rows.mean(0, dtype=np.float64).astype(np.float32)
        count, width = rows.shape
        if min(count, width) <= DIRECTIONS or count <= MANY:
            return cls(centre, None)
        around = _unit(rows - centre)
        # The largest come last. Of many photos a part tells the directions as well.
        around = around[:: max(1, count // 20_000)]
        _, vectors = np.linalg.eigh(around.T @ around)
        return cls(centre, np.ascontiguousarray(vectors[:, -DIRECTIONS:]))

    def see(self, rows: Floats) -> Floats:
        """(N, D) -> (N, K), each of length 1 (or less, where directions are left out)."""
        around = _unit(rows - self.centre)
        return around if self.directions is None else around @ self.directions


@dataclass(frozen=True, slots=True)
class Head:
    """weights: (K, C). bias: (C,)."""

    weights: Floats
    bias: Floats

    def probabilities(self, seen: Floats) -> Floats:
        """seen: (N, K) -> (N, C), each row sums to 1."""
        return _softmax(seen @ self.weights + self.bias)


def learn(seen: Floats, labels: Labels, classes: int) -> Generator[None, None, Head]:
    """Learn a head. Yields every few steps, so that it can be stopped.

    Args:
        seen: (N, K), as `Space.see` gives it. labels: (N,), 0 … classes - 1; a class may have none.
    """
    count = len(seen)
    penalty = _PENALTY / count
    x = np.concatenate([seen, np.full((count, 1), BIAS, np.float32)], axis=1)  # the bias behind
    wanted = np.zeros((count, classes), np.float32)
    wanted[np.arange(count), labels] = 1
    # Cross-entropy bends at most half as much as the features do (Böhning 1992).
    smooth = 0.5 * _largest_eigenvalue(x) + penalty
    root = math.sqrt(penalty / smooth)
    most = max(_FEWEST_STEPS, int(MOST_WORK / (2 * x.size * classes)))
    steps = min(_MOST_STEPS, most, math.ceil(math.log(1 / _CLOSE) / root))
    pull = np.float32((1 - root) / (1 + root))
    weights = ahead = np.zeros((x.shape[1], classes), np.float32)
    for step in range(steps):
        slope = x.T @ (_softmax(x @ ahead) - wanted) / np.float32(count)
        slope += np.float32(penalty) * ahead
        nearer = ahead - slope / np.float32(smooth)
        ahead = nearer + pull * (nearer - weights)
        weights = nearer
        if step % _STEPS_AT_ONCE == 0:
            yield
    return Head(weights[:-1], np.float32(BIAS) * weights[-1])


def out_of_fold(
    seen: Floats, labels: Labels, groups: Labels, classes: int, seed: int, rounds: int = 1
) -> Generator[tuple[int, int], None, Floats]:
    """What heads say of photos that they did not learn from: of each fold the head that learned
    from the others. This is what confident learning ranks suspected label errors by (Northcutt,
    Jiang and Chuang 2021, “Confident Learning: Estimating Uncertainty in Dataset Labels”, JAIR 70).

    Args:
        groups: (N,) photos of one number get into one fold: copies of one another.
        rounds: divisions into folds whose probabilities are averaged.

    Yields:
        (done, total) heads.

    Returns:
        (N, C), each row sums to 1.
    """
    total = rounds * FOLDS
    summed = np.zeros((len(seen), classes), np.float32)
    for turn in range(rounds):
        fold = folds(labels, groups, np.random.default_rng([seed, turn]))
        for number in range(FOLDS):
            yield turn * FOLDS + number, total
            rest, held = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
            if not len(held):
                continue
            learning = learn(seen[rest], labels[rest], classes)
            while True:
                try:
                    next(learning)
                except StopIteration as end:
                    head: Head = end.value
                    break
                yield turn * FOLDS + number, total
            summed[held] += head.probabilities(seen[held])
    yield total, total
    result: Floats = summed / np.float32(rounds)
    return result


def folds(labels: Labels, groups: Labels, random: np.random.Generator) -> Labels:
    """(N,) the fold of each photo, 0 … FOLDS - 1: of each class about as many in each."""
    fold = np.empty(len(labels), np.int64)
    offset = 0
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        fold[random.permutation(rows)] = (np.arange(len(rows)) + offset) % FOLDS
        offset += len(rows)  # so that small classes do not all fill the first folds
    _, first, back = np.unique(groups, return_index=True, return_inverse=True)
    together: Labels = fold[first][back]
    return together


def probably_wrong(probabilities: Floats, labels: Labels) -> npt.NDArray[np.bool_]:
    """(N,) whether a label is probably wrong.

    Another class is as probable for the photo as for those that have it on average, and its own is
    less probable than for those of its own (Northcutt et al. 2021, the off-diagonal of the
    confident joint). That rule asks much where a head is sure of nearly all photos, so there is a
    second one: its own class has less than a third of the probability that it has on average, and
    less than a third of another's. Of ants and bees with 20 of 397 labels planted wrong (20 times,
    EfficientNet-Lite0), the first names 14 of them, the two 16 and 2 others; without any, 3.
    """
    count, classes = probabilities.shape
    own = probabilities[np.arange(count), labels]
    sums = np.bincount(labels, own, classes)
    usual = np.divide(sums, np.bincount(labels, minlength=classes), out=np.full(classes, 2.0),
                      where=sums > 0)  # fmt: skip
    others = probabilities.copy()
    others[np.arange(count), labels] = 0
    confident = (others >= usual).any(1) & (own < usual[labels])
    far = (own < usual[labels] / _FAR) & (own < others.max(1) / _FAR)
    result: npt.NDArray[np.bool_] = confident | far
    return result


def _unit(rows: Floats) -> Floats:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    result: Floats = rows / np.maximum(lengths, np.finfo(np.float32).tiny)
    return result


def _softmax(scores: Floats) -> Floats:
    scores = np.exp(scores - scores.max(axis=1, keepdims=True))
    result: Floats = scores / scores.sum(axis=1, keepdims=True)
    return result


def _largest_eigenvalue(x: Floats) -> float:
    """Of the mean of x xᵀ: (N, K) -> one number, at most a tenth too large or so."""
    vector = np.ones(x.shape[1], np.float32) / math.sqrt(x.shape[1])
    value = 0.0
    for _ in range(_POWER_STEPS):
        vector = x.T @ (x @ vector) / np.float32(len(x))
        value = float(np.linalg.norm(vector))
        vector /= max(value, 1e-30)
    return 1.1 * value
