"""All that the commands write: answers to stdout, all else to stderr.

What is true of every command is true because it goes through here:

- A person sees `visible` text: nothing in a name, label or message steers the terminal, and
  brackets are brackets, not rich's markup.
- A program gets exact values: JSON and CSV are valid UTF-8 with plain line ends.
- What ends a command begins with “Error:”, what is wrong with one of several things with its name.
- A reader that hangs up (`… | head`) ends the program in peace, a full disk with a sentence; where
  nobody can read stderr, the work goes on without it.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Self

import typer
from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, TaskID, TextColumn
from rich.progress import TimeRemainingColumn as TimeRemaining
from rich.text import Text

from resnet_gui.core.errors import ResNetGuiError
from resnet_gui.core.system.atomic import dump_json
from resnet_gui.core.system.visible_text import escape_json, visible

# Windows says “invalid argument” where a pipe has no reader any more.
_HUNG_UP = frozenset(
    {errno.EPIPE, errno.ESHUTDOWN} | ({errno.EINVAL} if os.name == "nt" else set())
)

FINE, SOME_FAILED, WRONG_USE, INTERRUPTED = 0, 1, 2, 130

_CommandLineError: Any = typer.BadParameter.__mro__[2]  # ClickException: typer has no name for it


class WrongUseError(Exception):
    """Wrong use of the command line: the text says what is right."""


# What may end a command, in words for a person.
FORESEEN = (ResNetGuiError, WrongUseError)


class _Stderr(Console):
    def on_broken_pipe(self) -> None:
        raise  # rich calls this while it handles the error; `_say` knows what to do


err = _Stderr(stderr=True, soft_wrap=True, highlight=False, markup=False, emoji=False)


class _Stdout(io.TextIOWrapper):
    """stdout that ends the program when it cannot be written, whoever writes: help texts do not
    come from here.

    Attributes:
        lost: the exit code once it could not be written.
    """

    lost: int | None = None

    def write(self, text: str) -> int:
        try:
            if self.lost is None:
                return super().write(text)
        except OSError as error:
            self.lost = _give_up(error)
        raise typer.Exit(self.lost)

    def flush(self) -> None:
        try:
            super().flush()
        except OSError as error:
            self.lost = _give_up(error)
            raise typer.Exit(self.lost) from None


def prepare_streams() -> None:
    """Let no character end the program (a terminal or pipe may know only some of them), nor a
    stdout that cannot be written."""
    out = sys.stdout
    if type(out) is io.TextIOWrapper:  # not what tests and other programs put in its place
        encoding, lines, through = out.encoding, out.line_buffering, out.write_through
        sys.stdout = _Stdout(
            out.detach(), encoding, "replace", line_buffering=lines, write_through=through
        )
    elif isinstance(out, io.TextIOWrapper):
        out.reconfigure(errors="replace")


def run_app(app: typer.Typer, name: str) -> int:
    """Run the command of `sys.argv`.

    Returns:
        the exit code. Errors that were foreseen, wrong use, and a stdout that cannot be written
        are a sentence on stderr.
    """
    prepare_streams()
    code = _run(app, name)
    with contextlib.suppress(typer.Exit):  # what is left must not fail while Python ends
        if sys.stdout is not None:
            sys.stdout.flush()
    return code or getattr(sys.stdout, "lost", None) or 0


def _run(app: typer.Typer, name: str) -> int:
    try:
        return int(app(prog_name=name, standalone_mode=False) or 0)
    except FORESEEN as error:
        say_error(error)
        return code_of(error)
    except typer.Abort:
        return INTERRUPTED
    except _CommandLineError as error:
        # What was typed may be the name of a file that a pattern of the shell found.
        error.message = visible(error.message)
        text = io.StringIO()
        error.show(text)
        for line in text.getvalue().splitlines():
            say(line)
        return int(error.exit_code)


@contextlib.contextmanager
def foreseen_errors(as_json: bool) -> Iterator[None]:
    """Errors become a sentence on stderr and an exit code; with `--json` also an object."""
    try:
        yield
    except KeyboardInterrupt:
        say("Interrupted.", "red")
        raise typer.Exit(INTERRUPTED) from None
    except FORESEEN as error:
        say_error(error)
        if as_json:
            with contextlib.suppress(typer.Exit):  # nobody reads it: the code stays
                emit_json({"event": "error", "type": type(error).__name__, "message": str(error)})
        raise typer.Exit(code_of(error)) from None


def code_of(error: ResNetGuiError | WrongUseError) -> int:
    """The exit code of an error that was foreseen, the same for every command: 2 says that the
    command line itself is wrong and will be tomorrow, 1 that something is not there (a folder, a
    drive, a device) or failed."""
    return WRONG_USE if isinstance(error, WrongUseError) or error.mistaken else SOME_FAILED


def stdout_for_programs() -> None:
    """JSON and CSV are UTF-8 with plain line ends, whatever the terminal's encoding is. Bytes of
    file names that are no text appear as \\udc80 to \\udcff."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace", newline="\n")


