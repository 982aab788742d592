"""Residual networks for images of 32x32 pixels, and their twins. Needs torch.

He et al., Deep Residual Learning for Image Recognition, 2015 (arXiv:1512.03385), section 4.2, and
He et al., Identity Mappings in Deep Residual Networks, 2016 (arXiv:1603.05027).
"""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import Tensor, nn
from torch.nn import functional

from resnet_gui.core.nets.blocks import (
    HighwayBlock,
    PlainBlock,
    PreActivationBottleneck,
    ResidualBlock,
    initialise,
)
from resnet_gui.core.nets.families.cifar import check_depth
from resnet_gui.core.nets.registration import Options

WIDTHS = (16, 32, 64)
SIDE = 32
_BLOCKS = {"residual": ResidualBlock, "plain": PlainBlock, "highway": HighwayBlock}


class PixelMean(nn.Module):
    """Subtracts the mean training image, pixel by pixel (section 4.2). It is part of the weights,
    so that a model file is complete. x: (N, 3, H, W) -> the same."""

    mean: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(3, SIDE, SIDE))

    def forward(self, x: Tensor) -> Tensor:
        mean = self.mean
        if mean.shape[1:] != x.shape[2:]:
            mean = functional.interpolate(mean[None], size=x.shape[2:], mode="bilinear")[0]
        return x - mean


class CifarResNet(nn.Module):
    """6n+2 layers: one 3x3 convolution, three stages of n blocks of two 3x3 convolutions (16, 32,
    64 channels on 32x32, 16x16, 8x8 pixels), mean over the pixels, one linear layer.

    Args:
        depth: 6n+2 (20, 32, 44, 56, 110, 1202).
        classes: number of outputs.
        kind: "residual", "plain" (no shortcuts) or "highway" (gated shortcuts).
        shortcut: where the shape changes, "A" (zero-padded, no parameters: the paper's choice for
            CIFAR-10) or "B" (1x1 projection).
        pixel_mean: whether it begins with `PixelMean`.
            CIFAR-10) or "B" (1x1 projection); "B" only with kind "residual".

    Shapes:
        x: (N, 3, H, W) float32, normalised; H = W = 32 in the paper -> logits: (N, classes).

    Raises:
        DepthError: no such depth.
        KeyError, ValueError: no such kind, or no such shortcut for it.
    """

    stage1: nn.Module
    stage2: nn.Module
    stage3: nn.Module

    def __init__(
        self,
        depth: int,
        classes: int = 10,
        kind: str = "residual",
        shortcut: str = "A",
        pixel_mean: bool = False,
    ) -> None:
        super().__init__()
        blocks = check_depth("cifar_resnet", depth)
        block = _BLOCKS[kind]
        if kind != "residual" and shortcut != "A":
            raise ValueError(f"{kind} networks have no shortcuts of option {shortcut!r}")
        self.pixel_mean = PixelMean() if pixel_mean else nn.Identity()
        self.stem = nn.Sequential(
            OrderedDict(
                conv=nn.Conv2d(3, WIDTHS[0], 3, 1, 1, bias=False),
                norm=nn.BatchNorm2d(WIDTHS[0]),
                relu=nn.ReLU(inplace=True),
            )
        )
        channels = WIDTHS[0]
        for number, width in enumerate(WIDTHS):
            stage = nn.Sequential()
            for position in range(blocks):
                stride = 2 if number and not position else 1
                stage.append(block(channels, width, stride, shortcut))
                channels = width
            self.add_module(f"stage{number + 1}", stage)
        self.head = nn.Linear(channels, classes)
        initialise(self)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(self.pixel_mean(x))
        x = self.stage3(self.stage2(self.stage1(x)))
        logits: Tensor = self.head(x.mean((2, 3)))
        return logits


class CifarPreActivationResNet(nn.Module):
    """9n+2 layers: one 3x3 convolution, three stages of n pre-activated bottlenecks (64, 128, 256
    channels out), norm and ReLU, mean over the pixels, one linear layer. "ResNet v2".

    Args:
        depth: 9n+2; the paper's are 164 and 1001. (Its own ResNet-110 has blocks of two 3x3
            convolutions, and so more parameters than 110 layers of bottlenecks.)
        classes: number of outputs.
        pixel_mean: whether it begins with `PixelMean`.

    Shapes:
        x: (N, 3, H, W) float32, normalised; H = W = 32 in the paper -> logits: (N, classes).

    Raises:
        DepthError: no such depth.
    """

    stage1: nn.Module
    stage2: nn.Module
    stage3: nn.Module

    def __init__(self, depth: int, classes: int = 10, pixel_mean: bool = False) -> None:
        super().__init__()
        blocks = check_depth("cifar_preresnet", depth)
        self.pixel_mean = PixelMean() if pixel_mean else nn.Identity()
        self.stem = nn.Conv2d(3, WIDTHS[0], 3, 1, 1, bias=False)
        channels = WIDTHS[0]
        for number, width in enumerate(WIDTHS):
            stage = nn.Sequential()
            for position in range(blocks):
                stride = 2 if number and not position else 1
                stage.append(PreActivationBottleneck(channels, width, stride))
                channels = width * PreActivationBottleneck.expansion
            self.add_module(f"stage{number + 1}", stage)
        self.norm = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU(inplace=True)
        self.head = nn.Linear(channels, classes)
        initialise(self)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(self.pixel_mean(x))
        x = self.stage3(self.stage2(self.stage1(x)))
        logits: Tensor = self.head(self.relu(self.norm(x)).mean((2, 3)))
        return logits


def build(name: str, classes: int, options: Options) -> nn.Module:
    """See `Architecture.builder`."""
    network = CifarResNet if name == "cifar_resnet" else CifarPreActivationResNet
    return network(classes=classes, **options)
