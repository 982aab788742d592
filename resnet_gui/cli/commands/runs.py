"""The command `runs`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

from resnet_gui.cli.options import JsonLines, path_option
from resnet_gui.cli.output import emit_json, emit_table, foreseen_errors, say
from resnet_gui.core.errors import RunError
from resnet_gui.core.runs.listing import RunState, list_runs

_LONGEST_NOTE = 40  # characters in the table


def runs(
    run_dir: Annotated[
        Path | None,
        path_option("FOLDER", "Where to look. Default: where runs usually are."),
    ] = None,
    as_json: JsonLines = False,
) -> None:
    """List all trainings, the newest first.

    The first column is what other commands call a run; title and note are what you gave it in the
    window. A narrow terminal shows fewer columns, a pipe and --json all of them. A run that is
    “interrupted” or “stopped” can go on: see “resnet-gui resume -h”.
    """
    with foreseen_errors(as_json):
        if run_dir is not None and not run_dir.is_dir():
            what = "is a file, not a folder" if run_dir.exists() else "is not there"
            raise RunError(run_dir, f"“{run_dir}” {what}.")
        found = list_runs(run_dir)
        if as_json:
            for info in found:
                emit_json(info.to_json())
            return
        header = (
            "run", "title", "state", "date", "folder", "model", "epochs", "best", "MB", "note",
        )  # fmt: skip
        rows = [
            (
                info.name,
                "" if info.title == info.name else info.title,
                info.state.value,
                _day(info.created),
                Path(info.data).name,
                info.model,
                f"{info.epochs_done}/{info.epochs}",
                "" if info.best_val_accuracy is None else f"{info.best_val_accuracy:.1%}",
                f"{info.bytes / 1e6:.0f}",
                _shortened(info.note),
            )
            for info in found
        ]
        if found:
            spare = ("MB", "model", "epochs", "note", "folder", "date", "title")
            emit_table(header, rows, right=("epochs", "best", "MB"), spare=spare)
        else:
            say("There are no runs yet. “resnet-gui train FOLDER” starts one.")
        for info in found:
            if info.state is RunState.INTERRUPTED:
                say(f"“resnet-gui resume {info.name}” goes on with it.")


def _day(created: str) -> str:
    """When, in the time of this place; "" of a damaged run."""
    try:
        return f"{datetime.fromisoformat(created).astimezone():%Y-%m-%d %H:%M}"
    except ValueError:
        return ""


def _shortened(note: str) -> str:
    """The note's first line, as much as a table takes."""
    line = note.split("\n")[0]
    return line if len(line) <= _LONGEST_NOTE else f"{line[: _LONGEST_NOTE - 1]}…"
