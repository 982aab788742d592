"""Importing without PySide reading along."""

from __future__ import annotations

import builtins

import PySide6.QtCore  # noqa: F401 - what is taken back here comes with it


def leave_sources_unread() -> None:
    """Let imports be the interpreter's own again; to be called before anything large is imported.

    PySide puts itself in the place of `__import__` and reads the whole source of each module that
    comes after it, to see whether `from __feature__ import …` could concern it, and Python keeps
    the lines (`linecache`). Nothing here uses that. Of a training's imports beside a window it was
    a fifth of the time and 94 MB (PySide 6.11, torch 2.15). Where PySide no longer does so, or
    somebody else has taken its place, nothing happens.
    """
    reading = getattr(builtins, "__feature_import__", None)
    before = getattr(builtins, "__orig_import__", None)
    if reading is not None and before is not None and builtins.__import__ is reading:
        builtins.__import__ = before
