"""Networks without weights, on torch's meta device, built without the detour over initial values.
Needs torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from resnet_gui.core.nets.build import build_network

_FILLS = {Tensor.normal_, Tensor.uniform_, Tensor.fill_, Tensor.zero_}


class _NoFill(TorchFunctionMode):
    """Tensors without memory need no values. On the meta device `normal_` runs in Python and
    imports torch._dynamo: a second, and stalls of the other threads."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        if func in _FILLS:
            return args[0]
        return func(*args, **(kwargs or {}))


def build_meta(architecture: str, classes: int, options: Mapping[str, Any]) -> nn.Module:
    """As `build_network`, with tensors that have shapes only.

    Raises:
        ModelError: as `build_network`.
    """
    with torch.device("meta"), _NoFill():
        return build_network(architecture, classes, options)
