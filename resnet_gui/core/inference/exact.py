"""The reference: torch, float32, one operator after the other. Needs torch."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from resnet_gui.core.events import DeviceInfo
from resnet_gui.core.inference.backend import EXACT, Backend, Crops, Pooling, Rows
from resnet_gui.core.inference.network_features import features_of
from resnet_gui.core.inference.tensors import normalise
from resnet_gui.core.preprocessing import Preprocessing
from resnet_gui.core.zoo.spec import ModelEntry
from resnet_gui.core.zoo.weights.load import load_network


def open_exact(entry: ModelEntry, device: DeviceInfo) -> ExactBackend:
    """The entry's network on a device.

    Raises:
        ModelError: its file is damaged or does not fit.
        RuntimeError: the device cannot take the network.
    """
    return ExactBackend(load_network(entry), entry.spec.preprocessing, device)


class ExactBackend(Backend):
    """A torch network on a device.

    Attributes:
        network: in evaluation mode, on the device. threads: 1, as torch spreads one call over the
            cores.

    Args of the constructor:
        network: on the CPU; it is moved.

    Raises:
        RuntimeError: the device cannot take the network.
    """

    def __init__(
        self, network: nn.Module, preprocessing: Preprocessing, device: DeviceInfo
    ) -> None:
        self.name, self.precision, self.threads = EXACT, "fp32", 1
        self.device = device
        self.network = network.to(device.kind)
        self._preprocessing = preprocessing

    def infer(self, crops: Crops) -> Rows:
        with torch.inference_mode():
            return self._rows(self.network(self.inputs(crops)))

    def features(self, crops: Crops, pooling: Pooling = Pooling.AVG) -> Rows:
        with torch.inference_mode():
            return self._rows(features_of(self.network, self.inputs(crops), pooling))

    def for_many(self) -> ExactBackend:
        return self

    def inputs(self, crops: Crops) -> Tensor:
        """x: (N, 3, crop, crop) float32, normalised, on the device."""
        # Contiguous before it moves: with the strides of the photo another kernel would answer.
        x = torch.from_numpy(crops).permute(0, 3, 1, 2).contiguous().to(self.device.kind)
        return normalise(x, self._preprocessing)

    @staticmethod
    def _rows(result: Tensor) -> Rows:
        rows: Rows = result.float().cpu().numpy()
        return rows
