"""The command `features`: what the last layer of a model sees of photos, for other programs."""

from __future__ import annotations

import contextlib
import json
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import MofNCompleteColumn, TimeRemainingColumn

from resnet_gui.cli.input import check_device, chosen_model, found_photos
from resnet_gui.cli.options import Device, Exact, OneModel, Photos, path_option
from resnet_gui.cli.output import INTERRUPTED, Bar, emit_json, say, say_of
from resnet_gui.cli.written import check_file, into_folder
from resnet_gui.core.events import ImageFailed, ImageSource, Notice
from resnet_gui.core.inference.feature_file import SUFFIX, FeatureFile
from resnet_gui.core.system.settings import exact_wanted
from resnet_gui.core.zoo import Zoo

_POOLINGS = ("avg", "max", "none")


def features(
    photos: Photos,
    out: Annotated[
        Path,
        path_option("FILE.npz", "The file to write, ending in .npz."),
    ],
    model: OneModel = None,
    pooling: Annotated[
        str,
        typer.Option(
            help="avg (the mean over the map: what the last layer sees), max (the largest value of "
            "each channel) or none (the whole map).",
            metavar="avg|max|none",
        ),
    ] = "avg",
    device: Device = "auto",
    exact: Exact = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="For programs: a summary as one JSON object on stdout.")
    ] = False,
) -> None:
    """Turn photos into rows of numbers, for search and grouping.

    They are a model's features: what it knows of a photo before it names a class. numpy.load
    reads the file: “features” has one row per photo, “paths” the photos in the same order,
    “failed” and “messages” those that could not be read, “model” the model's id, “ways” how they
    were computed (model and hash of its weights, preprocessing, program, device) and “way” which of
    those holds for each photo. With them you can search for similar photos, group them, or train a
    classifier of your own.

    \b
    Example:
      resnet-gui features holidays --out holidays.npz
    """
    _check(out, pooling, device)
    entry = chosen_model(model, "Get one with “resnet-gui download resnet50”.")
    sources, problems = found_photos(photos)
    started = time.monotonic()
    with into_folder(out.parent), FeatureFile(out, entry.spec.id, pooling) as file:
        try:
            _compute(file, sources, device, exact)
        except KeyboardInterrupt:
            say("Interrupted. Nothing was written.")
            raise typer.Exit(INTERRUPTED) from None
        if file.paths:
            file.save()
            size = " × ".join(map(str, file.shape))
            say(f"{out}: {size} features of “{entry.spec.title}” ({pooling}).")
            if len(file.ways) > 1:
                say("They were computed in more than one way: “way” says which photo in which.")
        else:
            say("There are no features, so no file was written.", "yellow")
    if as_json:
        seconds = round(time.monotonic() - started, 3)
        emit_json(_summary(file, problems, seconds))
    raise typer.Exit(1 if problems or file.failed else 0)


def _check(out: Path, pooling: str, device: str) -> None:
    """Raises typer.BadParameter for what can never work, before anything slow is imported."""
    if pooling not in _POOLINGS:
        raise typer.BadParameter(
            f"there is no pooling “{pooling}”; choose avg, max or none", param_hint="--pooling"
        )
    check_file(out, "--out", SUFFIX)
    check_device(device)


def _compute(file: FeatureFile, sources: list[ImageSource], device: str, exact: bool) -> None:
    if not sources:
        return
    from resnet_gui.core.inference.backend import Pooling
    from resnet_gui.core.inference.classifier import Classifier
    from resnet_gui.core.inference.features import FeaturesDone, extract_features

    classifier = Classifier(Zoo.standard(), wants_exact=lambda: exact or exact_wanted())
    events = extract_features(classifier, sources, file.model, Pooling(file.pooling), device)
    way, text = None, "{}"
    with Bar(MofNCompleteColumn(), TimeRemainingColumn()) as bar, contextlib.closing(events):
        for event in events:
            if isinstance(event, FeaturesDone):
                if event.way is not None and event.way is not way:
                    way, text = event.way, json.dumps(event.way.to_json(), ensure_ascii=False)
                file.add(event.path, event.features, text)
            elif isinstance(event, ImageFailed):
                file.add_failed(event.path, event.message)
                say_of(event.path, event.message)
            elif isinstance(event, Notice):
                say(event.message, "yellow")
            bar.show("Computing features", len(file.paths) + len(file.failed), len(sources))


def _summary(file: FeatureFile, problems: list[str], seconds: float) -> dict[str, Any]:
    return {
        "model": file.model,
        "pooling": file.pooling,
        "out": str(file.target) if file.paths else None,
        "n": len(file.paths),
        "shape": list(file.shape),
        "ways": [json.loads(way) for way in file.ways],
        "failed": [{"path": path, "message": message} for path, message in file.failed],
        "problems": problems,
        "seconds": seconds,
    }
