"""The events of a run, as a person reads them, and Ctrl-C while it runs."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Generator, Iterator
from types import FrameType
from typing import Any

import typer

from resnet_gui.cli.output import FINE, INTERRUPTED, SOME_FAILED, Bar, emit_json, say, say_of
from resnet_gui.core.events import ImageFailed, Notice
from resnet_gui.core.runs.config import RunConfig
from resnet_gui.core.runs.events import (
    BatchDone,
    EpochDone,
    PhotoSkipped,
    Preparing,
    RunFailed,
    RunFinished,
    RunStarted,
    RunStopped,
    TrainEvent,
)
from resnet_gui.core.words import precision_words

PREPARING = {
    "folder": "Looking at the folder",
    "model": "Loading the model",
    "converting": "Making the model's faster form, once",
    "photos": "Reading photos",
    "features": "Computing features",
    "validating": "Validating",
    "testing": "Testing",
    "measuring": "Measuring",
}


@contextlib.contextmanager
def stop_flag(*, patient: bool = False) -> Iterator[threading.Event]:
    """A flag that Ctrl-C sets, so that the batch is finished; a second Ctrl-C does not wait.

    Args:
        patient: no signal is taken for a second Ctrl-C: whoever started this process sends several
            for one, and ends it by force when it takes too long.
    """
    flag = threading.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        if flag.is_set() and not patient:
            raise KeyboardInterrupt
        flag.set()

    if threading.current_thread() is not threading.main_thread():
        yield flag  # signals reach the main thread only
        return
    before = {
        number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield flag
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def follow(
    events: Iterator[TrainEvent],
    as_json: bool,
    config: RunConfig,
    stop: threading.Event,
) -> int:
    """Show a run's events; returns the exit code."""
    code = FINE
    name, skipped, ended = "", 0, False
    try:
        with Bar() as bar, _closing(events):
            for event in events:
                ended = isinstance(event, (RunFinished, RunStopped, RunFailed))
                if as_json:
                    emit_json(event.to_json())
                if isinstance(event, Preparing):
                    bar.show(PREPARING.get(event.what, event.what), event.done, event.total)
                elif isinstance(event, BatchDone):
                    done = (event.epoch - 1) * event.steps_in_epoch + event.step_in_epoch
                    text = f"Epoch {event.epoch}/{config.epochs}  loss {event.loss:.3f}"
                    bar.show(text, done, config.epochs * event.steps_in_epoch)
                elif isinstance(event, RunFailed):
                    say(event.message, "red")
                    code = SOME_FAILED
                else:
                    if isinstance(event, RunStarted):
                        name = event.run
                    if isinstance(event, RunStopped):
                        code = INTERRUPTED if stop.is_set() else FINE
                    skipped += isinstance(event, PhotoSkipped)
                    for line in _lines(event):
                        say(line)
    except KeyboardInterrupt:
        say(_how_to_resume(name))
        raise
    except typer.Exit as end:  # nobody reads the events any more
        if ended:
            raise
        say(_how_to_resume(name))
        raise typer.Exit(end.exit_code or SOME_FAILED) from None
    if stop.is_set() and not ended and not name:
        say("Stopped before the run began.")
        code = INTERRUPTED
    return code or (SOME_FAILED if skipped else FINE)


def follow_test(events: Iterator[object], bar: Bar) -> tuple[list[Any], int]:
    """Show how a test of one model, or of two, goes on. Ctrl-C ends it: what was answered is kept.

    Returns:
        what it found, its result last; and how many photos could not be read.
    """
    found: list[Any] = []
    failed = 0
    try:
        with _closing(events):
            for event in events:
                if isinstance(event, Preparing):
                    bar.show(PREPARING.get(event.what, event.what), event.done, event.total)
                elif isinstance(event, Notice):
                    say(event.message)
                elif isinstance(event, ImageFailed):
                    failed += 1
                    say_of(event.path, event.message)
                else:
                    found.append(event)
    except KeyboardInterrupt:
        say("The same command goes on with what was answered so far.", "yellow")
        raise
    return found, failed


@contextlib.contextmanager
def _closing(events: Iterator[object]) -> Iterator[None]:
    """Close the generator at once, not when its memory is collected: a run is stopped by that."""
    try:
        yield
    finally:
        if isinstance(events, Generator):
            events.close()


def _lines(event: TrainEvent) -> list[str]:
    """What a person reads about an event."""
    if isinstance(event, RunStarted):
        again = f"goes on after epoch {event.epoch}" if event.resumed else "starts"
        return [
            f"Run “{event.run}” {again}: {event.train_photos:,} photos to train, "
            f"{event.val_photos:,} to validate, {len(event.classes)} classes, on {event.device} "
            f"({precision_words(event.precision)})."
        ]
    if isinstance(event, EpochDone):
        val = "" if event.val_loss is None else f"  val loss {event.val_loss:.4f}"
        if event.val_accuracy is not None:
            val += f"  val accuracy {event.val_accuracy:.1%}"
        star = "  best so far" if event.best else ""
        return [f"Epoch {event.epoch}/{event.epochs}  loss {event.train_loss:.4f}{val}{star}"]
    if isinstance(event, RunFinished):
        return [
            event.accuracy.sentence(),
            f"Model: {event.model_path}",
            f"“resnet-gui classify --model {event.model_id} PHOTO” uses it.",
        ]
    if isinstance(event, RunStopped):
        kept = f" The best model so far is kept: {event.model_path}" if event.model_path else ""
        return [f"Stopped after epoch {event.epoch}.{kept}", _how_to_resume(event.run)]
    if isinstance(event, (Notice, PhotoSkipped)):
        return [event.message]
    return []


def _how_to_resume(run: str) -> str:
    return f"“resnet-gui resume {run}” goes on." if run else "Interrupted."
