"""What is compared before a faster form answers: all pictures at once, and each of them alone."""

from __future__ import annotations

import re

import numpy as np
import pytest

from resnet_gui.core.inference.backend import EXACT, OPENVINO, Backend, Crops, Pooling, Rows
from resnet_gui.core.inference.check import check_pictures, compare, expected_of
from resnet_gui.core.inference.converted import State
from resnet_gui.core.preprocessing import Preprocessing
from resnet_gui.core.system.processor import cpu

SIDE, CLASSES, WIDTH = 8, 5, 12
PICTURES = check_pictures(Preprocessing(SIDE, SIDE))


class TwoLayers(Backend):
    """A network of two layers, of which one picture may be wrong where it is alone.

    Args of the constructor:
        wrong: its position. logits, features: by how much, as a share of them.
    """

    def __init__(
        self, name: str = EXACT, wrong: int = 0, *, logits: float = 0.0, features: float = 0.0
    ) -> None:
        self.name, self.precision, self.device, self.threads = name, "fp32", cpu(), 1
        draw = np.random.default_rng(0)
        self._first = draw.normal(size=(SIDE * SIDE * 3, WIDTH)).astype(np.float32)
        self._head = draw.normal(size=(WIDTH, CLASSES)).astype(np.float32)
        self._wrong, self._logits, self._features = PICTURES[wrong], logits, features

    def infer(self, crops: Crops) -> Rows:
        return self.infer_both(crops)[0]

    def infer_both(self, crops: Crops) -> tuple[Rows, Rows | None]:
        seen: Rows = crops.reshape(len(crops), -1).astype(np.float32) / 255 @ self._first
        said: Rows = seen @ self._head
        if len(crops) == 1 and (crops[0] == self._wrong).all():
            return said * (1 + self._logits), seen * (1 + self._features)
        return said, seen

    def features(self, crops: Crops, pooling: Pooling = Pooling.AVG) -> Rows:
        seen = self.infer_both(crops)[1]
        assert seen is not None
        return seen


@pytest.mark.parametrize("wrong", range(1, len(PICTURES), 5))
@pytest.mark.parametrize(
    ("apart", "reason"),
    [
        ({"logits": 0.01}, "the numbers behind its percentages|its probabilities"),
        ({"features": 0.01}, "its features are up to"),
    ],
)
def test_each_picture_is_compared_alone_too(
    wrong: int, apart: dict[str, float], reason: str
) -> None:
    """The form for one photo was compared on two of them, and its features not at all."""
    expected = expected_of(TwoLayers(), PICTURES)
    assert compare(expected, TwoLayers(OPENVINO)).state is State.CHECKED
    verdict = compare(expected, TwoLayers(OPENVINO, wrong, **apart))
    assert verdict.state is State.REFUSED
    assert re.search(reason, verdict.reason)
