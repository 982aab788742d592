"""Decisions on the disk: `DATA/improve/NAME-HASH.json`, a file for each folder. No torch here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from resnet_gui.core.improve.values import Content, Decisions


@dataclass(frozen=True, slots=True)
class Kept:
    """Decisions are on the disk.

    Attributes:
        contents: of the photos whose content was looked up for it, by path: for `Corrections.note`.
    """

    contents: dict[str, Content]


def keep(decisions: Decisions) -> Iterator[Kept]:
    """Replace what is kept of a folder. A job for the io lane: it reads the photos of new
    decisions, so that they are known again wherever they are moved.

    Yields:
        one Kept.

    Raises:
        ImproveError: the disk is full, or may not be written.
    """
    raise NotImplementedError


def load(root: str | Path) -> Iterator[Decisions]:
    """What is kept of a folder, perhaps nothing. A job for the io lane.

    Args:
        root: as `DatasetSummary.root`. If the folder was renamed since, what was kept of it under
            its old name is found by its photos, and its paths are changed.

    Yields:
        one Decisions.

    Raises:
        ImproveError: it is damaged. It is set aside then, so that nothing overwrites it; a second
            call finds nothing.
    """
    raise NotImplementedError


def content_of(path: Path) -> Content | None:
    """None: it cannot be read."""
    raise NotImplementedError
