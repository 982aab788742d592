"""torchvision's residual networks (He et al. 2015; Xie et al. 2017; Zagoruyko & Komodakis 2016)."""

from __future__ import annotations

from resnet_gui.core.nets.registration import Architecture, BlockKind, Kind

_BLOCKS = tuple(
    BlockKind(name, Kind.RESIDUAL, "relu(F(x) + x)", "relu(F(x) + W·x)", (last, "bn2"), True)
    for name, last in (("BasicBlock", "bn2"), ("Bottleneck", "bn3"))
)


def _architecture(name: str, title: str, family: str, depth: int) -> Architecture:
    return Architecture(
        name=name,
        title=title,
        family=family,
        builder="resnet_gui.core.nets.torchvision_nets:build",
        kind=Kind.RESIDUAL,
        depth=depth,
        blocks=_BLOCKS,
        head="fc",
        last_stage="layer4",
    )


# The order is the order of the table.
ARCHITECTURES = (
    *(_architecture(f"resnet{n}", f"ResNet-{n}", "ResNet", n) for n in (18, 34, 50, 101, 152)),
    _architecture("resnext50_32x4d", "ResNeXt-50 32×4d", "ResNeXt", 50),
    _architecture("resnext101_32x8d", "ResNeXt-101 32×8d", "ResNeXt", 101),
    _architecture("resnext101_64x4d", "ResNeXt-101 64×4d", "ResNeXt", 101),
    _architecture("wide_resnet50_2", "Wide ResNet-50-2", "Wide ResNet", 50),
    _architecture("wide_resnet101_2", "Wide ResNet-101-2", "Wide ResNet", 101),
)
