"""Whether a faster backend answers as exact does, on pictures. No torch here.

What is asked: the same first answer wherever exact is sure by more than a margin, probabilities and
logits within the precision's tolerance. A conversion has to be right in float32 before it is asked
whether bfloat16 is good enough: what rounding could hide shows there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from resnet_gui.core.events import ImageSource
from resnet_gui.core.inference.backend import GPU, INT8, Backend, Crops, Rows, softmax
from resnet_gui.core.inference.converted import State, Verdict
from resnet_gui.core.photos.decode import decoded
from resnet_gui.core.photos.preprocess import crop_photo
from resnet_gui.core.preprocessing import Preprocessing
from resnet_gui.core.system.paths import sample_photos

MARGIN = 0.1  # of probability, between exact's first answer and its second


@dataclass(frozen=True, slots=True)
class Tolerance:
    """logits: largest difference as a share of the largest |logit| of exact. probabilities: largest
    difference. mean: of each picture's largest difference of probabilities. margin: how far exact's
    first answer has to be before its second for being sure."""

    logits: float
    probabilities: float
    mean: float = 1.0
    margin: float = MARGIN


# float32 shows whether the conversion is right; it differs by the order of the sums alone.
# bfloat16 keeps 8 bits of each number, which changes logits by 0.4 to 5 % of the largest one on
# photos; whether the answers are still the same is what counts.
TOLERANCES = {
    "fp32": Tolerance(logits=1e-4, probabilities=1e-3),
    "bf16": Tolerance(logits=0.1, probabilities=0.1),
    "fp16": Tolerance(logits=0.1, probabilities=0.1),  # more digits, and a smaller range
    # 256 steps for all that a layer gives. Seen on photos that it was not made from: logits 2 to
    # 8 %, probabilities about 0.1 at most and 0.01 to 0.02 on average. Of answers that are sure by
    # no more than twice that some become others: the model's card says how many.
    INT8: Tolerance(logits=0.25, probabilities=0.25, mean=0.05, margin=0.25),
}
_FEATURES_TOLERANCE = 1e-3  # share of the largest one; they are always computed in float32
# 1 - cosine between what the head sees in 8 bits and exactly: by such an angle it is told whether a
# photo is unlike all that was learned.
_TURNED_TOLERANCE = 0.05
_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Expected:
    """What exact gives for pictures.

    Attributes:
        crops: (N, crop, crop, 3) uint8. logits: (N, classes). features: (N, D), or None where the
            network has none.
    """

    crops: Crops
    logits: Rows
    features: Rows | None


def expected_of(exact: Backend, crops: Crops) -> Expected:
    """Raises RuntimeError if `exact` fails."""
    found = [exact.infer_both(piece) for piece in _pieces(crops)]
    features = [seen for _, seen in found if seen is not None]
    logits = np.concatenate([rows for rows, _ in found])
    return Expected(crops, logits, np.concatenate(features) if features else None)


def check_pictures(preprocessing: Preprocessing) -> Crops:
    """The sample photos as they are, mirrored and in parts, and generated pictures.

    Returns:
        (16, crop, crop, 3) uint8.
    """
    crops: list[npt.NDArray[np.uint8]] = []
    for path in sample_photos():
        with decoded(ImageSource.file(path)) as photo:
            image = photo.image
            whole = np.asarray(crop_photo(image, preprocessing), dtype=np.uint8)
            corner = image.crop((0, 0, max(1, image.width // 2), max(1, image.height // 2)))
            crops += [
                whole,
                whole[:, ::-1],
                np.asarray(crop_photo(corner, preprocessing), dtype=np.uint8),
            ]
    crops += _generated(preprocessing.crop)
    return np.ascontiguousarray(np.stack(crops))


def compare(expected: Expected, fast: Backend, *, tolerance: str = "") -> Verdict:
    """The verdict on `fast`, which answers many pictures at once and, as that may be another form
    of it, each alone.

    Args:
        tolerance: that of another precision than the backend's.

    Raises:
        RuntimeError: `fast` fails.
    """
    allowed = TOLERANCES[tolerance or fast.precision]
    crops, exact = expected.crops, expected.logits
    found = np.concatenate([fast.infer(piece) for piece in _pieces(crops)])
    if found.shape != exact.shape:
        return _refused(fast, f"it gives {found.shape} numbers instead of {exact.shape}")
    if not np.isfinite(exact).all():
        return _refused(fast, "the model itself answers with no number (NaN)")
    alone = [fast.infer_both(crops[n : n + 1]) for n in range(len(crops))]
    exact = np.concatenate([exact, exact])
    found = np.concatenate([found, *(logits for logits, _ in alone)])
    if not np.isfinite(found).all():
        return _refused(fast, "it answers with no number (NaN)")
    truth, answers = softmax(exact), softmax(found)
    each = np.abs(truth - answers).max(axis=1)
    apart, mean, logits = float(each.max()), float(each.mean()), _share(exact, found)
    same = truth.argmax(axis=1) == answers.argmax(axis=1)
    if not same[margins(truth) > allowed.margin].all():
        return _refused(fast, "it gives another first answer")
    if apart > allowed.probabilities:
        return _refused(fast, f"its probabilities are up to {apart:.1%} apart")
    if mean > allowed.mean:
        return _refused(fast, f"its probabilities are {mean:.1%} apart on average")
    if logits > allowed.logits and fast.precision == INT8:
        return _refused(fast, "its answers would differ too much")
    if logits > allowed.logits:
        return _refused(fast, f"the numbers behind its percentages are up to {logits:.2%} apart")
    seen = [features for _, features in alone if features is not None]
    if expected.features is not None and (fast.precision == "fp32" or fast.name == GPU):
        difference = _share(expected.features, fast.features(crops))
        # Of a photo alone the same pass says both; in another precision, or on another device, they
        # come from elsewhere.
        if fast.precision == "fp32" and not tolerance and seen:
            difference = max(difference, _share(expected.features, np.concatenate(seen)))
        if difference > _FEATURES_TOLERANCE:
            return _refused(fast, f"its features are up to {difference:.2%} apart")
    if expected.features is not None and fast.precision == INT8:
        turned = _turned(expected.features, np.concatenate(seen)) if seen else 1.0
        if turned > _TURNED_TOLERANCE:
            reason = "it would notice less surely which photos are unlike those it knows"
            return _refused(fast, reason)
    return Verdict(
        State.CHECKED,
        precision=fast.precision,
        photos=len(crops),
        same=int(same[: len(crops)].sum()),
        logits=logits,
        probabilities=apart,
        mean=mean,
        features=expected.features is not None,
    )


def _pieces(crops: Crops) -> list[Crops]:
    """For the memory's sake many are not asked about at once."""
    return [crops[start : start + _AT_ONCE] for start in range(0, len(crops), _AT_ONCE)]


