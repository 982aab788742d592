"""Files and folders: the trash, sizes, names. No torch here."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import unicodedata
from pathlib import Path

from resnet_gui.core.errors import RunError
from resnet_gui.core.paths import data_dir


def move_to_trash(path: Path) -> None:
    """Move a file or folder to the system's trash; where there is none (a server, a network
    drive), to the folder `trash` of this program's data.

    Raises:
        RunError: neither works.
    """
    try:
        from send2trash import send2trash

        send2trash(path)
    except (OSError, ImportError):
        target, number = data_dir() / "trash" / path.name, 2
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            while target.exists():
                target, number = target.with_name(f"{path.name}-{number}"), number + 1
            shutil.move(path, target)
        except OSError as error:
            raise RunError(path, f"{path.name} could not be deleted ({error.strerror}).") from error


def disk_use(path: Path) -> int:
    """Bytes of a file, or of all files in a folder."""
    if path.is_file():
        return path.stat().st_size
    total = 0
    for folder, _, names in os.walk(path):
        for name in names:
            with contextlib.suppress(OSError):  # deleted meanwhile
                total += (Path(folder) / name).stat().st_size
    return total


def slug(title: str) -> str:
    """A file name for a title: letters of any script, digits, "-", "_" and ".", 60 at most."""
    text = unicodedata.normalize("NFC", title).casefold()
    text = re.sub(r"[^\w.-]+", "-", text).strip("-._")[:60].strip("-._")
    # Windows' device names cannot be files, with any ending.
    return (
        text if text and not re.fullmatch(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", text) else "run"
    )
