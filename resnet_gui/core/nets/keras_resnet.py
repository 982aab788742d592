"""ResNet-50, -101 and -152 as Keras has them, original and pre-activated. Needs torch.

He et al., Deep Residual Learning for Image Recognition, 2015 (arXiv:1512.03385), table 1, and
He et al., Identity Mappings in Deep Residual Networks, 2016 (arXiv:1603.05027), figure 4e.

They differ from torchvision's networks in what decides whether Keras's weights fit: where the
stride is, which convolutions have a bias, how the edge is padded, and BatchNorm's epsilon. Its
momentum is torch's (it has no part in an answer): Keras's 0.99 needs more steps than a short run
has.
"""

from __future__ import annotations

from collections import OrderedDict

from torch import Tensor, nn
from torch.nn import functional

from resnet_gui.core.errors import ModelError
from resnet_gui.core.nets.blocks import initialise
from resnet_gui.core.nets.families.keras import SHAPES
from resnet_gui.core.nets.registration import Options

STAGES = {50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}
WIDTHS = (64, 128, 256, 512)
EXPANSION = 4
SMALLEST = 32  # pixels; the last stage's map is then a single one
_EPSILON = 1.001e-5


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=_EPSILON)


class OriginalBottleneck(nn.Module):
    """y = relu(F(x) + shortcut(x)), He et al. 2015, figure 5 right, with the stride in the first
    1x1 convolution (torchvision has it in the 3x3 one) and a bias in every convolution.

    x: (N, in, H, W) -> (N, 4·width, ceil(H/stride), ceil(W/stride)).
    """

    def __init__(self, in_channels: int, width: int, stride: int, projects: bool) -> None:
        super().__init__()
        out_channels = width * EXPANSION
        self.residual = nn.Sequential(
            OrderedDict(
                conv1=nn.Conv2d(in_channels, width, 1, stride),
                norm1=_norm(width),
                relu1=nn.ReLU(inplace=True),
                conv2=nn.Conv2d(width, width, 3, 1, 1),
                norm2=_norm(width),
                relu2=nn.ReLU(inplace=True),
                conv3=nn.Conv2d(width, out_channels, 1),
                norm3=_norm(out_channels),
            )
        )
        self.shortcut: nn.Module = nn.Identity()
        if projects:
            self.shortcut = nn.Sequential(
                OrderedDict(
                    conv=nn.Conv2d(in_channels, out_channels, 1, stride), norm=_norm(out_channels)
                )
            )

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(self.residual(x) + self.shortcut(x), inplace=True)


class PreActivatedBottleneck(nn.Module):
    """y = F(x) + shortcut(x) with norm and ReLU before each convolution, He et al. 2016, figure 4e.

    A stage's first block widens: its shortcut is a 1x1 convolution of the pre-activated input. The
    last block has the stride, so its shortcut has nothing to learn: it takes every other pixel of
    x (max pooling over windows of one). Only the projection and F's last convolution have a bias.

    x: (N, in, H, W) -> (N, 4·width, ceil(H/stride), ceil(W/stride)).
    """

    def __init__(self, in_channels: int, width: int, stride: int, projects: bool) -> None:
        super().__init__()
        out_channels = width * EXPANSION
        self.preactivation = nn.Sequential(
            OrderedDict(norm=_norm(in_channels), relu=nn.ReLU(inplace=True))
        )
        self.residual = nn.Sequential(
            OrderedDict(
                conv1=nn.Conv2d(in_channels, width, 1, bias=False),
                norm1=_norm(width),
                relu1=nn.ReLU(inplace=True),
                conv2=nn.Conv2d(width, width, 3, stride, 1, bias=False),
                norm2=_norm(width),
                relu2=nn.ReLU(inplace=True),
                conv3=nn.Conv2d(width, out_channels, 1),
            )
        )
        self.projection = nn.Conv2d(in_channels, out_channels, 1) if projects else None
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        active = self.preactivation(x)
        carried: Tensor = x[:, :, :: self.stride, :: self.stride]
        if self.projection is not None:
            carried = self.projection(active)
        result: Tensor = self.residual(active)
        return result + carried


class KerasResNet(nn.Module):
    """A 7x7 convolution with bias and max pooling, four stages of bottlenecks (256, 512, 1024 and
    2048 channels), mean over the pixels, one linear layer.

    Args:
        depth: 50, 101 or 152.
        version: 1 (He et al. 2015: halves the map at the start of stages 2 to 4) or 2 (He et al.
            2016: at the end of stages 1 to 3; norm and ReLU come after the last stage).
        classes: number of outputs.

    Shapes:
        x: (N, 3, H, W) float32, normalised, H and W at least 32; 224 in the papers, where the
        stages' maps are 56, 28, 14, 7 (version 2: 28, 14, 7, 7) -> logits: (N, classes).

    Raises:
        ModelError: from a call with smaller images.
    """

    stage1: nn.Module
    stage2: nn.Module
    stage3: nn.Module
    stage4: nn.Module

    def __init__(self, depth: int, version: int, classes: int = 1000) -> None:
        super().__init__()
        self.depth, self.version = depth, version
        layers: OrderedDict[str, nn.Module] = OrderedDict(conv=nn.Conv2d(3, WIDTHS[0], 7, 2, 3))
        if version == 1:
            layers["norm"] = _norm(WIDTHS[0])
            layers["relu"] = nn.ReLU(inplace=True)
        # Zeros at the edge, not minus infinity: without a ReLU before it that is another maximum.
        layers["pad"] = nn.ZeroPad2d(1)
        layers["pool"] = nn.MaxPool2d(3, 2)
        self.stem = nn.Sequential(layers)
        block = OriginalBottleneck if version == 1 else PreActivatedBottleneck
        channels = WIDTHS[0]
        for number, (width, blocks) in enumerate(zip(WIDTHS, STAGES[depth], strict=True)):
            stage = nn.Sequential()
            for position in range(blocks):
                if version == 1:
                    halves = number > 0 and position == 0
                else:
                    halves = number < 3 and position == blocks - 1
                stage.append(block(channels, width, 2 if halves else 1, position == 0))
                channels = width * EXPANSION
            self.add_module(f"stage{number + 1}", stage)
        self.norm: nn.Module = nn.Identity()
        if version == 2:
            self.norm = nn.Sequential(OrderedDict(norm=_norm(channels), relu=nn.ReLU(inplace=True)))
        self.head = nn.Linear(channels, classes)
        initialise(self)

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        if height < SMALLEST or width < SMALLEST:
            raise ModelError(
                f"This network needs images of at least {SMALLEST} × {SMALLEST} pixels and got "
                f"{width} × {height}.",
                "Choose a larger input size.",
            )
        x = self.stem(x)
        x = self.stage4(self.stage3(self.stage2(self.stage1(x))))
        logits: Tensor = self.head(self.norm(x).mean((2, 3)))
        return logits


def build(name: str, classes: int, options: Options) -> KerasResNet:
    """See `Architecture.builder`."""
    shape = SHAPES[name]
    return KerasResNet(shape.depth, shape.version, classes, **options)
