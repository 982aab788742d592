"""A collection as a value and as a file: which photos are of which class.

DATA/collection/collection.json   the photos' paths and classes, written after every change
DATA/collection/pasted/           pictures that were pasted, as files
DATA/collection/folders/NAME/     class folders made of it to train on (see `folders`)
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path

from resnet_gui.core.errors import ResNetGuiError
from resnet_gui.core.system.atomic import dump_json, numbered, write_text
from resnet_gui.core.system.documents import DocumentError, read_json
from resnet_gui.core.system.paths import data_dir
from resnet_gui.core.values import Value, from_json, to_json

FORMAT_VERSION = 1
_FILE = "collection.json"


class CollectionError(ResNetGuiError):
    """The collection cannot be read or written."""


@dataclass(frozen=True, slots=True)
class CollectedPhoto(Value):
    """One photo.

    Attributes:
        path: of its file, absolute.
        key: the same for files with the same content; "" where nobody has looked.
    """

    path: str
    key: str = ""


@dataclass(frozen=True, slots=True)
class CollectedClass(Value):
    """A class with its photos, in the order in which they came."""

    name: str
    photos: tuple[CollectedPhoto, ...] = ()


@dataclass(frozen=True, slots=True)
class Collection(Value):
    """All that is kept. unsorted: photos that belong to no class yet."""

    classes: tuple[CollectedClass, ...] = ()
    unsorted: tuple[CollectedPhoto, ...] = ()
    format: int = FORMAT_VERSION

    def __bool__(self) -> bool:
        return bool(self.unsorted) or any(item.photos for item in self.classes)

    def photos(self) -> list[CollectedPhoto]:
        """Those of all classes, and the unsorted."""
        return [photo for item in self.classes for photo in item.photos] + list(self.unsorted)


def collection_dir() -> Path:
    return data_dir() / "collection"


def collection_path() -> Path:
    """The file that says which photos are in which class."""
    return collection_dir() / _FILE


def pasted_dir() -> Path:
    return collection_dir() / "pasted"


def store_collection(collection: Collection) -> None:
    """Replace what is kept.

    Raises:
        CollectionError: the disk is full, or may not be written.
    """
    try:
        write_text(collection_path(), dump_json(to_json(collection)) + "\n")
    except OSError as error:
        raise CollectionError(
            f"Your classes could not be saved ({error.strerror or error}).",
            "Until they can be, closing the window loses the last changes.",
        ) from error


def load_collection() -> Collection | None:
    """What is kept; None: nothing yet. Pasted pictures that it does not name any more are deleted.

    Raises:
        CollectionError: it is damaged. It is set aside then, so that nothing overwrites it.
    """
    try:
        collection = read_collection()
    except CollectionError as error:
        path = collection_path()
        aside = next(item for item in numbered(path.with_suffix(".damaged")) if not item.exists())
        with contextlib.suppress(OSError):
            path.replace(aside)
            error.add_advice(f"The file is kept as {aside}.")
        raise
    if collection is not None:
        _forget_pasted({photo.path for photo in collection.photos()})
    return collection


def read_collection() -> Collection | None:
    """What is kept; None: nothing yet.

    Raises:
        CollectionError: it is damaged.
    """
    try:
        collection = from_json(Collection, read_json(collection_path()))
        if collection.format != FORMAT_VERSION:
            raise ValueError(f"format: {collection.format} is of another version of this program")
    except FileNotFoundError:
        return None
    except (DocumentError, ValueError) as error:
        raise CollectionError(
            f"The classes that you made before could not be read: {error}."
        ) from error
    return collection


def _forget_pasted(used: set[str]) -> None:
    if any(collection_dir().glob("collection*.damaged")):
        return  # what was set aside names pictures, too
    with contextlib.suppress(OSError):
        for path in pasted_dir().iterdir():
            if str(path) not in used:
                path.unlink()
