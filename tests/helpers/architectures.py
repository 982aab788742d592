"""Every architecture that the zoo knows."""

from __future__ import annotations

from resnet_gui.core.zoo import ModelSpec, Zoo
from resnet_gui.core.zoo.untrained import untrained_entries


def all_architectures() -> dict[str, ModelSpec]:
    """One spec for each architecture with its options, by id."""
    found: dict[tuple[str, str], ModelSpec] = {}
    for entry in [*Zoo.standard().entries(), *untrained_entries()]:
        spec = entry.spec
        options = str(sorted(spec.architecture_options.items()))
        found.setdefault((spec.architecture, options), spec)
    return {spec.id: spec for spec in found.values()}
