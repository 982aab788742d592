"""The command `compare`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from resnet_gui.cli.dataset import Archive, Yes, check_part, dataset_folder
from resnet_gui.cli.follow import follow_test
from resnet_gui.cli.input import check_device
from resnet_gui.cli.options import Data, Device, Exact, JsonLines, Tta
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
from resnet_gui.cli.written import check_file, into_folder

_MODEL = "Id of the {} model, from “resnet-gui models”; several with “+” between answer together."


def compare(
    first: Annotated[str, typer.Argument(help=_MODEL.format("first"), metavar="MODEL")],
    second: Annotated[str, typer.Argument(help=_MODEL.format("second"), metavar="MODEL")],
    folder: Data,
    part: Annotated[
        str,
        typer.Option(
            help="all, train, val or test; auto: photos that neither model is known to have "
            "learned from, where there are some.",
            metavar="PART",
        ),
    ] = "auto",
    device: Device = "auto",
    tta: Tta = None,
    exact: Exact = False,
    archive: Archive = None,
    yes: Yes = False,
    as_json: JsonLines = False,
    report: Annotated[
        Path | None,
        typer.Option(help="Write the comparison as a web page, too.", metavar="FILE.html"),
    ] = None,
) -> None:
    """Compare two models on the same labelled photos.

    It counts the photos that only one of them gets right, and says whether such a difference may be
    chance (McNemar's exact test). What a model answered to these photos before, in a test or as its
    run ended, is taken instead of asking it again, if neither has changed.

    \b
    Examples:
      resnet-gui compare my-pets my-pets-2 new-photos
      resnet-gui compare resnet20-cifar10 resnet56-cifar10 cifar10
      resnet-gui compare october november test-photos --report november.html
    """
    with foreseen_errors(as_json):
        check_part(part)
        check_device(device)
        if report is not None:
            check_file(report, "--report", ".html")
        from resnet_gui.core.evaluation.compare import compare as start
        from resnet_gui.core.inference.looking import look_wanted, looking
        from resnet_gui.core.zoo import Zoo

        zoo, look = Zoo.standard(), tta or look_wanted()
        one, other = (looking(zoo.ready(model), look) for model in (first, second))
        root = dataset_folder(folder, archive, yes, as_json)
        events = start(one, other, root, part=part, device=device, exact=exact)
        with Bar() as bar:
            (result,), failed = follow_test(events, bar)
        if as_json:
            emit_json(result.to_json())
        else:
            _print_result(result)
        if report is not None:
            from resnet_gui.core.evaluation.comparison_page import write_comparison

            with into_folder(report.parent):
                for path in write_comparison(result, report):
                    say(f"The comparison is in {path}")
    raise typer.Exit(SOME_FAILED if failed or result.failed else FINE)


def _print_result(result: Any) -> None:
    rows = [
        (model, title, f"{right:,} of {result.n:,}", f"{value:.1%}", f"{low:.1%} to {high:.1%}")
        for model, title, right, (value, low, high) in zip(
            result.models, result.titles, result.right(), result.accuracies(), strict=True
        )
    ]
    header = ("model", "title", "right", "accuracy", "95 % interval")
    emit_table(header, rows, right=header[2:], spare=("title",))
    counts = result.counts()
    for words, cell in (
        ("both right", "both_right"),
        ("fixed (only the second is right)", "fixed"),
        ("broken (only the first is right)", "broken"),
        ("both wrong", "both_wrong"),
    ):
        emit_line(f"  {counts[cell]:>8,}  {words}")
    emit_line(result.sentence())
    if classes := result.by_class():
        emit_line(classes)
    if source := result.source():
        emit_line(source)
    if caution := result.caution():
        emit_line((caution, "yellow"))
