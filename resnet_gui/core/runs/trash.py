"""Runs that were thrown away, and bringing them back. No torch here.

They lie beside the runs, in `.trash`, each in a numbered folder of its own: on the same disk, so
that moving one there and back takes no time and no space, and no system's trash has to tell where a
thing came from. Emptying this trash hands them to the system's.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from resnet_gui.core.errors import ResNetGuiError, RunError
from resnet_gui.core.runs.directory import DAMAGE, LOCK_FILE, PATIENCE_S, RUN_FILE, RunDirectory
from resnet_gui.core.runs.info import RunInfo, damaged_run
from resnet_gui.core.runs.listing import runs_dir
from resnet_gui.core.system.files import disk_use, move_to_trash
from resnet_gui.core.system.locks import Timeout, lock

FOLDER = ".trash"


@dataclass(frozen=True, slots=True)
class TrashedRun:
    """A run in the trash. place: its directory there. since: when it came, ISO 8601, UTC."""

    place: Path
    info: RunInfo
    since: str


def trash_run(path: Path) -> Path:
    """Throw a run away; the model that it made stays.

    Returns:
        its directory in the trash.

    Raises:
        RunError: it is not there any more, is being trained, or cannot be moved.
    """
    if not os.path.lexists(path / RUN_FILE):  # before the lock, which would make the folder anew
        raise RunError(path, f"The run “{path.name}” is not there any more.")
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(lock(path / LOCK_FILE, PATIENCE_S))
        except Timeout as error:
            raise RunError(
                path, f"The run “{path.name}” is being trained.", "Stop it first."
            ) from error
        except PermissionError as error:  # another person's, who may be training it
            raise RunError(
                path,
                f"Nobody can say whether “{path.name}” is being trained ({error.strerror}).",
                "Whoever made it can move it to the trash.",
            ) from error
        except OSError:
            pass  # no lock can be had there, so nobody has it
        if os.name == "nt":
            stack.close()  # Windows moves no folder with an open file
        try:
            place = _new_place(path.parent / FOLDER) / path.name
            path.rename(place)
        except OSError as error:
            raise RunError(
                path, f"The run “{path.name}” could not be moved ({error.strerror})."
            ) from error
    return place


def restore_run(place: Path) -> Path:
    """Bring a run back, under its name, or under a free one where there is a new run of that name.

    Raises:
        RunError: it is not there any more, or cannot be moved.
    """
    home = place.parent.parent.parent
    target, number = home / place.name, 2
    while os.path.lexists(target):
        target, number = home / f"{place.name}-{number}", number + 1
    try:
        place.rename(target)
    except FileNotFoundError as error:
        raise RunError(place, f"The run “{place.name}” is not in the trash any more.") from error
    except OSError as error:
        raise RunError(
            place, f"The run “{place.name}” could not be moved ({error.strerror})."
        ) from error
    with contextlib.suppress(OSError):
        place.parent.rmdir()
    return target


def trashed_runs(folder: Path | None = None) -> list[TrashedRun]:
    """What is in the trash, the newest first. folder: of the runs."""
    found = []
    for place in _places(folder):
        try:
            info = RunDirectory.open(place).info()
        except (ResNetGuiError, OSError, *DAMAGE) as error:
            info = damaged_run(place, str(error))
        try:
            since = datetime.fromtimestamp(place.parent.stat().st_mtime, UTC)
        except OSError:
            continue  # it was restored meanwhile
        found.append(TrashedRun(place, info, since.isoformat(timespec="seconds")))
    return sorted(found, key=lambda run: run.since, reverse=True)


def used_bytes() -> int:
    """What the trash takes on the disk."""
    return sum(map(disk_use, _places()))


def empty_trash(folder: Path | None = None, away: Callable[[Path], None] | None = None) -> None:
    """Hand all that is in the trash to the system's.

    Raises:
        RunError: one cannot be moved; the others stay, too.
    """
    for place in _places(folder):
        (away or move_to_trash)(place)
        shutil.rmtree(place.parent, ignore_errors=True)  # empty now, but for a lock


def _places(folder: Path | None = None) -> list[Path]:
    found = ((folder or runs_dir()) / FOLDER).glob("*/*")
    return sorted(path for path in found if os.path.lexists(path / RUN_FILE))


def _new_place(trash: Path) -> Path:
    """A new numbered folder. Raises OSError."""
    number = 1
    while True:
        try:
            (trash / f"{number:04d}").mkdir(parents=True)
            return trash / f"{number:04d}"
        except FileExistsError:
            number += 1
