"""EfficientNet-Lite0 (Liu 2020, after Tan & Le 2019), which answers offline."""

from __future__ import annotations

from resnet_gui.core.header_schema import ABSENT, Field, Number
from resnet_gui.core.nets.registration import Architecture, BlockKind, Kind

LITE0 = "efficientnet-lite0"
# The block says that it may skip, and does where the shape stays.
_BLOCK = BlockKind("MBConvBlock", Kind.OTHER, residual=(), skips="id_skip")
ARCHITECTURES = (
    Architecture(
        name=LITE0,
        title="EfficientNet-Lite0",
        family="EfficientNet-Lite",
        builder="resnet_gui.core.nets.lite0:build",
        kind=Kind.OTHER,
        blocks=(_BLOCK,),
        head="_fc",
        options={
            "width_coefficient": Field(Number(0.01, 4), ABSENT),
            "depth_coefficient": Field(Number(0.01, 4), ABSENT),
            "dropout_rate": Field(Number(0, 0.99), ABSENT),
        },
    ),
)
