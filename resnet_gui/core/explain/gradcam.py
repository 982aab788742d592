"""Grad-CAM: where the last map of a network speaks for a class. Needs torch.

Selvaraju et al., Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization,
2017 (arXiv:1610.02391), equations 1 and 2: each channel of the last map counts as much as the mean
of the class's gradient over it; what then speaks against the class is left out.

Captum's LayerGradCam gives the same numbers (0.9.0, all families: to 3e-6 of the largest). It is
not used because of what it takes along: matplotlib and eight more packages, 84 MB, and their import
(pyplot and the search for fonts, too), 0.4 to 0.9 s longer until the first heat map. Its Occlusion,
besides, is one call that can neither be stopped between two passes nor say how far it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from resnet_gui.core.errors import ModelError
from resnet_gui.core.nets.build import head_name

_POOLS = (nn.AdaptiveAvgPool2d, nn.AvgPool2d)


def grad_cam(
    network: nn.Module, stage: str, x: Tensor, index: int
) -> tuple[npt.NDArray[np.float32], float]:
    """Where a class comes from, and how likely it is.

    The gradient is only taken from the class back to the last map: the passes before it keep
    nothing, and the network's parameters need no gradients.

    Args:
        network: in evaluation mode.
        stage: name of the module that gives the last map; "": it is looked for.
        x: (1, 3, H, W) float32, normalised, on the network's device.
        index: of the class.

    Returns:
        (h, w) float32, 0 and more, not scaled; the class's probability.

    Raises:
        ModelError: the network has no such map.
    """
    stage = stage or find_last_stage(network, x)
    try:
        module = network.get_submodule(stage)
    except AttributeError as error:
        raise _no_map() from error
    maps: list[Tensor] = []
    with torch.enable_grad(), _replacing(module, maps):
        logits = network(x)
        if not maps:
            raise _no_map()
        (gradient,) = torch.autograd.grad(logits[0, index], maps[-1], allow_unused=True)
    if gradient is None:
        raise _no_map()
    weights = gradient[0].mean((1, 2))
    heat = torch.einsum("d,dhw->hw", weights, maps[-1].detach()[0]).relu()
    probability = float(logits.detach()[0].softmax(0)[index])
    result: npt.NDArray[np.float32] = heat.float().cpu().numpy()
    return result, probability


def find_last_stage(network: nn.Module, x: Tensor) -> str:
    """Name of the module that gives the last (N, D, h, w) before the head and was not pooled: for
    networks whose registration does not say it.

    Raises:
        ModelError: there is none.
    """
    found: list[str] = []
    head_runs: list[bool] = []
    handles = [
        network.get_submodule(head_name(network)).register_forward_pre_hook(
            lambda module, args: head_runs.append(True)
        )
    ]

    def noting(name: str) -> Any:
        def note(module: nn.Module, args: tuple[Any, ...], output: object) -> None:
            if not head_runs and isinstance(output, Tensor) and output.ndim == 4:
                found.append(name)

        return note

    for name, module in network.named_modules():
        if name and not isinstance(module, _POOLS):
            handles.append(module.register_forward_hook(noting(name)))
    try:
        with torch.inference_mode():
            network(x)
    finally:
        for handle in handles:
            handle.remove()
    if not found:
        raise _no_map()
    return found[-1]


@contextmanager
def _replacing(module: nn.Module, maps: list[Tensor]) -> Iterator[None]:
    """Inside, the module's outputs are noted, and gradients begin at them."""

    def replace(module: nn.Module, args: tuple[Any, ...], output: object) -> object:
        if not isinstance(output, Tensor) or output.ndim != 4:
            return output
        maps.append(output.detach().requires_grad_())
        return maps[-1].clone()  # what follows may write into it (ReLU in place)

    handle = module.register_forward_hook(replace)
    try:
        yield
    finally:
        handle.remove()


def _no_map() -> ModelError:
    return ModelError(
        "This network keeps no places of a photo, so Grad-CAM cannot say where it looked.",
        "Use occlusion.",
    )
