"""Decisions that two windows made about one folder. No torch, no disk."""

from __future__ import annotations

import dataclasses

from resnet_gui.core.improve.values import Applied, Decision, Decisions


def merged(stored: Decisions, mine: Decisions, since: Decisions) -> Decisions:
    """`stored` with what changed from `since` to `mine`, by photo.

    Args:
        stored: what another window may have kept. since: what this one had kept or loaded last.
    """
    table = stored.by_path()
    now, before = mine.by_path(), since.by_path()
    for path in dict.fromkeys([*now, *before]):
        wanted, there = now.get(path), table.get(path)
        if _plain(wanted) != _plain(before.get(path)):
            if wanted is None:
                table.pop(path, None)
            else:
                table[path] = wanted
        elif wanted is not None and there is not None and _plain(wanted) == _plain(there):
            table[path] = dataclasses.replace(there, content=wanted.content or there.content)
    known = {_key(item) for item in since.applied}
    kept = {_key(item) for item in mine.applied}
    applied = [item for item in stored.applied if _key(item) not in known - kept]
    there_already = {_key(item) for item in stored.applied}
    applied += [item for item in mine.applied if _key(item) not in known | there_already]
    return dataclasses.replace(stored, decisions=tuple(table.values()), applied=tuple(applied))


def _plain(decision: Decision | None) -> Decision | None:
    """What is decided, whatever is known of the file."""
    return None if decision is None else dataclasses.replace(decision, content=None)


def _key(applied: Applied) -> Applied:
    return dataclasses.replace(
        applied, decision=dataclasses.replace(applied.decision, content=None)
    )
