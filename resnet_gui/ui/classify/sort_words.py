"""What “Sort into folders” says of a plan."""

from __future__ import annotations

from resnet_gui.core.filing.batch import Plan, Why, count
from resnet_gui.ui.widgets.words import size_text

UNSURE_FOLDER = "not sure"


def details(plan: Plan, photos: int, percent: int, others: str) -> str:
    """What else a person should know of a plan for so many photos, of which the model has to be so
    sure."""
    there = sum(skipped.why in (Why.SAME, Why.THERE) for skipped in plan.skipped)
    rest = len(plan.skipped) - there
    said = []
    if photos and not plan.pieces and not plan.skipped:
        # Nothing goes: it is the slider that keeps all of them.
        of_all = "this photo" if photos == 1 else "any of these photos"
        said.append(
            f"The model is not {percent} % sure of {of_all}. Move the slider to the left, or put "
            f"them into “{UNSURE_FOLDER}”."
        )
    if plan.along:
        said.append(f"{count(plan.along, 'file')} with edits {_verb(plan.along, 'go')} along.")
    if plan.renamed:
        said.append(
            f"{count(plan.renamed, 'photo')} {_verb(plan.renamed, 'get')} a number behind the "
            "name, as it is taken."
        )
    if there:
        said.append(f"{count(there, 'photo')} {_verb(there, 'be')} there already.")
    if rest:
        said.append(f"{count(rest, 'photo')} cannot go: see the end of the list.")
    if plan.bytes:
        said.append(f"{size_text(plan.bytes)} to write, {size_text(plan.free)} are free.")
    if others:
        said.append(others)
    return " ".join(said)


def _verb(number: int, verb: str) -> str:
    if verb == "be":
        return "is" if number == 1 else "are"
    if number != 1:
        return verb
    return f"{verb}es" if verb.endswith("o") else f"{verb}s"
