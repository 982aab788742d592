"""Runs on disk: one directory each, readable without this program. No torch here.

    run.json            what was asked for, what came out, versions
    title.json          what a person called it since; renaming needs no lock, so it stands apart
    note.json           what a person wrote about it, likewise
    split.json          which photo trains, validates, tests
    metrics.jsonl       one line per epoch (EpochDone)
    last.safetensors    where to go on from (see `training.checkpoint`)
    best.safetensors    the best epoch's weights
    layers.jsonl        from scratch: one line per epoch, and one before the first (LayerStatistics)
    samples.json        what the network said last about a few validation photos
    predictions.safetensors  what its model answered to the validation photos
    features.safetensors  of head training, the backbone's features; deleted at the end
    .reserve.tmp        room for the finished model (see `training.space`)
    lock                held while a process trains; a killed process holds nothing

A run whose run.json says "running" while nobody holds the lock was interrupted. Only who holds the
lock can write: all that writes is a method of `HeldRun`, and `RunDirectory.locked` hands it out.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from resnet_gui.core.dataset.split import Split
from resnet_gui.core.errors import ResNetGuiError, RunError, RunNotWrittenError, UnknownRunError
from resnet_gui.core.runs.config import RunConfig
from resnet_gui.core.runs.directory import (
    DAMAGE,
    FORMAT_VERSION,
    LONGEST_NOTE,
    NOTE_FILE,
    RUN_FILE,
    TITLE_FILE,
    HeldRun,
    RunDirectory,
    damage,
    hold,
)
from resnet_gui.core.runs.info import RunInfo, RunState, damaged_run
from resnet_gui.core.runs.titles import free_title, naming
from resnet_gui.core.system.atomic import write_json
from resnet_gui.core.system.documents import text
from resnet_gui.core.system.files import slug
from resnet_gui.core.system.paths import data_dir, expanded

__all__ = [
    "RUN_FILE", "HeldRun", "RunDirectory", "RunInfo", "RunState", "create_run", "find_run",
    "interrupted_runs", "list_runs", "note_run", "rename_run", "run_titles", "runs_dir",
]  # fmt: skip


def runs_dir() -> Path:
    """Where runs are kept if nothing else is said."""
    return data_dir() / "runs"


@contextlib.contextmanager
def create_run(
    config: RunConfig,
    title: str,
    split: Split,
    document: dict[str, Any],
    folder: Path,
    models: Path,
) -> Iterator[HeldRun]:
    """Make the directory of a new run, state "running", under a free name made from its title, and
    hold it. run.json is written last: before, nobody else sees a run.

    Args:
        title: what it shall be called; numbered where another run there is (`free_title`).
        document: further values of run.json (dataset, model, versions).
        folder: where runs are kept. models: a name is free if no model there has it either.

    Raises:
        RunError, RunNotWrittenError: the folder cannot be written, or the disk is full.
    """
    with contextlib.ExitStack() as stack:
        with naming():
            title = free_title(title, run_titles(folder))
            path = _new_directory(title, folder, models)
            try:
                held = stack.enter_context(hold(path))
                held.write_split(split)
                held.update(
                    format=FORMAT_VERSION,
                    id=uuid.uuid4().hex,
                    title=title,
                    created=datetime.now(UTC).isoformat(timespec="seconds"),
                    state=RunState.RUNNING.value,
                    message="",
                    config=config.to_json(),
                    model_path="",
                    **document,
                )
            except OSError as error:
                shutil.rmtree(path, ignore_errors=True)
                raise RunNotWrittenError(path / RUN_FILE, path.name, error) from error
            except BaseException:
                shutil.rmtree(path, ignore_errors=True)
                raise
        yield held


def _new_directory(title: str, folder: Path, models: Path) -> Path:
    stem, number = slug(title), 1
    while True:
        name = stem if number == 1 else f"{stem}-{number}"
        number += 1
        if (models / f"{name}.safetensors").exists():
            continue
        try:
            (folder / name).mkdir(parents=True, exist_ok=False)
            return folder / name
        except FileExistsError:
            continue
        except OSError as error:
            raise RunError(
                folder,
                f"The folder of runs {folder} cannot be written ({error.strerror}).",
                "Free some space, or choose another folder.",
            ) from error


def list_runs(folder: Path | None = None) -> list[RunInfo]:
    """All runs, the newest first. Directories that are no runs are left out."""
    found: list[RunInfo] = []
    for path in _run_paths(folder):
        try:
            found.append(RunDirectory.open(path).info())
        except (ResNetGuiError, OSError, *DAMAGE) as error:
            reason = str(error)
            if not isinstance(error, ResNetGuiError):
                reason = str(damage(path, RUN_FILE, "something in it is wrong or missing"))
            found.append(damaged_run(path, reason))
    return sorted(found, key=lambda info: info.created, reverse=True)


def run_titles(folder: Path | None = None) -> set[str]:
    """What the runs there are called. Those that cannot be read have no title to be taken."""
    titles: set[str] = set()
    for path in _run_paths(folder):
        with contextlib.suppress(ResNetGuiError, OSError, *DAMAGE):
            titles.add(RunDirectory.open(path).title)
    return titles


def _run_paths(folder: Path | None) -> list[Path]:
    try:
        paths = sorted((folder or runs_dir()).iterdir())
    except OSError:
        return []
    return [
        path for path in paths if not path.name.startswith(".") and os.path.lexists(path / RUN_FILE)
    ]


def interrupted_runs(folder: Path | None = None) -> list[RunInfo]:
    """Runs that ended without being stopped: to be offered for resuming at the next start."""
    return [info for info in list_runs(folder) if info.state is RunState.INTERRUPTED]


def find_run(wanted: str, folder: Path | None = None) -> RunDirectory:
    """A run by its name or its directory.

    Raises:
        UnknownRunError: no run has this name. RunError: none is in this folder, or it cannot be
            opened.
    """
    for path in (expanded(wanted), (folder or runs_dir()) / wanted):
        if os.path.lexists(path / RUN_FILE):
            return RunDirectory.open(path.absolute())
    if Path(wanted).name != wanted:
        raise RunError(
            wanted, f"There is no run in {wanted}.", "If it is on a drive, connect that first."
        )
    raise UnknownRunError(wanted)


def rename_run(path: Path, title: str) -> None:
    """Give a run another title; its directory keeps its name, which scripts may use. It may be in
    training: the title has a file of its own, which a training reads and never writes.

    Raises:
        RunError: the title is empty, or the run is damaged.
        RunNotWrittenError: the disk is full or gone.
    """
    if not title.strip():
        raise RunError(path, "A run needs a name.")
    RunDirectory.open(path)
    try:
        write_json(path / TITLE_FILE, {"title": text(title.strip())})
    except OSError as error:
        raise RunNotWrittenError(path / TITLE_FILE, path.name, error) from error


def note_run(path: Path, note: str) -> None:
    """Keep what a person writes about a run; an empty note goes. As `rename_run`, also while it is
    in training.

    Raises:
        RunError: the run is damaged. RunNotWrittenError: the disk is full or gone.
    """
    RunDirectory.open(path)
    try:
        if note.strip():
            write_json(path / NOTE_FILE, {"note": text(note.strip(), LONGEST_NOTE)})
        else:
            (path / NOTE_FILE).unlink(missing_ok=True)
    except OSError as error:
        raise RunNotWrittenError(path / NOTE_FILE, path.name, error) from error
