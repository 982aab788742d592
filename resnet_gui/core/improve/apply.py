"""Carrying decisions out: one batch of `core.filing`, undone like any other. No torch here."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

from resnet_gui.core.dataset.summary import DatasetSummary
from resnet_gui.core.filing.batch import How, Plan, Planning
from resnet_gui.core.improve.values import Decisions


def plan_apply(
    decisions: Decisions, summary: DatasetSummary, *, loose: How = How.COPY
) -> Generator[Planning, None, Plan]:
    """Find out exactly what Apply would do with what is pending; nothing is changed.
    `core.filing.carry_out` does it, `core.filing.undo` takes it back; `agree` then says what of it
    happened.

    Relabelled photos go to the folder of their class, in the part (train, val …) that they are in.
    What is set aside goes to `aside_folder`, where it keeps its part and class. Files with edits go
    along; nothing is replaced.

    Args:
        summary: a scan of the folder of now.
        loose: what is done with photos that had no class: COPY leaves them where they are, too.
            With parts they get into the one to train.

    Yields:
        Planning.

    Returns:
        a plan, titled “Correct “ants_bees”: 12 photos to other classes, 3 set aside”.

    Raises:
        FilingError: a target folder is a file, or nothing may be written there.
    """
    raise NotImplementedError


def aside_folder(root: Path) -> Path:
    """Where photos of a labelled folder are set aside: a folder beside it that no scan of it, nor
    of a folder around it that holds nothing else, takes for a class."""
    raise NotImplementedError
