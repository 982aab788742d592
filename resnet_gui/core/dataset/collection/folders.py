"""Class folders made of a collection: one to train on, in the data folder, or one that a person
keeps. The photos themselves stay where they are.

A folder to train on holds hard links where the disk allows them, which take no room, else copies;
`.made.json` in it says what each file was made of. It is made beside its place and then renamed, so
that what has the name is whole; the same photos in the same classes give the same folder again, and
so a training can be repeated, resumed and compared. It is not needed any more when no run and no
collection names it (`remove_unused`).
"""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Collection as Container
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from resnet_gui.core.dataset.collection.folder_names import folder_names, renamed_classes
from resnet_gui.core.dataset.collection.values import (
    CollectedClass,
    Collection,
    CollectionError,
    collection_dir,
)
from resnet_gui.core.dataset.walk import hidden
from resnet_gui.core.errors import ResNetGuiError
from resnet_gui.core.events import ImageSource
from resnet_gui.core.filing.batch import (
    FileMissed,
    FilingProgress,
    How,
    Plan,
    Planning,
    Why,
    Wish,
    title_of,
)
from resnet_gui.core.filing.carry_out import carry_out
from resnet_gui.core.filing.disk import Stamp
from resnet_gui.core.filing.names import folded
from resnet_gui.core.filing.plan import plan_batch
from resnet_gui.core.photos.decode import looks_like_image
from resnet_gui.core.photos.load import opened
from resnet_gui.core.system.atomic import numbered, write_json
from resnet_gui.core.system.documents import DocumentError, read_object
from resnet_gui.core.system.files import move_to_trash, slug

MANIFEST = ".made.json"
_BEGUN = ".begun-"
_EVENT_S = 0.1
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS)
_making: set[Path] = set()  # of this process, under way now


