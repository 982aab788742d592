"""How the folders of classes are called that a person named."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Sequence

from resnet_gui.core.dataset.collection.boxes import same_name
from resnet_gui.core.dataset.walk import PART_NAMES, hidden
from resnet_gui.core.filing.names import folded

_LONGEST = 100  # letters of a folder's name
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def folder_names(names: Sequence[str]) -> list[str]:
    """A folder's name for each class: as it is, but for what some system cannot have in a name.
    No two are equal, also where a file system takes them for one (`folded`); and one that had to be
    changed reads like no other, as it would be taken for that class."""
    stems = [_folder_name(name) for name in names]
    found: dict[int, str] = {}
    taken: set[str] = set()
    read: set[str] = set()
    # One that is fit as it is never gives way to one that only became the same.
    for position in sorted(range(len(names)), key=lambda n: (names[n] != stems[n], n)):
        stem, changed = stems[position], names[position] != stems[position]
        versions = (stem if n == 1 else f"{stem}-{n}" for n in itertools.count(1))
        chosen = next(
            item
            for item in versions
            if folded(item) not in taken and not (changed and same_name(item) in read)
        )
        taken.add(folded(chosen))
        read.add(same_name(chosen))
        found[position] = chosen
    return _apart_from_parts([found[position] for position in range(len(names))])


def _apart_from_parts(found: list[str]) -> list[str]:
    if all(name.lower() in PART_NAMES for name in found):  # they would be read as parts of a split
        return [f"{name}_" for name in found]
    return found


def renamed_classes(names: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Those of the classes whose folder is called otherwise, as a person reads it, each with the
    folder's name: “a/b” with “a_b”. Capitals, and "_" for a space, make no other name."""
    pairs = zip(names, folder_names(names), strict=True)
    return tuple(pair for pair in pairs if same_name(pair[0]) != same_name(pair[1]))


def _folder_name(name: str) -> str:
    text = unicodedata.normalize("NFC", name)
    text = re.sub(r'[<>:"/\\|?*\x00-\x1f\x7f]+', "_", text)[:_LONGEST].strip().rstrip(". ")
    while text and hidden(text):
        text = text[1:].lstrip() if text.startswith((".", "~")) else f"{text}_"
    return f"{text}_" if _DEVICES.fullmatch(text) else text or "class"
