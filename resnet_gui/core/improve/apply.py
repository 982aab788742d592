"""Carrying decisions out: one batch of `core.filing`, undone like any other. No torch here."""

from __future__ import annotations

import dataclasses
import os
import unicodedata
from collections import Counter
from collections.abc import Generator, Iterable
from pathlib import Path

from resnet_gui.core.dataset.collection.boxes import same_name
from resnet_gui.core.dataset.summary import DatasetSummary, Part, label_words
from resnet_gui.core.dataset.walk import PART_NAMES, hidden
from resnet_gui.core.errors import ResNetGuiError
from resnet_gui.core.filing.batch import CORRECTING, How, Plan, Planning, Why, Wish
from resnet_gui.core.filing.disk import writable
from resnet_gui.core.filing.names import folder_name, folder_names
from resnet_gui.core.filing.plan import plan_batch
from resnet_gui.core.improve.values import Decision, Decisions, What
from resnet_gui.core.photos.endings import looks_like_image
from resnet_gui.core.system import paths
from resnet_gui.core.words import count_noun

_TRIES = 5


def plan_apply(
    decisions: Decisions, summary: DatasetSummary, *, loose: How = How.COPY
) -> Generator[Planning, None, Plan]:
    """Find out exactly what Apply would do with what is pending; nothing is changed.
    `core.filing.carry_out` does it, `core.filing.undo` takes it back; `agree` then says what of it
    happened.

    Relabelled photos go to the folder of their class, in the part (train, val …) that they are in.
    What is set aside goes to `aside_folder`, where it keeps its part and class; so does a photo
    whose class has one with the same content already. Files with edits go along; nothing is
    replaced.

    Args:
        summary: a scan of the folder of now.
        loose: what is done with photos that had no class: COPY leaves them where they are, too.
            With parts they get into the one to train.

    Yields:
        Planning.

    Returns:
        a plan, titled “Correct “ants_bees”: 12 photos to other classes, 3 set aside”.

    Raises:
        FilingError: a target folder is a file, or nothing may be written there.
    """
    folders = _Folders(summary, decisions)
    aside = aside_folder(folders.root)
    pending = decisions.pending
    labelled = {item.path for item in pending if item.label}
    doubles: dict[str, int] = {}  # how often the same was there already
    for _ in range(_TRIES):
        wishes = [
            wish
            for item in pending
            if (wish := _wish(item, folders, aside, loose, doubles.get(item.path, 0)))
        ]
        plan = yield from plan_batch(wishes)
        again = {item.path for item in plan.skipped if item.why is Why.SAME} & labelled
        if not again:
            break
        for path in again:
            doubles[path] = doubles.get(path, 0) + 1
    return dataclasses.replace(plan, title=_title(plan, folders.root, aside, pending))


def aside_folder(root: Path) -> Path:
    """Where photos of a labelled folder are set aside: a folder beside it that no scan of it, nor
    of a folder around it that holds nothing else, takes for a class."""
    place = root
    # A scan of a folder with one folder in it is of the inner one, and one with train and val of
    # both: beside those would be inside.
    while place.parent != place and (place.name.lower() in PART_NAMES or _is_alone(place)):
        place = place.parent
    if place.parent == place or not writable(place.parent):
        return paths.data_dir() / "set aside" / folder_name(root.name)
    return place.with_name(f"{root.name} - set aside")


def class_named(name: str, known: Iterable[str]) -> str:
    """The class that a person means by a name: one that is known, where they differ in capitals
    alone, else a new one as its folder can be called.

    Raises:
        ResNetGuiError: no folder can be called so, and what it would be called is another class.
    """
    wanted, folder = same_name(name), folder_name(name)
    found = {same_name(item): item for item in reversed(list(known))}
    if wanted not in found and same_name(folder) in found:
        raise ResNetGuiError(
            f"No folder can be called “{name.strip()}”, and "
            f"“{label_words(found[same_name(folder)])}” is a class already.",
            "Choose that one, or another name.",
        )
    return found.get(wanted, folder)


def class_of(path: str | Path, root: Path, *, has_parts: bool) -> str:
    """The class of a photo by its folder; "": it lies in none of this dataset."""
    try:
        inside = Path(path).relative_to(root).parts[has_parts:]
    except ValueError:
        return ""
    return unicodedata.normalize("NFC", inside[0]) if len(inside) > 1 else ""


