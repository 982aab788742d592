"""How an offline kit's folder is told from others: all that the window needs at its start."""

from __future__ import annotations

from pathlib import Path

MANIFEST = "bundle.json"


def is_kit(path: Path) -> bool:
    """Whether this is an offline kit's folder, or its list."""
    return (path / MANIFEST).is_file() or (path.name == MANIFEST and path.is_file())
