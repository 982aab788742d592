"""Undo without limit, of what is done in steps."""

from __future__ import annotations

import itertools
from typing import Generic, Protocol, TypeVar


class Step(Protocol):
    """What was done at once; `text`: in words."""

    @property
    def text(self) -> str: ...


_TURNS = itertools.count(1)


def next_turn() -> int:
    """A number that is higher than all before, of 1 or more: of what can be undone in two places,
    what has the higher one was done last."""
    return next(_TURNS)


StepT = TypeVar("StepT", bound=Step)
ChangedT = TypeVar("ChangedT")


class Undoable(Generic[StepT, ChangedT]):
    """Steps in the order in which they were done, and those that were taken back."""

    def __init__(self, nothing: ChangedT) -> None:
        """`nothing`: what `undo` and `redo` return where there is nothing to do."""
        self._nothing = nothing
        self._done: list[StepT] = []
        self._undone: list[StepT] = []

    @property
    def undo_text(self) -> str:
        """What `undo` would take back; "": there is nothing."""
        return self._done[-1].text if self._done else ""

    @property
    def redo_text(self) -> str:
        return self._undone[-1].text if self._undone else ""

    def undo(self) -> ChangedT:
        if not self._done:
            return self._nothing
        step = self._done.pop()
        self._undone.append(step)
        return self._backwards(step)

    def redo(self) -> ChangedT:
        if not self._undone:
            return self._nothing
        step = self._undone.pop()
        self._done.append(step)
        return self._again(step)

    def _backwards(self, step: StepT) -> ChangedT:
        raise NotImplementedError

    def _again(self, step: StepT) -> ChangedT:
        raise NotImplementedError
