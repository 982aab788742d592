"""How a batch of copies, moves or links goes on, as a person sees it and as JSON tells it."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator
from dataclasses import replace

import typer

from resnet_gui.cli.follow import stop_flag
from resnet_gui.cli.output import INTERRUPTED, Bar, emit_json, say, say_of
from resnet_gui.core.errors import FilingInterruptedError
from resnet_gui.core.filing.batch import Filed, FileMissed, FilingProgress


def follow_filing(
    events: Generator[FilingProgress | FileMissed | Filed, None, None], what: str, as_json: bool
) -> Filed:
    """Run a batch to its end.

    Returns:
        what came of it; a file that came to its place meanwhile is not counted as missed.

    Raises:
        typer.Exit: Ctrl-C; what was done stays noted.
    """
    batch, same = "", 0
    with stop_flag() as stop, Bar() as bar, contextlib.closing(events), _advised():
        for event in events:
            if isinstance(event, FilingProgress):
                batch = event.batch
                bar.show(what, event.done, event.total)
            elif isinstance(event, FileMissed):
                same += event.same
                if as_json:
                    emit_json(event.to_json())
                elif not event.same:
                    say_of(event.path, event.message)
            else:
                if as_json:
                    emit_json(event.to_json())
                elif same:
                    say(_same_line(same), "yellow")
                return replace(event, missed=event.missed - same)
            if stop.is_set():
                break
    say(f"Stopped. {_ways_on(batch)}")
    raise typer.Exit(INTERRUPTED)


@contextlib.contextmanager
def _advised() -> Iterator[None]:
    """What could not go on says how it can later."""
    try:
        yield
    except FilingInterruptedError as error:
        error.add_advice(_ways_on(error.batch))
        raise


def _same_line(number: int) -> str:
    stay = "file stays: the same file" if number == 1 else "files stay: the same files"
    return f"{number:,} {stay} came into the folder meanwhile."


def _ways_on(batch: str) -> str:
    return (
        f"“resnet-gui undo {batch}” puts back what was done, “resnet-gui undo --finish {batch}” "
        "does the rest."
    )


def done_line(filed: Filed) -> str:
    """How it can be undone, and what is missing."""
    missed = f"{filed.missed:,} could not be done. " if filed.missed else ""
    return f"{missed}“resnet-gui undo” takes it back." if filed.done else missed.strip()