class _Folders:
    """The folders of a dataset's classes."""

    def __init__(self, summary: DatasetSummary, decisions: Decisions) -> None:
        self.root = Path(summary.root)
        self._has_parts = summary.has_parts
        self._train = ""
        self._parts: set[str] = set()
        self._known: dict[tuple[str, str], str] = {}
        for photo in summary.photos:
            part, folder = self._split(Path(photo.path))
            self._known.setdefault((part, summary.classes[photo.label].name), folder)
            self._parts.add(part)
            if photo.part is Part.TRAIN and not self._train:
                self._train = part
        new = decisions.new_classes(summary.class_names)
        self._names = folder_names([*summary.class_names, *new])

    def _split(self, inside: Path) -> tuple[str, str]:
        """(part's folder, class's folder) of a photo's path in the dataset."""
        return (inside.parts[0], inside.parts[1]) if self._has_parts else ("", inside.parts[0])

    def of(self, decision: Decision, inside: Path | None = None) -> Path:
        """The folder of the class that a photo belongs to. inside: where in the dataset one
        without a class was that was set aside."""
        part = self._train
        if decision.label and self._has_parts:
            part = Path(decision.path).relative_to(self.root).parts[0]
        elif self._has_parts and inside and inside.parts[0] in self._parts:
            part = inside.parts[0]
        return self.root / part / self._folder(part, decision.to)

    def _folder(self, part: str, name: str) -> str:
        known = self._known.get((part, name))
        if known is None:
            known = self._names.get(name) or folder_name(name)
            try:  # one that has no photos yet, perhaps spelled otherwise
                there = os.listdir(self.root / part)  # noqa: PTH208 - names alone
            except OSError:
                there = []
            same = (item for item in there if unicodedata.normalize("NFC", item) == name)
            known = self._known[part, name] = next(same, known)
        return known


def _wish(
    decision: Decision, folders: _Folders, aside: Path, loose: How, doubles: int
) -> Wish | None:
    """What is to become of one photo; None: nothing, as it is not of this folder."""
    path = Path(decision.path)
    if not decision.label:
        inside = _set_aside(path, aside)
        how = loose if inside is None else How.MOVE
        return Wish(path, folders.of(decision, inside) / path.name, how)
    if not path.is_relative_to(folders.root):
        return None
    if decision.what is What.LABEL and not doubles:
        return Wish(path, folders.of(decision) / path.name, How.MOVE)
    doubles -= decision.what is What.LABEL
    if doubles:  # it was set aside before, and has come back
        aside = _another(aside, doubles)
    return Wish(path, aside / path.relative_to(folders.root), How.MOVE)


def _another(aside: Path, doubles: int) -> Path:
    return aside.with_name(f"{aside.name} {doubles + 1}")


def _set_aside(path: Path, aside: Path) -> Path | None:
    """Where in the dataset a photo was that was set aside; None: it was not."""
    for doubles in range(_TRIES):
        folder = _another(aside, doubles) if doubles else aside
        if path.is_relative_to(folder):
            return path.relative_to(folder)
    return None


def _title(plan: Plan, root: Path, aside: Path, pending: Iterable[Decision]) -> str:
    by_path = {item.path: item for item in pending}
    counts: Counter[str] = Counter()
    for piece in plan.pieces:
        decision = by_path.get(piece.source)
        if decision is None:
            continue
        if not Path(piece.target).is_relative_to(root):
            counts["aside"] += 1
        elif decision.label:
            counts["other"] += 1
        else:
            counts["new" if _set_aside(Path(piece.source), aside) is None else "back"] += 1
    said = []
    if counts["other"]:
        where = "another class" if counts["other"] == 1 else "other classes"
        said.append(f"{count_noun(counts['other'], 'photo')} to {where}")
    if counts["new"]:
        said.append(f"{count_noun(counts['new'], 'new photo')}")
    if counts["back"]:
        said.append(f"{count_noun(counts['back'], 'photo')} brought back")
    if counts["aside"]:
        said.append(f"{counts['aside']:,} set aside")
    return f"{CORRECTING}{root.name}”: {', '.join(said) or 'nothing'}"


def _is_alone(folder: Path) -> bool:
    """Whether no other folder and no photo lies beside a folder."""
    try:
        with os.scandir(folder.parent) as entries:
            shown = [entry for entry in entries if not hidden(entry.name)]
            return not any(
                entry.name != folder.name and (entry.is_dir() or looks_like_image(entry.name))
                for entry in shown
            )
    except OSError:
        return False
