"""A network as a drawing shows it: stages, blocks, layers. Frozen values without torch.

Shapes are without the batch: (channels, height, width) or (features,). Multiply-adds are those of
convolutions and linear layers, for one image, as papers count them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from resnet_gui.core.nets.registration import Shortcut

Shape = tuple[int, ...]


class Path(StrEnum):
    """Where in its block a layer lies."""

    MAIN = "main"
    SHORTCUT = "shortcut"
    GATE = "gate"
    AFTER = "after"  # behind the addition


@dataclass(frozen=True, slots=True)
class LayerBox:
    """One layer.

    Attributes:
        name: in the network ("stage1.0.residual.conv1").
        title: what a person reads ("3×3 convolution, stride 2").
        kind: class of the module ("Conv2d").
        weighted: it is a convolution or linear layer, which is what depth counts.
    """

    name: str
    title: str
    kind: str
    path: Path
    weighted: bool
    input_shape: Shape
    output_shape: Shape
    parameters: int
    multiply_adds: int


@dataclass(frozen=True, slots=True)
class BlockBox:
    """Layers with one shortcut around them.

    Attributes:
        name: in the network ("stage1.0"); of stem and head "stem", "head".
        title: what a person reads ("Block 3").
        formula: what it computes of its input x; "" if that is not known.
        layers: in the order of the forward pass.
    """

    name: str
    title: str
    formula: str
    shortcut: Shortcut
    input_shape: Shape
    output_shape: Shape
    layers: tuple[LayerBox, ...]
    parameters: int
    multiply_adds: int

    @property
    def halves(self) -> bool:
        """Whether it makes the image smaller."""
        return (
            len(self.input_shape) == len(self.output_shape) == 3
            and self.output_shape[1] < self.input_shape[1]
        )


@dataclass(frozen=True, slots=True)
class StageBox:
    """Blocks of one resolution. `role` is "stem", "stage" or "head"."""

    title: str
    role: str
    output_shape: Shape
    blocks: tuple[BlockBox, ...]

    @property
    def parameters(self) -> int:
        return sum(block.parameters for block in self.blocks)

    @property
    def multiply_adds(self) -> int:
        return sum(block.multiply_adds for block in self.blocks)


@dataclass(frozen=True, slots=True)
class NetworkDiagram:
    """A whole network. `parameters` counts every one, also of modules that no stage shows."""

    id: str
    title: str
    input_shape: Shape
    stages: tuple[StageBox, ...]
    parameters: int
    multiply_adds: int

    @property
    def blocks(self) -> tuple[BlockBox, ...]:
        """All blocks in the order of the forward pass."""
        return tuple(block for stage in self.stages for block in stage.blocks)

    @property
    def weighted_layers(self) -> int:
        """Layers with weights on the main path: the depth in a network's name."""
        return sum(
            layer.weighted and layer.path is Path.MAIN
            for block in self.blocks
            for layer in block.layers
        )


def shape_text(shape: Shape) -> str:
    """ "16 × 32 × 32": channels, height, width."""
    return " × ".join(map(str, shape))


def count_text(number: int) -> str:
    """ "590", "21.3 k", "25.6 M", "4.09 G": parameters and multiply-adds."""
    for limit, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= limit:
            return f"{float(f'{number / limit:.3g}'):g} {unit}"
    return str(number)
