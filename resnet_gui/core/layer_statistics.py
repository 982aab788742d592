"""Gradient norms by layer and ‖F(x)‖/‖x‖ by block, on one batch. Needs torch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from resnet_gui.core.histories import LayerStatistics

_TINY = 1e-12


def measure_layers(network: nn.Module, x: Tensor, y: Tensor, epoch: int = 0) -> LayerStatistics:
    """One forward and backward pass in training mode, which leaves the network as it was:
    weights, gradients, BatchNorm's running statistics and modes.

    Args:
        network: (N, 3, H, W) -> logits (N, classes).
        x: (N, 3, H, W) float32, normalised; at least two images. y: (N,) int64.
        epoch: for the record.
    """
    blocks = residual_functions(network)
    ratios: dict[str, float] = {}
    inputs: dict[str, Tensor] = {}
    handles = []

    def keep_input(name: str) -> Callable[..., None]:
        def hook(module: nn.Module, args: tuple[Any, ...]) -> None:
            # A copy: ReLU in place may change it later.
            inputs[name] = args[0].detach().clone()

        return hook

    def compare(name: str) -> Callable[..., None]:
        def hook(module: nn.Module, args: tuple[Any, ...], output: Tensor) -> None:
            below = inputs.pop(name).float().flatten(1).norm(dim=1)
            above = output.detach().float().flatten(1).norm(dim=1)
            ratios[name] = float((above / below.clamp_min(_TINY)).mean())

        return hook

    for name, (block, function) in blocks.items():
        handles.append(block.register_forward_pre_hook(keep_input(name)))
        handles.append(function.register_forward_hook(compare(name)))
    parameters = list(network.parameters())
    gradients = [(p.grad, p.requires_grad) for p in parameters]
    buffers = [(buffer, buffer.clone()) for buffer in network.buffers()]
    modes = [(module, module.training) for module in network.modules()]
    layers = [
        (name, module)
        for name, module in network.named_modules()
        if isinstance(module, nn.Conv2d | nn.Linear)
    ]
    try:
        network.train()
        for parameter in parameters:
            parameter.grad = None
            parameter.requires_grad_(True)
        with torch.enable_grad():
            loss = functional.cross_entropy(network(x).float(), y)
        loss.backward()  # type: ignore[no-untyped-call]
        norms = {
            name: float(module.weight.grad.float().norm())
            for name, module in layers
            if module.weight.grad is not None
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
    return LayerStatistics(epoch, norms, {name: ratios[name] for name in blocks if name in ratios})


def residual_functions(network: nn.Module) -> dict[str, tuple[nn.Module, nn.Module]]:
    """Block name -> the block (its input is x) and the module whose output is F(x).

    Our own blocks hold F as `residual`; of torchvision's, F ends with the last BatchNorm.
    """
    found: dict[str, tuple[nn.Module, nn.Module]] = {}
    for name, module in network.named_modules():
        function = getattr(module, "residual", None)
        if function is None and hasattr(module, "downsample") and hasattr(module, "bn2"):
            function = getattr(module, "bn3", module.bn2)
        if isinstance(function, nn.Module):
            found[name] = (module, function)
    return found
