"""Where photos are since decisions about them were carried out, and what is said of decisions."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from resnet_gui.ui.widgets.class_names import class_words
from resnet_gui.ui.widgets.plain_text import one_line

if TYPE_CHECKING:
    from resnet_gui.core.improve.values import Applied, Decision


def follow(applied: Sequence[Applied], there: Collection[str]) -> dict[str, Applied]:
    """Path of a photo as it was -> what was carried out last of what became of it.

    Args:
        applied: in the order in which it was carried out.
        there: paths at which something lies although a photo was moved away from there: that photo
            again, or another one. Neither is anywhere else.
    """
    last = {item.decision.path: number for number, item in enumerate(applied)}
    found = {}
    for path, number in last.items():
        if path in there:
            continue
        # It may have been moved on, later; another photo was there before.
        while (later := last.get(applied[number].target, -1)) > number:
            number = later
        found[path] = applied[number]
    return found


def is_below(path: str, folder: str) -> bool:
    """Whether a path is that of a folder, or of something in it. "" is none."""
    return bool(path and folder) and f"{path}{os.sep}".startswith(folder.rstrip(os.sep) + os.sep)


def words_of(decision: Decision) -> str:
    """Of what is decided: “→ bees”."""
    from resnet_gui.core.improve.values import What

    if decision.what is What.FINE:
        return "✓ fine"
    if decision.what is What.ASIDE:
        return "set aside"
    return f"→ {_class(decision)}"


def words_done(applied: Applied, root: str) -> str:
    """Of what was carried out: “✓ in bees”."""
    if not applied.decision.to:
        return "✓ set aside"
    if not is_below(applied.target, root):
        return "✓ set aside: the class has it already"
    return f"✓ in {_class(applied.decision)}"


def _class(decision: Decision) -> str:
    return one_line(class_words(decision.to), 40)
