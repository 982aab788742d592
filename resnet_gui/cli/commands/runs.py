"""The command `runs`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from resnet_gui.cli.input import given_path
from resnet_gui.cli.options import JsonLines
from resnet_gui.cli.output import emit_json, emit_table, foreseen_errors, say
from resnet_gui.core.runs.listing import RunState, list_runs


def runs(
    run_dir: Annotated[
        Path | None,
        typer.Option(
            help="Where to look. Default: where runs usually are.",
            metavar="FOLDER",
            parser=given_path,
        ),
    ] = None,
    as_json: JsonLines = False,
) -> None:
    """List all trainings, the newest first.

    A run that is “interrupted” or “stopped” can go on: see “resnet-gui resume -h”.
    """
    with foreseen_errors(as_json):
        found = list_runs(run_dir)
        if as_json:
            for info in found:
                emit_json(info.to_json())
            return
        header = ("run", "state", "model", "epochs", "best", "MB")
        rows = [
            (
                info.name,
                info.state.value,
                info.model,
                f"{info.epochs_done}/{info.epochs}",
                "" if info.best_val_accuracy is None else f"{info.best_val_accuracy:.1%}",
                f"{info.bytes / 1e6:.0f}",
            )
            for info in found
        ]
        if found:
            emit_table(header, rows, right=header[3:], spare=("MB", "model"))
        else:
            say("There are no runs yet. “resnet-gui train FOLDER” starts one.")
        for info in found:
            if info.state is RunState.INTERRUPTED:
                say(f"“resnet-gui resume {info.name}” goes on with it.")
