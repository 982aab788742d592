"""What runs a network, as one small protocol. No torch here, and no OpenVINO.

`exact` (torch, float32) is the reference; `openvino` (the CPU's) is faster and starts without
torch; `gpu` is torch in half precision. All take photos as they come out of the crop, so that what
a photo costs before the network is the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import numpy as np
import numpy.typing as npt

from resnet_gui.core.events import DeviceInfo

Crops = npt.NDArray[np.uint8]  # (N, crop, crop, 3)
Rows = npt.NDArray[np.float32]  # (N, classes) or (N, D)

EXACT, OPENVINO, GPU = "exact", "openvino", "gpu"
INT8 = "int8"  # the precision of a form of 8 bits, see `eight_bits`
LIBRARIES = {EXACT: "torch", OPENVINO: "openvino", GPU: "torch"}  # whose numbers they are


class Pooling(StrEnum):
    """What becomes of the last map, (D, H, W) per photo."""

    AVG = "avg"  # the mean over the pixels, which is what the head sees: (D,)
    MAX = "max"  # the largest value of each channel: (D,)
    NONE = "none"  # the map as it is: (D, H, W)


@dataclass(frozen=True, slots=True)
class BackendForm:
    """What tells a model's backends apart; as the attributes of `Backend`."""

    name: str
    precision: str
    device: DeviceInfo
    made: str = ""


class Backend(Protocol):
    """A network that is ready to answer.

    Attributes:
        name: EXACT, OPENVINO or GPU.
        precision: "fp32", "bf16", "fp16" or INT8.
        device: what computes.
        made: which one of several in this precision it is; "" where there is only one.
        threads: how many threads gain by calling at the same time. With 1 only one may call.
    """

    name: str
    precision: str
    device: DeviceInfo
    threads: int
    made: str = ""

    def infer(self, crops: Crops) -> Rows:
        """crops: (N, crop, crop, 3) uint8, RGB, N of 1 or more -> logits: (N, classes) float32.

        Raises:
            RuntimeError, NotImplementedError: the device fails.
        """

    def infer_both(self, crops: Crops) -> tuple[Rows, Rows | None]:
        """As `infer`, and what the head saw, (N, D) float32, in one pass and in the precision of
        the answers; None where the network has no linear head, or a backend does not say it.

        Raises:
            RuntimeError, NotImplementedError: the device fails.
        """
        return self.infer(crops), None

    def features(self, crops: Crops, pooling: Pooling = Pooling.AVG) -> Rows:
        """The head's input: (N, D) float32, or (N, D, h, w) without pooling. Otherwise as `infer`.
        Only the exact backend knows other poolings than AVG.

        Raises:
            ModelError: the network has no linear head, or no map of which they are the mean.
        """

    def for_many(self) -> Backend:
        """The same for a whole folder: as many photos a second as can be, each a little later.
        Itself, where that is no other."""


def softmax(logits: Rows) -> Rows:
    """Probabilities: (N, classes) float32, each row sums to 1."""
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    result: Rows = shifted / shifted.sum(axis=1, keepdims=True)
    return result
