"""What a run is called that nobody has named. No torch here."""

from __future__ import annotations

from collections.abc import Container


def default_title(folder: str, model: str, taken: Container[str]) -> str:
    """The folder and the model in words, numbered where that is taken: “Pets, ResNet-50 (2)”.

    Args:
        folder: what the photos are of. model: what it starts from; "": that is not known yet.
        taken: titles of other runs.
    """
    title = f"{folder}, {model}" if model else folder
    name, number = title, 2
    while name in taken:
        name, number = f"{title} ({number})", number + 1
    return name
