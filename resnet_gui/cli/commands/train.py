"""The command `train`."""

from __future__ import annotations

import contextlib
from contextlib import AbstractContextManager
from pathlib import Path
from threading import Event
from typing import Annotated

import typer

from resnet_gui.cli.dataset import Archive, Yes, dataset_folder
from resnet_gui.cli.follow import PREPARING, follow
from resnet_gui.cli.options import Data, JsonLines, path_option
from resnet_gui.cli.output import FINE, SOME_FAILED, Bar, WrongUseError, emit_json
from resnet_gui.cli.plan import RunPlan, TrainCommand, settings_of
from resnet_gui.cli.together import together
from resnet_gui.cli.written import check_folder, into_folder
from resnet_gui.core.dataset import DatasetScanned, DatasetSummary, scan_dataset
from resnet_gui.core.training.presets import PRESETS
from resnet_gui.core.training.workers import Workers

COMMAND_CLASS = TrainCommand


def train(
    folder: Data,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            "-m",
            help="Model to start from: an id from “resnet-gui models”, or an architecture from "
            "“resnet-gui models --architectures”. Default: chosen for the data.",
            metavar="ID",
        ),
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(
            help="A recipe: how long and how thoroughly it learns. One of "
            f"{', '.join(PRESETS)}. Default: chosen for the data.",
            metavar="NAME",
        ),
    ] = None,
    method: Annotated[
        str | None,
        typer.Option(
            help="What learns: head (the last layer alone, in minutes), last (the last stages, "
            "too), progressive (first the head, then all), full (all at once) or scratch (all, "
            "from random weights). Default: the preset's.",
            metavar="NAME",
        ),
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option(help="How often every photo is seen. Default: the preset's.", metavar="N"),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", help="Another setting: see below. Can be given often.", metavar="KEY=VALUE"
        ),
    ] = None,
    run_dir: Annotated[
        Path | None,
        path_option(
            "FOLDER", "In it the run gets a folder of its own. Default: beside the other runs."
        ),
    ] = None,
    device: Annotated[
        str | None,
        typer.Option(
            help="What computes: auto (the fastest there is), cpu, cuda (an NVIDIA card) or mps "
            "(an Apple GPU). Intel GPUs and NPUs answer about photos, but do not train.",
            metavar="DEVICE",
        ),
    ] = None,
    archive: Archive = None,
    yes: Yes = False,
    as_json: JsonLines = False,
) -> None:
    """Teach a model your own classes, from a folder of photos.

    Each sub-folder is a class and its name is the class's name; nothing in the folder is changed.
    The model that comes out is listed by “resnet-gui models”, and Ctrl-C stops a run so that
    “resnet-gui resume” can go on with it. Usually a model is started from that knows photos
    already (--model); an architecture's name instead begins with random weights, which takes far
    more photos and time.

    “cifar10” stands for the dataset CIFAR-10: downloaded once if you agree, or taken from an
    archive. The exit code is 1 if the run failed, or if photos had to be left out because they
    could not be read.

    On several GPUs, start it with torch's launcher, one process for each: “torchrun
    --nproc-per-node 2 -m resnet_gui train pets”. The batch is shared among them and stays as large
    as it is.

    \b
    Examples:
      resnet-gui train pets
      resnet-gui train pets --preset best --set title="My pets"
      resnet-gui train pets --model resnet50 --epochs 5
      resnet-gui train cifar10 --model cifar-resnet20
    """
    request = {
        "--model": model, "--preset": preset, "--method": method, "--epochs": epochs,
        "--set": settings, "--device": device,
    }  # fmt: skip

    def lead(stopping: AbstractContextManager[Event], workers: Workers) -> int:
        texts = settings_of(settings or [])
        if epochs is not None:
            texts["epochs"] = str(epochs)
        if device is not None:
            texts["device"] = device
        if run_dir is not None:
            check_folder(run_dir, "--run-dir")
        if preset is not None and preset not in PRESETS:
            raise WrongUseError(f"There is no preset “{preset}”. Presets: {', '.join(PRESETS)}.")
        from resnet_gui.core.system.devices import resolve_training_device
        from resnet_gui.core.training.api import train as start

        device_kind = resolve_training_device(texts.get("device", "auto")).kind
        plan = RunPlan(model, preset, method, device_kind, texts)
        plan.config(str(folder), 1000, 0)  # what is wrong is said before the long part
        summary = _scan(dataset_folder(folder, archive, yes, as_json), as_json)
        config = plan.config(summary.root, len(summary.photos), summary.typical_side)
        writing = into_folder(run_dir) if run_dir is not None else contextlib.nullcontext()
        with writing, stopping as stop:
            events = start(
                config, summary=summary, folder=run_dir, stop=stop.is_set, workers=workers
            )
            code = follow(events, as_json, config, stop)
        return code or (SOME_FAILED if summary.unreadable else FINE)

    raise typer.Exit(together(lead, request, as_json, folder))


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
