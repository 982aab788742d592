"""What a registration of an architecture says. No torch here; `registry` holds them all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from resnet_gui.core.header_schema import Field
from resnet_gui.core.preprocessing import Preprocessing

Options = Mapping[str, Any]
Shapes = Mapping[str, tuple[int, ...]]  # name of a tensor -> its shape
_AS_A_RULE = Preprocessing(resize=256, crop=224)


class Kind(StrEnum):
    """What a network does with a block's input."""

    RESIDUAL = "residual"
    PLAIN = "plain"
    HIGHWAY = "highway"
    PREACTIVATION = "preactivation"
    OTHER = "other"


class Shortcut(StrEnum):
    """What is carried past a block's layers."""

    IDENTITY = "identity"
    STRIDED = "strided"  # every other pixel, no new channels
    PADDED = "padded"  # option A: every other pixel, new channels are zeros
    PROJECTION = "projection"  # option B: a 1x1 convolution
    GATE = "gate"  # highway networks: a learned share of each
    NONE = "none"


@dataclass(frozen=True, slots=True)
class BlockKind:
    """What a class of blocks computes of its input x.

    Attributes:
        class_name: of the module.
        formula: with x carried past as it is; "" if that is not known.
        projected: where the shortcut has weights; "": as `formula`.
        residual: names of the child that ends the residual function F; the first that exists.
        relu_last: the last ReLU that runs comes after the addition.
        skips: attribute that says whether a block may carry x past; "": it always does.
    """

    class_name: str
    kind: Kind
    formula: str = ""
    projected: str = ""
    residual: tuple[str, ...] = ("residual",)
    relu_last: bool = False
    skips: str = ""


@dataclass(frozen=True, slots=True)
class Offer:
    """A network as lists offer it for training from random weights.

    Attributes:
        id, title, family: as in `ModelSpec`. options: what the architecture takes beside classes.
        parameters: trained values; gflops: multiply-adds in 10**9 at the preprocessing's crop.
    """

    id: str
    title: str
    family: str
    architecture: str
    options: Options
    preprocessing: Preprocessing
    parameters: int
    gflops: float | None


def _no_offer(model_id: str) -> Offer | None:
    return None


def _nothing(options: Options) -> None:
    """No rule but the ranges."""


def _no_options(shapes: Shapes) -> Iterable[Options]:
    return ({},)


@dataclass(frozen=True, slots=True)
class Architecture:
    """A registration.

    Attributes:
        name: as model files write it.
        title, family: what a person reads.
        builder: "module:function", imported when a network is built; the function takes name,
            number of classes and options and returns a network x: (N, 3, H, W) float32 -> logits
            (N, classes). As text, because the window asks registrations and never needs torch.
        kind, depth: a value, or a function of the options. depth 0: the name has none.
        blocks: the kinds of blocks it is made of.
        head: name of the module that maps features to classes.
        last_stage: name of the module that gives the last map, (N, D, h, w), before it becomes
            features: where a network's attention is looked at. Its last output counts where it
            runs several times. A value, or a function of the options; "": it is looked for while
            the network runs.
        short_name: of the options, short enough for a chart; None: the title.
        preprocessing: what its networks are trained with as a rule.
        small: made for photos of 32x32 pixels. pixel_mean: can subtract a mean photo.
        offered: ids that lists offer for training from random weights.
        find: an id, also one that is not offered, to its Offer. It raises DepthError where the
            name is known and has no such depth.
        options: what it takes beside classes, with their ranges. check: of read options, what
            ranges cannot say; it raises HeaderValueError or DepthError.
        guesses: which options the tensors of a weights file may mean; none: it is another's.
    """

    name: str
    title: str
    family: str
    builder: str
    kind: Kind | Callable[[Options], Kind]
    depth: int | Callable[[Options], int] = 0
    blocks: tuple[BlockKind, ...] = ()
    head: str = "head"
    last_stage: str | Callable[[Options], str] = ""
    short_name: Callable[[Options], str] | None = None
    preprocessing: Preprocessing = _AS_A_RULE
    small: bool = False
    pixel_mean: bool = False
    offered: tuple[str, ...] = ()
    find: Callable[[str], Offer | None] = field(default=_no_offer)
    options: Mapping[str, Field] = field(default_factory=dict)
    check: Callable[[Options], None] = field(default=_nothing)
    guesses: Callable[[Shapes], Iterable[Options]] = field(default=_no_options)
