"""The command `evaluate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from resnet_gui.cli.dataset import Archive, Yes, check_part, dataset_folder
from resnet_gui.cli.follow import follow_test
from resnet_gui.cli.input import check_device
from resnet_gui.cli.options import Data, Device, Exact, JsonLines, Tta, path_option
from resnet_gui.cli.output import (
    FINE,
    SOME_FAILED,
    Bar,
    emit_json,
    emit_line,
    emit_table,
    foreseen_errors,
    say,
)
from resnet_gui.cli.written import check_folder, into_folder
from resnet_gui.core.zoo import ModelEntry


def evaluate(
    model: Annotated[
        str,
        typer.Argument(
            help="Id of the model, from “resnet-gui models”; several with “+” between answer "
            "together.",
            metavar="MODEL",
        ),
    ],
    folder: Data,
    part: Annotated[
        str,
        typer.Option(
            help="all, train, val or test; auto: test, else val, else all, without photos that "
            "the model is known to have learned from. Of a folder that it was trained on, the "
            "parts are those of its run.",
            metavar="PART",
        ),
    ] = "auto",
    device: Device = "auto",
    tta: Tta = None,
    exact: Exact = False,
    eight_bits: Annotated[
        bool,
        typer.Option(
            "--8-bit",
            help="Measure the form of 8 bits, in which “classify --8-bit” answers, where there is "
            "one. Otherwise the usual form is measured, also where the settings ask for 8 bits.",
        ),
    ] = False,
    report: Annotated[
        Path | None,
        path_option(
            "FOLDER",
            "Folder for a report: one page (report.html) with curves, confusions and the "
            "worst photos, and a table of all photos (photos.csv).",
        ),
    ] = None,
    semicolons: Annotated[
        bool,
        typer.Option(
            "--semicolons",
            help="Of --report: a table with semicolons between the cells and commas in the "
            "numbers, as Excel expects them in German, French and many other languages.",
        ),
    ] = False,
    archive: Archive = None,
    yes: Yes = False,
    as_json: JsonLines = False,
) -> None:
    """Measure how often a model is right on labelled photos.

    It says for each class how many of its photos were recognised. Photos that the model learned
    from say little of new ones: it tells how many there are. A test that was stopped with Ctrl+C
    goes on where it was, as long as model and photos are the same.

    \b
    Examples:
      resnet-gui evaluate my-pets new-photos
      resnet-gui evaluate my-pets pets --part val
      resnet-gui evaluate resnet20-cifar10 cifar10
      resnet-gui evaluate my-pets new-photos --report my-pets-report
      resnet-gui evaluate my-pets new-photos --8-bit
      resnet-gui evaluate resnet20-cifar10+resnet56-cifar10 cifar10 --tta flip
    """
    with foreseen_errors(as_json):
        if semicolons and report is None:
            raise typer.BadParameter("it goes with --report", param_hint="--semicolons")
        check_part(part)
        check_device(device)
        if report is not None:
            check_folder(report, "--report")
        from resnet_gui.core.evaluation.evaluate import evaluate as start
        from resnet_gui.core.inference.looking import look_wanted, looking
        from resnet_gui.core.zoo import Zoo

        entry = looking(Zoo.standard().ready(model), tta or look_wanted())
        root = dataset_folder(folder, archive, yes, as_json)
        events = start(entry, root, part=part, device=device, exact=exact, eight_bits=eight_bits)
        with Bar() as bar:
            (*measured, result), failed = follow_test(events, bar)
            if report is not None and measured:
                _write_report(measured[0], report, entry, bar, semicolons=semicolons)
            elif report is not None:
                say("There are too many answers for a report. Take fewer photos.", "yellow")
        if as_json:
            emit_json(result.to_json())
        else:
            _print_result(result)
    raise typer.Exit(SOME_FAILED if failed else FINE)


def _write_report(
    measured: Any, folder: Path, entry: ModelEntry, bar: Bar, *, semicolons: bool
) -> None:
    from resnet_gui.core.evaluation.report import ReportWritten, write_report

    with into_folder(folder):
        for event in write_report(
            measured.predictions, folder, entry.spec, bom=semicolons, semicolons=semicolons
        ):
            if isinstance(event, ReportWritten):
                say(f"The report is in {event.html}")
            else:
                bar.show("Writing the report", event.done, event.total)


def _print_result(result: Any) -> None:
    from resnet_gui.core.evaluation.answered_by import answered_by
    from resnet_gui.core.evaluation.metrics import adjusted_words

    low, high = result.top1_ci95
    part = "of its run" if result.part_of == "run" else "of the folder"
    # Of five classes or fewer, the right one is always among the first five.
    top5 = f"top-5 {result.top5:.1%}, " if len(result.per_class) > 5 else ""
    emit_line(
        f"{result.top1:.1%} right (95 % interval {low:.1%} to {high:.1%}; {result.n:,} photos, "
        f"part “{result.part}” {part}), {top5}loss {result.loss:.3f}"
        f"{adjusted_words(result.temperature)}"
    )
    if form := answered_by(result):
        emit_line(form)
    if caution := result.caution():
        emit_line((caution, "yellow"))
    header = ("class", "photos", "recognised", "precision")
    rows = [
        (
            item.label,
            f"{item.n:,}",
            "" if item.recall is None else f"{item.recall:.1%}",
            "" if item.precision is None else f"{item.precision:.1%}",
        )
        for item in result.per_class
        if item.n or item.precision is not None
    ]
    emit_table(header, rows, right=header[1:], spare=())
