"""Notes every look at the disk that the GUI thread takes."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

# What Python reports of itself, and what it does not.
_REPORTED = ("open", "os.listdir", "os.scandir", "os.mkdir", "os.rename", "os.remove")
_SILENT = ("stat", "lstat", "access", "fsync", "readlink", "statvfs")
_notes: list[str] | None = None


def _note(what: str, arguments: tuple[Any, ...]) -> None:
    if _notes is not None and threading.current_thread() is threading.main_thread():
        _notes.append(f"{what} {arguments[:1]}")


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if event in _REPORTED:
        _note(event, arguments)


def _noting(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
    def call(*arguments: Any, **options: Any) -> Any:
        _note(name, arguments)
        return real(*arguments, **options)

    return call


@contextmanager
def watched_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What the main thread looks at within the block."""
    global _notes
    if _hook not in _installed:
        sys.addaudithook(_hook)  # for ever
        _installed.append(_hook)
    with monkeypatch.context() as patch:
        for name in _SILENT:
            patch.setattr(os, name, _noting(name, getattr(os, name)))
        _notes = notes = []
        try:
            yield notes
        finally:
            _notes = None


_installed: list[Callable[..., None]] = []
