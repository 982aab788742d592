"""ResNet-50, -101 and -152 as Keras has them, original and pre-activated (He et al. 2015, 2016)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from resnet_gui.core.nets.registration import Architecture, BlockKind, Kind, Offer, Options, Shapes
from resnet_gui.core.preprocessing import Preprocessing

_BLOCKS = (
    BlockKind("OriginalBottleneck", Kind.RESIDUAL, "relu(F(x) + x)", "relu(F(x) + W·x)"),
    BlockKind(
        "PreActivatedBottleneck",
        Kind.PREACTIVATION,
        "F(x) + x",
        "F(x) + W·a, a = relu(norm(x))",
    ),
)
# What Keras does to a photo (`preprocess_input`), on values of 0..1 in the order R, G, B: see
# `zoo.providers.keras`.
PREPROCESSING = {
    1: Preprocessing(
        resize=256,
        crop=224,
        mean=(123.68 / 255, 116.779 / 255, 103.939 / 255),
        std=(1 / 255, 1 / 255, 1 / 255),
    ),
    2: Preprocessing(resize=256, crop=224, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5)),
}


@dataclass(frozen=True, slots=True)
class KerasShape:
    """version: 1 (original) or 2 (pre-activation). parameters: with 1000 outputs; gflops:
    multiply-adds in 10**9 at 224 x 224."""

    depth: int
    version: int
    parameters: int
    gflops: float

    @property
    def title(self) -> str:
        return f"ResNet-{self.depth} V2" if self.version == 2 else f"ResNet-{self.depth} (Keras)"

    @property
    def family(self) -> str:
        return "ResNet V2" if self.version == 2 else "ResNet (Keras)"


SHAPES = {
    "resnet50v2": KerasShape(50, 2, 25_568_360, 3.482255360),
    "resnet101v2": KerasShape(101, 2, 44_577_896, 7.194476544),
    "resnet152v2": KerasShape(152, 2, 60_236_904, 10.906697728),
    "keras_resnet50": KerasShape(50, 1, 25_583_592, 3.857973248),
    "keras_resnet101": KerasShape(101, 1, 44_601_832, 7.570194432),
    "keras_resnet152": KerasShape(152, 1, 60_268_520, 11.282415616),
}


def _find(model_id: str) -> Offer | None:
    shape = SHAPES.get(model_id)
    if shape is None:
        return None
    return Offer(
        id=model_id,
        title=shape.title,
        family=shape.family,
        architecture=model_id,
        options={},
        preprocessing=PREPROCESSING[shape.version],
        parameters=shape.parameters,
        gflops=shape.gflops,
    )


def _guesses(shapes: Shapes) -> Iterable[Options]:
    return ({},) if "stage4.0.residual.conv3.weight" in shapes else ()


ARCHITECTURES = tuple(
    Architecture(
        name=name,
        title=shape.title,
        family=shape.family,
        builder="resnet_gui.core.nets.keras_resnet:build",
        kind=Kind.PREACTIVATION if shape.version == 2 else Kind.RESIDUAL,
        depth=shape.depth,
        blocks=_BLOCKS,
        last_stage="norm" if shape.version == 2 else "stage4",
        preprocessing=PREPROCESSING[shape.version],
        offered=(name,),
        find=lambda model_id, name=name: _find(model_id) if model_id == name else None,  # type: ignore[misc]
        guesses=_guesses,
    )
    for name, shape in SHAPES.items()
)