@dataclass(frozen=True, slots=True)
class FolderProgress:
    """Photos that are in the folder, of all."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class FolderMade:
    """What came of it.

    Attributes:
        path: the folder that holds the classes' folders.
        photos: how many were put there. already: how many were there before.
        missing: paths of photos that are not where they were, or cannot be read.
        renamed: classes that no folder can be called like, each with its folder's name.
    """

    path: Path
    photos: int
    already: int = 0
    missing: tuple[str, ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()


FolderEvent = FolderProgress | FolderMade


def folders_dir() -> Path:
    return collection_dir() / "folders"


def make_training_folder(collection: Collection) -> Iterator[FolderEvent]:
    """A class folder in the data folder, or the one that is there of the same photos.

    Yields:
        FolderProgress, FolderMade last.

    Raises:
        CollectionError: nothing is left to train on, or the disk is full.
    """
    classes = [item for item in collection.classes if item.photos]
    names = folder_names([item.name for item in classes])
    digest = _digest(classes, names)
    others = renamed_classes([item.name for item in classes])
    known = _made_before(digest)
    if known is not None:
        yield dataclasses.replace(known, renamed=others)
        return
    title = " and ".join(names) if len(names) <= 3 else f"{names[0]} and {len(names) - 1} more"
    with _new_folder() as work:
        files, missing = yield from _fill(work, classes, names)
        if not files:
            raise CollectionError(
                "None of the photos is where it was.", "Is their drive connected?"
            )
        write_json(work / MANIFEST, {"format": 1, "digest": digest, "files": files})
        target = _named(work, folders_dir() / slug(title))
    yield FolderMade(target, len(files), missing=tuple(missing), renamed=others)


def _named(work: Path, wanted: Path) -> Path:
    """Give a folder its name, or the first one that is free.

    Raises:
        OSError: the system refuses, though nothing is there.
    """
    for target in numbered(wanted):
        if os.path.lexists(target):
            continue
        try:
            work.rename(target)
        except OSError:
            if not os.path.lexists(target):
                raise
            continue  # another window was quicker
        return target
    raise AssertionError("names never end")


@contextlib.contextmanager
def _new_folder() -> Iterator[Path]:
    """A folder beside the others; what is left of it at the end is deleted."""
    try:
        folders_dir().mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=_BEGUN, dir=folders_dir()))
    except OSError as error:
        raise _refused(folders_dir(), error) from error
    _making.add(work)
    try:
        work.chmod(0o755)
        yield work
    except OSError as error:
        raise _refused(work, error) from error
    finally:
        _making.discard(work)
        shutil.rmtree(work, ignore_errors=True)


def _refused(folder: Path, error: OSError) -> CollectionError:
    reason = error.strerror or str(error)
    return CollectionError(
        f"The photos could not be put into {folder.parent} ({reason}).",
        "Free some space, or choose another folder.",
    )


def _fill(
    work: Path, classes: Sequence[CollectedClass], names: Sequence[str]
) -> Generator[FolderProgress, None, tuple[dict[str, str], list[str]]]:
    """Link or copy all photos; returns what each file was made of, and what is missing."""
    total = sum(len(item.photos) for item in classes)
    files: dict[str, str] = {}
    missing: list[str] = []
    done, last = 0, time.monotonic()
    for item, name in zip(classes, names, strict=True):
        (work / name).mkdir()
        taken: set[str] = set()
        for photo in item.photos:
            source = Path(photo.path)
            target = work / name / _free_name(_file_name(source), taken)
            try:
                _link_or_copy(source, target)
                files[f"{name}/{target.name}"] = photo.path
            except (OSError, ValueError) as error:
                if isinstance(error, OSError) and error.errno in _FULL:
                    raise
                missing.append(photo.path)
            done += 1
            if time.monotonic() - last > _EVENT_S:
                yield FolderProgress(done, total)
                last = time.monotonic()
    return files, missing


def _free_name(name: str, taken: set[str]) -> str:
    found = next(path.name for path in numbered(Path(name)) if folded(path.name) not in taken)
    taken.add(folded(found))
    return found


def _file_name(path: Path) -> str:
    """The file's own name, as one that a training finds: not hidden, and with a photo's ending."""
    name = f"photo {path.name}" if hidden(path.name) else path.name
    return name if looks_like_image(name) else name + suffix_of(ImageSource.file(path))


def suffix_of(source: ImageSource) -> str:
    """The usual ending for a picture's kind, by what is in it; ".png" where that is not known."""
    kind = ""
    with contextlib.suppress(Exception), opened(source) as image:
        kind = (image.format or "").lower()
    suffix = {"jpeg": ".jpg", "jpeg2000": ".jp2"}.get(kind, f".{kind}")
    return suffix if looks_like_image(f"a{suffix}") else ".png"


def _link_or_copy(source: Path, target: Path) -> None:
    real = source.resolve(strict=True)  # a link to a link would depend on both
    if not real.is_file():
        raise OSError(errno.EINVAL, "it is no file", str(source))
    try:
        os.link(real, target)
    except OSError as error:
        # A name that the disk takes for another's is a link to that photo: never written through.
        if error.errno in _FULL or isinstance(error, FileExistsError):
            raise
        with real.open("rb") as read, target.open("xb") as write:
            shutil.copyfileobj(read, write)
        with contextlib.suppress(OSError):
            shutil.copystat(real, target)


