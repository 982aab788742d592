"""The drives that a batch's files lie on: while one is not connected, its files look as if somebody
had deleted them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from resnet_gui.core.errors import DriveAwayError
from resnet_gui.core.filing.batch import How, Piece
from resnet_gui.core.filing.record import Record


def drives_of(pieces: Iterable[Piece]) -> tuple[str, ...]:
    """Where the drives of these files and of their targets are mounted, but for the system's."""
    folders = {os.path.dirname(path) for p in pieces for path in (p.source, p.target)}  # noqa: PTH120
    known: dict[str, str] = {}
    found = {_mount(folder, known) for folder in folders}
    return tuple(sorted(drive for drive in found if drive != os.path.dirname(drive)))  # noqa: PTH120


def _mount(folder: str, known: dict[str, str]) -> str:
    above = []
    while folder not in known:
        parent = os.path.dirname(folder)  # noqa: PTH120
        if parent == folder or is_mount(folder):
            known[folder] = folder
            break
        above.append(folder)
        folder = parent
    known.update(dict.fromkeys(above, known[folder]))
    return known[folder]


def is_mount(folder: str) -> bool:
    """Whether a drive is mounted here now."""
    return os.path.ismount(folder)


def check_drives(record: Record) -> None:
    """What a batch did can be undone now, as far as drives are concerned.

    Raises:
        DriveAwayError: files that were made, or the places that files were moved from, are on a
            drive that is not here.
    """
    gone = [drive for drive in record.drives if not is_mount(drive)]
    if not gone:
        return
    needed = []
    for number, (piece, fate) in enumerate(zip(record.pieces, record.fates, strict=True)):
        if fate.carried or fate.uncertain:
            needed.append(record.target(number))
            if piece.how is How.MOVE:
                needed.append(record.source(number).parent)
    for drive in gone:
        there = [path for path in needed if path.is_relative_to(drive)]
        # All of it may have been copied into the empty folder since.
        if there and not any(os.path.lexists(path) for path in there):
            raise DriveAwayError(Path(drive), record.title)
