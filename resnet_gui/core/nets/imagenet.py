"""The plain twins of ResNet-18 and ResNet-34. Needs torch.

He et al. 2015 (arXiv:1512.03385), section 3.3, figure 3.
"""

from __future__ import annotations

from collections import OrderedDict

from torch import Tensor, nn

from resnet_gui.core.nets.blocks import PlainBlock, initialise
from resnet_gui.core.nets.families.plain import PLAIN_STAGES
from resnet_gui.core.nets.registration import Options

WIDTHS = (64, 128, 256, 512)


class PlainNet(nn.Module):
    """ResNet-18 or -34 without shortcuts: a 7x7 convolution and max pooling, four stages of blocks
    of two 3x3 convolutions, mean over the pixels, one linear layer.

    Args:
        depth: 18 or 34.
        classes: number of outputs.

    Shapes:
        x: (N, 3, H, W) float32, normalised; H = W = 224 in the paper -> logits: (N, classes).

    Raises:
        KeyError: another depth.
    """

    stage1: nn.Module
    stage2: nn.Module
    stage3: nn.Module
    stage4: nn.Module

    def __init__(self, depth: int, classes: int = 1000) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            OrderedDict(
                conv=nn.Conv2d(3, WIDTHS[0], 7, 2, 3, bias=False),
                norm=nn.BatchNorm2d(WIDTHS[0]),
                relu=nn.ReLU(inplace=True),
                pool=nn.MaxPool2d(3, 2, 1),
            )
        )
        channels = WIDTHS[0]
        for number, (width, blocks) in enumerate(zip(WIDTHS, PLAIN_STAGES[depth], strict=True)):
            stage = nn.Sequential()
            for position in range(blocks):
                stride = 2 if number and not position else 1
                stage.append(PlainBlock(channels, width, stride, "A"))
                channels = width
            self.add_module(f"stage{number + 1}", stage)
        self.head = nn.Linear(channels, classes)
        initialise(self)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        x = self.stage4(self.stage3(self.stage2(self.stage1(x))))
        logits: Tensor = self.head(x.mean((2, 3)))
        return logits


def build(name: str, classes: int, options: Options) -> nn.Module:
    """See `Architecture.builder`."""
    return PlainNet(classes=classes, **options)
