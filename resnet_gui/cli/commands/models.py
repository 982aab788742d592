"""The command `models`."""

from __future__ import annotations

from typing import Annotated

import typer

from resnet_gui.cli.input import NO_MODEL
from resnet_gui.cli.options import JsonLines
from resnet_gui.cli.output import emit_json, emit_table, say
from resnet_gui.core.zoo import ModelEntry, Zoo
from resnet_gui.core.zoo.untrained import untrained_entries


def models(
    search: Annotated[
        list[str] | None,
        typer.Argument(
            help="Only models with all of these words in id, title or state, or in what they "
            "learned from.",
            metavar="WORD",
        ),
    ] = None,
    architectures: Annotated[
        bool,
        typer.Option(
            "--architectures",
            help="Networks without weights instead, which “resnet-gui train FOLDER --model ID” "
            "trains from random ones.",
        ),
    ] = False,
    as_json: JsonLines = False,
) -> None:
    """List all models, with where their weights are.

    The state says so: yours (made or added by you), bundled (came with the program), installed
    (came with a package), cached (downloaded before) can be used now; downloadable ones need the
    network once, see “resnet-gui download -h”.

    Top-1 is the share of photos whose first answer is right; “photos” says on how many it was
    measured. Without a number there it is the publisher's.

    \b
    Examples:
      resnet-gui models
      resnet-gui models resnet downloadable
      resnet-gui models --architectures
    """
    words = " ".join(search or ()).casefold().split()
    entries = [
        entry
        for entry in (untrained_entries() if architectures else Zoo.standard().entries())
        if entry.has_words(words)
    ]
    if as_json:
        for entry in entries:
            emit_json(entry.to_json())
        return
    if not entries:
        nowhere = "in its id, title or state, or in what it learned from."
        say(f"No model has “{' '.join(words)}” {nowhere}" if words else NO_MODEL)
        return
    header: tuple[str, ...] = (
        "id", "title", "state", "classes", "top-1", "photos", "parameters", "GFLOPs", "size",
    )  # fmt: skip
    rows: list[tuple[str, ...]] = []
    for entry in entries:
        spec, accuracy = entry.spec, entry.spec.accuracy
        rows.append(
            (
                spec.id,
                spec.title,
                _state(entry),
                f"{len(spec.classes):,}",
                f"{accuracy.value:.1%}" if accuracy is not None else "",
                f"{accuracy.photos:,}" if accuracy is not None and accuracy.part else "",
                f"{spec.parameters / 1e6:{'.2f' if architectures else '.1f'}} M",
                f"{spec.gflops:.2f}" if spec.gflops is not None else "",
                f"{spec.bytes / 1e6:.0f} MB",
            )
        )
    if architectures:  # without weights there are no classes, accuracy or file
        without = ("classes", "top-1", "photos", "size")
        kept = [n for n, name in enumerate(header) if name not in without]
        header = tuple(header[n] for n in kept)
        rows = [tuple(row[n] for n in kept) for row in rows]
    emit_table(header, rows, right=header[3:], spare=("title", "GFLOPs", "parameters"))
    for entry in entries:
        if entry.problem:
            whose = f"“{entry.spec.title}”: " if entry.lacks_member else ""  # files are named in it
            say(f"{whose}{entry.problem}", "yellow")


def _state(entry: ModelEntry) -> str:
    if entry.lacks_member:
        return "lacks a model"
    return "damaged" if entry.problem else entry.state.value
