"""Whether a collection can be trained on, and what it still needs, in a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from resnet_gui.core.dataset.collection.boxes import is_unnamed
from resnet_gui.core.dataset.summary import count_noun, label_words, name_list

FEWEST, BETTER = 2, 10  # photos of a class
_RULE = f"Each class needs at least {FEWEST} photos; {BETTER} or more are better."


_LONGEST = 40  # letters of a class's name in a sentence


@dataclass(frozen=True, slots=True)
class Readiness:
    """ready: whether there is enough. text: what is there and what is missing."""

    ready: bool
    text: str


def readiness(classes: Sequence[tuple[str, int]], unsorted: int = 0) -> Readiness:
    """Judge a collection.

    Args:
        classes: name and number of photos of each.
        unsorted: photos without a class.
    """
    begun = [(name, count) for name, count in classes if count]
    lacking = [(name, count) for name, count in begun if count < FEWEST]
    empty = [name for name, count in classes if not count]
    if len(classes) < 2:
        return Readiness(False, f"A model tells classes apart: make a second one. {_RULE}")
    if lacking:
        names = name_list([_short(name) for name, _ in lacking])
        return Readiness(False, f"{names} needs one more photo. {_RULE}" if len(lacking) == 1
                         else f"{names} need one more photo each. {_RULE}")  # fmt: skip
    if len(begun) < 2:
        where = f"{name_list([_short(empty[0])])} has no photos yet. " if begun else ""
        if unsorted and not begun:
            where = f"{count_noun(unsorted, 'photo')} wait to be sorted. "
        return Readiness(False, where + _RULE)
    parts = [f"{count_noun(sum(n for _, n in begun), 'photo')} in {len(begun)} classes."]
    if empty:
        names = name_list([_short(name) for name in empty])
        parts.append(f"{names} {'has' if len(empty) == 1 else 'have'} none and "
                     f"{'is' if len(empty) == 1 else 'are'} left out.")  # fmt: skip
    if unsorted:
        parts.append(f"{count_noun(unsorted, 'unsorted photo')} "
                     f"{'is' if unsorted == 1 else 'are'} not used.")  # fmt: skip
    unnamed = [name for name, _ in begun if is_unnamed(name)]
    if unnamed:
        parts.append(f"Give {name_list(unnamed)} {'its name' if len(unnamed) == 1 else 'names'}: "
                     "the model will answer with what stands there.")  # fmt: skip
    if min(count for _, count in begun) < BETTER:
        parts.append(f"{BETTER} or more of each are better.")
    return Readiness(True, " ".join(parts))


def _short(name: str) -> str:
    words = label_words(name)
    return words if len(words) <= _LONGEST else f"{words[: _LONGEST - 1].rstrip()}…"
