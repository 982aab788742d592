"""Architectures as entries of the zoo: without weights, to train from scratch. No torch here."""

from __future__ import annotations

from resnet_gui.core.nets.registration import Offer
from resnet_gui.core.nets.registry import find_offer, offered_ids
from resnet_gui.core.zoo.spec import ModelEntry, ModelSpec, ModelState

PROVIDER = "architectures"


def untrained_entries() -> list[ModelEntry]:
    """What lists offer."""
    offers = map(find_offer, offered_ids())
    return [ModelEntry(_spec(offer), ModelState.UNTRAINED) for offer in offers if offer is not None]


def untrained_spec(model_id: str) -> ModelSpec | None:
    """The architecture of this id as a spec without weights; None: there is none of that name.

    Raises:
        DepthError: the name is known and has no such depth.
    """
    offer = find_offer(model_id)
    return None if offer is None else _spec(offer)


def _spec(offer: Offer) -> ModelSpec:
    return ModelSpec(
        id=offer.id,
        title=offer.title,
        family=offer.family,
        architecture=offer.architecture,
        provider=PROVIDER,
        dataset="",
        classes=(),
        preprocessing=offer.preprocessing,
        parameters=offer.parameters,
        gflops=offer.gflops,
        architecture_options=dict(offer.options),
        notes="Random weights: to be trained from scratch.",
    )
