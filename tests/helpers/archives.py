"""Unpacking test data."""

from __future__ import annotations

import tarfile
from pathlib import Path


def unpack(archive: Path, folder: Path) -> None:
    """All of a tar archive that we trust, into `folder`, on every Python from 3.11.0 on."""
    with tarfile.open(archive) as file:
        # `extractall(filter=)` came with 3.11.4; later versions warn where no filter is chosen.
        if hasattr(tarfile, "data_filter"):
            file.extraction_filter = tarfile.data_filter
        file.extractall(folder)
