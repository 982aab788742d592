"""Architectures: one registration each, which every other part asks. No torch here.

A registration says how a network is built, what its blocks compute, how deep it is, what lists
offer of it for training from random weights, and how it is recognised from the names and shapes of
its tensors. The zoo, the import of weights, the presets, the Lab's diagrams and sentences all ask
it, so that a new architecture is one file in `families` and one line in `_standard`.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from resnet_gui.core.errors import DepthError
from resnet_gui.core.header_schema import Field
from resnet_gui.core.preprocessing import Preprocessing

if TYPE_CHECKING:
    from torch import nn

Options = Mapping[str, Any]
Shapes = Mapping[str, tuple[int, ...]]  # name of a tensor -> its shape
# What to train from random weights where nobody says: made for 32x32 pixels, and quick.
SMALL_PHOTOS_ID, SMALL_SIDE = "cifar-resnet20", 64


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
        short_name: of the options, short enough for a chart; None: the title.
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
    short_name: Callable[[Options], str] | None = None
    small: bool = False
    pixel_mean: bool = False
    offered: tuple[str, ...] = ()
    find: Callable[[str], Offer | None] = field(default=_no_offer)
    options: Mapping[str, Field] = field(default_factory=dict)
    check: Callable[[Options], None] = field(default=_nothing)
    guesses: Callable[[Shapes], Iterable[Options]] = field(default=_no_options)

    def build(self, classes: int, options: Options) -> nn.Module:
        """A network with freshly initialised weights on the current default device.

        Raises:
            TypeError, KeyError, ValueError: it does not take these options.
            ModelError: a package is missing.
        """
        module, _, function = self.builder.partition(":")
        network: nn.Module = getattr(importlib.import_module(module), function)(
            self.name, classes, options
        )
        return network


_registered: dict[str, Architecture] = {}


def register(architecture: Architecture) -> None:
    """Add an architecture, or replace the one of this name."""
    architectures()  # the standard ones first, so that they do not replace this one later
    _registered[architecture.name] = architecture


@functools.cache
def _standard() -> None:
    from resnet_gui.core.nets.families import cifar, keras, lite0, plain, torchvision

    for family in (torchvision, lite0, cifar, plain, keras):
        for item in family.ARCHITECTURES:
            _registered[item.name] = item


def architectures() -> tuple[Architecture, ...]:
    """All of them, in the order in which weights are compared with them."""
    _standard()
    return tuple(_registered.values())


def find_architecture(name: str) -> Architecture | None:
    """The registration of this name; None: this version does not know it."""
    _standard()
    return _registered.get(name)


def block_kind(class_name: str) -> BlockKind | None:
    """What blocks of this class compute, whichever architecture they are from."""
    for item in architectures():
        for block in item.blocks:
            if block.class_name == class_name:
                return block
    return None


def kind_of(architecture: str, options: Options) -> Kind:
    """The kind of a network; OTHER where it is not known."""
    found = find_architecture(architecture)
    if found is None:
        return Kind.OTHER
    if isinstance(found.kind, Kind):
        return found.kind
    try:
        return found.kind(options)
    except ValueError:
        return Kind.OTHER


def depth_of(architecture: str, options: Options) -> int:
    """Number of layers as in the network's name; 0: it has none."""
    found = find_architecture(architecture)
    if found is None:
        return 0
    if isinstance(found.depth, int):
        return found.depth
    try:
        return found.depth(options)
    except (TypeError, ValueError, KeyError, OverflowError):
        return 0


# --- what can be trained from random weights ----------------------------------------------------


def offered_ids() -> list[str]:
    """The ids that lists offer; every other depth of a rule is known, too."""
    return [model_id for item in architectures() for model_id in item.offered]


def find_offer(model_id: str) -> Offer | None:
    """The network of this id; None: there is none of that name.

    Raises:
        DepthError: the name is known and has no such depth.
    """
    wanted = model_id.strip().lower()
    for item in architectures():
        found = item.find(wanted)
        if found is not None:
            return found
    return None


def made_for_small_photos(model_id: str) -> bool:
    """Whether this id is an architecture's for photos of 32x32 pixels."""
    try:
        offer = find_offer(model_id)
    except DepthError:
        return False
    found = find_architecture(offer.architecture) if offer else None
    return found is not None and found.small


def scratch_model(model_id: str, typical_side: int) -> str:
    """What to train from random weights where nobody chose: a network for small pictures, or the
    shape of the model `model_id`.

    Args:
        typical_side: of the photos, in pixels; 0: not known.
    """
    return SMALL_PHOTOS_ID if 0 < typical_side <= SMALL_SIDE else model_id
