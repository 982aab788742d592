"""Trees of files before and after they were moved about."""

from __future__ import annotations

import os
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from resnet_gui.core.filing.batch import Filed, FileMissed, How, Plan, Wish
from resnet_gui.core.filing.carry_out import carry_out
from resnet_gui.core.filing.journal import list_batches
from resnet_gui.core.filing.plan import plan_batch
from resnet_gui.core.filing.undo import undo

T = TypeVar("T")
OLD_NS = 1_400_000_000_123_456_789  # when the photos of these tests were taken


class Found(NamedTuple):
    """A file as it is: its bytes (of a link: where it leads) and when it was changed."""

    content: bytes
    changed: int


def tree(root: Path) -> dict[str, Found | None]:
    """Everything below a folder by its path; folders are None."""
    found: dict[str, Found | None] = {}
    for path in sorted(root.rglob("*")):
        name = str(path.relative_to(root))
        if path.is_symlink():
            found[name] = Found(os.fsencode(path.readlink()), 0)
        elif path.is_dir():
            found[name] = None
        else:
            found[name] = Found(path.read_bytes(), path.stat().st_mtime_ns)
    return found


def write(path: Path, content: str | bytes = "", number: int = 0) -> Path:
    """A file of long ago; `number` makes its time its own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    os.utime(path, ns=(OLD_NS + number, OLD_NS + number))
    return path


def result(steps: Generator[Any, None, T]) -> T:
    """What a generator returns at its end."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            value: T = end.value
            return value


def planned(
    wishes: Sequence[tuple[Path, Path, How]], title: str = "A test", *, sidecars: bool = True
) -> Plan:
    return result(plan_batch([Wish(*wish) for wish in wishes], title, sidecars=sidecars))


def done(events: Generator[Any, None, None]) -> tuple[Filed, list[FileMissed]]:
    """Run a batch to its end; what came of it, and what was missed."""
    told = list(events)
    assert isinstance(told[-1], Filed)
    return told[-1], [event for event in told if isinstance(event, FileMissed)]


def filed(
    wishes: Sequence[tuple[Path, Path, How]], *, sidecars: bool = True
) -> tuple[Filed, list[FileMissed]]:
    """Plan and carry out."""
    return done(carry_out(planned(wishes, sidecars=sidecars)))


def undone() -> tuple[Filed, list[FileMissed]]:
    """Undo the newest batch."""
    return done(undo(list_batches()[0].id))
