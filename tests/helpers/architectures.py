"""Every architecture that the program knows."""

from __future__ import annotations

from resnet_gui.core.zoo import ModelSpec, ModelState, Zoo
from resnet_gui.core.zoo.untrained import untrained_entries


def all_architectures() -> dict[str, ModelSpec]:
    """One spec for each architecture with its options, by id. Not from models that somebody has
    at home: this is asked before a test has a home of its own."""
    found: dict[tuple[str, str], ModelSpec] = {}
    for entry in [*Zoo.standard().entries(), *untrained_entries()]:
        if entry.state is ModelState.YOURS:
            continue
        spec = entry.spec
        options = str(sorted(spec.architecture_options.items()))
        found.setdefault((spec.architecture, options), spec)
    return {spec.id: spec for spec in found.values()}
