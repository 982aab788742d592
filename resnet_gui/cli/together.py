"""A command that several processes carry out together, started by torch's launcher."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from resnet_gui.cli.follow import stop_flag
from resnet_gui.cli.output import INTERRUPTED, SOME_FAILED, foreseen_errors, say
from resnet_gui.core.errors import ResNetGuiError, WorkerError
from resnet_gui.core.training.launch import Place, launched
from resnet_gui.core.training.workers import ALONE, Workers

# What the command does in a process that is alone, or that leads others; it returns the exit code.
Lead = Callable[[AbstractContextManager[threading.Event], Workers], int]


def together(
    lead: Lead, request: Mapping[str, Any], as_json: bool, folder: Path | None = None
) -> int:
    """Carry a command out, alone or as one of several processes, and return the exit code.

    Of several, the first one leads and speaks. The others write nothing to stdout; what ends them
    is a sentence on stderr.

    Args:
        request: what the command line asks for. It has to be the same in all processes.
        folder: where this computer has the photos, if the command line says it.

    Raises:
        typer.Exit: an error was foreseen, and has been told.
    """
    with foreseen_errors(as_json):
        place = launched()
        if place is None:
            return lead(stop_flag(), ALONE)
        if not place.rank:
            return _lead(place, lead, request)
    return _follow(place, request, folder)


def _lead(place: Place, lead: Lead, request: Mapping[str, Any]) -> int:
    from resnet_gui.core.training.meeting import join

    def waiting(there: int) -> None:
        say(f"Waiting for the other workers: {there} of {place.size} are there.")

    with stop_flag(patient=True) as stop:
        try:
            with join(place, stop, waiting) as workers:
                workers.compare(request)
                workers.code = lead(contextlib.nullcontext(stop), workers)
                return workers.code
        except WorkerError as error:
            if not stop.is_set():
                raise
            say(error)
            return INTERRUPTED


def _follow(place: Place, request: Mapping[str, Any], folder: Path | None) -> int:
    from resnet_gui.core.training.follower import follow_leader
    from resnet_gui.core.training.meeting import join

    with stop_flag(patient=True) as stop:
        try:
            with join(place, stop) as workers:
                return follow_leader(workers, request, folder)
        except ResNetGuiError as error:
            say(f"Worker {place.rank}: {error}", "red")
            return INTERRUPTED if stop.is_set() else SOME_FAILED
