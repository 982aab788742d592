"""Files and folders that commands are asked to write: the same rule for all of them.

A folder that is not there is made, and its making is said, since a slip of the pen makes one, too;
where nothing came into it, it goes again. What cannot be is said before anything slow begins.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import typer

from resnet_gui.cli.output import say


def check_file(file: Path, option: str, suffix: str = "") -> None:
    """Raises typer.BadParameter if no file of that name can come to be.

    Args:
        suffix: how its name has to end.
    """
    if suffix and (file.suffix.lower() != suffix or file.is_dir()):
        raise typer.BadParameter(f"“{file}” is no file name ending in {suffix}", param_hint=option)
    if file.is_dir():
        raise typer.BadParameter(f"“{file}” is a folder, not a file", param_hint=option)
    _check_way(file.parent, option)


def check_folder(folder: Path, option: str) -> None:
    """Raises typer.BadParameter if no folder of that name can come to be."""
    if folder.exists() and not folder.is_dir():
        raise typer.BadParameter(f"“{folder}” is a file, not a folder", param_hint=option)
    _check_way(folder.parent, option)


@contextlib.contextmanager
def into_folder(folder: Path) -> Iterator[None]:
    """The block writes into a folder, which it makes where it is not there: that is said. A folder
    that stays empty is removed."""
    missing = _missing(folder.absolute())
    try:
        yield
    finally:
        for path in missing:
            with contextlib.suppress(OSError):
                path.rmdir()
        if missing and missing[-1].is_dir():
            say(f"There was no folder “{missing[-1]}”: it was made.")


def _missing(folder: Path) -> list[Path]:
    """The folders of a path that are not there, the innermost first."""
    found = []
    for path in (folder, *folder.parents):
        if path.exists():
            break
        found.append(path)
    return found


def _check_way(folder: Path, option: str) -> None:
    for path in (folder, *folder.parents):
        if path.is_dir():
            return
        if path.exists():
            raise typer.BadParameter(
                f"“{path}” is a file, so there can be no folder of that name", param_hint=option
            )
