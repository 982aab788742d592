"""What all attacks have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

MODEL = "resnet20-cifar10"  # bundled; 32 pixels: the photos cost the time, not the network
Together = tuple[str, Callable[[], None]]


class Attack(Protocol):
    """The files of one kind."""

    def one(self, path: Path) -> str | None:
        """Use one file. Returns a named error in words, if any; raises what the program does."""
        ...

    def together(self) -> Iterator[Together]:
        """What is done with all files at once: its name, and the work."""
        ...


def all_files(folder: Path) -> list[Path]:
    """Every case's file: each lies in a folder of its own."""
    return sorted(path for place in folder.iterdir() for path in place.iterdir())


def done(_result: object) -> None:
    """For checks that the command itself has made."""
