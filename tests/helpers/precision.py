"""How far OpenVINO's answers, and torch's own in bfloat16, are from exact ones."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from resnet_gui.core.inference.backend import Crops, Rows, softmax
from resnet_gui.core.inference.check import MARGIN
from resnet_gui.core.inference.convert import computes_in_bf16, write_model
from resnet_gui.core.inference.converted import conversions_dir
from resnet_gui.core.inference.exact import ExactBackend
from resnet_gui.core.inference.openvino_backend import OpenVinoBackend
from resnet_gui.core.inference.tensors import normalise
from resnet_gui.core.preprocessing import Preprocessing
from resnet_gui.core.system.processor import cpu
from resnet_gui.core.zoo import ModelSpec

SIDE = 96  # pixels of random networks; the sums are those of 224, only fewer
_NOISE = 1e-4


@dataclass(frozen=True, slots=True)
class Measured:
    """Largest differences of a logit, as a share of the largest |logit|.

    Attributes:
        enlarged: how many times larger noise of 1e-4 comes out than it went in, both in relation to
            what differs between photos. Trained networks have 1 to 3.
        exact, fp32_true: of exact (torch, float32) and of OpenVINO in float32, to torch in float64.
        fp32, bf16: of OpenVINO to exact; bf16 is 0 where the processor has none.
        own_bf16: of torch's own bfloat16 to exact.
        sure, same: photos of which exact is sure by more than `MARGIN`, and how many of those
            bfloat16 answers alike.
    """

    photos: int
    enlarged: float
    exact: float
    fp32_true: float
    fp32: float
    bf16: float
    own_bf16: float
    sure: int
    same: int


def preprocessing_for(spec: ModelSpec) -> Preprocessing:
    """The spec's own, at SIDE pixels at most."""
    crop = min(SIDE, spec.preprocessing.crop)
    return Preprocessing(crop, crop, spec.preprocessing.mean, spec.preprocessing.std)


def measure(network: nn.Module, preprocessing: Preprocessing, crops: Crops) -> Measured:
    """Everything of one network, which is float64 afterwards."""
    conversions_dir().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=conversions_dir()) as folder:
        write_model(network, preprocessing, Path(folder))
        whole = OpenVinoBackend(Path(folder), "fp32").infer(crops)
        half = OpenVinoBackend(Path(folder), "bf16").infer(crops) if computes_in_bf16() else None
    exact = ExactBackend(network, preprocessing, cpu()).infer(crops)
    half = exact if half is None else half
    x = normalise(torch.from_numpy(crops).permute(0, 3, 1, 2), preprocessing)
    with torch.inference_mode():
        with torch.autocast("cpu", torch.bfloat16):
            own = network(x).float().numpy()
        network.double()
        true = network(x.double())
        noise = torch.randn(x.shape, generator=torch.Generator().manual_seed(0)) * x.std()
        moved = network(x.double() + _NOISE * noise.double())
    probabilities = softmax(exact)
    ordered = np.sort(probabilities, axis=1)
    sure = ordered[:, -1] - ordered[:, -2] > MARGIN
    same = exact.argmax(axis=1) == half.argmax(axis=1)
    return Measured(
        len(crops),
        _relative(true, moved) / _NOISE,
        share(true.numpy(), exact),
        share(true.numpy(), whole),
        share(exact, whole),
        share(exact, half),
        share(exact, own),
        int(sure.sum()),
        int((same & sure).sum()),
    )


def share(expected: Rows, found: Rows) -> float:
    """The largest difference as a share of the largest |logit|."""
    return float(np.abs(found - expected).max() / np.abs(expected).max())


def _relative(expected: Tensor, found: Tensor) -> float:
    return float((found - expected).norm() / (expected - expected.mean(0)).norm())
