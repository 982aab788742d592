"""The commands around training: train, resume, runs, evaluate. Added to the main program's app.

JSON goes to stdout, one object per line; all else to stderr. Exit codes: 0 fine, 1 the run failed
or some photos could not be read, 2 wrong use, 130 interrupted.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Generator, Iterator
from pathlib import Path
from types import FrameType
from typing import Annotated, Any

import typer

from resnet_gui.cli.dataset import Archive, Yes, dataset_folder
from resnet_gui.cli.input import given_path, given_text
from resnet_gui.cli.output import Bar, emit_json, emit_line, emit_table, say
from resnet_gui.cli.plan import RunPlan, TrainCommand, WrongUseError, settings_of
from resnet_gui.core.dataset import DatasetScanned, DatasetSummary, scan_dataset
from resnet_gui.core.errors import ResNetGuiError
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
from resnet_gui.core.runs.listing import RunState, find_run, list_runs
from resnet_gui.core.training.presets import PRESETS

FINE, SOME_FAILED, WRONG_USE, INTERRUPTED = 0, 1, 2, 130
_WORDS = {
    "folder": "Looking at the folder",
    "model": "Loading the model",
    "photos": "Reading photos",
    "features": "Computing features",
    "validating": "Validating",
    "testing": "Testing",
    "measuring": "Measuring",
}

Data = Annotated[
    Path,
    typer.Argument(
        help="Folder with one sub-folder of photos per class, or the word cifar10.",
        metavar="FOLDER",
        parser=given_path,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print events as JSON, one a line.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.command(cls=TrainCommand)(train)
    app.command()(resume)
    app.command()(runs)
    app.command()(evaluate)


def train(
    folder: Data,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            "-m",
            help="Model to start from; “models” lists them. Or an architecture, trained from "
            "random weights; “models --architectures” lists those.",
        ),
    ] = None,
    preset: Annotated[
        str | None, typer.Option(help=f"{', '.join(PRESETS)}; else chosen for the data.")
    ] = None,
    method: Annotated[
        str | None, typer.Option(help="head, last, full, scratch or progressive.")
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="Passes over the photos.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="Other settings, as key=value: see below.")
    ] = None,
    run_dir: Annotated[
        Path | None,
        typer.Option(
            help="Folder in which the run gets its directory.",
            metavar="FOLDER",
            parser=given_path,
        ),
    ] = None,
    device: Annotated[str | None, typer.Option(help="auto, cpu, cuda, cuda:1, mps.")] = None,
    archive: Archive = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Fine-tune a model on a folder with one sub-folder per class, or train an architecture.

    “cifar10” stands for the dataset CIFAR-10: downloaded once if you agree, or taken from an
    archive. The exit code is 1 if the run failed, or if photos had to be left out because they
    could not be read.
    """
    with _session(as_json):
        texts = settings_of(settings or [])
        if epochs is not None:
            texts["epochs"] = str(epochs)
        if device is not None:
            texts["device"] = device
        if preset is not None and preset not in PRESETS:
            raise WrongUseError(f"There is no preset “{preset}”. Presets: {', '.join(PRESETS)}.")
        from resnet_gui.core.system.devices import resolve_device
        from resnet_gui.core.training.api import train as start

        kind = resolve_device(texts.get("device", "auto")).kind
        plan = RunPlan(model, preset, method, kind, texts)
        plan.config(str(folder), 1000, 2, 0)  # what is wrong is said before the long part
        summary = _scan(dataset_folder(folder, archive, yes, as_json), as_json)
        config = plan.config(
            summary.root, len(summary.photos), len(summary.classes), summary.typical_side
        )
        with _stop_flag() as stop:
            events = start(config, summary=summary, folder=run_dir, stop=stop.is_set)
            code = _follow(events, as_json, config, stop)
        code = code or (SOME_FAILED if summary.unreadable else FINE)
    raise typer.Exit(code)


def resume(
    run: Annotated[
        str,
        typer.Argument(help="Name of the run, or its directory.", metavar="RUN", parser=given_text),
    ],
    device: Annotated[str | None, typer.Option(help="Another device than before.")] = None,
    as_json: Json = False,
) -> None:
    """Go on with a run that was stopped or interrupted."""
    with _session(as_json):
        directory = find_run(run)
        from resnet_gui.core.training.api import resume as start

        with _stop_flag() as stop:
            events = start(directory.path, stop=stop.is_set, device=device)
            code = _follow(events, as_json, directory.config, stop)
    raise typer.Exit(code)


