"""How unlike a photo is to what a model learned from, as one number. No torch.

With features: one minus the cosine between the photo's features (what the head sees) and the
nearest of the classes' mean directions. Features of photos of a class lie around one direction;
those of noise, textures or digits around none (as in Techapanurak et al. 2020, arXiv:1905.10628,
with means instead of a trained layer). Of the bundled ResNet-56 against CIFAR-10's test photos its
AUROC is 0.93 for noise, textures and digits together, while the energy of the logits reaches 0.79.

Without (networks with no linear head, or too many classes): the energy of the logits,
-log(sum(exp(logits))), of Liu et al. 2020 (arXiv:2010.03759).
"""

from __future__ import annotations

import base64
import binascii
import functools

import numpy as np
import numpy.typing as npt

from resnet_gui.core.calibration import Calibration
from resnet_gui.core.inference.backend import Rows

Numbers = npt.NDArray[np.float32]
_AT_ONCE = 1_000_000
MAX_NUMBERS = 500_000  # of all classes' means together: a megabyte in the model's file


def energy(logits: Rows) -> Numbers:
    """logits: (N, classes) -> (N,) float32; the higher, the less is any class spoken for."""
    found = np.empty(len(logits), np.float32)
    rows = max(1, _AT_ONCE // max(1, logits.shape[1]))
    for start in range(0, len(logits), rows):  # of all at once, doubles would fill the memory
        some = logits[start : start + rows]
        largest = some.max(axis=1)
        sums = np.exp((some - largest[:, None]).astype(np.float64)).sum(axis=1)
        found[start : start + rows] = -(np.log(sums) + largest)
    return found


def away_from(means: Rows, features: Rows) -> Numbers:
    """1 - cosine to the nearest mean, 0..2. means: (classes, D), of length 1 each; features:
    (N, D) -> (N,) float32."""
    return np.asarray(1.0 - (directions(features) @ means.T).max(axis=1), np.float32)


def directions(rows: Rows) -> Rows:
    """The rows with length 1; a row of zeros stays as it is. (N, D) float32."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(lengths, 1e-12), np.float32)


def unknown_scores(calibration: Calibration, logits: Rows, features: Rows | None) -> Numbers | None:
    """The score of each photo, to be compared with `calibration.unlike`; None where there is none.

    Args:
        logits: (N, classes). features: (N, D); None where the network has none.
    """
    if calibration.unlike is None:
        return None
    if not calibration.means:
        return energy(logits)
    if features is None:
        return None
    means = means_of(calibration.means, logits.shape[1], features.shape[1])
    return None if means is None else away_from(means, features)


def means_text(means: Rows) -> str:
    """Means as they stand in a file: float16 in base64."""
    return base64.b64encode(means.astype("<f2").tobytes()).decode("ascii")


@functools.lru_cache(maxsize=4)
def means_of(text: str, classes: int, width: int) -> Rows | None:
    """The means that a file holds, (classes, width) float32; None if it holds something else."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    if len(raw) != 2 * classes * width:
        return None
    means = np.frombuffer(raw, "<f2").astype(np.float32).reshape(classes, width)
    return directions(means) if np.isfinite(means).all() else None
