"""Of what was cut off: what became of each file."""

from __future__ import annotations

import contextlib
import stat
from collections.abc import Sequence
from pathlib import Path

from resnet_gui.core.filing.batch import How
from resnet_gui.core.filing.disk import Stamp, may_go, same_content, status, sync_folder
from resnet_gui.core.filing.journal import Journal
from resnet_gui.core.system.renaming import rename_new


def remove_empty(folders: Sequence[str]) -> None:
    """Remove folders that a batch made, unless something is in them. Outer ones come first."""
    for folder in reversed(folders):
        with contextlib.suppress(OSError):
            Path(folder).rmdir()


def settle(journal: Journal) -> None:
    """Find out what became of the files of the group in which a batch was cut off, and write it
    down. What had arrived but not left yet leaves now."""
    record = journal.record
    for number, (piece, fate) in enumerate(zip(record.pieces, record.fates, strict=True)):
        if not fate.uncertain:
            continue
        assert fate.before is not None
        source, target = record.source(number), record.target(number)
        part = target.parent / record.part(number)
        gone = piece.how is How.MOVE and status(source) is None
        with contextlib.suppress(OSError):
            if gone and fate.before.near(Stamp.of(part)):
                rename_new(part, target)  # a power cut took its name back: all that is left of it
            else:
                part.unlink(missing_ok=True)
        there = status(target)
        if there is None:
            continue
        arrived = False
        if piece.how is How.LINK:
            arrived = stat.S_ISLNK(there.st_mode) and str(target.readlink()) == piece.source
        elif status(source) is None:
            arrived = piece.how is How.MOVE and fate.before.near(Stamp.of(target))
        elif piece.how is How.COPY:
            arrived = not stat.S_ISLNK(there.st_mode) and same_content(source, target)
        elif may_go(source, target):
            arrived = True
            sync_folder(target.parent)
            try:
                leave_for(source, target)
            except OSError:
                arrived = False
        elif there.st_size == 0 and fate.before.size:
            target.unlink()  # a name that was held for it
        if arrived:
            journal.group_done([done_with(number, target, "")])


def leave_for(source: Path, target: Path) -> None:
    """Remove a file that has arrived at another place; if it cannot be removed, it arrived nowhere.

    Raises:
        OSError: it is still here, and here only.
    """
    try:
        source.unlink()
    except OSError:
        target.unlink()
        raise


def done_with(number: int, target: Path, digest: str) -> tuple[int, Stamp, str, int]:
    found = target.lstat()
    return number, Stamp(found.st_size, found.st_mtime_ns), digest, found.st_ctime_ns
