"""What a model of one's own was trained from in the end. No torch here."""

from __future__ import annotations

from collections.abc import Callable

from resnet_gui.core.zoo.spec import ModelEntry, ModelState


def original_of(entry: ModelEntry, find: Callable[[str], ModelEntry | None]) -> ModelEntry | None:
    """The model that is no run's result at the beginning of the runs that led to this one; None:
    there is none, or it is not here.

    Args:
        find: the model of an id, if there is one.
    """
    found, seen = entry, {entry.spec.id}
    while found.state is ModelState.YOURS and found.spec.base_model not in ("", *seen):
        before = find(found.spec.base_model)
        if before is None or not before.state.ready or before.problem:
            break
        found = before
        seen.add(found.spec.id)
    return found if found is not entry else None
