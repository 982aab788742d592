"""The command `suspects`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from resnet_gui.cli.commands.classify import _GET_A_MODEL
from resnet_gui.cli.dataset import Archive, Yes, dataset_folder
from resnet_gui.cli.input import check_device, chosen_model
from resnet_gui.cli.options import Data, JsonLines, Semicolons
from resnet_gui.cli.output import (
    FINE,
    SOME_FAILED,
    Bar,
    emit,
    emit_json,
    emit_line,
    emit_table,
    foreseen_errors,
    say,
    say_of,
    stdout_for_programs,
)
from resnet_gui.core.words import count_noun

if TYPE_CHECKING:
    from resnet_gui.core.dataset.summary import Problem
    from resnet_gui.core.improve.events import Suspect, SuspectsFound

_WORK = {
    "photos": "Looking for what is known already",
    "converting": "Making the model's faster form, once",
    "features": "Looking at photos",
    "learning": "Comparing labels",
}
_COLUMNS = ("path", "label", "suggested", "probability", "suggested_probability", "loss", "wrong")


def suspects(
    folder: Data,
    model: Annotated[
        str | None,
        typer.Option(
            help="Which model looks at the photos: an id from “resnet-gui models”. It need not "
            "know your classes. Default: the best one that is on this computer.",
            metavar="ID",
        ),
    ] = None,
    top: Annotated[
        int, typer.Option(min=0, help="How many photos are listed; 0: all.", metavar="N")
    ] = 20,
    seed: Annotated[
        int,
        typer.Option(
            min=0, help="Another number divides the photos in another way.", metavar="NUMBER"
        ),
    ] = 0,
    device: Annotated[
        str, typer.Option(help="What computes: auto, cpu, cuda, cuda:1 or mps.", metavar="DEVICE")
    ] = "auto",
    archive: Archive = None,
    yes: Yes = False,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="For spreadsheets: CSV with a header on stdout.")
    ] = False,
    semicolons: Semicolons = False,
    as_json: JsonLines = False,
) -> None:
    """Find photos that are probably in the folder of the wrong class.

    Each photo is judged by what the other photos teach: five times, four fifths of them are learned
    from and the last fifth is judged. The photos whose own class seems least likely come first.
    Nothing is moved or changed. Photos that you have marked as fine in the window are left out.

    \b
    Examples:
      resnet-gui suspects pets
      resnet-gui suspects pets --top 0 --csv > pets-to-check.csv
      resnet-gui suspects pets --model my-pets --json
    """
    if as_json and as_csv:
        raise typer.BadParameter("choose --json or --csv, not both")
    if semicolons and not as_csv:
        raise typer.BadParameter("it goes with --csv", param_hint="--semicolons")
    with foreseen_errors(as_json):
        check_device(device)
        chosen = chosen_model(model, _GET_A_MODEL).spec.id
        root = dataset_folder(folder, archive, yes, as_json)
        found, left_out = _look(root, chosen, device, seed)
        listed = found.suspects[: top or None]
        if as_json:
            for item in listed:
                emit_json(item.to_json())
            emit_json({k: v for k, v in found.to_json().items() if k != "suspects"})
        elif as_csv:
            _emit_csv(listed, semicolons=semicolons)
        else:
            _print(listed, found)
        for problem in left_out:
            say(problem.message, "yellow")
        for photo in found.failed:
            say_of(photo.path, photo.message)
    raise typer.Exit(SOME_FAILED if found.failed or left_out else FINE)


def _look(
    root: Path, model: str, device: str, seed: int
) -> tuple[SuspectsFound, tuple[Problem, ...]]:
    """What was found, and what cannot be read."""
    from resnet_gui.core.dataset import DatasetScanned, scan_dataset
    from resnet_gui.core.improve.agree import agree
    from resnet_gui.core.improve.corrections import Corrections
    from resnet_gui.core.improve.events import SuspectsFound
    from resnet_gui.core.improve.improver import Improver
    from resnet_gui.core.improve.kept import load
    from resnet_gui.core.zoo import Zoo

    with Bar() as bar:
        for event in scan_dataset(root):
            if isinstance(event, DatasetScanned):
                summary = event.summary
            else:
                bar.show("Looking at the folder", event.done, event.total)
        [kept] = load(summary.root)
        [agreed] = agree(kept, summary)
        corrections = Corrections(kept)
        corrections.settle(agreed.outcomes)
        decisions = corrections.snapshot()
        for step in Improver(Zoo.standard()).suspects(
            summary, model, decisions, device=device, seed=seed
        ):
            if isinstance(step, SuspectsFound):
                return step, summary.unreadable
            bar.show(_WORK[step.what], step.done, step.total)
    raise AssertionError  # it ends with SuspectsFound


def _emit_csv(listed: tuple[Suspect, ...], *, semicolons: bool) -> None:
    from resnet_gui.core.library.tables import csv_line

    stdout_for_programs()
    emit(csv_line(_COLUMNS, semicolons=semicolons))
    for item in listed:
        row = item.to_json()
        row["wrong"] = "yes" if item.wrong else "no"
        emit(csv_line([row[name] for name in _COLUMNS], semicolons=semicolons))


def _print(listed: tuple[Suspect, ...], found: SuspectsFound) -> None:
    rows = [
        (
            item.label,
            f"{item.probability:.0%}",
            item.suggested,
            f"{item.suggested_probability:.0%}",
            "probably wrong" if item.wrong else "",
            item.path,
        )
        for item in listed
    ]
    header = ("class", "probability", "suggested", "probability", "", "photo")
    if rows:
        emit_table(header, rows, right=("probability",), spare=())
    wrong = sum(item.wrong for item in found.suspects)
    judged = count_noun(found.judged, "photo")
    verdict = f"{wrong:,} of {judged} {'is' if wrong == 1 else 'are'} probably in the wrong class."
    if not wrong:
        verdict = f"None of {judged} is clearly in the wrong class."
        verdict += " The least likely ones are listed." if rows else ""
    emit_line((verdict, "bold"))
    for sentence in found.sentences:
        say(sentence, "yellow")
