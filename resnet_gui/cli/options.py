"""Arguments and options that several commands take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from resnet_gui.cli.input import check_look, given_path
from resnet_gui.core.looks import LOOKS
from resnet_gui.core.system.settings import HOW_TO_GET_NNCF


def path_option(metavar: str, text: str) -> Any:
    """An option that takes a file's or a folder's path."""
    return typer.Option(help=text, metavar=metavar, parser=given_path)


Photos = Annotated[
    list[Path],
    typer.Argument(
        help="Photos, and folders that are searched for photos.",
        metavar="PHOTO",
        parser=given_path,
    ),
]
Data = Annotated[
    Path,
    typer.Argument(
        help="Folder with one sub-folder of photos per class, or the word cifar10.",
        metavar="FOLDER",
        parser=given_path,
    ),
]
JsonLines = Annotated[
    bool, typer.Option("--json", help="For programs: one JSON object per line on stdout.")
]
Device = Annotated[
    str,
    typer.Option(
        help="What computes: auto, cpu, cuda, cuda:1, mps; openvino:gpu or openvino:npu for an "
        "Intel GPU or NPU (“resnet-gui info” lists those of this computer).",
        metavar="DEVICE",
    ),
]
OneModel = Annotated[
    str | None,
    typer.Option(
        help="Which model: an id from “resnet-gui models”. Default: the best one that is on this "
        "computer.",
        metavar="ID",
    ),
]
Exact = Annotated[
    bool,
    typer.Option(
        "--exact",
        help="Answer with torch in full precision, also where a faster way was found to be as "
        "good.",
    ),
]
EightBits = Annotated[
    bool,
    typer.Option(
        "--8-bit",
        help="Answer in 8 bits where that was seen to answer alike, with the same class wherever "
        "that was more than 25 points ahead of the next: up to twice as fast with large networks, "
        "with percentages that differ a little. The form of 8 bits is made in the background, from "
        "the first 64 photos or more that “classify” or “sort” is given; it needs the package "
        f"NNCF ({HOW_TO_GET_NNCF}).",
    ),
]
Semicolons = Annotated[
    bool,
    typer.Option(
        "--semicolons",
        help="Of --csv: semicolons between the cells and commas in the numbers, as Excel expects "
        "them in German, French and many other languages.",
    ),
]
Tta = Annotated[
    str | None,
    typer.Option(
        "--tta",
        help=f"Look at each photo more than once and average the answers: {', '.join(LOOKS)}. A "
        "little more often right, and as many times as slow. Default: as the settings say.",
        metavar="WAY",
        callback=check_look,
    ),
]
