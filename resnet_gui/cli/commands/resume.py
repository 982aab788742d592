"""The command `resume`."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from threading import Event
from typing import Annotated

import typer

from resnet_gui.cli.follow import follow
from resnet_gui.cli.input import given_path, given_text
from resnet_gui.cli.options import JsonLines
from resnet_gui.cli.together import together
from resnet_gui.core.errors import DatasetError
from resnet_gui.core.runs.listing import find_run
from resnet_gui.core.training.workers import Workers


def resume(
    run: Annotated[
        str,
        typer.Argument(
            help="Name of the run, from “resnet-gui runs”, or its folder.",
            metavar="RUN",
            parser=given_text,
        ),
    ],
    device: Annotated[
        str | None,
        typer.Option(
            help="What computes: auto, cpu, cuda, cuda:1 or mps. Default: as before.",
            metavar="DEVICE",
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data",
            help="Where the photos are now, if their folder was moved or renamed. It has to hold "
            "the same photos.",
            metavar="FOLDER",
            parser=given_path,
        ),
    ] = None,
    as_json: JsonLines = False,
) -> None:
    """Go on with a run that was stopped or interrupted.

    It goes on after the last epoch that was finished, with the same settings and photos, and ends
    as if it had never stopped.

    \b
    Examples:
      resnet-gui resume pets-fast
      resnet-gui resume pets-fast --data /media/stick/pets
    """

    def lead(stopping: AbstractContextManager[Event], workers: Workers) -> int:
        directory = find_run(run)
        from resnet_gui.core.training.api import resume as start

        with stopping as stop:
            events = start(
                directory.path, stop=stop.is_set, device=device, workers=workers, data=data
            )
            try:
                return follow(events, as_json, directory.config, stop)
            except DatasetError as error:
                if data is None:
                    error.add_advice(
                        "Is its folder somewhere else now? Then: "
                        f"resnet-gui resume {directory.name} --data FOLDER"
                    )
                raise

    request = {"RUN": run, "--device": device}
    raise typer.Exit(together(lead, request, as_json, data))
