"""Architectures: one registration each, which every other part asks. No torch here.

A registration says how a network is built, what its blocks compute, how deep it is, what lists
offer of it for training from random weights, and how it is recognised from the names and shapes of
its tensors. The zoo, the import of weights, the presets, the Lab's diagrams and sentences all ask
it, so that a new architecture is one file in `families` and one line in `_FAMILIES`.
"""

from __future__ import annotations

from resnet_gui.core.errors import DepthError
from resnet_gui.core.nets.families import cifar, keras, lite0, plain, torchvision
from resnet_gui.core.nets.registration import Architecture, BlockKind, Kind, Offer, Options

# What to train from random weights where nobody says: made for 32x32 pixels, and quick.
SMALL_PHOTOS_ID, SMALL_SIDE = "cifar-resnet20", 64


_FAMILIES = (torchvision, lite0, cifar, plain, keras)
_registered: dict[str, Architecture] = {
    item.name: item for family in _FAMILIES for item in family.ARCHITECTURES
}


def register(architecture: Architecture) -> None:
    """Add an architecture, or replace the one of this name."""
    _registered[architecture.name] = architecture


def architectures() -> tuple[Architecture, ...]:
    """All of them, in the order in which weights are compared with them."""
    return tuple(_registered.values())


def find_architecture(name: str) -> Architecture | None:
    """The registration of this name; None: this version does not know it."""
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


def last_stage_of(architecture: str, options: Options) -> str:
    """Name of the module with the last map; "": nobody says (see `Architecture.last_stage`)."""
    found = find_architecture(architecture)
    if found is None:
        return ""
    return found.last_stage if isinstance(found.last_stage, str) else found.last_stage(options)


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
