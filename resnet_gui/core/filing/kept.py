"""The notes of what was sorted: how much room they take, and which of them nobody needs."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable
from pathlib import Path

from resnet_gui.core.errors import FilingError
from resnet_gui.core.filing.batch import BatchInfo, BatchState
from resnet_gui.core.filing.journal import at_work, journals_dir, list_batches

# A note of what was undone says only where the files were meanwhile.
UNDONE_KEPT_S = 30 * 24 * 3600
_ENDED = (BatchState.DONE, BatchState.UNDONE, BatchState.PARTLY)


def used_bytes() -> int:
    """Of all that `clear_journals` would delete."""
    return sum(_size(path) for path in _paths(_ended()))


def clear_journals() -> None:
    """Delete the notes of all sortings that have ended: they cannot be undone then. Those that were
    cut off stay. No photo is touched.

    Raises:
        FilingError: somebody is copying or moving right now.
    """
    with at_work():
        _remove(_ended())


def forget_undone() -> None:
    """Delete the notes of sortings that were undone more than 30 days ago; nothing else can do with
    less. While somebody is copying or moving it waits for another time."""
    too_old = time.time() - UNDONE_KEPT_S
    old = [i for i in _ended() if i.state is BatchState.UNDONE and i.made < too_old]
    if old:
        with contextlib.suppress(FilingError), at_work():
            _remove(old)


def _ended() -> list[BatchInfo]:
    return [info for info in list_batches() if info.state in _ENDED]


def _paths(infos: Iterable[BatchInfo]) -> list[Path]:
    return [journals_dir() / f"{info.id}.jsonl" for info in infos]


def _size(path: Path) -> int:
    with contextlib.suppress(OSError):
        return path.stat().st_size
    return 0


def _remove(infos: Iterable[BatchInfo]) -> None:
    for path in _paths(infos):
        path.unlink(missing_ok=True)
