"""What commands are given: paths, photos, a model, a device."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import typer

from resnet_gui.cli.output import say
from resnet_gui.core.errors import ResNetGuiError
from resnet_gui.core.events import ImageSource
from resnet_gui.core.looks import LOOKS
from resnet_gui.core.photos.collect import collect_photos
from resnet_gui.core.zoo import ModelEntry, Zoo
from resnet_gui.core.zoo.ensembles import JOIN

NO_MODEL = "No model is on this computer yet."
_DEVICE = re.compile(r"auto|cpu|mps|cuda(:\d+)?|openvino(:(gpu|npu)(\.\d+)?)?", re.IGNORECASE)


def given_path(text: str) -> Path:
    """The path of an argument or option.

    Raises:
        typer.BadParameter: it is empty. A script's variable that was never set would otherwise
            mean the folder that the program happens to be in.
    """
    return Path(given_text(text))


def given_text(text: str) -> str:
    """As `given_path`, of what may be a name or a path."""
    if not text:
        raise typer.BadParameter(
            'an empty text ("") names no file or folder; “.” is the folder you are in'
        )
    return text


def check_device(device: str) -> None:
    """Raises typer.BadParameter for what names no device, before anything slow is imported."""
    if not _DEVICE.fullmatch(device.strip()):
        raise typer.BadParameter(
            f"there is no kind of device “{device}”; choose auto, cpu, cuda, cuda:0, "
            "mps, openvino:gpu or openvino:npu",
            param_hint="--device",
        )


def check_look(look: str | None) -> str | None:
    """Raises typer.BadParameter for no way of looking at photos."""
    if look is not None and look not in LOOKS:
        raise typer.BadParameter(
            f"there is no way “{look}”; choose {', '.join(LOOKS)}", param_hint="--tta"
        )
    return look


def joined(models: Sequence[str] | None) -> str | None:
    """What several ids are called together: an ensemble. None: none is given."""
    return JOIN.join(models) if models else None


def chosen_model(model: str | None, advice: str) -> ModelEntry:
    """The model of this id; None: the best one that is here.

    Raises:
        ModelError: see `Zoo.ready`.
        ResNetGuiError: none is here; `advice` says how to get one.
    """
    zoo = Zoo.standard()
    entry = zoo.ready(model) if model is not None else zoo.default()
    if entry is None:
        raise ResNetGuiError(NO_MODEL, advice)
    return entry


def found_photos(given: Sequence[Path]) -> tuple[list[ImageSource], list[str]]:
    """Photos, also those in folders, and in words what is none; the words are said at once."""
    sources: list[ImageSource] = []
    problems: list[str] = []
    for found in collect_photos(given):
        sources += found.sources
        problems += found.problems
    for problem in problems:
        say(problem, "yellow")
    return sources, problems
