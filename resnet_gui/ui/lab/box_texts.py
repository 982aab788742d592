"""What stands in the boxes of a diagram."""

from __future__ import annotations

from resnet_gui.core.lab.diagram_types import BlockBox, LayerBox, Path


def box_lines(block: BlockBox) -> list[str]:
    """What stands in a box: its weighted layers on the main path, as in the paper's figure 3."""
    return [_short(layer) for layer in block.layers if _shown(layer)]


def _shown(layer: LayerBox) -> bool:
    return layer.path is Path.MAIN and (layer.weighted or layer.kind == "MaxPool2d")


def _short(layer: LayerBox) -> str:
    if layer.kind == "MaxPool2d":
        return "max pool"
    if len(layer.output_shape) == 1:
        return f"linear, {layer.output_shape[0]}"
    stride = ", /2" if layer.output_shape[-1] < layer.input_shape[-1] else ""
    return f"{layer.title.split()[0]}, {layer.output_shape[0]}{stride}"
