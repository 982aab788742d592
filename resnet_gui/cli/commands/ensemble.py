"""The command `ensemble`."""

from __future__ import annotations

from typing import Annotated

import typer

from resnet_gui.cli.options import JsonLines
from resnet_gui.cli.output import WrongUseError, emit_json, emit_line, foreseen_errors
from resnet_gui.core.zoo import Zoo
from resnet_gui.core.zoo.ensembles import save_ensemble


def ensemble(
    models: Annotated[
        list[str],
        typer.Argument(
            help="Ids of two models or more with the same classes, from “resnet-gui models”.",
            metavar="MODEL",
        ),
    ],
    title: Annotated[str, typer.Option("--title", help="What it is called.", metavar="NAME")] = "",
    as_json: JsonLines = False,
) -> None:
    """Keep several models as one that answers with the mean of theirs.

    It is then a model like any other: the window and all commands use it. Only the models' names
    are stored, so a model that is removed takes its ensembles out of use. “classify --model ID”
    asks it, under the id that is printed.

    \b
    Examples:
      resnet-gui ensemble my-pets my-pets-2 my-pets-3 --title "My pets, all three"
      resnet-gui ensemble resnet20-cifar10 resnet56-cifar10
    """
    with foreseen_errors(as_json):
        if len(models) < 2:
            raise WrongUseError("An ensemble needs two models or more.")
        zoo = Zoo.standard()
        members = [zoo.ready(model) for model in models]
        for member in members:
            if members.count(member) > 1:
                raise WrongUseError(f"“{member.spec.title}” is named twice: name each model once.")
        entry = save_ensemble(members, title or " + ".join(m.spec.title for m in members))
    if as_json:
        emit_json(entry.to_json())
    else:
        emit_line(f"Stored as {entry.weights_path}.")
        emit_line(f"“resnet-gui classify --model {entry.spec.id} PHOTO” uses it.")
