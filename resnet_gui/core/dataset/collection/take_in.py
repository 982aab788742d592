"""Photos on their way into a collection: looked for, checked, and pasted ones made files."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from resnet_gui.core.dataset.collection.folders import original_paths, suffix_of
from resnet_gui.core.dataset.collection.values import (
    CollectedClass,
    CollectedPhoto,
    Collection,
    CollectionError,
    pasted_dir,
)
from resnet_gui.core.dataset.scan import check_file
from resnet_gui.core.dataset.summary import USED_ANYWAY, Part
from resnet_gui.core.dataset.walk import FoundFile, Listing, walk
from resnet_gui.core.events import ImageSource
from resnet_gui.core.photos.collect import collect_photos
from resnet_gui.core.photos.decode import upright_size
from resnet_gui.core.photos.identity import photo_key
from resnet_gui.core.system.atomic import claiming, numbered

_KEY_BYTES, _END_BYTES = 16, 65_536
_CHUNK_S = 0.1


@dataclass(frozen=True, slots=True)
class TakenIn:
    """photos: that can be used. problems: of others, a sentence each, which names the file."""

    photos: tuple[CollectedPhoto, ...]
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FolderRead:
    """done: photos of a class folder that were looked at."""

    done: int
    total: int


def take_in(paths: Sequence[Path], *, guessed: bool = False) -> Iterator[TakenIn]:
    """The photos among files and folders that are whole enough to learn from.

    Args:
        guessed: the paths come from a text; those that do not exist are left out.

    Yields:
        TakenIn about every 0.1 s, also while none are found.
    """
    there = [path for path in paths if not guessed or os.path.exists(path)]  # noqa: PTH110 - “\0”
    if not there:
        yield TakenIn((), ("There is no photo at the path that the text names.",))
        return
    photos: list[CollectedPhoto] = []
    problems: list[str] = []
    last = time.monotonic()
    for found in collect_photos(there):
        problems += found.problems
        for source in found.sources:
            _look(Path(source.name), photos, problems)
            if time.monotonic() - last > _CHUNK_S:
                yield TakenIn(tuple(photos), tuple(problems))
                photos, problems, last = [], [], time.monotonic()
        yield TakenIn(tuple(photos), tuple(problems))
        photos, problems = [], []


def _look(path: Path, photos: list[CollectedPhoto], problems: list[str]) -> None:
    path = path.absolute()
    problem = check_file(path.parent, FoundFile(path.name, "", Part.NONE, 0)).problem
    if problem is not None:
        problems.append(problem.message)
    if problem is None or problem.kind in USED_ANYWAY:
        photos.append(CollectedPhoto(str(path), content_key(path)))


def content_key(path: Path) -> str:
    """The same for files of the same content, as far as size, beginning and end tell; "" if it
    cannot be read."""
    return photo_key(path, key_bytes=_KEY_BYTES, end_bytes=_END_BYTES).hex()


def keep_pasted(source: ImageSource) -> Iterator[TakenIn]:
    """Make a file of a picture that was pasted, dragged from a browser or fetched.

    Raises:
        CollectionError: the disk is full, or may not be written.
        ImageReadError: it is no picture.
    """
    assert source.data is not None
    upright_size(source)  # says what is wrong with what is no picture
    name = f"pasted {datetime.now():%Y-%m-%d %H.%M.%S}{suffix_of(source)}"
    try:
        with claiming(numbered(pasted_dir() / name)) as claim:
            claim.temporary.write_bytes(source.data)
    except OSError as error:
        raise CollectionError(
            f"The picture could not be kept ({error.strerror or error}).", "Free some space."
        ) from error
    photos: list[CollectedPhoto] = []
    problems: list[str] = []
    _look(claim.path, photos, problems)
    if not photos:
        claim.path.unlink(missing_ok=True)
    yield TakenIn(tuple(photos), tuple(problems))


def read_class_folder(folder: Path) -> Iterator[FolderRead | Collection]:
    """The classes of a training folder as a collection: FolderRead a few times, Collection last.
    Photos kept aside to test are left out: they would be learned from.

    Raises:
        DatasetError: the folder is missing or cannot be read.
    """
    listing: Listing | None = None
    for growing in walk(folder):
        listing = growing
        yield FolderRead(0, 0)
    assert listing is not None  # walk yields at least once
    files = [file for file in listing.files if file.part is not Part.TEST]
    made_of = original_paths(listing.root)
    photos: dict[str, list[CollectedPhoto]] = {}
    last = time.monotonic()
    for done, file in enumerate(files):
        made = str(listing.root / file.path)
        path = Path(made_of.get(made, made))
        photos.setdefault(file.class_name, []).append(CollectedPhoto(str(path), content_key(path)))
        if time.monotonic() - last > _CHUNK_S:
            yield FolderRead(done, len(files))
            last = time.monotonic()
    names = sorted(photos, key=lambda name: (name.casefold(), name))
    yield Collection(tuple(CollectedClass(name, tuple(photos[name])) for name in names))
