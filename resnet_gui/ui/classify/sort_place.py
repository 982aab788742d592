"""Where sorted photos go if nobody says so."""

from __future__ import annotations

import os
from collections.abc import Generator, Sequence
from pathlib import Path

from PySide6.QtCore import QStandardPaths

from resnet_gui.core.system.paths import home_dir
from resnet_gui.core.system.visible_text import visible

# Where systems hang drives, and how many parts the path of one has: /run/media/anna/CARD has four.
_DRIVES = {"media": 3, "mnt": 2, "Volumes": 2, "run": 4}
_SORTED = "sorted"


def beside(paths: Sequence[str]) -> Path:
    """ "CAM sorted" beside the folder that holds all of the photos, so that its next visitor does
    not find them twice. Beside the first one's where nothing that a person may write beside holds
    all: a drive, a card, all of home."""
    folders = {os.path.dirname(path) for path in paths}  # noqa: PTH120 - quick: of 20,000 paths
    try:
        common = Path(os.path.commonpath(folders))
    except ValueError:  # different drives
        common = Path(paths[0]).parent
    if len(folders) > 1 and _shared(common):
        common = Path(paths[0]).parent
    return common / _SORTED if _is_drive(common) else _named(common)


def apart(place: Path, chosen: bool) -> Generator[None, None, tuple[Path, str]]:
    """A job: the place, or one further out where no training takes it for a class.

    It is exchanged only where a run was trained on the folder around it: albums that lie side by
    side look like a folder to train on, but few of them ever are one.

    Args:
        chosen: a person chose it, so it is not exchanged.

    Returns:
        the place, and a sentence about it; "": there is nothing to say.
    """
    yield None
    # Not with the window's first page: it brings Pillow and numpy along.
    from resnet_gui.core.dataset.around import dataset_around
    from resnet_gui.core.runs.listing import list_runs

    told = ""
    trained: set[Path] | None = None
    while (dataset := dataset_around(place)) is not None:
        if trained is None:
            trained = {Path(run.data) for run in list_runs() if run.data}
        name = f"“{visible(dataset.name)}”"
        fixed = chosen or _shared(dataset)
        if fixed or dataset not in trained:
            if not told and (dataset in trained or not _holds_everything(dataset)):
                told = f"A training on {name} would take this folder for one of its classes."
            return place, told
        place = _named(dataset)
        told = told or f"Beside {name}: in it, a training would take this folder for a class."
    return place, told


def _named(folder: Path) -> Path:
    return folder.with_name(f"{folder.name} {_SORTED}")


def _shared(folder: Path) -> bool:
    """Whether it is nobody's album: a drive, all of home."""
    home = home_dir()
    return _is_drive(folder) or folder in (home, *home.parents)


def _holds_everything(folder: Path) -> bool:
    """Whether photos of all kinds lie side by side there, as in all of home or its “Pictures”. The
    disk is asked: people call these folders what they like."""
    where = QStandardPaths.StandardLocation
    usual = (
        where.PicturesLocation, where.DesktopLocation, where.DownloadLocation,
        where.DocumentsLocation,
    )  # fmt: skip
    found = {Path(name) for kind in usual for name in QStandardPaths.standardLocations(kind)}
    return _shared(folder) or folder in found


def _is_drive(folder: Path) -> bool:
    """Whether it is a whole drive, by its path alone: the disk is not asked here."""
    parts = folder.parts[1:]
    return not parts or len(parts) <= _DRIVES.get(parts[0], 0)
