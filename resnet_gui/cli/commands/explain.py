"""The command `explain`: where on a photo a model looked."""

from __future__ import annotations

import contextlib
import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from resnet_gui.cli.input import check_device, chosen_model, given_path
from resnet_gui.cli.options import Device, Exact, OneModel, path_option
from resnet_gui.cli.output import SOME_FAILED, Bar, emit_json, emit_line, say, say_error
from resnet_gui.cli.written import check_file, into_folder
from resnet_gui.core.errors import ImageReadError
from resnet_gui.core.events import ImageSource, Notice
from resnet_gui.core.explain.events import Explained, Explaining, Method
from resnet_gui.core.system.settings import exact_wanted
from resnet_gui.core.zoo import ModelSpec, Zoo

_GET_A_MODEL = "Get one with “resnet-gui download resnet50”."
_LIMITS = {
    Method.GRADCAM: "Bright: where the network found what speaks for this class. A hint, not a "
    "proof: the network tells places apart only coarsely.",
    Method.OCCLUSION: "Bright: where covering the photo costs this class the most. A hint, not a "
    "proof: what is covered looks like no photo that the network knows.",
}


def explain(
    photo: Annotated[Path, typer.Argument(help="The photo.", metavar="PHOTO", parser=given_path)],
    label: Annotated[
        str | None,
        typer.Option(
            "--class",
            help="For which of the model's classes: its name or number. Default: its best answer.",
            metavar="LABEL",
        ),
    ] = None,
    method: Annotated[
        str,
        typer.Option(
            help="gradcam (where the network found it, at once) or occlusion (parts of the "
            "photo are covered, one after the other: some seconds).",
            metavar="gradcam|occlusion",
        ),
    ] = "gradcam",
    out: Annotated[
        Path | None,
        path_option(
            "FILE.png",
            "The picture to write. Default: the photo's name with “-why.png”, in the folder "
            "you are in.",
        ),
    ] = None,
    model: OneModel = None,
    device: Device = "auto",
    exact: Exact = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="For programs: one JSON object on stdout.")
    ] = False,
) -> None:
    """Show where on a photo a model looked.

    The photo is written with a heat map over it: bright where something speaks for the class. It
    is a hint, not a proof.

    \b
    Examples:
      resnet-gui explain cat.jpg
      resnet-gui explain cat.jpg --class "tiger cat" --out why.png
      resnet-gui explain cat.jpg --method occlusion
    """
    check_device(device)
    way = _method(method)
    target = out or Path(f"{photo.stem}-why.png")
    check_file(target, "--out", ".png")
    entry = chosen_model(model, _GET_A_MODEL)
    among = _indices(entry.spec, label) if label is not None else ()
    source = ImageSource.file(photo)
    try:
        found = _explained(source, entry.spec, way, among, device, exact)
        _save(target, source, found)
    except ImageReadError as error:
        say_error(error)
        if as_json:
            what = {"type": type(error).__name__, "message": str(error)}
            emit_json({"path": source.name, "model": entry.spec.id, "error": what})
        raise typer.Exit(SOME_FAILED) from None
    if as_json:
        emit_json({**found.to_json(), "out": str(target)})
    else:
        _print(found)
        say(f"{target}: {_LIMITS[way]}")


def _method(name: str) -> Method:
    try:
        return Method(name.strip().lower())
    except ValueError:
        raise typer.BadParameter(
            f"there is no method “{name}”; choose gradcam or occlusion", param_hint="--method"
        ) from None


def _indices(spec: ModelSpec, label: str) -> Sequence[int]:
    """The classes that a person may mean: of one name there can be several (ImageNet has two kinds
    of crane); the more probable one is explained.

    Raises:
        typer.BadParameter: there is none.
    """
    wanted = label.strip().casefold()
    found = [n for n, name in enumerate(spec.classes) if name.casefold() == wanted]
    if not found and wanted.isdecimal() and int(wanted) < len(spec.classes):
        found = [int(wanted)]
    if not found:
        names = {name.casefold(): name for name in spec.classes}
        near = difflib.get_close_matches(wanted, names, 3)
        advice = (
            " Did you mean " + " or ".join(f"“{names[name]}”" for name in near) + "?"
            if near
            else ""
        )
        raise typer.BadParameter(
            f"“{spec.title}” has no class “{label}”.{advice}", param_hint="--class"
        )
    return found


def _explained(
    source: ImageSource,
    spec: ModelSpec,
    method: Method,
    among: Sequence[int],
    device: str,
    exact: bool,
) -> Explained:
    # Imported after the cheap checks: a wrong use is answered at once.
    from resnet_gui.core.explain.explainer import Explainer
    from resnet_gui.core.inference.classifier import Classifier

    classifier = Classifier(Zoo.standard(), wants_exact=lambda: exact or exact_wanted())
    events = Explainer(classifier).explain(source, spec.id, device, method, among)
    found: Explained | None = None
    with Bar() as bar, contextlib.closing(events):
        for event in events:
            if isinstance(event, Explained):
                found = event
            elif isinstance(event, Explaining):
                bar.show("Looking", event.done, event.total)
            elif isinstance(event, Notice):
                say(event.message, "yellow")
    assert found is not None  # the last event
    return found


def _save(target: Path, source: ImageSource, found: Explained) -> None:
    from resnet_gui.core.explain.overlay import save_overlay

    try:
        with into_folder(target.parent):
            save_overlay(target, source, found)
    except OSError as error:
        say_error(f"{target} could not be written ({error.strerror}).")
        raise typer.Exit(SOME_FAILED) from None


def _print(found: Explained) -> None:
    emit_line((found.path, "bold"))
    where = "nothing on the photo speaks for it"
    if found.peak is not None:
        x, y = (round(value) for value in found.peak)
        where = f"strongest at {x:,}, {y:,} of {found.width:,} × {found.height:,} pixels"
    emit_line(f"  {found.probability:6.1%}  {found.label}: {where}")