def _refused(fast: Backend, reason: str) -> Verdict:
    return Verdict(State.REFUSED, precision=fast.precision, reason=reason)


def margins(probabilities: Rows) -> Rows:
    """(N,): how far the first answer is before the second."""
    ordered = np.sort(probabilities, axis=1)
    last = ordered[:, -2] if ordered.shape[1] > 1 else np.zeros(len(ordered), np.float32)
    result: Rows = ordered[:, -1] - last
    return result


def _share(expected: Rows, found: Rows) -> float:
    """The largest difference as a share of the largest value."""
    if found.shape != expected.shape or not np.isfinite(found).all():
        return float("inf")
    largest = float(np.abs(expected).max())
    return float(np.abs(expected - found).max()) / (largest or 1.0)


def _turned(expected: Rows, found: Rows) -> float:
    """The largest angle between the features of a photo, as 1 - cosine."""
    lengths = np.linalg.norm(expected, axis=1) * np.linalg.norm(found, axis=1)
    return float((1 - (expected * found).sum(axis=1) / np.maximum(lengths, 1e-12)).max())


def _generated(side: int) -> list[npt.NDArray[np.uint8]]:
    """Always the same: black, white, stripes, a gradient in colours, noise fine and coarse."""
    draw = np.random.default_rng(0)
    row, column = np.mgrid[0:side, 0:side] / max(1, side - 1)
    coarse = Image.fromarray(draw.integers(0, 256, (7, 7, 3), dtype=np.uint8))
    pictures = [
        np.zeros((side, side, 3)),
        np.full((side, side, 3), 255.0),
        np.repeat((np.sin(40 * column) > 0)[..., None], 3, axis=2) * 255.0,
        np.stack([row, column, 1 - row], axis=2) * 255.0,
        draw.integers(0, 256, (side, side, 3)),
        coarse.resize((side, side), Image.Resampling.BICUBIC),
        coarse.resize((side, side), Image.Resampling.NEAREST),
    ]
    return [np.asarray(picture).astype(np.uint8) for picture in pictures]
