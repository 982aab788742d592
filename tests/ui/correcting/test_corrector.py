"""Decisions about photos that moved, once or again, and about others that came in their place."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from resnet_gui.core.filing import carry_out
from resnet_gui.core.filing.batch import How, Plan
from resnet_gui.core.improve import kept
from resnet_gui.core.system.renaming import rename_new
from resnet_gui.ui.correcting.corrector import Corrector
from resnet_gui.ui.correcting.counts import counts_text
from resnet_gui.ui.correcting.judged import Judged
from resnet_gui.ui.filing.filer import Filer
from tests.helpers.corrections import labelled_folder, photo_file
from tests.helpers.fake_engine import Hold, Rig, heard


class Desk:
    """A corrector for one folder, as one window has it."""

    def __init__(self, rig: Rig, folder: Path) -> None:
        self._rig, self.folder, self.root = rig, folder, str(folder)
        self.filer = Filer(rig.io, rig.parent)
        self.corrector = Corrector(rig.io, self.filer, rig.parent)
        self.look()

    def look(self) -> None:
        looked = heard(self.corrector.looked)
        self.corrector.look(self.folder)
        self._rig.until(lambda: looked)
        self._rig.settle()

    def photo(self, name: str) -> Judged:
        path = self.folder / name
        return Judged(str(path), path.parent.name)

    def plan(self) -> Plan:
        planned = heard(self.corrector.planned)
        self.corrector.plan(self.root, How.COPY)
        self._rig.until(lambda: planned)
        plan = planned[0][1]
        assert isinstance(plan, Plan)
        return plan

    def apply(self) -> None:
        plan = self.plan()
        assert plan.pieces
        self.filer.start(plan)
        self.settle()

    def undo(self) -> None:
        assert self.filer.undoable is not None
        self.filer.undo(self.filer.undoable)
        self.settle()

    def settle(self) -> None:
        self._rig.until(lambda: self.filer.working is None)
        self._rig.settle()

    def seen(self, photo: Judged) -> tuple[str, str, str]:
        """Where the photo is now, its class, and what the wall says of it."""
        now = self.corrector.now(self.root, photo)
        path = Path(now.path).relative_to(self.folder.parent).as_posix()
        return path, now.label, self.corrector.badge(self.root, photo.path)


@pytest.fixture
def desk(rig: Rig, tmp_path: Path) -> Desk:
    """data/ab with ants/ants0.png … and bees/bees0.png …."""
    return Desk(rig, labelled_folder(tmp_path / "data" / "ab", 3, ()))


def test_a_photo_that_came_back_is_where_it_is(desk: Desk) -> None:
    corrector, root = desk.corrector, desk.root
    photo = desk.photo("ants/ants0.png")
    corrector.move(root, [photo], "bees")
    desk.apply()
    assert desk.seen(photo) == ("ab/bees/ants0.png", "bees", "✓ in bees")
    corrector.move(root, [corrector.now(root, photo)], "ants")
    desk.apply()
    assert desk.seen(photo) == ("ab/ants/ants0.png", "ants", "")
    assert desk.seen(desk.photo("bees/ants0.png"))[0] == "ab/ants/ants0.png"
    corrector.set_aside(root, [corrector.now(root, photo)])
    assert [piece.source for piece in desk.plan().pieces] == [photo.path]


def test_a_photo_that_comes_back_from_being_set_aside_is_not_new(desk: Desk) -> None:
    corrector, root = desk.corrector, desk.root
    photo = desk.photo("ants/ants0.png")
    corrector.set_aside(root, [photo])
    desk.apply()
    corrector.move(root, [corrector.now(root, photo)], "ants")
    new = photo_file(desk.folder.parent / "new.png", 900)
    corrector.move(root, [Judged(str(new), "")], "bees")
    text = counts_text(corrector.counts(root))
    assert text == "2 decisions not applied yet: 1 newly labelled, 1 brought back."


def test_a_photo_that_moved_on_is_followed(desk: Desk) -> None:
    corrector, root = desk.corrector, desk.root
    photo = desk.photo("ants/ants0.png")
    for label in ("bees", "wasps"):
        corrector.move(root, [corrector.now(root, photo)], label)
        desk.apply()
    assert desk.seen(photo) == ("ab/wasps/ants0.png", "wasps", "✓ in wasps")


@pytest.mark.parametrize("restarted", [False, True])
def test_another_photo_of_the_same_name_is_another_one(
    rig: Rig, desk: Desk, restarted: bool
) -> None:
    photo = desk.photo("ants/ants0.png")
    desk.corrector.move(desk.root, [photo], "bees")
    desk.apply()
    photo_file(Path(photo.path), 900)
    if restarted:  # and nobody has looked yet
        later = Corrector(rig.io, desk.filer, rig.parent)
        opened = heard(later.opened)
        later.open(desk.root)
        rig.until(lambda: opened)
        desk.corrector = later
    else:
        desk.look()
    assert desk.seen(photo) == ("ab/ants/ants0.png", "ants", "")


def test_what_was_set_aside_comes_back_and_leaves_no_copy(desk: Desk) -> None:
    (desk.folder.parent / "notes").mkdir()
    corrector, root = desk.corrector, desk.root
    photo = desk.photo("ants/ants0.png")
    corrector.set_aside(root, [photo])
    desk.apply()
    assert desk.seen(photo) == ("ab - set aside/ants/ants0.png", "", "✓ set aside")
    corrector.move(root, [corrector.now(root, photo)], "bees")
    assert corrector.badge(root, photo.path) == "→ bees"
    desk.apply()
    assert desk.seen(photo) == ("ab/bees/ants0.png", "bees", "✓ in bees")
    assert not list(desk.folder.parent.glob("ab - set aside/**/*.png"))


def test_a_photo_that_its_class_has_already_can_be_decided_about_again(desk: Desk) -> None:
    (desk.folder.parent / "notes").mkdir()
    corrector, root = desk.corrector, desk.root
    double = desk.folder / "ants/bees0.png"
    double.write_bytes((desk.folder / "bees/bees0.png").read_bytes())
    desk.look()
    photo = desk.photo("ants/bees0.png")
    corrector.move(root, [photo], "bees")
    desk.apply()
    aside = "✓ set aside: the class has it already"
    assert desk.seen(photo) == ("ab - set aside/ants/bees0.png", "", aside)
    corrector.move(root, [corrector.now(root, photo)], "ants")
    desk.apply()
    assert desk.seen(photo) == ("ab/ants/bees0.png", "ants", "")


def test_all_photos_are_read_though_it_takes_several_turns(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "READING_S", 0.0)
    gone = Judged(str(desk.folder / "ants/gone.png"), "ants")
    photos = [gone, *(desk.photo(f"ants/ants{n}.png") for n in range(3))]
    desk.corrector.accept(desk.root, photos)
    desk.settle()
    [there] = kept.load(desk.root)
    assert [item.content is not None for item in there.decisions] == [False, True, True, True]
    assert there == desk.corrector.decisions(desk.root)


@pytest.mark.parametrize("failed", [False, True])
def test_a_batch_that_was_stopped_is_seen(
    rig: Rig, desk: Desk, monkeypatch: pytest.MonkeyPatch, failed: bool
) -> None:
    """No outcome is told, and some of the photos are in their class."""
    monkeypatch.setattr(carry_out, "GROUP", 1)
    held = Hold()
    done: list[Path] = []

    def second_waits(source: Path, target: Path) -> bool:
        if done:
            held.wait()
            if failed:
                raise OSError(errno.ENOSPC, "No space left on device")
        done.append(source)
        return rename_new(source, target)

    monkeypatch.setattr(carry_out, "rename_new", second_waits)
    corrector, root, filer = desk.corrector, desk.root, desk.filer
    corrector.move(root, [desk.photo(f"ants/ants{n}.png") for n in range(3)], "bees")
    filer.start(desk.plan())
    rig.until(held.reached.is_set)
    if not failed:
        filer.stop()
    held.over.set()
    desk.settle()
    assert filer.interrupted is not None
    left = sum((desk.folder / f"ants/ants{n}.png").exists() for n in range(3))
    assert left in (1, 2)  # the file at which it was stopped may have come to its end
    assert corrector.counts(root).pending == left
    assert desk.seen(desk.photo("ants/ants0.png"))[1:] == ("bees", "✓ in bees")


def test_two_windows_lose_nothing_of_each_other(rig: Rig, desk: Desk) -> None:
    other = Desk(rig, desk.folder)
    desk.corrector.move(desk.root, [desk.photo("ants/ants0.png")], "bees")
    desk.settle()
    other.corrector.accept(desk.root, [desk.photo("ants/ants1.png")])
    other.settle()
    [there] = kept.load(desk.root)
    assert [Path(item.path).name for item in there.decisions] == ["ants0.png", "ants1.png"]
