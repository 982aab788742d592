"""Which version of a package is installed, without importing it."""

from __future__ import annotations

import functools


@functools.cache
def version_of(package: str) -> str:
    """The installed version; "" if there is none."""
    from importlib import metadata  # not at the window's start

    try:
        return metadata.version(package)
    except (metadata.PackageNotFoundError, ValueError):  # ValueError: no name
        return ""
