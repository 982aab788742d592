"""The command `undo`."""

from __future__ import annotations

from typing import Annotated

import typer

from resnet_gui.cli.filing import done_line, follow_filing
from resnet_gui.cli.input import given_text
from resnet_gui.cli.options import JsonLines
from resnet_gui.cli.output import (
    FINE,
    SOME_FAILED,
    emit_json,
    emit_table,
    foreseen_errors,
    say,
)
from resnet_gui.core.errors import UnknownBatchError
from resnet_gui.core.filing.batch import BatchInfo, BatchState, count
from resnet_gui.core.filing.carry_out import finish
from resnet_gui.core.filing.journal import list_batches
from resnet_gui.core.filing.undo import last_undoable
from resnet_gui.core.filing.undo import undo as start


def undo(
    batch: Annotated[
        str | None,
        typer.Argument(
            help="Which one, by its id from “--list”. Default: the last one.",
            metavar="ID",
            parser=given_text,
        ),
    ] = None,
    listing: Annotated[
        bool, typer.Option("--list", help="Only list what was sorted, the newest first.")
    ] = False,
    finishing: Annotated[
        bool,
        typer.Option(
            "--finish", help="Do not undo a sorting that was cut off, but do what is left of it."
        ),
    ] = False,
    as_json: JsonLines = False,
) -> None:
    """Take a sorting back.

    Photos that were moved go back where they were, copies and links go. What was changed since
    stays and is named, and the exit code is then 1. A copy stays, too, if the photo that it was
    made from is gone. Folders that the sorting made go if they are empty.

    \b
    Examples:
      resnet-gui undo
      resnet-gui undo --list
      resnet-gui undo 20260521-143000-123a1b
    """
    with foreseen_errors(as_json):
        if listing:
            _list(as_json)
            raise typer.Exit(FINE)
        chosen = batch or _usual(finishing)
        if finishing:
            filed = follow_filing(finish(chosen), "Sorting", as_json)
            if not as_json:
                say(f"{filed.title}: done. {done_line(filed)}")
        else:
            filed = follow_filing(start(chosen), "Undoing", as_json)
            if not as_json:
                say(f"{filed.title}: undone, {count(filed.done, 'file')}.")
                if filed.missed:
                    stay = "stays as it is" if filed.missed == 1 else "stay as they are"
                    say(f"{count(filed.missed, 'file')} {stay}.", "yellow")
    raise typer.Exit(SOME_FAILED if filed.missed else FINE)


def _usual(finishing: bool) -> str:
    if not finishing:
        info = last_undoable()
        if info is None:
            raise UnknownBatchError("", "There is nothing to undo.")
        return info.id
    for info in list_batches():
        if info.state is BatchState.INTERRUPTED and not info.undoing:
            return info.id
    raise UnknownBatchError("", "No sorting was cut off.")


def _list(as_json: bool) -> None:
    found = list_batches()
    if as_json:
        for info in found:
            emit_json(info.to_json())
        return
    if not found:
        say("Nothing was sorted yet. “resnet-gui sort -h” explains how.")
        return
    rows = [(info.id, info.when, str(info.state), info.title) for info in found]
    emit_table(("id", "when", "state", "what"), rows, right=(), spare=("when",))
    for info in found:
        if info.state is BatchState.INTERRUPTED:
            say(_choice(info))


def _choice(info: BatchInfo) -> str:
    back = f"“resnet-gui undo {info.id}” puts it back"
    if info.undoing:
        return f"{info.title}: undoing it was cut off. {back}."
    return (
        f"{info.title}: cut off after {info.done:,} of {info.total:,} files. {back}, “resnet-gui "
        f"undo --finish {info.id}” does the rest."
    )
