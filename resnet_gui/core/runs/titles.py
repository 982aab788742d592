"""What runs are called. No torch here."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Container, Iterator

from resnet_gui.core.system import paths
from resnet_gui.core.system.locks import lock

_LOCK, _PATIENCE_S = "titles.lock", 10.0
_NUMBERED = re.compile(r"(.+) \((\d{1,4})\)")


def default_title(folder: str, model: str, taken: Container[str]) -> str:
    """What a run is called that nobody has named: the folder and the model in words, see
    `free_title`.

    Args:
        folder: what the photos are of. model: what it starts from; "": that is not known yet.
        taken: titles of other runs.
    """
    return free_title(f"{folder}, {model}" if model else folder, taken)


def free_title(title: str, taken: Container[str]) -> str:
    """The title, numbered where it is taken: “Pets, ResNet-50 (2)”. A number behind it is counted
    on if the title without it is taken, too; in “Trip (2019)” it belongs to the name."""
    name, number = title, 2
    found = _NUMBERED.fullmatch(title)
    if found and title in taken and found[1] in taken:
        title, number = found[1], int(found[2]) + 1
    while name in taken:
        name, number = f"{title} ({number})", number + 1
    return name


@contextlib.contextmanager
def naming() -> Iterator[None]:
    """While a run finds its title and is stored under it, no other run of this home does: two that
    begin at once would both find it free. Where no lock can be had, it goes without."""
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):
            path = paths.cache_dir() / _LOCK
            path.parent.mkdir(parents=True, exist_ok=True)
            stack.enter_context(lock(path, _PATIENCE_S))
        yield