def runs(
    run_dir: Annotated[
        Path | None,
        typer.Option(help="Another folder of runs.", metavar="FOLDER", parser=given_path),
    ] = None,
    as_json: Json = False,
) -> None:
    """List all runs, the newest first."""
    with _session(as_json):
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


def evaluate(
    model: Annotated[
        str, typer.Argument(help="Id of the model, from “resnet-gui models”.", metavar="MODEL")
    ],
    folder: Data,
    part: Annotated[
        str,
        typer.Option(
            help="all, train, val or test; auto: test, else val, else all, without photos that "
            "the model is known to have learned from. Of a folder that it was trained on, the "
            "parts are those of its run.",
            metavar="PART",
        ),
    ] = "auto",
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1, mps.")] = "auto",
    archive: Archive = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Measure how often a model is right on labelled photos.

    Photos that the model learned from say little of new ones: it tells how many there are.
    """
    with _session(as_json):
        if part not in ("auto", "all", "train", "val", "test"):
            raise WrongUseError(f"There is no part “{part}”: auto, all, train, val or test.")
        from resnet_gui.core.evaluation.evaluate import Evaluated
        from resnet_gui.core.evaluation.evaluate import evaluate as start
        from resnet_gui.core.zoo import Zoo

        failed, result = 0, None
        entry = Zoo.standard().ready(model)
        root = dataset_folder(folder, archive, yes, as_json)
        with Bar() as bar:
            for event in start(entry, root, part=part, device=device):
                if isinstance(event, Preparing):
                    bar.show(_WORDS.get(event.what, event.what), event.done, event.total)
                elif isinstance(event, Notice):
                    say(event.message)
                elif isinstance(event, ImageFailed):
                    failed += 1
                    say(event.message)
                else:
                    assert isinstance(event, Evaluated)
                    result = event
        assert result is not None  # the last event
        if as_json:
            emit_json(result.to_json())
        else:
            _print_result(result)
    raise typer.Exit(SOME_FAILED if failed else FINE)


@contextlib.contextmanager
def _session(as_json: bool) -> Iterator[None]:
    """Errors become a sentence on stderr and an exit code; with `--json` also an object."""
    try:
        yield
    except KeyboardInterrupt:
        say("Interrupted.", "red")
        raise typer.Exit(INTERRUPTED) from None
    except (ResNetGuiError, WrongUseError) as error:
        say(error, "red")
        if as_json:
            with contextlib.suppress(typer.Exit):  # nobody reads it: the code stays
                emit_json({"event": "error", "type": type(error).__name__, "message": str(error)})
        raise typer.Exit(WRONG_USE) from None


def _scan(folder: Path, as_json: bool) -> DatasetSummary:
    summary: DatasetSummary | None = None
    with Bar() as bar:
        for event in scan_dataset(folder):
            if isinstance(event, DatasetScanned):
                summary = event.summary
            else:
                bar.show(_WORDS["folder"], event.done, event.total)
                if as_json:
                    emit_json(event.to_json())
    assert summary is not None  # a scan ends with its summary
    return summary


@contextlib.contextmanager
def _stop_flag() -> Iterator[threading.Event]:
    """A flag that Ctrl-C sets, so that the batch is finished; a second Ctrl-C does not wait."""
    flag = threading.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        if flag.is_set():
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


def _follow(
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
                    bar.show(_WORDS.get(event.what, event.what), event.done, event.total)
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
    return code or (SOME_FAILED if skipped else FINE)


@contextlib.contextmanager
def _closing(events: Iterator[TrainEvent]) -> Iterator[None]:
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
            f"({event.precision})."
        ]
    if isinstance(event, EpochDone):
        accuracy = "" if event.val_accuracy is None else f"  val accuracy {event.val_accuracy:.1%}"
        star = "  best" if event.best else ""
        return [f"Epoch {event.epoch}/{event.epochs}  loss {event.train_loss:.4f}{accuracy}{star}"]
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


def _print_result(result: Any) -> None:
    low, high = result.top1_ci95
    part = "of its run" if result.part_of == "run" else "of the folder"
    emit_line(
        f"{result.top1:.1%} right (95 % interval {low:.1%} to {high:.1%}; {result.n:,} photos, "
        f"part “{result.part}” {part}), top-5 {result.top5:.1%}, loss {result.loss:.3f}"
    )
    if caution := result.caution():
        emit_line((caution, "yellow"))
    header = ("class", "photos", "recognised", "precision")
    rows = [
        (
            item.label,
            f"{item.n:,}",
            "" if item.recall is None else f"{item.recall:.1%}",
            "" if item.precision is None else f"{item.precision:.1%}",
        )
        for item in result.per_class
        if item.n or item.precision is not None
    ]
    emit_table(header, rows, right=header[1:], spare=())
