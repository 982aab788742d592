"""The reference: torch, float32, one operator after the other. Needs torch."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from resnet_gui.core.events import DeviceInfo
from resnet_gui.core.inference.backend import EXACT, Backend, Crops, Pooling, Rows
from resnet_gui.core.inference.hardware import Forward
from resnet_gui.core.inference.network_features import Features, WithFeatures
from resnet_gui.core.inference.tensors import normalised_input
from resnet_gui.core.preprocessing import Preprocessing
from resnet_gui.core.zoo.spec import ModelEntry
from resnet_gui.core.zoo.weights.load import load_network

_LARGEST = 1 << 20  # photos at once; what does not fit into memory is found out


def open_exact(
    entry: ModelEntry, device: DeviceInfo, *, channels_last: bool = False
) -> ExactBackend:
    """The entry's network on a device.

    Args:
        channels_last: for batches, see `ExactBackend`.

    Raises:
        ModelError: its file is damaged or does not fit.
        RuntimeError: the device cannot take the network.
    """
    return ExactBackend(
        load_network(entry), entry.spec.preprocessing, device, channels_last=channels_last
    )


class ExactBackend(Backend):
    """A torch network on a device. Where memory runs out, batches are halved, and stay halved.

    Attributes:
        network: in evaluation mode, on the device. threads: 1, as torch spreads one call over the
            cores.

    Args of the constructor:
        network: on the CPU; it is moved.
        channels_last: the same sums in another order of memory: up to four times faster with
            batches, slower with single photos.

    Raises:
        RuntimeError: the device cannot take the network.
    """

    def __init__(
        self,
        network: nn.Module,
        preprocessing: Preprocessing,
        device: DeviceInfo,
        *,
        channels_last: bool = False,
    ) -> None:
        self.name, self.precision, self.threads = EXACT, "fp32", 1
        self.device = device
        self._layout = torch.channels_last if channels_last else torch.contiguous_format
        self.network = network.to(device.kind)
        if channels_last:
            self.network.to(memory_format=torch.channels_last)
        self._both = WithFeatures(self.network)
        self._preprocessing = preprocessing
        self._forward = Forward(device.kind, "fp32", _LARGEST)

    def infer(self, crops: Crops) -> Rows:
        return self._rows(self.network, crops)

    def infer_both(self, crops: Crops) -> tuple[Rows, Rows | None]:
        rows = self._rows(self._both, crops)
        width = self._both.classes
        return rows[:, :width], rows[:, width:] if rows.shape[1] > width else None

    def features(self, crops: Crops, pooling: Pooling = Pooling.AVG) -> Rows:
        return self._rows(Features(self.network, pooling), crops)

    def for_many(self) -> ExactBackend:
        return self

    def _rows(self, module: nn.Module, crops: Crops) -> Rows:
        def prepare(start: int, stop: int) -> Tensor:
            x = normalised_input(crops[start:stop], self._preprocessing, self.device.kind)
            return x.contiguous(memory_format=self._layout)

        rows: Rows = self._forward(module, prepare, len(crops)).numpy()
        return rows
