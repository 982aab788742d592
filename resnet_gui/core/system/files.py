"""Files and folders: the trash, sizes, names. No torch here."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
import stat
import unicodedata
from pathlib import Path
from typing import BinaryIO

from resnet_gui.core.errors import RunError
from resnet_gui.core.system.paths import data_dir

_SPECIAL = (
    (stat.S_ISDIR, "it is a folder"),
    (stat.S_ISFIFO, "it is a pipe, not a file"),
    (stat.S_ISSOCK, "it is a socket, not a file"),
)


def check_regular(path: Path) -> int:
    """The size in bytes of a plain file, which is not opened: opening a pipe waits for whoever
    writes into it, opening a device may set it going, and neither has an end.

    Raises:
        OSError: there is no such file, or it is a folder, pipe, socket or device; `strerror` says
            so in words.
    """
    try:
        return _regular_size(path.stat(), path)
    except ValueError as error:  # a zero byte, half of a surrogate pair
        raise OSError(errno.EINVAL, "no file can have this name") from error


def _regular_size(status: os.stat_result, path: Path) -> int:
    if stat.S_ISREG(status.st_mode):
        return status.st_size
    words = [text for is_kind, text in _SPECIAL if is_kind(status.st_mode)]
    raise OSError(errno.EINVAL, words[0] if words else "it is a device, not a file", str(path))


def open_regular(path: Path) -> BinaryIO:
    """Open a plain file for reading bytes.

    Raises:
        OSError: it cannot be opened, or as `check_regular`; nothing waits.
    """
    check_regular(path)
    # Should a pipe have taken its place since: without waiting, and looked at once more.
    flags = getattr(os, "O_NONBLOCK", 0)
    file = open(path, "rb", opener=lambda name, mode: os.open(name, mode | flags))  # noqa: SIM115
    try:
        _regular_size(os.fstat(file.fileno()), path)
    except BaseException:
        file.close()
        raise
    return file


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


def slug(title: str, otherwise: str = "run") -> str:
    """A file name for a title, and what new runs and models are called by commands: small letters
    of any script, digits, "-", "_" and ".", 60 at most. `otherwise`: where nothing is left of it.
    """
    text = unicodedata.normalize("NFC", title).casefold()
    text = re.sub(r"[^\w.-]+", "-", text).strip("-._")[:60].strip("-._")
    # Windows' device names cannot be files, with any ending.
    device = re.fullmatch(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", text)
    return text if text and not device else otherwise
