"""Room on the disk for a run: kept for its model, and said by name where there is none."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import tempfile
from pathlib import Path

from resnet_gui.core.errors import RunError, RunNotWrittenError, TrainingError
from resnet_gui.core.runs.directory import HeldRun
from resnet_gui.core.training.phase import Phase
from resnet_gui.core.training.setup import Setup

_HEADER_BYTES = 256 * 1024  # of a model file, and a few changes of run.json
_BLOCK = 1024 * 1024


def check_models(folder: Path) -> None:
    """That a model can be kept in this folder, which is made: seen before hours of training, not
    behind them.

    Raises:
        RunError: it cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise RunError(
            folder,
            f"The model could not be kept: its folder {folder} cannot be written "
            f"({error.strerror}).",
            "Free some space there, or change its permissions.",
        ) from error


def reserve_model(setup: Setup, phase: Phase) -> None:
    """Take the space that the finished model will need, before there is anything to lose: on a disk
    that fills up in mid-training, the best model so far can then still be saved.

    Nothing if models are kept on another drive than runs: what is there cannot be given to them.

    Raises:
        OSError: there is not so much space.
    """
    needed = sum(
        tensor.numel() * tensor.element_size() for tensor in phase.module.state_dict().values()
    )
    source = setup.entry.weights_path
    if phase.backbone and source is not None:  # the module is the head alone
        needed += source.stat().st_size
    needed += _HEADER_BYTES
    if _drive(setup.models) != _drive(setup.run.path):
        return
    try:
        _allocate(setup.run.reserve, needed)
    except OSError as error:
        release(setup.run)
        failure = _NoRoomError(error.errno, error.strerror, str(setup.run.reserve))
        failure.needed = needed
        raise failure from error


class _NoRoomError(OSError):
    needed = 0


def release(run: HeldRun) -> None:
    """Give the kept space back."""
    with contextlib.suppress(OSError):
        run.reserve.unlink(missing_ok=True)


def not_written(setup: Setup, error: OSError) -> TrainingError:
    """The error under our name: which file, why, and how much is missing if that is known."""
    path = Path(os.fsdecode(error.filename)) if error.filename else setup.run.path
    if path.parent not in (setup.run.path, setup.models):
        what = f"{path.name}: {error.strerror}" if error.filename else str(error)
        return TrainingError(
            f"The run could not go on ({what}).", "Check the drive, then resume the run."
        )
    free = 0
    with contextlib.suppress(OSError):
        free = shutil.disk_usage(path.parent).free
    return RunNotWrittenError(path, setup.run.name, error, free)


def _drive(folder: Path) -> int:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder.stat().st_dev


def _allocate(path: Path, size: int) -> None:
    with path.open("wb") as file:
        if hasattr(os, "posix_fallocate"):
            try:
                os.posix_fallocate(file.fileno(), 0, size)
            except OSError as error:
                if error.errno not in (errno.EINVAL, errno.EOPNOTSUPP):
                    raise
            else:
                return
        for _ in range(-(-size // _BLOCK)):
            file.write(bytes(min(_BLOCK, size)))
        os.fsync(file.fileno())
