"""The command `import`: weights from files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from resnet_gui.cli.input import given_path
from resnet_gui.cli.options import JsonLines
from resnet_gui.cli.output import emit_json, say, say_error
from resnet_gui.cli.transfer import DownloadBar, error_line
from resnet_gui.core.errors import ResNetGuiError


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
    as_json: JsonLines = False,
) -> None:
    """Take in models from files, with no network.

    Official files are recognised by their hash, others by what is in them.

    \b
    Examples:
      resnet-gui import Downloads/resnet50-0676ba61.pth
      resnet-gui import /media/stick
    """
    from resnet_gui.core.zoo.storage.imports import Imported, import_weights

    failed = False
    with DownloadBar() as bar:
        for file in files:
            try:
                for event in bar.steps(import_weights(file), file.name):
                    if not isinstance(event, Imported):
                        continue
                    if as_json:
                        emit_json(event.to_json())
                    else:
                        here = " (it was here already)" if event.already else ""
                        say(f"{Path(event.source).name}: “{event.spec.id}”{here}")
            except ResNetGuiError as error:
                failed = True
                say_error(error, f"{file}:")
                if as_json:
                    nothing = {"model": None, "path": None, "how": None, "already": False}
                    emit_json({"file": str(file), **nothing, **error_line(error)})
    raise typer.Exit(1 if failed else 0)
