"""Jobs that look through what is to be trained on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from resnet_gui.core.dataset.cifar10.archive import is_archive_name
from resnet_gui.core.dataset.cifar10.folder import prepare_cifar10
from resnet_gui.core.dataset.scan import scan_dataset
from resnet_gui.core.errors import DatasetError
from resnet_gui.core.events import Notice


def look_and_scan(paths: Sequence[Path]) -> Iterator[Any]:
    """What was dropped: a folder of classes, or an archive of CIFAR-10.

    Raises:
        DatasetError: neither.
    """
    archives = [path for path in paths if is_archive_name(path.name) and path.is_file()]
    if archives:
        yield from unpack_and_scan(archives[0], False)
        return
    folders = [path for path in paths if path.is_dir()]
    advice = "One folder at a time: drop the folder that holds the classes."
    if not folders:
        raise DatasetError(paths[0], f"{paths[0].name} is no folder.", advice)
    if len(folders) > 1:
        yield Notice(advice)
    yield from scan_dataset(folders[0])


def unpack_and_scan(archive: Path | None, download: bool) -> Iterator[Any]:
    """CIFAR-10, unpacked if it is not there yet, and then looked through."""
    folder = yield from prepare_cifar10(archive, download=download)
    yield from scan_dataset(folder)
