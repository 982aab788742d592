"""The building blocks: one residual function F, and what is done with it. Needs torch.

Every block holds F as its child `residual`, so that ‖F(x)‖/‖x‖ can be measured from outside
(`core/lab/layer_statistics.py`) whatever the kind of block.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

# A gate that starts almost closed lets x pass at first; Srivastava et al. 2015, section 2.2, advise
# a negative bias, "e.g. -1, -3". (He et al. 2016, section 3.1, searched from 0 to -10 and took -6.)
_GATE_BIAS = -3.0


class PaddedShortcut(nn.Module):
    """Option A of He et al. 2015, section 4.2: every other pixel, new channels are zeros. It has no
    parameters.

    x: (N, in, H, W) -> (N, out, ceil(H/stride), ceil(W/stride)).
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__()
        self.stride = stride
        self.new_channels = out_channels - in_channels

    def forward(self, x: Tensor) -> Tensor:
        if self.stride > 1:
            x = x[:, :, :: self.stride, :: self.stride]
        return functional.pad(x, (0, 0, 0, 0, 0, self.new_channels))

    def extra_repr(self) -> str:
        return f"stride={self.stride}, new_channels={self.new_channels}"


class ProjectionShortcut(nn.Sequential):
    """Option B of He et al. 2015, section 3.3: a 1x1 convolution with BatchNorm, where the shape
    changes.

    x: (N, in, H, W) -> (N, out, ceil(H/stride), ceil(W/stride)).
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__(
            OrderedDict(
                conv=nn.Conv2d(in_channels, out_channels, 1, stride, bias=False),
                norm=nn.BatchNorm2d(out_channels),
            )
        )


SHORTCUTS: dict[str, Callable[[int, int, int], nn.Module]] = {
    "A": PaddedShortcut,
    "B": ProjectionShortcut,
}


def make_shortcut(option: str, in_channels: int, out_channels: int, stride: int) -> nn.Module:
    """Identity where the shape stays; else option "A" or "B" (He et al. 2015, section 3.3).

    Returns:
        x: (N, in, H, W) -> (N, out, ceil(H/stride), ceil(W/stride)).

    Raises:
        KeyError: no such option.
    """
    kind = SHORTCUTS[option]
    if stride == 1 and in_channels == out_channels:
        return nn.Identity()
    return kind(in_channels, out_channels, stride)


def basic_function(in_channels: int, out_channels: int, stride: int) -> nn.Sequential:
    """F of two 3x3 layers (He et al. 2015, figure 5 left): conv, norm, ReLU, conv, norm.

    x: (N, in, H, W) -> (N, out, ceil(H/stride), ceil(W/stride)).
    """
    return nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(in_channels, out_channels, 3, stride, 1, bias=False),
            norm1=nn.BatchNorm2d(out_channels),
            relu1=nn.ReLU(inplace=True),
            conv2=nn.Conv2d(out_channels, out_channels, 3, 1, 1, bias=False),
            norm2=nn.BatchNorm2d(out_channels),
        )
    )


class ResidualBlock(nn.Module):
    """y = relu(F(x) + shortcut(x)), He et al. 2015, equations 1 and 2.

    x: (N, in, H, W) -> (N, out, ceil(H/stride), ceil(W/stride)).
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int, option: str) -> None:
        super().__init__()
        self.residual = basic_function(in_channels, out_channels, stride)
        self.shortcut = make_shortcut(option, in_channels, out_channels, stride)

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(self.residual(x) + self.shortcut(x), inplace=True)


class PlainBlock(nn.Module):
    """The same layers without the shortcut: y = relu(F(x)).

    x: (N, in, H, W) -> (N, out, ceil(H/stride), ceil(W/stride)).

    Args:
        option: not used, as there is no shortcut; the blocks of a family are made alike.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int, option: str) -> None:
        super().__init__()
        self.residual = basic_function(in_channels, out_channels, stride)

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(self.residual(x), inplace=True)


class HighwayBlock(nn.Module):
    """y = relu(T·F(x) + (1 − T)·shortcut(x)) with a learned gate T = sigmoid(1x1 conv of x).

    Srivastava et al. 2015 (arXiv:1505.00387), equation 3, in the convolutional form of He et al.
    2016, section 3.1, "exclusive gating". The networks take option A, so that the gates are all
    that is added to the residual twin.

    x: (N, in, H, W) -> (N, out, ceil(H/stride), ceil(W/stride)).
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int, option: str) -> None:
        super().__init__()
        self.residual = basic_function(in_channels, out_channels, stride)
        self.gate = nn.Conv2d(in_channels, out_channels, 1, stride)
        self.shortcut = make_shortcut(option, in_channels, out_channels, stride)
        self.close_gate()

    def close_gate(self) -> None:
        """The gate's bias as it is at the beginning."""
        nn.init.constant_(self.gate.bias, _GATE_BIAS)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        gate = torch.sigmoid(self.gate(x))
        carried = self.shortcut(x)
        return functional.relu(carried + gate * (self.residual(x) - carried))


class PreActivationBottleneck(nn.Module):
    """y = F(x) + shortcut(x) with norm and ReLU before each convolution: nothing stands on the path
    from block to block (He et al. 2016, arXiv:1603.05027, figure 4e, bottleneck form).

    Where the shape changes, the shortcut is a 1x1 convolution of the pre-activated input, and the
    stride is the first convolution's, both as in the authors' code (KaimingHe/resnet-1k-layers).

    x: (N, in, H, W) -> (N, 4·width, ceil(H/stride), ceil(W/stride)).
    """

    expansion = 4

    def __init__(self, in_channels: int, width: int, stride: int) -> None:
        super().__init__()
        out_channels = width * self.expansion
        self.preactivation = nn.Sequential(
            OrderedDict(norm=nn.BatchNorm2d(in_channels), relu=nn.ReLU(inplace=True))
        )
        self.residual = nn.Sequential(
            OrderedDict(
                conv1=nn.Conv2d(in_channels, width, 1, stride, bias=False),
                norm1=nn.BatchNorm2d(width),
                relu1=nn.ReLU(inplace=True),
                conv2=nn.Conv2d(width, width, 3, 1, 1, bias=False),
                norm2=nn.BatchNorm2d(width),
                relu2=nn.ReLU(inplace=True),
                conv3=nn.Conv2d(width, out_channels, 1, bias=False),
            )
        )
        changes = stride > 1 or in_channels != out_channels
        self.projection = (
            nn.Conv2d(in_channels, out_channels, 1, stride, bias=False) if changes else None
        )

    def forward(self, x: Tensor) -> Tensor:
        active = self.preactivation(x)
        result: Tensor = self.residual(active)
        return result + (x if self.projection is None else self.projection(active))


def initialise(network: nn.Module, generator: torch.Generator | None = None) -> None:
    """He-normal weights for convolutions (He et al. 2015, arXiv:1502.01852, equation 14, by fan-out
    as in the authors' code); BatchNorm begins as the identity, as torch makes it.

    Args:
        generator: where the numbers come from; None: torch's global one.
    """
    for module in network.modules():
        # On the meta device there is nothing to draw, and to ask for it imports torch._refs: a
        # second before the first model file is open.
        if isinstance(module, nn.Conv2d) and not module.weight.is_meta:
            nn.init.kaiming_normal_(
                module.weight, mode="fan_out", nonlinearity="relu", generator=generator
            )
