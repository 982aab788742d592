"""A collection while it is being sorted: photos in boxes, with undo without limit.

A box is a class, known by a number that its name may change around, or UNSORTED. A photo is in one
box at most: the same file, or another file with the same content, is not taken twice. What was done
is kept as the moves that it made, so that ten thousand steps take no more memory than the photos.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from resnet_gui.core.dataset.collection.values import CollectedClass, CollectedPhoto, Collection
from resnet_gui.core.undoable import Undoable

UNSORTED = 0
_UNNAMED = re.compile(r"Class \d+")  # see `free_name`
_Names = tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class Moved:
    """One photo's way. before, after: boxes; None: it is nowhere. row: where it was in `before`."""

    photo: CollectedPhoto
    before: int | None
    row: int
    after: int | None


@dataclass(frozen=True, slots=True)
class _Step:
    moved: tuple[Moved, ...]
    before: _Names
    after: _Names


@dataclass(slots=True)
class _Action:
    """What a person did at once. text: in words. joins: what goes on is part of it."""

    text: str
    joins: object
    steps: list[_Step] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Changed:
    """boxes: whose photos are others now. classes: whether classes came, went or were renamed.
    moved: the photos on their way, as they went."""

    boxes: frozenset[int] = frozenset()
    classes: bool = False
    moved: tuple[Moved, ...] = ()


@dataclass(frozen=True, slots=True)
class Added:
    """What became of photos that were put into a box.

    Attributes:
        changed: as of every change. count: how many are in the box now that were not before.
        here: how many were in it already.
        elsewhere: what is in another class: the photo in that class, and the class's number.
    """

    changed: Changed
    count: int
    here: int
    elsewhere: tuple[tuple[CollectedPhoto, int], ...]


