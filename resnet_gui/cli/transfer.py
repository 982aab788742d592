"""How weights arrive, as a person sees it and as JSON tells it."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from typing import Any, TypeVar

import typer
from rich.progress import DownloadColumn, TimeRemainingColumn, TransferSpeedColumn

from resnet_gui.cli.output import INTERRUPTED, Bar, say
from resnet_gui.core.errors import ResNetGuiError
from resnet_gui.core.events import DownloadProgress

T = TypeVar("T")
Y = TypeVar("Y")


class DownloadBar(Bar):
    """Progress on stderr. Where that is no terminal, one line per thing that is waited for."""

    def __init__(self) -> None:
        super().__init__(DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())

    def follow(self, work: Generator[Any, None, T], title: str) -> T:
        """Run a generator to its end, showing its progress.

        Raises:
            typer.Exit: Ctrl-C; what has arrived is kept.
        """
        steps = self.steps(work, title)
        while True:
            try:
                next(steps)
            except StopIteration as end:
                result: T = end.value
                return result

    def steps(self, work: Generator[Y, None, T], title: str) -> Generator[Y, None, T]:
        """As `follow`, but hands on what the generator yields."""
        note = ""
        try:
            with self.task(title), contextlib.closing(work):
                while True:
                    try:
                        event = next(work)
                    except StopIteration as end:
                        result: T = end.value
                        return result
                    if isinstance(event, DownloadProgress):
                        note = self._show_download(event, title, note)
                    yield event
        except KeyboardInterrupt:
            say("Interrupted. What has arrived is kept: the next try goes on from there.")
            raise typer.Exit(INTERRUPTED) from None

    def _show_download(self, event: DownloadProgress, title: str, before: str) -> str:
        """Move the bar; returns the note, without the seconds that count down in it."""
        description = f"{title}: {event.note}" if event.note else title
        self.show(description, event.done, event.total)
        note = event.note.partition(" Trying again")[0]
        if note and note != before and not self.shown and "Trying" in event.note:
            say(description)
        return note


def error_line(error: ResNetGuiError | None) -> dict[str, Any]:
    """The part of a JSON line that says what went wrong; None: nothing."""
    said = error and {"type": type(error).__name__, "message": str(error)}
    return {"error": said}
