"""EfficientNet-Lite0 (Liu 2020, after Tan & Le 2019), which answers offline."""

from __future__ import annotations

from resnet_gui.core.header_schema import ABSENT, Field, Number
from resnet_gui.core.nets.registration import Architecture, BlockKind, Kind
from resnet_gui.core.preprocessing import Preprocessing

LITE0 = "efficientnet-lite0"
# Trained in TensorFlow with mean 127 and deviation 128; bicubic resizing comes closest to how it
# resized (timm's tf_efficientnet_lite0.in1k has the same values). The pip package's README is
# wrong: with ImageNet's statistics and bilinear resizing 67 % of 397 photos of ants and bees get
# their right name among 1,000; this way, 85 %.
PREPROCESSING = Preprocessing(256, 224, (0.5,) * 3, (0.5,) * 3, "bicubic")
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
        last_stage="_swish",  # every ReLU6 of the network; the last one is after the last norm
        preprocessing=PREPROCESSING,
        options={
            "width_coefficient": Field(Number(0.01, 4), ABSENT),
            "depth_coefficient": Field(Number(0.01, 4), ABSENT),
            "dropout_rate": Field(Number(0, 0.99), ABSENT),
        },
    ),
)
