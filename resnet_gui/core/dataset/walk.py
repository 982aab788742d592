"""List the photo files of a dataset folder and find out how it is laid out. No file is opened."""

from __future__ import annotations

import hashlib
import os
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from resnet_gui.core.dataset.summary import Part, Problem, ProblemKind
from resnet_gui.core.errors import DatasetError
from resnet_gui.core.photos.collect import FOLDER_ADVICE
from resnet_gui.core.photos.endings import looks_like_image
from resnet_gui.core.system.paths import expanded
from resnet_gui.core.words import count_noun

PART_NAMES = {
    "train": Part.TRAIN,
    "training": Part.TRAIN,
    "val": Part.VAL,
    "valid": Part.VAL,
    "validation": Part.VAL,
    "dev": Part.VAL,
    "test": Part.TEST,
    "testing": Part.TEST,
}
# What systems and file servers leave in folders; compared in lower case.
_SYSTEM_NAMES = frozenset({
    "__macosx", "thumbs.db", "ehthumbs.db", "desktop.ini", "$recycle.bin", "@eadir", "#recycle",
    "system volume information", "lost+found", "icon\r",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file that is a photo by its name.

    Attributes:
        path: relative to the root, forward slashes, exactly as on disk.
        class_name: in Unicode's composed form: macOS and Linux spell "é" differently.
    """

    path: str
    class_name: str
    part: Part
    bytes: int


@dataclass(slots=True)
class Listing:
    """What lies in the folder; filled while `walk` runs.

    Attributes:
        class_names: of all class folders, with or without photos.
    """

    root: Path
    has_parts: bool = False
    files: list[FoundFile] = field(default_factory=list)
    class_names: dict[Part, set[str]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    ignored_files: int = 0
    loose_photos: int = 0

    def fingerprint(self) -> str:
        """SHA-256 (hex) over the sorted relative paths and sizes of all photo files.

        Contents are not read: hashing 20,000 photos would take longer than training on them.
        """
        digest = hashlib.sha256()
        for file in sorted(self.files, key=lambda item: item.path):
            digest.update(f"{file.path}\0{file.bytes}\n".encode("utf-8", "surrogateescape"))
        return digest.hexdigest()


def walk(folder: Path, every: int = 200) -> Iterator[Listing]:
    """List a dataset folder. Yields the growing listing after each `every` files and at the end.

    Layouts: CLASS/*, train/ + val/ (+ test/) with CLASS/* inside, photos in nested sub-folders
    of a class, and any of these inside one single outer folder (as archives unpack).

    Raises:
        DatasetError: the folder is missing, not a folder or cannot be read.
    """
    root = _absolute(folder)
    listing = Listing(root)
    top = _list_top(root)
    inner = _only_folder(top)
    while inner is not None:
        below = _list_top(inner)
        if not any(item.is_dir() for item in below):
            break  # CLASS/* with one class: not an outer folder
        root, top = inner, below
        inner = _only_folder(top)
    if root != listing.root:
        listing.root = root
        listing.problems.append(
            Problem(
                ProblemKind.INNER_FOLDER,
                "",
                f"Everything lies in the inner folder “{root.name}”: that one is used.",
            )
        )
    folders = [item for item in top if item.is_dir()]
    parts = {item: PART_NAMES.get(item.name.lower(), Part.NONE) for item in folders}
    # A class may be called "train" (of vehicles): only if all folders are parts they are parts.
    listing.has_parts = Part.TRAIN in parts.values() and Part.NONE not in parts.values()
    listing.loose_photos += _count_loose(listing, top)
    seen: set[tuple[int, int]] = {_identity(root)}
    for item in folders:
        part = parts[item] if listing.has_parts else Part.NONE
        if not listing.has_parts:
            yield from _walk_class(listing, item, part, seen, every)
            continue
        seen.add(_identity(item))
        inside = _try_list(listing, item)
        listing.loose_photos += _count_loose(listing, inside)
        for class_folder in (child for child in inside if child.is_dir()):
            yield from _walk_class(listing, class_folder, part, seen, every)
    if listing.loose_photos:
        photos = count_noun(listing.loose_photos, "photo")
        one = listing.loose_photos == 1
        text = (
            f"{photos} {'lies' if one else 'lie'} beside the class folders and "
            f"{'belongs' if one else 'belong'} to no class: left out. Move "
            f"{'it' if one else 'them'} into the folder of {'its' if one else 'their'} class."
            if listing.files
            else f"{photos} {'lies' if one else 'lie'} in the folder without a class."
        )
        listing.problems.append(Problem(ProblemKind.LOOSE_PHOTOS, "", text))
    listing.files.sort(key=lambda file: file.path)
    yield listing


def hidden(name: str) -> bool:
    """Whether a name is one that people do not see, or that a system made."""
    return name.startswith((".", "~$")) or name.lower() in _SYSTEM_NAMES


def _walk_class(
    listing: Listing, folder: Path, part: Part, seen: set[tuple[int, int]], every: int
) -> Iterator[Listing]:
    """All photos in a class folder and the folders inside it."""
    name = printable(unicodedata.normalize("NFC", folder.name))
    listing.class_names.setdefault(part, set()).add(name)
    waiting = [folder]
    while waiting:
        current = waiting.pop()
        identity = _identity(current)
        if identity in seen:
            listing.problems.append(
                Problem(
                    ProblemKind.LINK_LOOP,
                    _relative(listing.root, current),
                    f"The folder “{printable(current.name)}” is a link to a folder that is "
                    "listed already: it is not followed again.",
                )
            )
            continue
        seen.add(identity)
        inside = _relative(listing.root, current)
        for entry in _try_entries(listing, current):
            if _is_folder(entry):
                waiting.append(current / entry.name)
            elif looks_like_image(entry.name):
                path = f"{inside}/{entry.name}"
                listing.files.append(FoundFile(path, name, part, _size(entry)))
                if len(listing.files) % every == 0:
                    yield listing
            else:
                listing.ignored_files += 1


def _absolute(folder: Path) -> Path:
    try:
        root = expanded(folder).absolute()
        if root.is_dir():
            return root
        missing = not root.exists()
    except OSError:
        missing = True
    if missing:
        raise DatasetError(
            folder,
            f"The folder {folder} is not there.",
            "If it was moved or renamed, put it back there; if it is on a drive, connect that.",
        )
    raise DatasetError(
        folder,
        f"{folder} is a file, not a folder.",
        "Choose a folder with one sub-folder per class.",
    )


def _list_top(folder: Path) -> list[Path]:
    try:
        return [folder / entry.name for entry in _visible(folder)]
    except OSError as error:
        raise DatasetError(
            folder,
            f"The folder {folder.name} could not be read ({error.strerror}).",
            FOLDER_ADVICE,
        ) from error


def _try_list(listing: Listing, folder: Path) -> list[Path]:
    return [folder / entry.name for entry in _try_entries(listing, folder)]


def _try_entries(listing: Listing, folder: Path) -> list[os.DirEntry[str]]:
    """What lies in a folder, by name; empty, with a problem noted, if it cannot be read."""
    try:
        return _visible(folder)
    except OSError as error:
        listing.problems.append(
            Problem(
                ProblemKind.UNREADABLE_FOLDER,
                _relative(listing.root, folder),
                f"The folder “{printable(folder.name)}” could not be read ({error.strerror}): its "
                "photos are left out. Check its permissions.",
            )
        )
        return []


def _visible(folder: Path) -> list[os.DirEntry[str]]:
    """Entries as the system lists them: they know what is a folder without being asked one by
    one, as Path would be."""
    with os.scandir(folder) as entries:
        shown = [entry for entry in entries if not hidden(entry.name)]
    return sorted(shown, key=lambda entry: entry.name)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link into itself
        return False


def _only_folder(items: list[Path]) -> Path | None:
    """The one folder that holds everything, if the listing is that and no part of a split."""
    folders = [item for item in items if item.is_dir()]
    photos = any(looks_like_image(item) for item in items if not item.is_dir())
    if len(folders) != 1 or photos or folders[0].name.lower() in PART_NAMES:
        return None
    return folders[0]


def _count_loose(listing: Listing, items: list[Path]) -> int:
    files = [item for item in items if not item.is_dir()]
    photos = sum(looks_like_image(item) for item in files)
    listing.ignored_files += len(files) - photos
    return photos


def _identity(folder: Path) -> tuple[int, int]:
    """Device and inode: the same for a folder and every link to it."""
    try:
        stat = folder.stat()
    except OSError:
        return (-1, hash(folder))
    # Windows' network drives report no inode.
    return (stat.st_dev, stat.st_ino) if stat.st_ino else (-1, hash(folder.resolve()))


def _size(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat().st_size
    except OSError:
        return 0


def _relative(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix()


def printable(name: str) -> str:
    """A file name that can be shown and written as UTF-8, whatever bytes it has on disk."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
