"""Gradient norms by layer and ‖F(x)‖/‖x‖ by block, on one batch. Needs torch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from resnet_gui.core.nets.registry import block_kind
from resnet_gui.core.runs.events import LayerStatistics

_TINY = 1e-12


def measure_layers(network: nn.Module, x: Tensor, y: Tensor, epoch: int = 0) -> LayerStatistics:
    """One forward and backward pass in training mode, which leaves the network as it was, even if
    it fails: weights, gradients, BatchNorm's running statistics and modes. (Dropout draws from the
    global generator.)

    Args:
        network: (N, 3, H, W) -> logits (N, classes).
        x: (N, 3, H, W) float32, normalised; at least two images. y: (N,) int64. Both are on the
            network's device.
        epoch: for the record.

    Returns:
        layers and blocks in the order of the forward pass (see LayerStatistics). A block is
        missing if its kind is unknown, a layer if the loss does not depend on it.
    """
    parameters = list(network.parameters())
    gradients = [(p.grad, p.requires_grad) for p in parameters]
    buffers = [(buffer, buffer.clone()) for buffer in network.buffers()]
    modes = [(module, module.training) for module in network.modules()]
    weights: dict[str, Tensor] = {}
    input_norms: dict[str, Tensor] = {}
    ratios: dict[str, float] = {}

    def note_layer(name: str) -> Callable[..., None]:
        def hook(module: nn.Conv2d | nn.Linear, args: tuple[Any, ...]) -> None:
            weights.setdefault(name, module.weight)

        return hook

    def note_input(name: str) -> Callable[..., None]:
        def hook(module: nn.Module, args: tuple[Any, ...]) -> None:
            # Now: ReLU in place may change the input later.
            input_norms[name] = _norm_per_image(args[0])

        return hook

    def compare(name: str) -> Callable[..., None]:
        def hook(module: nn.Module, args: tuple[Any, ...], output: Tensor) -> None:
            ratio = _norm_per_image(output) / input_norms[name].clamp_min(_TINY)
            ratios[name] = float(ratio.mean())

        return hook

    handles = []
    try:
        for name, module in network.named_modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                handles.append(module.register_forward_pre_hook(note_layer(name)))
        for name, (block, function) in residual_functions(network).items():
            handles.append(block.register_forward_pre_hook(note_input(name)))
            handles.append(function.register_forward_hook(compare(name)))
        network.train()
        for parameter in parameters:
            parameter.grad = None
            parameter.requires_grad_(True)
        with torch.enable_grad():
            loss = functional.cross_entropy(network(x).float(), y)
        loss.backward()  # type: ignore[no-untyped-call]
        norms = {
            name: float(weight.grad.float().norm())
            for name, weight in weights.items()
            if weight.grad is not None
        }
    finally:
        for handle in handles:
            handle.remove()
        for parameter, (gradient, wanted) in zip(parameters, gradients, strict=True):
            parameter.requires_grad_(wanted)
            parameter.grad = gradient
        with torch.no_grad():
            for buffer, before in buffers:
                buffer.copy_(before)
        for module, training in modes:
            module.training = training
    return LayerStatistics(epoch, norms, ratios)


def _norm_per_image(x: Tensor) -> Tensor:
    """(N, ...) -> (N,) float32."""
    norms: Tensor = torch.linalg.vector_norm(x.detach().float().flatten(1), dim=1)
    return norms


def residual_functions(network: nn.Module) -> dict[str, tuple[nn.Module, nn.Module]]:
    """Block name -> the block (its input is x) and the module whose output is F(x).

    The registrations of architectures say which child ends F: our own blocks hold it as
    `residual`; of torchvision's, F ends with the last BatchNorm.
    """
    found: dict[str, tuple[nn.Module, nn.Module]] = {}
    for name, module in network.named_modules():
        kind = block_kind(type(module).__name__)
        for child in kind.residual if kind is not None else ():
            function = getattr(module, child, None)
            if isinstance(function, nn.Module):
                found[name] = (module, function)
                break
    return found
