"""The commands `download` and `import`: weights from the network, from files, for other computers.

JSON goes to stdout, progress and messages to stderr. Exit codes: 0 fine, 1 some models failed,
2 wrong use, 130 interrupted.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Generator
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.progress import DownloadColumn, TimeRemainingColumn, TransferSpeedColumn

from resnet_gui.cli.input import given_path
from resnet_gui.cli.output import Bar, emit_json, say, say_error
from resnet_gui.core.errors import NetworkError, ResNetGuiError
from resnet_gui.core.events import DownloadProgress
from resnet_gui.core.http.settings import DIRECT, HttpSettings, load_http_settings
from resnet_gui.core.zoo import ModelEntry, ModelState, Zoo
from resnet_gui.core.zoo.storage.downloads import download_weights

T = TypeVar("T")

JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object per line on stdout.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the program's command line."""
    app.command("download")(download)
    app.command("import")(import_)


def download(
    models: Annotated[
        list[str], typer.Argument(help="Model ids (see “resnet-gui models”).", metavar="ID")
    ],
    to: Annotated[
        Path | None,
        typer.Option(
            help="Make a bundle in this folder, to carry to a computer without a network: "
            "“resnet-gui import” takes it there.",
            metavar="FOLDER",
            parser=given_path,
        ),
    ] = None,
    proxy: Annotated[
        str | None,
        typer.Option(help=f"http://host:port, or “{DIRECT}”. Default: the settings, the system's."),
    ] = None,
    ca_bundle: Annotated[
        Path | None,
        typer.Option(
            help="PEM file with certificates to trust besides the system's.",
            metavar="FILE",
            parser=given_path,
        ),
    ] = None,
    mirror: Annotated[
        str | None, typer.Option(help="https address of a folder that has the weights files.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Download weights, once and checked.

    A download that was interrupted goes on where it stopped.
    """
    zoo = Zoo.standard()
    entries = list({entry.spec.id: entry for entry in map(zoo.get, models)}.values())
    settings = _settings(proxy, ca_bundle, mirror)
    if to is not None and to.exists() and not to.is_dir():
        raise typer.BadParameter(f"“{to}” is a file, not a folder", param_hint="--to")
    failed = blocked = False
    with _Bar() as bar:
        for entry in entries:
            try:
                path = bar.follow(_fetch(entry, to, settings), entry.spec.title)
            except ResNetGuiError as error:
                failed = True
                blocked = blocked or (isinstance(error, NetworkError) and error.blocked)
                say_error(error, f"{entry.spec.title}:")
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


def import_(
    files: Annotated[
        list[Path],
        typer.Argument(
            help="Weights (.pth, .pt, .h5), model files (.safetensors), or a bundle's folder.",
            metavar="FILE",
            parser=given_path,
        ),
    ],
    as_json: JsonOption = False,
) -> None:
    """Take in weights from files, with no network.

    Official files are recognised by their hash, others by what is in them.
    """
    from resnet_gui.core.zoo.storage.imports import Imported, import_weights

    failed = False
    with _Bar() as bar:
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
                    emit_json({"file": str(file), **nothing, **_error(error)})
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
        SettingsError: an option that can never work.
    """
    given: dict[str, Any] = {"proxy": proxy, "ca_bundle": ca_bundle, "mirror": mirror}
    changes = {name: value for name, value in given.items() if value is not None}
    return dataclasses.replace(load_http_settings(), **changes)


class _Bar(Bar):
    """Progress on stderr. Where that is no terminal, one line per thing that is waited for."""

    def __init__(self) -> None:
        super().__init__(DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())

    def __enter__(self) -> _Bar:
        super().__enter__()
        return self

    def follow(self, work: Generator[Any, None, T], title: str) -> T:
        """Run a generator to its end, showing its progress.

        Raises:
            typer.Exit: Ctrl-C; what has arrived is kept.
        """
        steps = self._run(work, title)
        while True:
            try:
                next(steps)
            except StopIteration as end:
                result: T = end.value
                return result

    def steps(self, work: Generator[T, None, Any], title: str) -> Generator[T, None, None]:
        """As `follow`, but hands on what the generator yields."""
        yield from self._run(work, title)

    def _run(self, work: Generator[Any, None, T], title: str) -> Generator[Any, None, T]:
        try:
            with self.task(title), contextlib.closing(work):
                note = ""
                while True:
                    try:
                        event = next(work)
                    except StopIteration as end:
                        result: T = end.value
                        return result
                    if isinstance(event, DownloadProgress):
                        note = self._show_download(event, title, note)
                    yield event
        except KeyboardInterrupt:
            say("Interrupted. What has arrived is kept: the next try goes on from there.")
            raise typer.Exit(130) from None

    def _show_download(self, event: DownloadProgress, title: str, before: str) -> str:
        """Move the bar; returns the note, without the seconds that count down in it."""
        description = f"{title}: {event.note}" if event.note else title
        self.show(description, event.done, event.total)
        note = event.note.partition(" Trying again")[0]
        if note and note != before and not self.shown and "Trying" in event.note:
            say(description)
        return note


def _download_line(
    entry: ModelEntry, path: Path | None, error: ResNetGuiError | None
) -> dict[str, Any]:
    return {
        "model": entry.spec.id,
        "path": str(path) if path else None,
        "bytes": path.stat().st_size if path else None,
        **_error(error),
    }


def _error(error: ResNetGuiError | None) -> dict[str, Any]:
    if error is None:
        return {"error": None}
    return {"error": {"type": type(error).__name__, "message": str(error)}}
