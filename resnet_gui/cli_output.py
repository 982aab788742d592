"""What the commands write: answers to stdout, all else to stderr.

Every answer goes through `emit`: a reader that hangs up (`… | head`) ends the program in peace, and
a file name that is no text does not end it at all.
"""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Sequence
from typing import Any

import typer
from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.text import Text

from resnet_gui.core.atomic import dump_json

_err = Console(stderr=True, soft_wrap=True, highlight=False)
# Undecodable bytes of a file name go out as they came in; Windows has no such names.
_UNDECODABLE = "surrogateescape" if os.name == "posix" else "replace"
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def prepare_streams() -> None:
    """Let no character end the program: a terminal or pipe may know only some of them."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        utf8 = sys.stdout.encoding.lower().replace("-", "") == "utf8"
        sys.stdout.reconfigure(errors=_UNDECODABLE if utf8 else "replace")


def stdout_for_programs() -> None:
    """JSON and CSV are UTF-8 with plain line ends, whatever the terminal's encoding is."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors=_UNDECODABLE, newline="\n")


def emit(text: str) -> None:
    """Write to stdout, at once.

    Raises:
        typer.Exit: nobody reads any more; there is nothing left to do.
    """
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        # What is still buffered must not fail again when Python closes the stream.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
        raise typer.Exit(0) from None


def emit_json(value: dict[str, Any]) -> None:
    """One JSON object on one line of stdout."""
    stdout_for_programs()
    emit(dump_json(value) + "\n")


def emit_line(*parts: str | tuple[str, str]) -> None:
    """A line for a person on stdout, made of texts and of (text, style)."""
    console = Console(soft_wrap=True, highlight=False)
    with console.capture() as capture:
        console.print(Text.assemble(*parts))
    emit(capture.get())


def emit_table(
    header: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[str], spare: Sequence[str]
) -> None:
    """A table on stdout in which nothing is cut off.

    Args:
        right: the columns that are aligned to the right.
        spare: columns that are left out, the first one first, where a terminal is too narrow for
            all of them. A file or a pipe gets every column.
    """
    console = Console()
    left_out: set[str] = set()
    while True:
        shown = [n for n, name in enumerate(header) if name not in left_out]
        widths = {n: max(cell_len(row[n]) for row in (header, *rows)) for n in shown}
        fits = sum(widths.values()) + 2 * (len(shown) - 1) <= console.width
        more = [name for name in spare if name not in left_out]
        if fits or not more or not console.is_terminal:
            break
        left_out.add(more[0])
    for row in (header, *rows):
        cells = []
        for n in shown:
            space = " " * (widths[n] - cell_len(row[n]))
            cells.append(space + row[n] if header[n] in right else row[n] + space)
        emit_line(("  ".join(cells).rstrip(), "bold" if row is header else ""))


def say(text: object, style: str = "") -> None:
    """A line for a person on stderr."""
    _err.print(Text(str(text), style=style))


def say_error(error: object) -> None:
    _err.print(Text.assemble(("Error:", "bold red"), f" {error}"))


def visible(text: str) -> str:
    """A file name as a terminal may show it: control characters would steer it."""
    return _CONTROL.sub(lambda found: repr(found.group())[1:-1], text)


class Bar:
    """A progress bar on a terminal, nothing elsewhere."""

    def __init__(self, console: Console) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
        self._progress = Progress(
            *columns, console=console, transient=True, disable=not console.is_terminal
        )
        self._task: TaskID | None = None

    def __enter__(self) -> Bar:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, text: str, done: int, total: int) -> None:
        """done of total; total 0: not known."""
        if self._task is None:
            self._task = self._progress.add_task(text)
        self._progress.update(self._task, description=text, completed=done, total=total or None)
