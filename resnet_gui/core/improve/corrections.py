"""Decisions about photos while they are being made: undo without limit, nothing is moved.

A photo has one decision at most, and the last one holds. What was done is kept as the changes that
it made, so that ten thousand steps take no more memory than the photos. No torch, no disk.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from resnet_gui.core.improve.values import Applied, Content, Decision, Decisions, Photo, What
from resnet_gui.core.undoable import Undoable, next_turn
from resnet_gui.core.words import count_noun


@dataclass(frozen=True, slots=True)
class _Change:
    path: str
    before: Decision | None
    after: Decision | None


@dataclass(frozen=True, slots=True)
class _Step:
    """What a person did at once. text: in words. turn: see `next_turn`."""

    text: str
    changes: tuple[_Change, ...]
    turn: int = dataclasses.field(default_factory=next_turn)


@dataclass(frozen=True, slots=True)
class Changed:
    """paths: of the photos about which something else holds now. Empty: nothing changed."""

    paths: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.paths)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the disk says of one decision (see `agree`).

    Attributes:
        was: the decision, as it was when somebody looked; None: there was none.
        now: what holds instead; None: nothing more is pending for this photo.
        applied: it was carried out. undone: a carried out one that was taken back; `was` is then
            what was decided about its file since.
        lost: whole sentence, why a decision was dropped; "": it was not.
    """

    was: Decision | None
    now: Decision | None = None
    applied: Applied | None = None
    undone: Applied | None = None
    lost: str = ""


