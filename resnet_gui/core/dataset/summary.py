"""Frozen values that describe a dataset folder: what was found in it and what is wrong with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar

from resnet_gui.core.values import Value
from resnet_gui.core.words import count_noun as count_noun


class Part(StrEnum):
    """A part of a split. NONE: the folder does not say; the run decides by its seed."""

    NONE = "none"
    TRAIN = "train"
    VAL = "val"
    TEST = "test"


class ProblemKind(StrEnum):
    """What is wrong; the value is stable, for scripts. `Problem.message` is for people."""

    UNREADABLE_FILE = "unreadable_file"
    EMPTY_FILE = "empty_file"
    NOT_A_PHOTO = "not_a_photo"
    DAMAGED = "damaged"
    INCOMPLETE = "incomplete"
    TOO_SMALL = "too_small"
    TOO_LARGE = "too_large"
    UNREADABLE_FOLDER = "unreadable_folder"
    LINK_LOOP = "link_loop"
    EMPTY_CLASS = "empty_class"
    TINY_CLASS = "tiny_class"
    UNEQUAL_CLASSES = "unequal_classes"
    UNKNOWN_CLASS = "unknown_class"
    LOOSE_PHOTOS = "loose_photos"
    SINGLE_CLASS = "single_class"
    NO_PHOTOS = "no_photos"
    INNER_FOLDER = "inner_folder"


_UNREADABLE = frozenset({
    ProblemKind.UNREADABLE_FILE, ProblemKind.UNREADABLE_FOLDER, ProblemKind.EMPTY_FILE,
    ProblemKind.NOT_A_PHOTO, ProblemKind.DAMAGED, ProblemKind.TOO_LARGE,
})  # fmt: skip
_BLOCKING = frozenset({ProblemKind.SINGLE_CLASS, ProblemKind.NO_PHOTOS})
OF_FILES = frozenset({
    ProblemKind.UNREADABLE_FILE, ProblemKind.EMPTY_FILE, ProblemKind.NOT_A_PHOTO,
    ProblemKind.DAMAGED, ProblemKind.INCOMPLETE, ProblemKind.TOO_SMALL, ProblemKind.TOO_LARGE,
})  # fmt: skip
USED_ANYWAY = frozenset({ProblemKind.INCOMPLETE})  # of the problems that single photos have


_LONGEST_TITLE = 40
_KNOWN = {"cifar10": "CIFAR-10"}  # folders that this program makes


@dataclass(frozen=True, slots=True)
class Problem(Value):
    """One thing that is wrong in the folder.

    Attributes:
        kind: see ProblemKind.
        path: the file or folder, relative to the dataset's root ("" is the root itself).
        message: whole sentences: what is wrong, and what happens or can be done.
    """

    derived: ClassVar[tuple[str, ...]] = ("blocking",)
    kind: ProblemKind
    path: str
    message: str

    @property
    def blocking(self) -> bool:
        """Whether nothing can be trained with this folder until it is solved."""
        return self.kind in _BLOCKING


@dataclass(frozen=True, slots=True)
class LabelledPhoto:
    """One usable photo.

    Attributes:
        path: relative to the dataset's root, with forward slashes.
        label: index of its class in `DatasetSummary.classes`.
        part: what the folder's layout says (NONE for the layout CLASS/*).
        bytes: size of the file.
        taken: when, in seconds by its camera's clock since the beginning of 1970; None: not noted.
    """

    path: str
    label: int
    part: Part
    bytes: int
    taken: float | None = None


@dataclass(frozen=True, slots=True)
class ClassSummary(Value):
    """One class: its name and how many usable photos it has in each part of the split.

    Attributes:
        undivided: photos whose part the run's seed decides (layout CLASS/*).
        samples: up to nine absolute paths from all over the class, for thumbnails.
    """

    derived: ClassVar[tuple[str, ...]] = ("count",)
    name: str
    undivided: int
    train: int
    val: int
    test: int
    samples: tuple[str, ...]

    @property
    def count(self) -> int:
        return self.undivided + self.train + self.val + self.test


@dataclass(frozen=True, slots=True)
class DatasetSummary(Value):
    """What a scan found.

    Attributes:
        root: the folder (absolute). If it held just one folder with everything in it, that one.
        has_parts: the layout is train/ + val/ (+ test/), not CLASS/*.
        classes: those with at least one usable photo, sorted by name; index = label.
        photos: all usable photos, sorted by path.
        problems: each with its own message: those that block, those of classes and folders, those
            of single files.
        ignored_files: files that are no photos by their name (text, tables, videos).
        bytes: size of all usable photos.
        fingerprint: SHA-256 over paths and sizes of all photo files, usable or not.
        typical_side: the shorter side of a photo of middle size in pixels, of a few that were
            looked at; 0: not known.
        in_bursts: photos that were taken right after or before another one of their class.
    """

    root: str
    has_parts: bool
    classes: tuple[ClassSummary, ...]
    photos: tuple[LabelledPhoto, ...]
    problems: tuple[Problem, ...]
    ignored_files: int
    bytes: int
    fingerprint: str
    typical_side: int = 0
    in_bursts: int = 0

    @property
    def trainable(self) -> bool:
        return not any(problem.blocking for problem in self.problems)

    @property
    def unreadable(self) -> tuple[Problem, ...]:
        """What was meant to be used and cannot be read."""
        return tuple(problem for problem in self.problems if problem.kind in _UNREADABLE)

    @property
    def class_names(self) -> tuple[str, ...]:
        return tuple(item.name for item in self.classes)

    @property
    def name(self) -> str:
        return Path(self.root).name or self.root

    @property
    def title(self) -> str:
        """What a person may call it: by its classes, if they are few, else by its folder."""
        names = [label_words(name) for name in self.class_names]
        if 2 <= len(names) <= 3:
            words = f"{', '.join(names[:-1])} and {names[-1]}"
            if len(words) <= _LONGEST_TITLE:
                return capital(words)
        return _KNOWN.get(self.name) or capital(label_words(self.name))

    def counts(self) -> dict[Part, int]:
        """Number of usable photos by part; from the classes, as there may be 300,000 photos."""
        return {
            Part.NONE: sum(item.undivided for item in self.classes),
            Part.TRAIN: sum(item.train for item in self.classes),
            Part.VAL: sum(item.val for item in self.classes),
            Part.TEST: sum(item.test for item in self.classes),
        }

    def absolute(self, photo: LabelledPhoto) -> Path:
        return Path(self.root) / photo.path

    def to_json(self) -> dict[str, Any]:
        """Without the list of photos, which can have 100,000 entries."""
        return {
            "root": self.root,
            "has_parts": self.has_parts,
            "photos": len(self.photos),
            "classes": [item.to_json() for item in self.classes],
            "problems": [problem.to_json() for problem in self.problems],
            "ignored_files": self.ignored_files,
            "bytes": self.bytes,
            "fingerprint": self.fingerprint,
            "typical_side": self.typical_side,
            "trainable": self.trainable,
        }


@dataclass(frozen=True, slots=True)
class ScanProgress(Value):
    """How far a scan is. `total` is 0 while the folder is still being listed."""

    event: ClassVar[str] = "scan_progress"
    done: int
    total: int
    problems: int


@dataclass(frozen=True, slots=True)
class DatasetScanned(Value):
    """The last event of a scan."""

    summary: DatasetSummary

    def to_json(self) -> dict[str, Any]:
        return {"event": "dataset_scanned", **self.summary.to_json()}


ScanEvent = ScanProgress | DatasetScanned


def label_words(name: str) -> str:
    """A folder's name as words: "sea_lion" becomes "sea lion"."""
    return " ".join(name.replace("_", " ").split()) or name


def capital(text: str) -> str:
    """The text with a capital first letter; the others stay as they are."""
    return text[:1].upper() + text[1:]


def name_list(names: Sequence[str], limit: int = 3) -> str:
    """Up to `limit` names in quotes, then how many more there are."""
    shown = ", ".join(f"“{name}”" for name in names[:limit])
    more = len(names) - limit
    return f"{shown} and {more:,} more" if more > 0 else shown
