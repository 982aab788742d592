"""Scan a dataset folder: list it, check each file cheaply, say what is wrong. No torch here."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import os
import stat
import statistics
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from resnet_gui.core.dataset.bursts import in_bursts
from resnet_gui.core.dataset.summary import (
    OF_FILES,
    USED_ANYWAY,
    ClassSummary,
    DatasetScanned,
    DatasetSummary,
    LabelledPhoto,
    Part,
    Problem,
    ProblemKind,
    ScanEvent,
    ScanProgress,
    count_noun,
    name_list,
)
from resnet_gui.core.dataset.walk import FoundFile, Listing, printable, walk
from resnet_gui.core.errors import (
    CorruptImageError,
    ImageReadError,
    ImageTooLargeError,
    UnsupportedImageError,
)
from resnet_gui.core.events import ImageSource
from resnet_gui.core.photos.decode import MAX_PIXELS, decoded, read_header, upright_size
from resnet_gui.core.system.cores import cores

MIN_SIDE = 8  # pixels; CIFAR has 32, tracking pixels 1
_PROGRESS_INTERVAL_S = 0.05
_TAIL_BYTES = 65_536
_END_MARKS = {b"\xff\xd8": b"\xff\xd9", b"\x89P": b"IEND"}
_END_BYTES = 64
_SAMPLES = 9
_FEW, _TIMES = 20, 10  # photos; a class with fewer and another with so many times as many
_CHECKS_AT_ONCE = 256
_FILES_PER_TASK = 16
_SMALL_BYTES = 65_536  # smaller files are read once, in whole
_HIDDEN_SUFFIX = ("?", "#")  # what reads like part of an address in the name of bytes


def scan_dataset(folder: Path) -> Iterator[ScanEvent]:
    """Scan a folder in the background.

    Every file's header is read, and where a file's end is missing it is decoded to be sure, so
    that 20,000 photos take seconds. What still slips through is skipped in mid-run.

    Yields:
        ScanProgress about 20 times a second, DatasetScanned last.

    Raises:
        DatasetError: the folder is missing or cannot be read.
    """
    last = time.monotonic()
    listing: Listing | None = None
    for listing in walk(folder):
        if time.monotonic() - last >= _PROGRESS_INTERVAL_S:
            last = time.monotonic()
            yield ScanProgress(len(listing.files), 0, len(listing.problems))
    assert listing is not None  # walk yields at least once
    problems: dict[str, Problem] = {}
    taken: dict[str, float] = {}
    total = len(listing.files)
    workers = min(8, cores())
    with ThreadPoolExecutor(workers, thread_name_prefix="scan") as pool:
        root = listing.root
        done = 0
        for start in range(0, total, _CHECKS_AT_ONCE):  # in pieces: closing must not wait for all
            chunk = listing.files[start : start + _CHECKS_AT_ONCE]
            # Several files per task: handing one over costs as much as checking a small file.
            tasks = [chunk[i : i + _FILES_PER_TASK] for i in range(0, len(chunk), _FILES_PER_TASK)]
            for task, found in zip(
                tasks, pool.map(_check_files, itertools.repeat(root), tasks), strict=True
            ):
                for file, look in zip(task, found, strict=True):
                    if look.problem is not None:
                        problems[file.path] = look.problem
                    if look.taken is not None:
                        taken[file.path] = look.taken
                done += len(task)
                if time.monotonic() - last >= _PROGRESS_INTERVAL_S:
                    last = time.monotonic()
                    yield ScanProgress(done, total, len(listing.problems) + len(problems))
    yield ScanProgress(total, total, len(listing.problems) + len(problems))
    summary = summarise(listing, problems, taken)
    yield DatasetScanned(dataclasses.replace(summary, typical_side=_typical_side(summary)))


def summarise(
    listing: Listing, problems: dict[str, Problem], taken: Mapping[str, float] | None = None
) -> DatasetSummary:
    """The summary of a listing.

    Args:
        problems: of single files, by path; those files are left out, except incomplete ones.
        taken: when photos were taken, by path, as in `LabelledPhoto`.
    """
    moments = taken or {}
    left_out = {path for path, problem in problems.items() if problem.kind not in USED_ANYWAY}
    usable = [file for file in listing.files if file.path not in left_out]
    found = [*listing.problems, *(problems[path] for path in sorted(problems))]
    if listing.has_parts:
        usable = _with_known_classes(usable, found)
    names = sorted({file.class_name for file in usable}, key=_natural)
    label = {name: index for index, name in enumerate(names)}
    photos = tuple(
        LabelledPhoto(
            file.path, label[file.class_name], file.part, file.bytes, moments.get(file.path)
        )
        for file in usable
    )
    counts: dict[str, dict[Part, int]] = defaultdict(lambda: dict.fromkeys(Part, 0))
    samples: dict[str, list[str]] = defaultdict(list)
    for file in usable:
        counts[file.class_name][file.part] += 1
        samples[file.class_name].append(file.path)
    classes = tuple(
        ClassSummary(
            name,
            counts[name][Part.NONE],
            counts[name][Part.TRAIN],
            counts[name][Part.VAL],
            counts[name][Part.TEST],
            tuple(str(listing.root / path) for path in _spread(samples[name], _SAMPLES)),
        )
        for name in names
    )
    found += _class_problems(listing, classes)
    found.sort(key=_rank)
    return DatasetSummary(
        root=str(listing.root),
        has_parts=listing.has_parts,
        classes=classes,
        photos=photos,
        problems=tuple(found),
        ignored_files=listing.ignored_files,
        bytes=sum(photo.bytes for photo in photos),
        fingerprint=listing.fingerprint(),
        in_bursts=in_bursts(photos),
    )


class Look(NamedTuple):
    """What a look at one file found: what is wrong, and when it was taken, if that is noted."""

    problem: Problem | None = None
    taken: float | None = None


def _check_files(root: Path, files: list[FoundFile]) -> list[Look]:
    """A look at each of some files."""
    return [_sound(root, file) or check_file(root, file) for file in files]


def _sound(root: Path, file: FoundFile) -> Look | None:
    """A small file that passes all of `check_file`'s tests, from one read of all its bytes:
    60,000 thumbnails take half the time. None says nothing: `check_file` does."""
    if not 0 < file.bytes <= _SMALL_BYTES or any(mark in file.path for mark in _HIDDEN_SUFFIX):
        return None
    try:
        with open(os.path.join(root, file.path), "rb", buffering=0) as stream:  # noqa: PTH118, PTH123
            data = stream.read(_SMALL_BYTES + 1)
        if len(data) > _SMALL_BYTES or not _ends_well(data[:2], _end(data)):
            return None
        width, height, taken = read_header(ImageSource(file.path, data))
    except (ImageReadError, OSError, ValueError):
        return None
    sound = min(width, height) >= MIN_SIDE and width * height <= MAX_PIXELS
    return Look(None, taken) if sound else None


def _end(data: bytes) -> bytes:
    return data[len(data) - min(_END_BYTES, len(data) // 4) :]


def check_file(root: Path, file: FoundFile) -> Look:
    """What is wrong with one file, from its header and its last bytes.

    The checks read a few kilobytes. A file without its format's end mark is decoded in full,
    since some cameras write none.
    """
    path = root / file.path
    shown = printable(file.path)
    source = ImageSource.file(path)
    try:
        status = path.stat()
        if status.st_size == 0 and stat.S_ISREG(status.st_mode):  # a pipe is said to be one
            return Look(
                Problem(
                    ProblemKind.EMPTY_FILE,
                    shown,
                    f"{shown} is empty (0 bytes): it is left out. Copy it again from where it "
                    "came from.",
                )
            )
        width, height, taken = read_header(source)
        incomplete = False
        if width * height > MAX_PIXELS or not _has_end(path):
            with decoded(source) as photo:
                incomplete = photo.incomplete
    except ImageReadError as error:
        return Look(_problem(shown, error))
    except OSError as error:
        return Look(
            Problem(
                ProblemKind.UNREADABLE_FILE,
                shown,
                f"{shown} could not be read ({error.strerror}): it is left out.",
            )
        )
    if min(width, height) < MIN_SIDE:
        return Look(
            Problem(
                ProblemKind.TOO_SMALL,
                shown,
                f"{shown} has only {width} × {height} pixels, too few to learn "
                "from: it is left out.",
            )
        )
    problem = None
    if incomplete:
        problem = Problem(
            ProblemKind.INCOMPLETE,
            shown,
            f"{shown} is incomplete: the file ends early. It is used as far as it "
            "goes; copy it again from where it came from.",
        )
    return Look(problem, taken)


def _rank(problem: Problem) -> int:
    """What blocks comes first, then what concerns a whole class or folder: behind a hundred broken
    files nobody would find it."""
    return 0 if problem.blocking else 2 if problem.kind in OF_FILES else 1


def _typical_side(summary: DatasetSummary) -> int:
    """The median of the shorter sides of one photo per class, of ten classes at most."""
    sides = []
    for item in summary.classes[:10]:
        for path in item.samples[:1]:
            with contextlib.suppress(ImageReadError, OSError):
                sides.append(min(upright_size(ImageSource.file(path))))
    return statistics.median_high(sides) if sides else 0


def _problem(shown: str, error: ImageReadError) -> Problem:
    kind = ProblemKind.UNREADABLE_FILE
    if isinstance(error, ImageTooLargeError):
        kind = ProblemKind.TOO_LARGE
    elif isinstance(error, CorruptImageError):
        kind = ProblemKind.DAMAGED
    elif isinstance(error, UnsupportedImageError):
        kind = ProblemKind.NOT_A_PHOTO
    said, name = printable(str(error)), PurePosixPath(shown).name
    if said.startswith(name):  # cameras call the first photo of each folder alike
        said = shown + said.removeprefix(name)
    return Problem(kind, shown, f"{said} It is left out.")


def _has_end(path: Path) -> bool:
    """Whether a JPEG or PNG has its end mark (others: not looked at, True)."""
    with path.open("rb") as file:
        start = file.read(2)
        if start not in _END_MARKS:
            return True
        size = file.seek(0, os.SEEK_END)
        # An embedded thumbnail has an end mark too, near the start: only look near the end.
        file.seek(max(2, size - min(_TAIL_BYTES, size // 4)))
        tail = file.read()
    return _ends_well(start, tail)


def _ends_well(start: bytes, tail: bytes) -> bool:
    """Whether the last bytes hold the end mark of the format that the first two say."""
    mark = _END_MARKS.get(start)
    return mark is None or tail.rstrip(b"\0\r\n ")[-12:].find(mark) >= 0


def _with_known_classes(files: list[FoundFile], problems: list[Problem]) -> list[FoundFile]:
    """Without the photos whose class has none to train on; each such class becomes a problem."""
    known = {file.class_name for file in files if file.part is Part.TRAIN}
    for part in (Part.VAL, Part.TEST):
        for name in sorted({file.class_name for file in files if file.part is part} - known):
            count = sum(file.part is part and file.class_name == name for file in files)
            problems.append(
                Problem(
                    ProblemKind.UNKNOWN_CLASS,
                    name,
                    f"The class “{name}” has {count_noun(count, 'photo')} to "
                    f"{'validate' if part is Part.VAL else 'test'} but none to train: it is left "
                    "out. Check the spelling of the folder's name.",
                )
            )
    return [file for file in files if file.class_name in known]


def _class_problems(listing: Listing, classes: tuple[ClassSummary, ...]) -> list[Problem]:
    with_photos = {item.name for item in classes}
    listed = listing.class_names.get(Part.TRAIN if listing.has_parts else Part.NONE, set())
    found = [
        Problem(
            ProblemKind.EMPTY_CLASS,
            name,
            f"The class “{name}” has no usable photo: it is left out.",
        )
        for name in sorted(listed - with_photos, key=_natural)
    ]
    for item in classes:
        to_train = item.train if listing.has_parts else item.undivided
        if to_train == 1:
            found.append(
                Problem(
                    ProblemKind.TINY_CLASS,
                    item.name,
                    f"The class “{item.name}” has only one photo to train with: it will hardly be "
                    "recognised"
                    + (", and none is left to validate it." if not listing.has_parts else ".")
                    + " Add some more.",
                )
            )
    found += _unequal(classes)
    if not classes:
        found.append(
            Problem(
                ProblemKind.NO_PHOTOS,
                "",
                f"In “{printable(listing.root.name)}” there are no sub-folders with usable photos. "
                + (
                    "Sort its photos into classes first: a sub-folder for each."
                    if listing.loose_photos
                    else "Make one sub-folder per class and put its photos in."
                ),
            )
        )
    elif len(classes) == 1:
        found.append(
            Problem(
                ProblemKind.SINGLE_CLASS,
                classes[0].name,
                f"There is only one class, {name_list([classes[0].name])}. A network learns to "
                "tell classes apart: add a second sub-folder, for instance with photos of "
                "everything else.",
            )
        )
    return found


def _unequal(classes: tuple[ClassSummary, ...]) -> list[Problem]:
    """A class that is lost among the photos of another one, the smallest; of a class with a single
    photo more than that is said."""
    some = [item for item in classes if item.count > 1]
    if not some:
        return []
    few, many = (choose(some, key=lambda item: item.count) for choose in (min, max))
    if few.count >= _FEW or many.count < max(_FEW, _TIMES * few.count):
        return []
    return [
        Problem(
            ProblemKind.UNEQUAL_CLASSES,
            few.name,
            f"“{few.name}” has {few.count:,} photos and “{many.name}” {many.count:,}: an accuracy "
            f"over all of them says little of “{few.name}”. Look at each class, too, and add "
            f"photos of “{few.name}”.",
        )
    ]


def _spread(items: Sequence[str], most: int) -> list[str]:
    """Some of many, from all over them, in order: the first nine may be one burst."""
    count = min(most, len(items))
    return [items[number * len(items) // count] for number in range(count)]


def _natural(name: str) -> tuple[str, str]:
    return name.casefold(), name
