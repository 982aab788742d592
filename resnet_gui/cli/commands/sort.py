"""The command `sort`."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Generator
from pathlib import Path
from typing import Annotated

import typer

from resnet_gui.cli.commands.classify import _GET_A_MODEL
from resnet_gui.cli.filing import done_line, follow_filing
from resnet_gui.cli.input import check_device, chosen_model, found_photos
from resnet_gui.cli.options import (
    Device,
    EightBits,
    Exact,
    JsonLines,
    OneModel,
    Photos,
    path_option,
)
from resnet_gui.cli.output import (
    FINE,
    SOME_FAILED,
    Bar,
    emit_json,
    emit_line,
    emit_table,
    foreseen_errors,
    say,
    say_of,
)
from resnet_gui.cli.written import check_folder as is_no_file
from resnet_gui.cli.written import into_folder
from resnet_gui.core.errors import FilingError
from resnet_gui.core.events import ImageSource, Notice, Prediction
from resnet_gui.core.filing.batch import How, Plan, Planning, Why, count
from resnet_gui.core.filing.by_label import Labelled, SortWish, other_folders, plan_sorting
from resnet_gui.core.filing.plan import check_folder
from resnet_gui.core.library.answered import AnsweredPhoto
from resnet_gui.core.system.settings import eight_bits_wanted, exact_wanted
from resnet_gui.core.zoo import Zoo
from resnet_gui.core.zoo.kinds import PROBABLE, said_of

_DOES = {How.COPY: "copied", How.MOVE: "moved", How.LINK: "linked"}


def sort(
    photos: Photos,
    into: Annotated[
        Path,
        path_option(
            "FOLDER",
            "The folder in which every label gets a folder of its own. It is made if it is "
            "not there.",
        ),
    ],
    by: Annotated[
        str,
        typer.Option(help="What photos are sorted by; so far there is only label.", metavar="WHAT"),
    ] = "label",
    copy: Annotated[
        bool, typer.Option("--copy", help="Copy the photos; they also stay where they are (usual).")
    ] = False,
    move: Annotated[bool, typer.Option("--move", help="Move the photos.")] = False,
    symlink: Annotated[
        bool, typer.Option("--symlink", help="Make links that lead to the photos.")
    ] = False,
    min_confidence: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            metavar="P",
            help="0 to 1: photos of which the model is less sure stay where they are. Default: "
            "what was chosen for the model under Trust on the page Evaluate, else "
            f"{PROBABLE:g}.",
        ),
    ] = None,
    unsure_folder: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="Do not leave those, but put them into this folder of FOLDER."
        ),
    ] = "",
    no_sidecars: Annotated[
        bool,
        typer.Option(
            "--no-sidecars",
            help="Leave the files in which photo programs keep edits (photo.xmp, photo.jpg.xmp, "
            "photo.aae) where they are. Usually they go along with their photo.",
        ),
    ] = False,
    model: OneModel = None,
    device: Device = "auto",
    exact: Exact = False,
    eight_bits: EightBits = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would happen; nothing is changed.")
    ] = False,
    as_json: JsonLines = False,
) -> None:
    """Put photos into folders by what is on them.

    No file is ever replaced: a photo whose name is taken gets a number behind it, and one that is
    there already with the same content stays where it is. “resnet-gui undo” takes all of it back,
    also after the program or the computer was cut off.

    \b
    Examples:
      resnet-gui sort holidays --into sorted --dry-run
      resnet-gui sort holidays --into sorted --move --min-confidence 0.8
      resnet-gui sort camera --into animals --symlink --model my-animals
    """
    with foreseen_errors(as_json):
        if by != "label":
            raise typer.BadParameter("photos can be sorted by label", param_hint="--by")
        if copy + move + symlink > 1:
            raise typer.BadParameter("choose one of --copy, --move and --symlink")
        check_device(device)
        how = How.MOVE if move else How.LINK if symlink else How.COPY
        is_no_file(into, "--into")
        into = into.resolve()
        check_folder(into)
        spec = chosen_model(model, _GET_A_MODEL).spec
        chosen, least = spec.id, min_confidence
        if least is None:
            least = PROBABLE if spec.calibration.unsure is None else spec.calibration.unsure
        wish = SortWish(into, how, least, unsure_folder, not no_sidecars)
        sources, problems = found_photos(photos)
        sources = _without_sorted(sources, photos, into)
        labelled, failed = _answers(sources, chosen, device, exact, eight_bits, as_json)
        with Bar() as bar:
            plan = _planned(plan_sorting(labelled, wish), bar)
        sure = sum(photo.probability >= least for photo in labelled)
        unsure = 0 if unsure_folder else len(labelled) - sure
        if as_json:
            _emit_plan(plan, unsure, failed, dry_run)
        else:
            _tell_plan(plan, unsure, least, failed, dry_run)
        if others := other_folders(labelled, least):
            say(others, "yellow")
        code = SOME_FAILED if failed or problems else FINE
        if plan.problem:
            raise FilingError(into, plan.problem, "Free some space, or choose another folder.")
        if not dry_run and plan.pieces:
            from resnet_gui.core.filing.carry_out import carry_out

            with into_folder(into):
                filed = follow_filing(carry_out(plan), "Sorting", as_json)
            if not as_json:
                what = f"{count(filed.info.photos, 'photo')} {_DOES[how]} into {into}."
                say(f"{what} {done_line(filed)}")
            code = code or (SOME_FAILED if filed.missed else FINE)
    raise typer.Exit(code)


def _without_sorted(sources: list[ImageSource], given: list[Path], into: Path) -> list[ImageSource]:
    """Without what an earlier sorting put into a folder inside the one that is sorted now."""
    around = [path.resolve() for path in given]
    if not any(path in into.parents for path in around):
        return sources
    left = [
        source
        for source in sources
        if source.path is None or into not in source.path.resolve().parents
    ]
    if len(left) < len(sources):
        there = count(len(sources) - len(left), "photo")
        say(f"{there} in {into}: there already, so left out.")
    return left


def _answers(
    sources: list[ImageSource],
    model: str,
    device: str,
    exact: bool,
    eight_bits: bool,
    as_json: bool,
) -> tuple[list[Labelled], int]:
    """What the model says of each photo, and how many could not be read."""
    found: list[Labelled] = []
    failed = 0
    if not sources:
        return found, failed
    from resnet_gui.core.inference.classifier import Classifier
    from resnet_gui.core.library.answering import Library, in_order

    classifier = Classifier(
        Zoo.standard(),
        wants_exact=lambda: exact or exact_wanted(),
        wants_eight_bits=lambda: eight_bits or eight_bits_wanted(),
    )
    library = Library(classifier)
    with contextlib.ExitStack() as stack:
        stack.callback(library.store.close)
        bar = stack.enter_context(Bar())
        asked = library.answer(sources, model, device, 1, exact=exact)
        for event in in_order(stack.enter_context(contextlib.closing(asked))):
            if isinstance(event, Notice):
                say(event.message, "yellow")
            if not isinstance(event, AnsweredPhoto):
                continue
            answer = event.answer
            if isinstance(answer, Prediction):
                said = said_of(answer)
                found.append(Labelled(answer.path, said.name, said.probability))
            else:
                failed += 1
                if as_json:
                    emit_json({"event": "failed", "path": answer.path, "message": answer.message})
                else:
                    say_of(answer.path, answer.message)
            bar.show("Looking at photos", len(found) + failed, len(sources))
    return found, failed


def _planned(steps: Generator[Planning, None, Plan], bar: Bar) -> Plan:
    while True:
        try:
            event = next(steps)
        except StopIteration as end:
            plan: Plan = end.value
            return plan
        bar.show("Looking at the folders", event.done, event.total)


def _emit_plan(plan: Plan, unsure: int, failed: int, dry_run: bool) -> None:
    if dry_run:
        for piece in plan.pieces:
            emit_json(piece.to_json())
    for skipped in plan.skipped:
        emit_json(skipped.to_json())
    emit_json(
        {
            "event": "plan",
            "title": plan.title,
            "dry_run": dry_run,
            "photos": plan.photos,
            "along": plan.along,
            "renamed": plan.renamed,
            "skipped": len(plan.skipped),
            "unsure": unsure,
            "failed": failed,
            "folders": plan.folders,
            "bytes": plan.bytes,
            "free": plan.free,
            "problem": plan.problem,
        }
    )


def _tell_plan(plan: Plan, unsure: int, least: float, failed: int, dry_run: bool) -> None:
    if dry_run:
        for piece in plan.pieces:
            emit_line(piece.source, ("  ->  ", "dim"), piece.target)
    for skipped in plan.skipped:
        if skipped.why not in (Why.SAME, Why.THERE):
            say_of(skipped.path, skipped.message)
    if dry_run:
        folders = Counter(
            Path(piece.target).parent.name for piece in plan.pieces if not piece.photo
        )
        rows = [(name, f"{number:,}") for name, number in sorted(folders.items())]
        if rows:
            emit_table(("folder", "photos"), rows, right=("photos",), spare=())
        emit_line((f"{plan.title}: this is what would happen.", "bold"))
    for line in _remarks(plan, unsure, least, failed):
        (emit_line if dry_run else say)(line)


def _remarks(plan: Plan, unsure: int, least: float, failed: int) -> list[str]:
    """What else a person should know of a plan."""
    there = sum(skipped.why in (Why.SAME, Why.THERE) for skipped in plan.skipped)
    rest = len(plan.skipped) - there
    sure = f"the model is less than {least:.0%} sure"
    said: tuple[tuple[int, str, str, str], ...] = (
        (plan.along, "file", "with edits goes along", "with edits go along"),
        (plan.renamed, "photo", "gets a number: its name is taken", "get a number: taken names"),
        (there, "photo", "stays: there already", "stay: there already"),
        (rest, "photo", "stays: see above", "stay: see above"),
        (unsure, "photo", f"stays: {sure}", f"stay: {sure}"),
        (failed, "photo", "stays: it could not be read", "stay: they could not be read"),
    )
    lines = [
        f"{count(number, what)} {one if number == 1 else several}."
        for number, what, one, several in said
        if number
    ]
    if plan.bytes:
        lines.append(f"{plan.bytes / 1e6:,.1f} MB to write; {plan.free / 1e6:,.0f} MB are free.")
    return lines
