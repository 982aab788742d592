"""The command `train`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from resnet_gui.cli.dataset import Archive, Yes, dataset_folder
from resnet_gui.cli.follow import PREPARING, follow, stop_flag
from resnet_gui.cli.input import given_path
from resnet_gui.cli.options import Data, JsonEvents
from resnet_gui.cli.output import FINE, SOME_FAILED, Bar, WrongUseError, emit_json, foreseen_errors
from resnet_gui.cli.plan import RunPlan, TrainCommand, settings_of
from resnet_gui.core.dataset import DatasetScanned, DatasetSummary, scan_dataset
from resnet_gui.core.training.presets import PRESETS

COMMAND_CLASS = TrainCommand


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
    as_json: JsonEvents = False,
) -> None:
    """Fine-tune a model on a folder with one sub-folder per class, or train an architecture.

    “cifar10” stands for the dataset CIFAR-10: downloaded once if you agree, or taken from an
    archive. The exit code is 1 if the run failed, or if photos had to be left out because they
    could not be read.
    """
    with foreseen_errors(as_json):
        texts = settings_of(settings or [])
        if epochs is not None:
            texts["epochs"] = str(epochs)
        if device is not None:
            texts["device"] = device
        if preset is not None and preset not in PRESETS:
            raise WrongUseError(f"There is no preset “{preset}”. Presets: {', '.join(PRESETS)}.")
        from resnet_gui.core.system.devices import resolve_device
        from resnet_gui.core.training.api import train as start

        plan = RunPlan(
            model, preset, method, resolve_device(texts.get("device", "auto")).kind, texts
        )
        plan.config(str(folder), 1000, 2, 0)  # what is wrong is said before the long part
        summary = _scan(dataset_folder(folder, archive, yes, as_json), as_json)
        config = plan.config(
            summary.root, len(summary.photos), len(summary.classes), summary.typical_side
        )
        with stop_flag() as stop:
            events = start(config, summary=summary, folder=run_dir, stop=stop.is_set)
            code = follow(events, as_json, config, stop)
        code = code or (SOME_FAILED if summary.unreadable else FINE)
    raise typer.Exit(code)


def _scan(folder: Path, as_json: bool) -> DatasetSummary:
    summary: DatasetSummary | None = None
    with Bar() as bar:
        for event in scan_dataset(folder):
            if isinstance(event, DatasetScanned):
                summary = event.summary
            else:
                bar.show(PREPARING["folder"], event.done, event.total)
                if as_json:
                    emit_json(event.to_json())
    assert summary is not None  # a scan ends with its summary
    return summary