def _digest(classes: Sequence[CollectedClass], names: Sequence[str]) -> str:
    digest = hashlib.sha256()
    for item, name in sorted(zip(classes, names, strict=True), key=lambda pair: pair[1]):
        for photo in sorted(item.photos, key=lambda photo: photo.path):
            line = f"{name}\0{photo.path}\0{photo.key}\n"
            digest.update(line.encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _manifest(folder: Path) -> tuple[str, dict[str, str]]:
    """Digest of a made folder, and what each of its files was made of; "" and {} if unreadable."""
    try:
        document = read_object(folder / MANIFEST)
        digest, files = document.get("digest"), document.get("files")
    except (OSError, DocumentError):
        return "", {}
    if not isinstance(digest, str) or not isinstance(files, dict):
        return "", {}
    return digest, {name: path for name, path in files.items() if isinstance(path, str)}


def _made_before(digest: str) -> FolderMade | None:
    for folder in _made_folders():
        known, files = _manifest(folder)
        if known == digest and files and all((folder / name).is_file() for name in files):
            return FolderMade(folder, len(files))
    return None


def _made_folders() -> list[Path]:
    try:
        return sorted(path for path in folders_dir().iterdir() if path.is_dir())
    except OSError:
        return []


def original_paths(folder: Path) -> dict[str, str]:
    """Of a folder that was made here: its files' paths, and the photos that they were made of as
    far as those are still there."""
    _, files = _manifest(folder)
    return {str(folder / name): path for name, path in files.items() if os.path.isfile(path)}  # noqa: PTH113


def remove_unused(used: Container[str], collection: Collection) -> list[Path]:
    """Delete the made folders that nothing needs any more, and what was begun and never finished.
    One with a photo that is nowhere else now goes to the trash instead.

    Args:
        used: folders that runs were trained on, or will be.
        collection: photos in it may lie in a made folder.

    Returns:
        what is gone.
    """
    needed = {str(Path(path)) for path in used}
    needed |= {str(Path(photo.path).parents[1]) for photo in collection.photos()
               if len(Path(photo.path).parents) > 1}  # fmt: skip
    gone = []
    for folder in _made_folders():
        if str(folder) in needed or folder in _making:
            continue
        if folder.name.startswith("."):
            if folder.name.startswith(_BEGUN):
                shutil.rmtree(folder, ignore_errors=True)
            continue
        _, files = _manifest(folder)
        if files and _nothing_is_lost(folder, files):
            shutil.rmtree(folder, ignore_errors=True)
        else:
            with contextlib.suppress(ResNetGuiError):
                move_to_trash(folder)
        gone.append(folder)
    return gone


def _nothing_is_lost(folder: Path, files: dict[str, str]) -> bool:
    """Whether all that is in a made folder is also where it came from."""
    here = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}
    if here - set(files) - {MANIFEST}:
        return False  # somebody put something there
    for name in here & set(files):
        made, origin = Stamp.of(folder / name), Path(files[name])
        if not origin.is_file() or made is None or not made.near(Stamp.of(origin.resolve())):
            return False
    return True


def save_class_folder(collection: Collection, target: Path) -> Iterator[FolderEvent]:
    """Copy the photos to TARGET/CLASS/. Nothing there is replaced: a photo whose name is taken gets
    a number, and one that is there already is not copied again. It is a batch of `core.filing`: cut
    off, it can be finished; done, it can be undone.

    Yields:
        FolderProgress, FolderMade last.

    Raises:
        FilingError: the folder cannot be written, the disk is full, or another batch is under way.
    """
    classes = [item for item in collection.classes if item.photos]
    names = folder_names([item.name for item in classes])
    wishes = [
        Wish(Path(photo.path), target / name / _file_name(Path(photo.path)), How.COPY)
        for item, name in zip(classes, names, strict=True)
        for photo in item.photos
    ]
    yield FolderProgress(0, len(wishes))
    title = title_of(How.COPY, len(wishes), len(classes), target)
    planning = plan_batch(wishes, title, sidecars=False)
    plan = yield from _planned(planning)
    there = sum(item.why in (Why.SAME, Why.THERE) for item in plan.skipped)
    missing = [item.path for item in plan.skipped if item.why not in (Why.SAME, Why.THERE)]
    copied = 0
    for event in carry_out(plan) if plan.pieces else ():
        if isinstance(event, FileMissed) and event.same:
            there += 1
        elif isinstance(event, FileMissed):
            missing.append(event.path)
        elif isinstance(event, FilingProgress):
            yield FolderProgress(event.done, event.total)
        else:
            copied = event.done
    others = renamed_classes([item.name for item in classes])
    yield FolderMade(target, copied, there, tuple(missing), others)


def _planned(
    planning: Generator[Planning, None, Plan],
) -> Generator[FolderProgress, None, Plan]:
    while True:
        try:
            event = next(planning)
        except StopIteration as end:
            plan: Plan = end.value
            return plan
        yield FolderProgress(0, event.total)
