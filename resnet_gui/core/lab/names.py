"""What the Lab calls its networks and the photos they learned, and which of them may be compared.
No torch here."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from resnet_gui.core.lab.histories import HistoryFound
from resnet_gui.core.nets.registry import depth_of, find_architecture
from resnet_gui.core.runs.history import TrainingHistory
from resnet_gui.core.system.visible_text import visible

_CIFAR10 = "CIFAR-10"
# What may differ between two trainings that are compared: names, and how the computer did it.
_NAMES = {"format", "data", "model", "title", "preset"}
_NOT_THE_RECIPE = _NAMES | {"device", "precision", "channels_last", "cache_features", "memory_mb"}
_LONGEST_NAME, _LONGEST_PART = 60, 40  # letters
_START = "start:"  # keys of networks that were measured here and never trained


def is_untrained(item: HistoryFound) -> bool:
    """Whether the network was only measured, with random weights."""
    return item.key.startswith(_START)


def start_key(model_id: str) -> str:
    """The key of a network that was measured with random weights."""
    return f"{_START}{model_id}"


def short_name(history: TrainingHistory) -> str:
    """ "ResNet-56", "Plain-20": short enough for a chart."""
    shape = find_architecture(history.architecture)
    if shape is None or shape.short_name is None or not depth_of(shape.name, history.options):
        return history.title
    return shape.short_name(history.options)


def display_names(items: Sequence[HistoryFound]) -> dict[str, str]:
    """Key -> name, all of them different: the short name of what ships with the program, the title
    of a run of the user's. Where two would be called the same, what tells them apart is added:
    the number of epochs, or when the run began."""
    by_name: defaultdict[str, list[HistoryFound]] = defaultdict(list)
    for item in items:
        name = item.history.title if item.own else short_name(item.history)
        by_name[_legible(name, _LONGEST_NAME)].append(item)
    alike = first_shown(items)
    names: dict[str, str] = {}
    taken: set[str] = set()
    for name, members in by_name.items():
        bundled = [item for item in members if not item.own and not is_untrained(item)]
        first = next(iter([*_only(bundled, alike), *bundled]), None)
        for item in members:
            full = name
            if len(members) > 1 and item is not first:
                full = f"{name}, {_difference(item)}"
            while full in taken:
                full = f"{full} ({_legible(item.history.id, _LONGEST_PART)})"
                full = full if full not in taken else f"{full} {len(taken)}"
            taken.add(full)
            names[item.key] = full
    return names


def _only(items: Sequence[HistoryFound], keys: set[str]) -> list[HistoryFound]:
    return [item for item in items if item.key in keys]


def _difference(item: HistoryFound) -> str:
    if is_untrained(item):
        return "untrained"
    if not item.own:
        count = len(item.history.epochs)
        return "1 epoch" if count == 1 else f"{count} epochs"
    try:
        began = datetime.fromisoformat(item.created).astimezone()
    except (ValueError, OverflowError, OSError):
        return _legible(item.history.id, _LONGEST_PART)
    return f"{began.day} {began:%b %H:%M}"


def dataset_names(items: Sequence[HistoryFound]) -> dict[str, str]:
    """`HistoryFound.data` -> what a person calls it: the folder's name, with the one around it
    where two are called the same."""
    ends = {item.data: _last_parts(item.data, 1) for item in items if item.data}
    twice = {
        name for name in ends.values() if name != _CIFAR10 and list(ends.values()).count(name) > 1
    }
    return {data: _last_parts(data, 2) if name in twice else name for data, name in ends.items()}


def _last_parts(path: str, count: int) -> str:
    parts = [part for part in re.split(r"[/\\]", path) if part]
    if parts and parts[-1] == "cifar10":
        return _CIFAR10
    return _legible("/".join(parts[-count:]) or path, _LONGEST_PART)


def _legible(text: str, most: int) -> str:
    """As one line of at most `most` letters, cut in the middle: it stands in sentences, and may
    come from a file that somebody else wrote."""
    text = visible(text[: 4 * most])
    if len(text) <= most:
        return text
    return f"{text[: most // 2]}…{text[-(most - 1) // 2 :]}"


def trained_alike(*items: HistoryFound) -> bool:
    """Whether only the networks differ: photos and recipe are the same."""
    return len({(item.own, item.data, repr(_recipe(item.history.recipe))) for item in items}) <= 1


def _recipe(recipe: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return sorted((k, v) for k, v in recipe.items() if k not in _NOT_THE_RECIPE)


def first_shown(items: Sequence[HistoryFound]) -> set[str]:
    """Keys of what is drawn before anybody chooses: of what ships with the program the largest
    group that was trained alike, so that depth and shortcuts are all that differs."""
    groups: list[list[HistoryFound]] = []
    for item in items:
        if item.own or is_untrained(item):
            continue
        group = next((group for group in groups if trained_alike(group[0], item)), None)
        if group is None:
            groups.append([item])
        else:
            group.append(item)
    return {item.key for item in max(groups, key=len, default=[])}
