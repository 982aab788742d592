"""A folder of classes, scanned before work begins."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

from resnet_gui.core.dataset import DatasetScanned, DatasetSummary, scan_dataset
from resnet_gui.core.runs.events import Preparing


def scanned(folder: Path) -> Generator[Preparing, None, DatasetSummary]:
    """Scan a folder. Says how far it is, and returns what is in it.

    Raises:
        DatasetError: see `scan_dataset`.
    """
    summary: DatasetSummary | None = None
    for event in scan_dataset(folder):
        if isinstance(event, DatasetScanned):
            summary = event.summary
        else:
            yield Preparing("folder", event.done, event.total)
    assert summary is not None  # a scan ends with its summary
    return summary
