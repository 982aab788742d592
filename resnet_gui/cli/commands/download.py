"""The command `download`: weights from the network, for here or for another computer."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Generator
from pathlib import Path
from typing import Annotated, Any

import typer

from resnet_gui.cli.options import JsonLines, path_option
from resnet_gui.cli.output import WrongUseError, emit_json, say, say_error
from resnet_gui.cli.transfer import DownloadBar, error_line
from resnet_gui.cli.written import check_folder, into_folder
from resnet_gui.core.errors import NetworkError, ResNetGuiError, SettingsError
from resnet_gui.core.events import DownloadProgress
from resnet_gui.core.http.settings import DIRECT, HttpSettings, load_http_settings
from resnet_gui.core.zoo import ModelEntry, ModelState, Zoo
from resnet_gui.core.zoo.storage.downloads import download_weights


def download(
    models: Annotated[
        list[str], typer.Argument(help="Model ids (see “resnet-gui models”).", metavar="ID")
    ],
    to: Annotated[
        Path | None,
        path_option(
            "FOLDER",
            "Make an offline kit in this folder, to carry to a computer without a "
            "network: “resnet-gui import” takes it there.",
        ),
    ] = None,
    proxy: Annotated[
        str | None,
        typer.Option(
            help=f"http://host:port, or “{DIRECT}”. Default: as the settings say, else the system.",
            metavar="ADDRESS",
        ),
    ] = None,
    ca_bundle: Annotated[
        Path | None,
        path_option("FILE", "PEM file with certificates to trust besides the system's."),
    ] = None,
    mirror: Annotated[
        str | None,
        typer.Option(
            help="https address of a folder that has the weights files.", metavar="ADDRESS"
        ),
    ] = None,
    as_json: JsonLines = False,
) -> None:
    """Download models, once and checked.

    A download that was interrupted goes on where it stopped.

    \b
    Examples:
      resnet-gui download resnet50
      resnet-gui download resnet50 resnet18 --to /media/stick
    """
    zoo = Zoo.standard()
    entries = list({entry.spec.id: entry for entry in map(zoo.get, models)}.values())
    settings = _settings(proxy, ca_bundle, mirror)
    if to is not None:
        check_folder(to, "--to")
    failed = blocked = False
    writing = into_folder(to) if to is not None else contextlib.nullcontext()
    with writing, DownloadBar() as bar:
        for entry in entries:
            try:
                path = bar.follow(_fetch(entry, to, settings), entry.spec.title)
            except ResNetGuiError as error:
                failed = True
                blocked = blocked or (isinstance(error, NetworkError) and error.blocked)
                say_error(error, entry.spec.title)
                if as_json:
                    emit_json(_download_line(entry, None, error))
                continue
            if as_json:
                emit_json(_download_line(entry, path, None))
            else:
                say(f"{entry.spec.title}: {path}")
    if blocked:
        say("The options --proxy, --ca-bundle and --mirror change the way for one command.")
    if to is not None and not failed:
        say(f"On the other computer: resnet-gui import {to}")
    raise typer.Exit(1 if failed else 0)


def _fetch(
    entry: ModelEntry, to: Path | None, settings: HttpSettings
) -> Generator[DownloadProgress, None, Path]:
    if to is not None:
        from resnet_gui.core.zoo.storage.offline_kit import make_kit

        files = yield from make_kit([entry], to, settings)
        return to / next(item.file for item in files if item.id == entry.spec.id)
    if entry.state is not ModelState.DOWNLOADABLE and entry.state is not ModelState.CACHED:
        if entry.problem or entry.weights_path is None:
            raise ResNetGuiError(f"“{entry.spec.title}” cannot be downloaded.", entry.problem)
        return entry.weights_path
    folder = entry.weights_path.parent if entry.weights_path else settings.weights_dir()
    return (yield from download_weights(entry.spec, folder, settings))


def _settings(proxy: str | None, ca_bundle: Path | None, mirror: str | None) -> HttpSettings:
    """The stored settings with what the options change.

    Raises:
        WrongUseError: an option that can never work.
    """
    given: dict[str, Any] = {"proxy": proxy, "ca_bundle": ca_bundle, "mirror": mirror}
    changes = {name: value for name, value in given.items() if value is not None}
    stored = load_http_settings()
    try:
        return dataclasses.replace(stored, **changes)
    except SettingsError as error:
        raise WrongUseError(str(error)) from error


def _download_line(
    entry: ModelEntry, path: Path | None, error: ResNetGuiError | None
) -> dict[str, Any]:
    return {
        "model": entry.spec.id,
        "path": str(path) if path else None,
        "bytes": path.stat().st_size if path else None,
        **error_line(error),
    }
