"""The plain twins of ResNet-18 and -34 (He et al. 2015, section 3.3, figure 3)."""

from __future__ import annotations

from resnet_gui.core.header_schema import Choice, Field
from resnet_gui.core.nets.registration import Architecture, Kind, Offer
from resnet_gui.core.preprocessing import Preprocessing

# Blocks per stage (He et al. 2015, table 1).
PLAIN_STAGES = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3)}
_IDS = {f"plain{depth}": depth for depth in PLAIN_STAGES}


def _find(model_id: str) -> Offer | None:
    if model_id not in _IDS:
        return None
    depth = _IDS[model_id]
    # With 1000 outputs, as ResNet's published count.
    parameters, multiply_adds, channels, side = 3 * 49 * 64 + 128, 3 * 49 * 64 * 112**2, 64, 56
    stages = zip((64, 128, 256, 512), PLAIN_STAGES[depth], strict=True)
    for number, (width, count) in enumerate(stages):
        side = side if not number else side // 2
        for _ in range(count):
            weights = 9 * channels * width + 9 * width * width
            parameters += weights + 4 * width
            multiply_adds += weights * side * side
            channels = width
    parameters += channels * 1000 + 1000
    multiply_adds += channels * 1000
    return Offer(
        id=model_id,
        title=f"Plain-{depth} (ResNet-{depth} without shortcuts)",
        family="Plain",
        architecture="plain_resnet",
        options={"depth": depth},
        preprocessing=Preprocessing(resize=256, crop=224),
        parameters=parameters,
        gflops=multiply_adds / 1e9,
    )


ARCHITECTURES = (
    Architecture(
        name="plain_resnet",
        title="Plain",
        family="Plain",
        builder="resnet_gui.core.nets.imagenet:build",
        kind=Kind.PLAIN,
        depth=lambda options: int(options["depth"]),
        last_stage="stage4",
        short_name=lambda options: f"Plain-{options['depth']}",
        offered=tuple(_IDS),
        options={"depth": Field(Choice(tuple(PLAIN_STAGES)))},
        find=_find,
        guesses=lambda shapes: (
            [{"depth": d} for d in PLAIN_STAGES]
            if "stem.conv.weight" in shapes and "stage4.0.residual.conv1.weight" in shapes
            else ()
        ),
    ),
)
