"""The collection in the hands of one window at a time: of two that change it, the one that writes
last would undo what the other did."""

from __future__ import annotations

import threading
from contextlib import ExitStack

from resnet_gui.core.dataset.collection.values import (
    Collection,
    CollectionError,
    collection_dir,
    load_collection,
)
from resnet_gui.core.system import locks

_PATIENCE_S = 0.3


class CollectionElsewhereError(CollectionError):
    """Another window has it."""

    def __init__(self) -> None:
        super().__init__(
            "Your classes are open in another window of this program.",
            "Close “Make classes” there, then open it here.",
        )


class HeldCollection:
    """One window's hold of it. Where locks are not possible nobody is kept from anything."""

    def __init__(self) -> None:
        self._brief = threading.Lock()
        self._held: ExitStack | None = None

    def load(self) -> Collection | None:
        """Take it, and read what is kept as `load_collection` does.

        Raises:
            CollectionElsewhereError: another window has it.
            CollectionError: it is damaged; it is held all the same.
        """
        with self._brief:
            if self._held is None:
                self._held = _taken()
        return load_collection()

    def let_go(self) -> None:
        """Others may have it."""
        with self._brief:
            held, self._held = self._held, None
        if held is not None:
            held.close()


def _taken() -> ExitStack:
    with ExitStack() as stack:
        try:
            collection_dir().mkdir(parents=True, exist_ok=True)
            stack.enter_context(locks.lock(collection_dir() / "lock", _PATIENCE_S))
        except locks.Timeout:
            raise CollectionElsewhereError from None
        except OSError:  # a folder that cannot be written: saving says so
            pass
        return stack.pop_all()
