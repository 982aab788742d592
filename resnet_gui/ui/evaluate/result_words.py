"""What stands above a result, in words."""

from __future__ import annotations

from pathlib import Path

from resnet_gui.core.dataset.summary import count_noun
from resnet_gui.core.evaluation.answered_by import answered_by
from resnet_gui.core.evaluation.cautions import cautions
from resnet_gui.core.evaluation.metrics import adjusted_words
from resnet_gui.core.evaluation.predictions import Facts
from resnet_gui.ui.evaluate.result import Result
from resnet_gui.ui.evaluate.results_list import part_words, when_words
from resnet_gui.ui.widgets.plain_text import one_line


def title_words(facts: Facts) -> str:
    """What was tested on what, and when."""
    title = one_line(facts.title or facts.model, 80)
    of_run = facts.run_title or facts.run
    named = of_run and of_run != (facts.title or facts.model)
    run = f" (run “{one_line(of_run, 60)}”)" if named else ""
    folder = one_line(Path(facts.data).name, 60)
    return f"{title}{run} · {folder}: {part_words(facts)} · {when_words(facts.made)}"


def facts_words(result: Result) -> str:
    """How many were right, and what to bear in mind."""
    figures = result.figures
    low, high = figures.interval
    sentences = [
        f"{figures.right:,} of {count_noun(figures.n, 'photo')}; of very many photos like "
        f"these most likely {low:.1%} to {high:.1%} (95 % interval).",
        *cautions(result.predictions.facts),
        *filter(None, [figures.lopsided()]),
    ]
    if len(result.order) < len(figures.occurring):
        sentences.append(f"The matrix has the {len(result.order):,} classes with most mistakes.")
    return " ".join(sentences)


def terms_words(result: Result) -> str:
    """The figures that have names of the trade."""
    figures = result.figures
    adjusted = adjusted_words(result.predictions.calibration.temperature)
    return (
        f"F1, where every class counts alike: {figures.macro('f1') or 0.0:.1%}; at best 100%. "
        f"Loss, where it counts how sure it was: {figures.loss:.3f}{adjusted}; at best 0. "
        f"{answered_by(result.predictions.facts)}"
    ).strip()
