"""What the Corrector lets the io lane do. What it needs is imported there, not at the window's
start."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from resnet_gui.core.dataset.summary import DatasetSummary, ScanProgress
    from resnet_gui.core.filing.batch import How, Plan
    from resnet_gui.core.improve.agree import Agreed
    from resnet_gui.core.improve.corrections import Corrections
    from resnet_gui.core.improve.kept import Kept
    from resnet_gui.core.improve.values import Decisions


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """A folder as it is now, and what that means for decisions. opened: what was kept of it; None:
    that was known already."""

    summary: DatasetSummary
    agreed: Agreed
    opened: Corrections | None


def load_book(root: str) -> Generator[None, None, Corrections]:
    from resnet_gui.core.improve.corrections import Corrections
    from resnet_gui.core.improve.kept import load

    yield None
    [decisions] = load(root)
    return Corrections(decisions)


def look_through(folder: Path, known: dict[str, Decisions]) -> Generator[ScanProgress, None, Found]:
    """known: of the folders that are open."""
    from resnet_gui.core.dataset.scan import scan_dataset
    from resnet_gui.core.dataset.summary import DatasetScanned
    from resnet_gui.core.improve.agree import agree
    from resnet_gui.core.improve.corrections import Corrections
    from resnet_gui.core.improve.kept import load

    summary: DatasetSummary | None = None
    for event in scan_dataset(folder):
        if isinstance(event, DatasetScanned):
            summary = event.summary
        else:
            yield event
    assert summary is not None  # it comes last
    decisions = known.get(summary.root)
    opened = None
    if decisions is None:
        [decisions] = load(summary.root)
        opened = Corrections(decisions)
    [agreed] = agree(decisions, summary)
    return Found(summary, agreed, opened)


def plan_corrections(
    decisions: Decisions, summary: DatasetSummary, loose: How
) -> Generator[object, None, Plan]:
    from resnet_gui.core.improve.apply import plan_apply

    return (yield from plan_apply(decisions, summary, loose=loose))


def keep_decisions(decisions: Decisions) -> Kept:
    from resnet_gui.core.improve.kept import keep

    [kept] = keep(decisions)
    return kept
