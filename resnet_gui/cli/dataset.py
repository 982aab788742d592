"""What `train` and `evaluate` may be pointed at: a folder, or the word `cifar10`."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import Annotated

import typer

from resnet_gui.cli.options import path_option
from resnet_gui.cli.output import Bar, WrongUseError, emit_json, err, say
from resnet_gui.core.dataset.cifar10.folder import (
    ARCHIVE,
    NAME,
    TITLE,
    UnpackProgress,
    cifar10_dir,
    download_host,
    is_unpacked,
    local_archive,
    prepare_cifar10,
)
from resnet_gui.core.errors import DatasetError
from resnet_gui.core.events import DownloadProgress

Archive = Annotated[
    Path | None,
    path_option(
        "FILE",
        "Of cifar10: an archive that you have (cifar-10-binary.tar.gz, "
        "cifar-10-python.tar.gz, or train/CLASS/*.jpg packed).",
    ),
]
Yes = Annotated[
    bool,
    typer.Option(
        "--yes", "-y", help=f"Of cifar10: download it ({ARCHIVE.bytes / 1e6:.0f} MB) unasked."
    ),
]

PARTS = ("auto", "all", "train", "val", "test")


def check_part(part: str) -> None:
    """Raises WrongUseError for no part of a folder."""
    if part not in PARTS:
        raise WrongUseError(f"There is no part “{part}”: {', '.join(PARTS[:-1])} or {PARTS[-1]}.")


def dataset_folder(data: Path, archive: Path | None, yes: bool, as_json: bool) -> Path:
    """The folder to train or measure on. `cifar10` is unpacked, and downloaded if the person
    agrees.

    Raises:
        WrongUseError: an archive of something else.
        DatasetError, NetworkError: see `prepare_cifar10`.
    """
    word = str(data).lower() == NAME
    if not word:
        if archive is not None:
            raise WrongUseError(
                f"“--archive” goes with {NAME} only. Unpack other archives yourself and name the "
                "folder."
            )
        return data
    if data.is_dir() and archive is None and not yes:
        say(
            f"The folder {data} that lies here is used. “--yes” or “--archive FILE” take "
            f"{TITLE} itself."
        )
        return data
    download = _may_download(archive, yes, as_json)
    try:
        with (
            Bar() as bar,
            contextlib.closing(prepare_cifar10(archive, download=download)) as work,
        ):
            while True:
                try:
                    event = next(work)
                except StopIteration as end:
                    return Path(end.value)
                if as_json:
                    emit_json(event.to_json())
                if isinstance(event, DownloadProgress):
                    bar.show(event.note or f"Downloading {TITLE}", event.done, event.total)
                elif isinstance(event, UnpackProgress):
                    bar.show(event.note or f"Unpacking {TITLE}", event.done, event.total)
                else:
                    say(event.message)
    except KeyboardInterrupt:
        kept = "What was downloaded is kept: the" if download else "The"
        say(f"{kept} same command goes on.")
        raise


def _may_download(archive: Path | None, yes: bool, as_json: bool) -> bool:
    """Whether the network may be asked: the person said so, or says so now.

    Raises:
        DatasetError: nobody is there to ask.
    """
    if archive is not None or yes or is_unpacked() or local_archive() is not None:
        return yes
    offer = f"{ARCHIVE.bytes / 1e6:.0f} MB from {download_host()}, checked by its SHA-256"
    if not as_json and sys.stdin is not None and sys.stdin.isatty() and err.is_terminal:
        question = f"{TITLE} is not on this computer. Download it ({offer})?"
        if typer.confirm(question, err=True):
            return True
    raise DatasetError(
        cifar10_dir(),
        f"{TITLE} is not on this computer.",
        f"“--yes” downloads it ({offer}); “--archive FILE” takes an archive that you have.",
    )
