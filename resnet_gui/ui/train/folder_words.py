"""What was found in a folder of classes, in words."""

from __future__ import annotations

from resnet_gui.core.dataset.summary import DatasetSummary, Part, ProblemKind, count_noun
from resnet_gui.ui.widgets.words import size_text


def only_loose(summary: DatasetSummary) -> bool:
    """Whether there are photos and no classes: somebody has to sort them first."""
    kinds = {problem.kind for problem in summary.problems}
    return not summary.classes and ProblemKind.LOOSE_PHOTOS in kinds


def describe(summary: DatasetSummary) -> str:
    """The folder in a sentence."""
    text = (
        f"{count_noun(len(summary.photos), 'photo')} in "
        f"{count_noun(len(summary.classes), 'class', 'classes')}, {size_text(summary.bytes)}."
    )
    if not summary.classes:
        return "No class was found in this folder."
    counts = summary.counts()
    if summary.has_parts:
        named = ((Part.TRAIN, "training"), (Part.VAL, "validation"), (Part.TEST, "test"))
        parts = [f"{counts[part]:,} {name}" for part, name in named if counts[part]]
        return f"{text} The folder says what is for what: {', '.join(parts)}."
    return f"{text} One photo in five is kept aside for validation."
