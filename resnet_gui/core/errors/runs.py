"""What can be wrong with a training and its run's directory."""

from __future__ import annotations

import errno
from pathlib import Path

from resnet_gui.core.errors.base import ResNetGuiError


class TrainingError(ResNetGuiError):
    """Something is wrong with a training."""


class RunConfigError(TrainingError):
    """A setting of a run is out of range or unknown. `field` names it as in `--set field=…`."""

    mistaken = True

    def __init__(self, field: str, what: str, advice: str = "") -> None:
        self.field = field
        super().__init__(what, advice)


class NonFiniteLossError(TrainingError):
    """The loss became infinite or not a number at `epoch`, `step` (both counted from 1)."""

    def __init__(self, epoch: int, step: int, advice: str) -> None:
        self.epoch = epoch
        self.step = step
        super().__init__(
            f"The training diverged: the loss is not a number any more (epoch {epoch}, "
            f"step {step}).",
            advice,
        )


class WorkerError(TrainingError):
    """One of several processes that train a run together has failed, or does not fit the others.
    `rank` says which, None where that is not known."""

    def __init__(self, what: str, advice: str = "", rank: int | None = None) -> None:
        self.rank = rank
        super().__init__(what, advice)


class OutOfMemoryError(TrainingError):
    """Not even one photo at a time fits into the memory of the device."""


class RunError(TrainingError):
    """A run's directory is missing, damaged, in use, or of another version. `path` names it."""

    def __init__(self, path: str | Path, what: str, advice: str = "") -> None:
        self.path = str(path)
        super().__init__(what, advice)


class UnknownRunError(RunError):
    """No run has this name. `path` is what was asked for."""

    mistaken = True

    def __init__(self, wanted: str) -> None:
        super().__init__(wanted, f"There is no run “{wanted}”.", "“resnet-gui runs” lists them.")


class RunNotWrittenError(TrainingError):
    """A file of a run, or its model, could not be written; the run can go on when there is space.

    Attributes:
        path: the file. run: the run's name. reason: the system's.
        needed, free: bytes that it takes, and that are free there; 0: not known.
    """

    def __init__(self, path: str | Path, run: str, error: OSError, free: int = 0) -> None:
        self.path = str(path)
        self.run = run
        self.reason = error.strerror or str(error)
        self.needed = int(getattr(error, "needed", 0))
        self.free = free
        file = Path(path).name
        what = f"Space for the model of the run “{run}” could not be kept"
        if not file.startswith("."):
            what = f"{file} of the run “{run}” could not be written"
        space = ""
        if self.needed and error.errno in (errno.ENOSPC, errno.EDQUOT):
            space = f": {self.needed / 1e6:,.1f} MB are needed, {free / 1e6:,.1f} MB are free"
        super().__init__(
            f"{what} ({self.reason}{space}).", "Free some space on the disk, then resume the run."
        )


class RunMismatchError(RunError):
    """What a run was trained with is not what is here now: `expected` and `found` name both."""

    def __init__(self, path: str | Path, subject: str, expected: str, found: str) -> None:
        self.expected = expected
        self.found = found
        super().__init__(
            path,
            f"The run “{Path(path).name}” cannot go on: its {subject} is {expected}, "
            f"but {found} is here now.",
            "Start a new run instead.",
        )
