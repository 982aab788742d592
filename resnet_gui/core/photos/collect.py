"""From dropped paths to photos: files as they are, folders searched to the bottom."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from resnet_gui.core.events import ImageSource
from resnet_gui.core.photos.endings import looks_like_image

FOLDER_ADVICE = "Ask its owner for permission, or copy it to a folder of your own."
_CHUNK_S = 0.1


@dataclass(frozen=True, slots=True)
class PhotosFound:
    """Photos found since the last event, in order; and what went wrong, in sentences."""

    sources: tuple[ImageSource, ...]
    problems: tuple[str, ...] = ()


def collect_photos(paths: Sequence[Path]) -> Iterator[PhotosFound]:
    """Find the photos among paths.

    A file is taken whatever its name: the person chose it, and reading it says what is wrong. In a
    folder only names that look like photos are taken, sorted; hidden ones are not, and symbolic
    links to folders are not followed (they can loop).

    Yields:
        PhotosFound about every 0.1 s, also while none are found (so that the search can be
        stopped), and once at the end (perhaps empty).
    """
    sources: list[ImageSource] = []
    problems: list[str] = []
    last = time.monotonic()
    for path in paths:
        if not _is_folder(path):
            sources.append(ImageSource.file(path))
            continue
        empty = True
        for found in _walk(path):
            if isinstance(found, Path):
                sources.append(ImageSource.file(found))
            elif found:
                problems.append(found)
            empty = empty and not found
            if time.monotonic() - last > _CHUNK_S:
                yield PhotosFound(tuple(sources), tuple(problems))
                sources, problems, last = [], [], time.monotonic()
        if empty:
            # A folder may be given as "." or "..", which have no name of their own.
            problems.append(f"{path.resolve().name or path}: no photos in this folder.")
    yield PhotosFound(tuple(sources), tuple(problems))


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):  # may not be looked at, or no possible name: decoding says so
        return False


def _walk(folder: Path) -> Iterator[Path | str]:
    """Photos; per folder that cannot be read a sentence; after every folder an empty text."""
    problems: list[str] = []

    def note(error: OSError) -> None:
        reason = f"this folder could not be read ({error.strerror})"
        problems.append(f"{error.filename}: {reason}. {FOLDER_ADVICE}")

    for directory, folders, files in os.walk(folder, onerror=note):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            path = Path(directory, name)
            if looks_like_image(path):
                yield path
        yield from problems
        problems.clear()
        yield ""
    yield from problems
