"""What every command takes: paths that name something."""

from __future__ import annotations

from pathlib import Path

import typer


def given_path(text: str) -> Path:
    """The path of an argument or option.

    Raises:
        typer.BadParameter: it is empty. A script's variable that was never set would otherwise
            mean the folder that the program happens to be in.
    """
    return Path(given_text(text))


def given_text(text: str) -> str:
    """As `given_path`, of what may be a name or a path."""
    if not text:
        raise typer.BadParameter(
            'an empty text ("") names no file or folder; “.” is the folder you are in'
        )
    return text
