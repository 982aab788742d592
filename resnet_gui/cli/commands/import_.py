"""The command `import`: weights from files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from resnet_gui.cli.input import given_path
from resnet_gui.cli.options import JsonLines
from resnet_gui.cli.output import emit_json, say, say_error
from resnet_gui.cli.transfer import DownloadBar, error_line
from resnet_gui.core.dataset.summary import name_list
from resnet_gui.core.errors import ModelError, ResNetGuiError
from resnet_gui.core.zoo import ModelEntry, ModelState, Zoo
from resnet_gui.core.zoo.spec import Imported
from resnet_gui.core.zoo.storage.class_names import (
    can_be_named,
    is_numbered,
    name_classes,
    read_names,
)


def import_(
    files: Annotated[
        list[Path],
        typer.Argument(
            help="Weights (.pth, .pt, .h5), model files (.safetensors), or the folder of an "
            "offline kit.",
            metavar="FILE",
            parser=given_path,
        ),
    ],
    classes: Annotated[
        Path | None,
        typer.Option(
            "--classes",
            help="Text file with the names of the model's classes, one per line in the order of "
            "its outputs. Of a model that is here already, give its id instead of FILE.",
            metavar="NAMES",
            parser=given_path,
        ),
    ] = None,
    as_json: JsonLines = False,
) -> None:
    """Take in models from files, with no network.

    Official files are recognised by their hash, others by what is in them. Weights from elsewhere
    rarely say what their classes are called: give the names with --classes, now or later. Names
    alone change; to undo it, give the names before again.

    \b
    Examples:
      resnet-gui import Downloads/resnet50-0676ba61.pth
      resnet-gui import /media/stick
      resnet-gui import leaves.pth --classes leaves.txt
      resnet-gui import leaves --classes leaves.txt
    """
    from resnet_gui.core.zoo.storage.imports import import_weights

    if classes is not None and len(files) > 1:
        raise typer.BadParameter(
            "names are of one model: import one FILE at a time", param_hint="--classes"
        )
    failed = False
    with DownloadBar() as bar:
        for file in files:
            try:
                names = read_names(classes) if classes is not None else ()
                if names and not file.exists():
                    _name_known(str(file), names, as_json)
                    continue
                for event in bar.steps(import_weights(file), file.name):
                    if not isinstance(event, Imported):
                        continue
                    before, wrong = _named(event, names) if classes is not None else ((), None)
                    failed |= wrong is not None
                    if as_json:
                        named = {"classes": list(names)} if before else {}
                        emit_json(event.to_json() | named | (error_line(wrong) if wrong else {}))
                        if wrong:
                            say_error(wrong, event.spec.id)
                        continue
                    here = " (it was here already)" if event.already else ""
                    say(f"{Path(event.source).name}: “{event.spec.id}”{here}")
                    if wrong:  # which does not undo the import
                        say_error(wrong, event.spec.id)
                    elif before:
                        _say_names(event.spec.id, before, names)
                    elif is_numbered(event.spec):
                        say(
                            f"Its {len(event.spec.classes):,} classes have only numbers. To name "
                            f"them: resnet-gui import {event.spec.id} --classes NAMES.txt"
                        )
            except ResNetGuiError as error:
                failed = True
                say_error(error, str(file))
                if as_json:
                    nothing = {"model": None, "path": None, "how": None, "already": False}
                    emit_json({"file": str(file), **nothing, **error_line(error)})
    raise typer.Exit(1 if failed else 0)


def _named(
    event: Imported, names: tuple[str, ...]
) -> tuple[tuple[str, ...], ResNetGuiError | None]:
    """Name the classes of what was imported; returns the names before, and why it was imported
    without these names."""
    entry = ModelEntry(event.spec, ModelState.YOURS, event.path)
    try:
        if event.how == "hash":
            entry = Zoo.standard().get(event.spec.id)
        return _give_names(entry, names), None
    except ResNetGuiError as error:
        if can_be_named(entry):
            error.add_advice(f"Then: resnet-gui import {event.spec.id} --classes NAMES.txt")
        return (), error


def _name_known(model_id: str, names: tuple[str, ...], as_json: bool) -> None:
    """Name the classes of a model that is here."""
    entry = Zoo.standard().get(model_id)
    before = _give_names(entry, names)
    if as_json:
        path = str(entry.spec.path)
        line = {"file": None, "model": entry.spec.id, "path": path, "how": None, "already": True}
        emit_json(line | {"error": None, "classes": list(names)})
    else:
        _say_names(entry.spec.id, before, names)


def _give_names(entry: ModelEntry, names: tuple[str, ...]) -> tuple[str, ...]:
    path = entry.spec.path
    if path is None or not can_be_named(entry):
        raise ModelError(
            f"The classes of “{entry.spec.title}” cannot be named.",
            "Only a model that was imported has names to be given; one that was trained here is "
            "called as its folders.",
        )
    return name_classes(path, names)


def _say_names(model_id: str, before: tuple[str, ...], names: tuple[str, ...]) -> None:
    now = f"“{model_id}”: its classes are called {name_list(names)} now"
    say(f"{now} (before: {name_list(before)}).")
