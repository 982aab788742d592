"""What a torch network's head sees, and the map before it. Needs torch.

Whatever the architecture is: the head's input is noted while the network runs, and so is the last
map before it was pooled.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from resnet_gui.core.errors import ModelError
from resnet_gui.core.inference.backend import Pooling
from resnet_gui.core.nets.build import head_name

_POOLS = (nn.AdaptiveAvgPool2d, nn.AvgPool2d)


def features_of(network: nn.Module, x: Tensor, pooling: Pooling = Pooling.AVG) -> Tensor:
    """The features of one batch. The network is used as it stands, its mode too.

    Args:
        x: (N, 3, H, W) float32, normalised, on the network's device.

    Returns:
        (N, D), or (N, D, h, w) without pooling. With AVG, `head(features)` are the logits.

    Raises:
        ModelError: the network has no linear head, or what it sees is not the mean of a map.
    """
    tap = _Tap(network, with_map=pooling is not Pooling.AVG)
    with tap:
        network(x)
    seen, last = tap.seen, tap.map
    if seen is None or seen.ndim != 2:
        raise ModelError("This network's last layer does not see one row of features per photo.")
    if pooling is Pooling.AVG:
        return seen
    if last is None or not _is_mean(seen, last):
        raise ModelError(
            f"This network has no map of which the features are the mean, so “{pooling}” is not "
            "possible.",
            "Use the pooling “avg”.",
        )
    return last.amax((2, 3)) if pooling is Pooling.MAX else last


class Features(nn.Module):
    """x -> what the head of `network` sees of it, as `features_of`."""

    def __init__(self, network: nn.Module, pooling: Pooling) -> None:
        super().__init__()
        self.network, self._pooling = network, pooling

    def forward(self, x: Tensor) -> Tensor:
        return features_of(self.network, x, self._pooling)


class WithFeatures(nn.Module):
    """x -> (N, classes + D) float32: what a network says, then what its head saw of x; without a
    linear head what it says alone.

    Attributes:
        classes: how many numbers the first part has; 0 before the first x.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network, self.classes = network, 0
        try:
            head_name(network)
        except ModelError:
            self._headed = False
        else:
            self._headed = True

    def forward(self, x: Tensor) -> Tensor:
        """x: (N, 3, H, W) float32, normalised, on the network's device."""
        if not self._headed:
            logits: Tensor = self.network(x)
            self.classes = logits.shape[1]
            return logits
        with _Tap(self.network, with_map=False) as tap:
            logits = self.network(x)
        self.classes = logits.shape[1]
        if tap.seen is None or tap.seen.ndim != 2:
            return logits
        return torch.cat([logits.float(), tap.seen.float()], 1)


def _is_mean(seen: Tensor, last: Tensor) -> bool:
    mean = last.detach().float().mean((2, 3))
    if mean.shape != seen.shape:
        return False
    tolerance = 1e-3 * float(mean.abs().max())
    return bool(torch.allclose(mean, seen.detach().float(), rtol=1e-3, atol=tolerance))


class _Tap:
    """Notes what passes through a network, inside a `with`.

    Attributes:
        seen: the head's input. map: the last (N, D, H, W) before it that was not pooled.
    """

    def __init__(self, network: nn.Module, with_map: bool) -> None:
        self.network, self.with_map = network, with_map
        self.seen: Tensor | None = None
        self.map: Tensor | None = None
        self._handles: list[Any] = []

    def __enter__(self) -> _Tap:
        head = self.network.get_submodule(head_name(self.network))
        self._handles.append(head.register_forward_pre_hook(self._note_seen))
        if self.with_map:
            for module in self.network.modules():
                if not isinstance(module, _POOLS):
                    self._handles.append(module.register_forward_hook(self._note_map))
        return self

    def __exit__(self, *_: object) -> None:
        for handle in self._handles:
            handle.remove()

    def _note_seen(self, module: nn.Module, args: tuple[Any, ...]) -> None:
        self.seen = args[0]

    def _note_map(self, module: nn.Module, args: tuple[Any, ...], output: object) -> None:
        if self.seen is None and isinstance(output, Tensor) and output.ndim == 4:
            self.map = output