def emit(text: str) -> None:
    """Write to stdout, at once.

    Raises:
        typer.Exit: nobody reads any more (code 0), or it cannot be written (code 1, and a sentence
            on stderr); there is nothing left to do.
    """
    try:
        if sys.stdout is None:  # closed by whoever started the program
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        raise typer.Exit(_give_up(error)) from None


def _give_up(error: OSError) -> int:
    """stdout is lost: say so unless its reader just hung up; returns the exit code."""
    _silence(sys.stdout)
    if error.errno in _HUNG_UP:
        return 0
    say_error(f"The output could not be written ({error.strerror or error}).")
    return 1


def emit_json(value: dict[str, Any]) -> None:
    """One JSON object on one line of stdout, its values exact."""
    stdout_for_programs()
    emit(escape_json(dump_json(value)) + "\n")


def emit_line(*parts: str | tuple[str, str]) -> None:
    """A line for a person on stdout, made of texts and of (text, style)."""
    console = Console(soft_wrap=True, highlight=False)
    safe = [
        visible(part) if isinstance(part, str) else (visible(part[0]), part[1]) for part in parts
    ]
    with console.capture() as capture:
        console.print(Text.assemble(*safe))
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
    rows = [[visible(cell) for cell in row] for row in rows]
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
    _say(Text(visible(str(text)), style=style))


def say_error(error: object, subject: str = "Error") -> None:
    """`subject`, the path or name of what failed, stands out. A sentence that begins with it says
    it once: “nix.pth is not there.”"""
    head, rest = _about(subject, str(error))
    _say(Text.assemble((visible(head), "bold red"), f" {visible(rest)}"))


def say_of(subject: str, text: str) -> None:
    """What a person should know of one of several things; the others go on. See `say_error`."""
    say(" ".join(_about(subject, text)), "yellow")


def _about(subject: str, text: str) -> tuple[str, str]:
    # Bytes that are no text have been replaced in a sentence.
    readable = subject.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    for path in (subject, readable):
        parts = Path(path).parts
        for tail in (path, *("/".join(parts[number:]) for number in range(len(parts)))):
            if tail and text.startswith(f"{tail} "):  # its name, or with folders around it
                return subject, text.removeprefix(f"{tail} ")
            if tail and text.startswith(f"{tail}: "):
                return f"{subject}:", text.removeprefix(f"{tail}: ")
    return f"{subject}:", text


def _say(text: Text) -> None:
    try:
        err.print(text)
    except OSError:  # nobody can read it: the work goes on, the exit code tells
        err.quiet = True
        _silence(sys.stderr)


def _silence(stream: Any) -> None:
    """What is still buffered must not fail again when Python closes the stream."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        descriptor = stream.fileno()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, descriptor)
        finally:
            os.close(nowhere)


class Bar:
    """A progress bar on a terminal's stderr, nothing elsewhere. `say` writes above it."""

    def __init__(self, *columns: ProgressColumn) -> None:
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            *(columns or (TimeRemaining(),)),
            console=err,
            transient=True,
            disable=not self.shown,
        )
        self._task: TaskID | None = None

    @property
    def shown(self) -> bool:
        """Whether a person can see it."""
        return err.is_terminal

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, text: str, done: int, total: int) -> None:
        """done of total; total 0: not known."""
        text = visible(text)
        if self._task is None:
            self._task = self._progress.add_task(text, total=None)
        self._progress.update(self._task, description=text, completed=done, total=total or None)

    @contextlib.contextmanager
    def task(self, text: str) -> Iterator[None]:
        """A bar of its own for the time of a block; `show` moves it."""
        self._task = self._progress.add_task(visible(text), total=None)
        try:
            yield
        finally:
            self._progress.remove_task(self._task)
            self._task = None