class Boxes(Undoable[_Action, Changed]):
    """Photos in classes. Every method that changes something can be undone."""

    def __init__(self) -> None:
        super().__init__(Changed())
        self._names: dict[int, str] = {}
        self._photos: dict[int, list[CollectedPhoto]] = {UNSORTED: []}
        self._where: dict[str, int] = {}
        self._of_key: dict[str, CollectedPhoto] = {}
        self._numbers = itertools.count(UNSORTED + 1)

    # --- what there is ----------------------------------------------------------------------

    @property
    def classes(self) -> list[int]:
        """The classes' numbers, in order."""
        return list(self._names)

    def name(self, box: int) -> str:
        return self._names.get(box, "")

    def photos(self, box: int) -> Sequence[CollectedPhoto]:
        """Do not keep it: the next change changes it."""
        return self._photos.get(box, [])

    def count(self, box: int) -> int:
        return len(self.photos(box))

    def snapshot(self) -> Collection:
        """All of it as a value."""
        return Collection(
            tuple(CollectedClass(name, tuple(self._photos[n])) for n, name in self._names.items()),
            tuple(self._photos[UNSORTED]),
        )

    def find_class(self, name: str) -> int | None:
        """The class of this name; capitals do not count."""
        wanted = same_name(name)
        return next((n for n, known in self._names.items() if same_name(known) == wanted), None)

    def free_name(self) -> str:
        """ "Class 1", "Class 2", …: the first that no class has."""
        names = (f"Class {number}" for number in itertools.count(1))
        return next(name for name in names if self.find_class(name) is None)

    # --- changes ----------------------------------------------------------------------------

    def fill(self, collection: Collection, text: str = "") -> Changed:
        """Have these classes and photos instead of all others.

        Args:
            text: what undo calls it; "": it cannot be undone, and all before is forgotten.
        """
        names = tuple((next(self._numbers), item.name) for item in collection.classes)
        gone = self._taken(self._where, None)
        seen: set[str] = set()
        new = []
        for box, photos in (
            *((n, item.photos) for (n, _), item in zip(names, collection.classes, strict=True)),
            (UNSORTED, collection.unsorted),
        ):
            for photo in photos:
                if photo.path not in seen:
                    seen.add(photo.path)
                    new.append(Moved(photo, None, 0, box))
        changed = self._do(text, _Step((*gone, *new), self._as_tuple(), names))
        if not text:
            self._done.clear()
        return changed

    def add(
        self,
        photos: Iterable[CollectedPhoto],
        box: int,
        text: str,
        joins: object = None,
        name: str = "",
    ) -> Added:
        """Put new photos into a box; unsorted ones that are among them move there.

        Args:
            joins: further photos with the same one are undone together with these.
            name: of the folder that they came from: an empty class that nobody has named is called
                so, unless another class is.
        """
        fresh: dict[str, CollectedPhoto] = {}
        fresh_keys: set[str] = set()
        sorted_now: dict[str, None] = {}
        elsewhere: list[tuple[CollectedPhoto, int]] = []
        here = 0
        for photo in photos:
            known = self._known(photo)
            if known is None:
                if photo.path in fresh or photo.key in fresh_keys:
                    here += 1
                    continue
                fresh[photo.path] = photo
                if photo.key:
                    fresh_keys.add(photo.key)
                continue
            place = self._where[known.path]
            if place == box or known.path in sorted_now:
                here += 1
            elif place == UNSORTED:
                sorted_now[known.path] = None
            else:
                elsewhere.append((known, place))
        moved = (
            *self._taken(sorted_now, box),
            *(Moved(photo, None, 0, box) for photo in fresh.values()),
        )
        before = after = self._as_tuple()
        unnamed = is_unnamed(self.name(box)) and not self.count(box)
        if unnamed and name.strip() and self.find_class(name) is None:
            after = tuple((n, name.strip() if n == box else known) for n, known in before)
        changed = self._do(text, _Step(moved, before, after), joins) if moved else Changed()
        return Added(changed, len(moved), here, tuple(elsewhere))

    def move(self, paths: Iterable[str], box: int | None, text: str) -> Changed:
        """Into another box; None: out of all of them (the files stay)."""
        wanted = {path: None for path in paths if self._where.get(path, box) != box}
        moved = self._taken(wanted, box)
        names = self._as_tuple()
        return self._do(text, _Step(moved, names, names)) if moved else Changed()

    def new_class(self, name: str, paths: Iterable[str] = ()) -> tuple[int, Changed]:
        """A class behind the others, perhaps with photos of other boxes; its number."""
        number = next(self._numbers)
        after = (*self._as_tuple(), (number, name))
        moved = self._taken(dict.fromkeys(paths), number)
        return number, self._do(f"new class “{name}”", _Step(moved, self._as_tuple(), after))

    def rename(self, box: int, name: str) -> Changed:
        after = tuple((n, name if n == box else known) for n, known in self._names.items())
        if after == self._as_tuple():
            return Changed()
        return self._do(f"rename to “{name}”", _Step((), self._as_tuple(), after))

    def remove_class(self, box: int) -> Changed:
        """The class with its photos."""
        after = tuple(item for item in self._as_tuple() if item[0] != box)
        moved = self._taken({photo.path: None for photo in self.photos(box)}, None)
        text = f"remove the class “{self.name(box)}”"
        return self._do(text, _Step(moved, self._as_tuple(), after))

    # --- how it is done ---------------------------------------------------------------------

    def _as_tuple(self) -> _Names:
        return tuple(self._names.items())

    def _known(self, photo: CollectedPhoto) -> CollectedPhoto | None:
        """The same file, or one with the same content, that is in a box."""
        if photo.path in self._where:
            return photo
        return self._of_key.get(photo.key) if photo.key else None

    def _taken(self, paths: Iterable[str], box: int | None) -> tuple[Moved, ...]:
        """The moves of photos from where they are, in the boxes' order."""
        wanted = set(paths)
        places = {self._where[path] for path in wanted if path in self._where}
        return tuple(
            Moved(photo, place, row, box)
            for place in sorted(places)
            for row, photo in enumerate(self._photos[place])
            if photo.path in wanted
        )

    def _do(self, text: str, step: _Step, joins: object = None) -> Changed:
        self._undone.clear()
        last = self._done[-1] if self._done else None
        if last is None or joins is None or last.joins != joins:
            last = _Action(text, joins)
            self._done.append(last)
        last.steps.append(step)
        return self._apply(step)

    def _apply(self, step: _Step) -> Changed:
        self._set_names(step.after)
        self._leave([item for item in step.moved if item.before is not None], undo=False)
        for item in step.moved:
            self._note(item.photo, item.after)
            if item.after is not None:
                self._photos[item.after].append(item.photo)
        self._drop_boxes()
        return _changed(step, step.moved)

    def _backwards(self, step: _Action) -> Changed:
        return _sum([self._take_back(part) for part in reversed(step.steps)])

    def _again(self, step: _Action) -> Changed:
        step.joins = None  # what is still coming in is an action of its own now
        return _sum([self._apply(part) for part in step.steps])

    def _take_back(self, step: _Step) -> Changed:
        self._set_names(step.before)
        self._leave([item for item in step.moved if item.after is not None], undo=True)
        back: dict[int, list[Moved]] = {}
        for item in step.moved:
            self._note(item.photo, item.before)
            if item.before is not None:
                back.setdefault(item.before, []).append(item)
        for box, items in back.items():
            self._photos[box] = _merged(self._photos[box], items)
        self._drop_boxes()
        moved = tuple(Moved(m.photo, m.after, 0, m.before) for m in step.moved)
        return _changed(step, moved)

    def _leave(self, moved: Sequence[Moved], *, undo: bool) -> None:
        leaving: dict[int, set[str]] = {}
        for item in moved:
            box = item.after if undo else item.before
            assert box is not None
            leaving.setdefault(box, set()).add(item.photo.path)
        for box, paths in leaving.items():
            self._photos[box] = [p for p in self._photos[box] if p.path not in paths]

    def _note(self, photo: CollectedPhoto, box: int | None) -> None:
        if box is not None:
            self._where[photo.path] = box
            if photo.key:
                self._of_key[photo.key] = photo
            return
        self._where.pop(photo.path, None)
        if self._of_key.get(photo.key) == photo:
            del self._of_key[photo.key]

    def _set_names(self, names: _Names) -> None:
        self._names = dict(names)
        for number in self._names:
            self._photos.setdefault(number, [])

    def _drop_boxes(self) -> None:
        kept = {UNSORTED, *self._names}
        self._photos = {n: photos for n, photos in self._photos.items() if n in kept}


def is_unnamed(name: str) -> bool:
    """Whether a class is called as it was when nobody had named it."""
    return _UNNAMED.fullmatch(name) is not None


def same_name(name: str) -> str:
    """Equal for names that are one folder on some computer."""
    return " ".join(unicodedata.normalize("NFC", name).casefold().replace("_", " ").split())


def _merged(photos: list[CollectedPhoto], back: list[Moved]) -> list[CollectedPhoto]:
    """The photos with others back in their old rows, which rise."""
    result: list[CollectedPhoto] = []
    staying = iter(photos)
    for item in back:
        result += itertools.islice(staying, max(0, item.row - len(result)))
        result.append(item.photo)
    result += staying
    return result


def _changed(step: _Step, moved: tuple[Moved, ...]) -> Changed:
    places = {box for item in moved for box in (item.before, item.after) if box is not None}
    return Changed(frozenset(places), step.before != step.after, moved)


def _sum(parts: Sequence[Changed]) -> Changed:
    boxes: frozenset[int] = frozenset().union(*(part.boxes for part in parts))
    moved = tuple(item for part in parts for item in part.moved)
    return Changed(boxes, any(part.classes for part in parts), moved)
