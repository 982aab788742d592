"""What validation photos say of how far a model's numbers can be trusted. No torch."""

from __future__ import annotations

import numpy as np

from resnet_gui.core.calibration import Calibration
from resnet_gui.core.evaluation.metrics import Floats, Ints
from resnet_gui.core.inference.backend import Rows
from resnet_gui.core.inference.unknown import (
    MAX_NUMBERS,
    Numbers,
    directions,
    energy,
    means_text,
)

FEWEST = 100  # photos; from fewer the temperature is mostly luck
PASS = 0.98  # share of the photos that are like what was learned
_COLDEST, _HOTTEST = 0.1, 10.0
_STEPS = 30
_MOST = 4_000_000  # logits that are looked at; from more photos every k-th is taken


def fit_calibration(
    logits: Rows, truth: Ints, features: Rows | None = None
) -> tuple[Calibration, Numbers]:
    """Temperature and unknown score from photos that the model did not learn from.

    Args:
        logits: (N, classes). truth: (N,).
        features: (N, D), what the head saw of the same photos; None: it has none.

    Returns:
        the calibration (an empty one from fewer than `FEWEST` photos), and the unknown score of
        each photo, (N,), as if it had not been among those that the means are of.
    """
    means, scores = fit_means(features, truth, logits.shape[1])
    if scores is None:
        scores = energy(logits)
    if len(truth) < FEWEST:
        return Calibration(), scores
    return (
        Calibration(
            temperature=round(fit_temperature(logits, truth), 4),
            photos=len(truth),
            unlike=float(np.quantile(scores, PASS)),
            means="" if means is None else means_text(means),
        ),
        scores,
    )


def fit_temperature(logits: Rows, truth: Ints) -> float:
    """The temperature of the lowest cross-entropy (Guo et al. 2017, arXiv:1706.04599).

    One photo's worth of doubt is added, as Platt (1999) does: where all photos are right the
    entropy alone would ask for no doubt at all. The loss is convex in 1/T, so halving the interval
    in which its slope changes sign finds the minimum.
    """
    step = max(1, logits.size // _MOST)
    z = logits[::step].astype(np.float64)
    y = truth[::step]
    z -= z.max(axis=1, keepdims=True)
    n, classes = z.shape
    if classes < 2 or not n:
        return 1.0
    doubt = 1 / (n + 2)
    own = z[np.arange(n), y]
    wanted = (1 - doubt) * own + doubt * (z.sum(axis=1) - own) / (classes - 1)

    def slope(beta: float) -> float:
        weights = np.exp(z * beta)
        expected = (weights * z).sum(axis=1) / weights.sum(axis=1)
        return float((expected - wanted).sum())

    low, high = np.log(1 / _HOTTEST), np.log(1 / _COLDEST)
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if slope(float(np.exp(middle))) > 0:
            high = middle
        else:
            low = middle
    return float(np.exp(-(low + high) / 2))


def fit_means(
    features: Rows | None, truth: Ints, classes: int
) -> tuple[Rows | None, Numbers | None]:
    """Each class's mean direction, (classes, D), and of each photo 1 - cosine to the nearest one,
    (N,), its own class's taken without it. None, None: there are no features, a class has fewer
    than two photos, or the means would be too large for a file."""
    if features is None or classes * features.shape[1] > MAX_NUMBERS:
        return None, None
    counts = np.bincount(truth, minlength=classes)
    if counts.min() < 2:
        return None, None
    unit = directions(features)
    sums: Floats = np.zeros((classes, features.shape[1]))
    np.add.at(sums, truth, unit)
    means = directions(sums.astype(np.float32))
    cosines = unit @ means.T
    without = directions((sums[truth] - unit).astype(np.float32))
    cosines[np.arange(len(truth)), truth] = (unit * without).sum(axis=1)
    return means, np.asarray(1 - cosines.max(axis=1), np.float32)