class Corrections(Undoable[_Step, Changed]):
    """What was decided about the photos of one folder.

    Every method that changes something is one step, for as many photos as it is given, and can be
    undone. `settle` and `note` cannot: they follow the disk.
    """

    def __init__(self, decisions: Decisions) -> None:
        super().__init__(Changed())
        self.root = decisions.root
        self._table = decisions.by_path()
        self._applied = list(decisions.applied)

    # --- what there is ----------------------------------------------------------------------

    def of(self, path: str) -> Decision | None:
        """What was decided about a photo."""
        return self._table.get(path)

    def snapshot(self) -> Decisions:
        """All of it as a value."""
        return Decisions(self.root, tuple(self._table.values()), tuple(self._applied))

    @property
    def undo_turn(self) -> int:
        """When what `undo` would take back was done, see `next_turn`; 0: there is nothing."""
        return self._done[-1].turn if self._done else 0

    def redo(self) -> Changed:
        changed = super().redo()
        if self._done and changed:
            self._done[-1] = dataclasses.replace(self._done[-1], turn=next_turn())
        return changed

    @property
    def pending(self) -> int:
        """How many decisions Apply would carry out."""
        return sum(item.files for item in self._table.values())

    # --- changes ----------------------------------------------------------------------------

    def relabel(self, photos: Iterable[Photo], to: str) -> Changed:
        """They belong to the class `to`, which may be a new one. One that has this class already is
        fine.

        Raises:
            ValueError: `to` is empty.
        """
        return self.relabel_each((photo, to) for photo in photos)

    def relabel_each(self, photos: Iterable[tuple[Photo, str]]) -> Changed:
        """As `relabel`, each to a class of its own.

        Raises:
            ValueError: one of the classes is empty.
        """
        made = []
        for photo, to in photos:
            if not to.strip():
                raise ValueError("a class needs a name")
            fine = photo.label == to
            what = What.FINE if fine else What.LABEL
            made.append(Decision(photo.path, photo.label, what, "" if fine else to))
        classes = {item.to or item.label for item in made}
        where = f"“{classes.pop()}”" if len(classes) == 1 else "their classes"
        return self._decide(f"{_photos(made)} to {where}", made)

    def set_aside(self, photos: Iterable[Photo]) -> Changed:
        """Out of the folder; what has no class is not shown any more."""
        made = [Decision(photo.path, photo.label, What.ASIDE) for photo in photos]
        return self._decide(f"set {_photos(made)} aside", made)

    def mark_fine(self, photos: Iterable[Photo]) -> Changed:
        """Their class is right. Photos without one are left out."""
        made = [Decision(p.path, p.label, What.FINE) for p in photos if p.label]
        return self._decide(f"{_photos(made)} marked as fine", made)

    def take_back(self, paths: Iterable[str]) -> Changed:
        """Nothing is decided about them any more."""
        found = [self._table[path] for path in dict.fromkeys(paths) if path in self._table]
        changes = tuple(_Change(item.path, item, None) for item in found)
        return self._do(_Step(f"take {count_noun(len(changes), 'decision')} back", changes))

    def _decide(self, text: str, made: Iterable[Decision]) -> Changed:
        last = {item.path: item for item in made}
        changes = []
        for path, after in last.items():
            before = self._table.get(path)
            if before is None:
                changes.append(_Change(path, None, after))
            elif dataclasses.replace(before, content=None) != after:
                changes.append(
                    _Change(path, before, dataclasses.replace(after, content=before.content))
                )
        return self._do(_Step(text, tuple(changes)))

    # --- following the disk -----------------------------------------------------------------

    def note(self, contents: Mapping[str, Content]) -> None:
        """Remember by what files are known again, of decisions that do not know it yet.

        Args:
            contents: by path, as `keep` found them.
        """
        for path, content in contents.items():
            known = self._table.get(path)
            if known is not None and known.content is None:
                self._table[path] = dataclasses.replace(known, content=content)

    def settle(self, outcomes: Iterable[Outcome]) -> Changed:
        """Take over what the disk says (see `agree`). What was decided differently since somebody
        looked stays as it is now. Undo goes on with all that is not concerned.

        Returns:
            what changed; the paths of photos before and after.
        """
        changed: set[str] = set()
        for outcome in outcomes:
            was, undone = outcome.was, outcome.undone
            if (
                (was is None and undone is None)
                or (was is not None and not _same(self._table.get(was.path), was))
                or (undone is not None and undone not in self._applied)
            ):
                continue
            if undone is not None:
                self._applied.remove(undone)
            if outcome.applied is not None:
                self._applied.append(outcome.applied)
                changed.add(outcome.applied.target)
            if was is not None and self._table.pop(was.path, None) is not None:
                changed.add(was.path)
            if outcome.now is not None and outcome.now.path not in self._table:
                self._table[outcome.now.path] = outcome.now
                changed.add(outcome.now.path)
        self._done = _without(self._done, changed)
        self._undone = _without(self._undone, changed)
        return Changed(frozenset(changed))

    # --- how it is done ---------------------------------------------------------------------

    def _do(self, step: _Step) -> Changed:
        if not step.changes:
            return Changed()
        self._undone.clear()
        self._done.append(step)
        return self._again(step)

    def _backwards(self, step: _Step) -> Changed:
        return self._put({change.path: change.before for change in step.changes})

    def _again(self, step: _Step) -> Changed:
        return self._put({change.path: change.after for change in step.changes})

    def _put(self, decisions: Mapping[str, Decision | None]) -> Changed:
        for path, decision in decisions.items():
            if decision is None:
                self._table.pop(path, None)
            else:
                self._table[path] = decision
        return Changed(frozenset(decisions))


def _same(one: Decision | None, other: Decision) -> bool:
    """Whether both decide the same, whatever is known of the file."""
    return one is not None and dataclasses.replace(one, content=other.content) == other


def _without(steps: list[_Step], paths: set[str]) -> list[_Step]:
    """Steps that leave these photos alone."""
    left = (
        dataclasses.replace(
            step, changes=tuple(item for item in step.changes if item.path not in paths)
        )
        for step in steps
    )
    return [step for step in left if step.changes]


def _photos(made: list[Decision]) -> str:
    return count_noun(len({item.path for item in made}), "photo")
