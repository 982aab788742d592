"""What can be wrong with copying, moving or linking many files."""

from __future__ import annotations

from pathlib import Path

from resnet_gui.core.errors.base import ResNetGuiError


class FilingError(ResNetGuiError):
    """Files cannot be copied, moved or linked, or not all of them. `path` names the file or folder
    that it failed at."""

    def __init__(self, path: str | Path, what: str, advice: str = "") -> None:
        self.path = str(path)
        super().__init__(what, advice)


class FilingInterruptedError(FilingError):
    """A batch could not go on. What it did so far is noted: it can be finished or put back.

    Attributes:
        batch: its id. done, total: files.
    """

    def __init__(
        self, path: str | Path, what: str, advice: str, batch: str, done: int, total: int
    ) -> None:
        self.batch = batch
        self.done = done
        self.total = total
        super().__init__(path, f"{what} {done:,} of {total:,} files are done.", advice)


class FilingBusyError(FilingError):
    """Another window or terminal is at it. Two at once would get in each other's way."""

    def __init__(self, path: str | Path) -> None:
        super().__init__(
            path,
            "Another window or terminal is copying or moving photos right now.",
            "Try again when it is done.",
        )


class DriveAwayError(FilingError):
    """Files of a batch are on a drive that is not connected."""

    def __init__(self, drive: Path, title: str) -> None:
        super().__init__(
            drive,
            f"“{title}” cannot be undone now: the drive {drive} is not connected.",
            "Nothing was changed. Connect it and undo once more.",
        )


class UnknownBatchError(FilingError):
    """There is no such batch, or nothing of it can be undone. `batch`: its id, "" for any."""

    mistaken = True

    def __init__(self, batch: str, what: str, advice: str = "") -> None:
        self.batch = batch
        super().__init__(batch, what, advice)
