"""Show a file in the system's file manager."""

from __future__ import annotations

import sys
from collections.abc import Generator
from pathlib import Path

from PySide6.QtCore import QProcess, QUrl
from PySide6.QtGui import QDesktopServices


def folder_of(path: Path) -> Generator[None, None, tuple[Path, Path | None]]:
    """A job: `path`, and the folder that it is or is in; None if it is not there."""
    yield None
    if not path.exists():
        return path, None
    return path, path if path.is_dir() else path.parent


def reveal(path: Path, folder: Path) -> bool:
    """Open `folder`, with the file `path` selected where the system can do that.

    Returns:
        False: this system has no file manager that answers.
    """
    if sys.platform == "win32":
        return bool(QProcess.startDetached("explorer", ["/select,", str(path)])[0])
    if sys.platform == "darwin":
        return bool(QProcess.startDetached("open", ["-R", str(path)])[0])
    return QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))
