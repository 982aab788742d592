"""Answers to photos as `classify` gives them: for a person, or as a table."""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Self

import typer
from rich.progress import TaskProgressColumn

from resnet_gui.cli.output import (
    Bar,
    emit,
    emit_line,
    say,
    say_error,
    stdout_for_programs,
)
from resnet_gui.core.events import INCOMPLETE, ImageFailed, ModelReady, Prediction
from resnet_gui.core.library.answered import AnsweredPhoto
from resnet_gui.core.library.columns import Column
from resnet_gui.core.library.tables import Table, TableKind, table_file
from resnet_gui.core.words import duration, pace

if TYPE_CHECKING:
    from resnet_gui.core.library.answering import Told

_LATELY_S = 20.0  # the time over which photos a second are counted
_SOON_S = 1.0  # before that a rate would be a guess
_SAY_EACH_S = 30.0  # where no bar can be shown


def print_answer(event: Prediction | ImageFailed) -> None:
    """An answer for a person."""
    emit_line((event.path, "bold"))
    if isinstance(event, ImageFailed):
        emit_line("  ", (event.message, "red"))
        return
    if event.incomplete:
        emit_line("  ", (INCOMPLETE, "yellow"))
    rows = [(score.probability, score.label) for score in event.scores]
    if event.kind is not None:
        rows.append((event.kind.probability, f"any kind of {event.kind.name}"))
    for probability, label in rows:
        bar = "█" * max(1, round(probability * 24))
        emit_line(f"  {probability:6.1%}  {bar:<24}  {label}")


@contextlib.contextmanager
def table_on_stdout(
    kind: TableKind, columns: Sequence[Column], *, bom: bool, raw: bool, semicolons: bool = False
) -> Iterator[Table]:
    """A table on stdout, each row as soon as it is there."""
    stdout_for_programs()
    table = Table(emit, kind, columns, bom=bom, raw=raw, semicolons=semicolons)
    yield table
    table.end()


class _NotReplacedError(Exception):
    """A table that is not finished does not take the place of one that is there."""


@contextlib.contextmanager
def table_in_file(
    path: Path,
    kind: TableKind,
    columns: Sequence[Column],
    stopped: Callable[[], bool],
    *,
    bom: bool,
    raw: bool,
    semicolons: bool = False,
) -> Iterator[Table]:
    """A table that becomes the file `path` when the block ends. If the work was `stopped`, or found
    nothing, the rows so far do, unless there was such a file: then that stays.

    Raises:
        typer.Exit: it cannot be written (code 1, and a sentence on stderr).
    """
    was_there = path.exists()
    try:
        with table_file(path, kind, columns, bom=bom, raw=raw, semicolons=semicolons) as table:
            yield table
            if was_there and stopped():
                raise _NotReplacedError
    except _NotReplacedError:
        say(f"{path} stays as it was.")
    except OSError as error:
        say_error(f"{path} could not be written ({error.strerror or error}).")
        raise typer.Exit(1) from None


class Pace:
    """How far the photos are, on stderr: a bar where a person sees it, else a line now and then.

    Attributes:
        done: how many photos have an answer or failed. kept: how many of them had one before.

    Args of the constructor:
        shown: whether anything is to be said; not where answers go to the same screen.
    """

    def __init__(
        self, total: int, *, shown: bool, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.done = self.kept = 0
        self._total, self._clock = total, clock
        self._shown = shown and total > 1
        self._bar = Bar(TaskProgressColumn())
        self._asked: deque[tuple[float, int]] = deque()  # when so many had been asked about
        self._said = clock()

    def __enter__(self) -> Self:
        if self._shown:
            self._bar.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        if self._shown:
            self._bar.__exit__()

    def counting(self, events: Iterator[Told]) -> Iterator[Told]:
        """The same events, counted. The time until a model is ready is not the photos'."""
        for event in events:
            if isinstance(event, ModelReady) and not self._asked:
                self._asked.append((self._clock(), 0))
            elif isinstance(event, AnsweredPhoto):
                self._count(event)
            yield event

    def _count(self, photo: AnsweredPhoto) -> None:
        self.done += 1
        self.kept += photo.kept
        now = self._clock()
        if not photo.kept:
            self._asked.append((now, self.done - self.kept))
            while len(self._asked) > 2 and now - self._asked[1][0] > _LATELY_S:
                self._asked.popleft()
        if not self._shown:
            return
        if self._bar.shown:
            self._bar.show(self.text(), self.done, self._total)
        elif now - self._said > _SAY_EACH_S:
            self._said = now
            say(self.text())

    def per_second(self) -> float | None:
        """How many photos were answered a second lately, kept ones left out. None: it is too early
        to tell."""
        if len(self._asked) < 2:
            return None
        (began, before), (now, after) = self._asked[0], self._asked[-1]
        return (after - before) / (now - began) if now - began > _SOON_S else None

    def text(self) -> str:
        """“1,234 of 20,000 · 58 photos/s · about 5 min left”, as the window says it."""
        parts = [f"{self.done:,} of {self._total:,}"]
        rate = self.per_second()
        if rate:
            parts.append(pace(rate))
            if self.done < self._total:
                parts.append(f"about {duration((self._total - self.done) / rate)} left")
        return " · ".join(parts)
