"""Decisions while they are made: undo, redo, several photos at once, kept on the disk."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from resnet_gui.core.filing.carry_out import carry_out
from resnet_gui.core.improve import kept
from resnet_gui.core.improve.agree import agree
from resnet_gui.core.improve.corrections import Corrections
from resnet_gui.core.improve.kept import Keeper, improve_dir, load
from resnet_gui.core.improve.values import Content, Decisions, ImproveError, Photo, What
from tests.helpers.corrections import labelled_folder, photo, planned, reopened, scanned, store

A, B, C = (Photo(f"/data/ants/{name}.jpg", "ants") for name in "abc")


def test_steps_are_undone_and_done_again() -> None:
    corrections = Corrections(Decisions("/data"))
    assert corrections.relabel([A, B], "bees").paths == {A.path, B.path}
    assert corrections.undo_text == "2 photos to “bees”"
    assert corrections.set_aside([B, C]).paths == {B.path, C.path}
    assert corrections.mark_fine([A])
    assert [d.what for d in corrections.snapshot().decisions] == [What.FINE, What.ASIDE, What.ASIDE]
    assert corrections.pending == 2

    assert corrections.undo().paths == {A.path}
    decision = corrections.of(A.path)
    assert decision is not None
    assert (decision.what, decision.to) == (What.LABEL, "bees")
    assert corrections.undo().paths == {B.path, C.path}
    assert corrections.of(C.path) is None
    assert corrections.redo_text == "set 2 photos aside"
    assert corrections.redo()
    assert corrections.undo()
    assert corrections.undo()
    assert not corrections.undo()
    assert corrections.undo_text == ""
    assert not corrections.snapshot().decisions

    corrections.set_aside([C])
    assert not corrections.redo(), "a new step ends what could be done again"


def test_a_class_that_a_photo_has_already_makes_it_fine() -> None:
    corrections = Corrections(Decisions("/data"))
    corrections.relabel([A], "ants")
    decision = corrections.of(A.path)
    assert decision is not None
    assert decision.what is What.FINE
    assert not corrections.relabel([A], "ants"), "nothing changes"
    assert corrections.undo_text == "1 photo to “ants”"
    with pytest.raises(ValueError):
        corrections.relabel([A], " ")


def test_what_has_no_class_is_never_fine() -> None:
    corrections = Corrections(Decisions("/data"))
    loose = Photo("/loose.jpg")
    assert not corrections.mark_fine([loose])
    corrections.set_aside([loose])
    assert corrections.pending == 0, "its file stays where it is"
    corrections.relabel([loose], "wasps")
    assert corrections.pending == 1
    assert corrections.snapshot().new_classes(["ants", "bees"]) == ("wasps",)


@pytest.mark.parametrize("seed", range(20))
def test_undo_goes_all_the_way_back_and_redo_all_the_way_forth(seed: int) -> None:
    generator = random.Random(seed)
    photos = [Photo(f"/data/{n % 3}/{n}.jpg", str(n % 3)) for n in range(12)]
    corrections = Corrections(Decisions("/data"))
    states = [corrections.snapshot().by_path()]
    for _ in range(60):
        some = generator.sample(photos, generator.randrange(1, 5))
        step = generator.randrange(4)
        if step == 0:
            changed = corrections.relabel(some, str(generator.randrange(4)))
        elif step == 1:
            changed = corrections.set_aside(some)
        elif step == 2:
            changed = corrections.mark_fine(some)
        else:
            changed = corrections.take_back(item.path for item in some)
        after = corrections.snapshot().by_path()
        different = {p for p in {*after, *states[-1]} if after.get(p) != states[-1].get(p)}
        assert changed.paths == different
        if changed:
            states.append(after)
    for state in reversed(states[:-1]):
        assert corrections.undo()
        assert corrections.snapshot().by_path() == state
    for state in states[1:]:
        assert corrections.redo()
        assert corrections.snapshot().by_path() == state


def test_decisions_are_kept(tmp_path: Path) -> None:
    root = labelled_folder(tmp_path / "ab")
    corrections = reopened(root)
    assert not corrections.snapshot().decisions
    one, other = root / "train/ants/trainants0.png", root / "val/bees/valbees1.png"
    corrections.relabel([photo(one)], "bees")
    corrections.mark_fine([photo(other)])
    store(corrections)

    again = reopened(root)
    assert again.snapshot() == corrections.snapshot()
    assert again.undo_text == ""
    content = again.snapshot().decisions[0].content
    assert content is not None
    assert content.bytes == one.stat().st_size

    elsewhere = labelled_folder(tmp_path / "other")
    assert not reopened(elsewhere).snapshot().decisions, "each folder has its own"


def test_decisions_are_kept_before_their_photos_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Large photos on a slow drive take minutes to read; a kill meanwhile loses nothing."""
    root = labelled_folder(tmp_path / "ab", parts=())
    corrections = reopened(root)
    photos = [photo(path) for path in sorted(root.rglob("*.png"))]
    corrections.mark_fine(photos)
    seen: list[int] = []
    read = kept.content_of

    def spied(path: Path) -> Content | None:
        [there] = load(scanned(root).root)
        seen.append(len(there.decisions))
        return read(path)

    monkeypatch.setattr(kept, "content_of", spied)
    monkeypatch.setattr(kept, "READING_S", 0.0)  # as if each took too long
    keeper = Keeper(None)
    for number in range(1, len(photos) + 1):
        done = keeper.keep(corrections.snapshot())
        corrections.note(done.contents)
        assert seen == [len(photos)] * number
        assert (len(done.contents), done.left) == (1, len(photos) - number)
    [there] = load(scanned(root).root)
    assert there == corrections.snapshot()
    assert all(item.content for item in there.decisions)


def test_photos_that_cannot_be_read_do_not_keep_others_from_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = labelled_folder(tmp_path / "ab", parts=())
    corrections = reopened(root)
    corrections.set_aside([Photo(str(root / "ants" / f"gone{n}.png"), "ants") for n in range(3)])
    corrections.set_aside([photo(root / "ants/ants0.png")])
    monkeypatch.setattr(kept, "READING_S", 0.0)
    done = Keeper(None).keep(corrections.snapshot())
    assert (list(done.contents), done.left) == ([str(root / "ants/ants0.png")], 0)


def test_names_that_are_no_text_are_kept(tmp_path: Path) -> None:
    path = str(tmp_path / "caf\udce9.jpg")
    corrections = Corrections(Decisions(str(tmp_path)))
    corrections.set_aside([Photo(path, "ants")])
    store(corrections)
    [found] = load(tmp_path)
    assert [item.path for item in found.decisions] == [path]


@pytest.mark.parametrize("text", ["", "{", '{"root": 3}', '{"root": "/", "format": 99}'])
def test_a_damaged_file_is_put_aside(tmp_path: Path, text: str) -> None:
    root = labelled_folder(tmp_path / "ab")
    corrections = reopened(root)
    corrections.set_aside([photo(root / "train/ants/trainants0.png")])
    store(corrections)
    [file] = improve_dir().glob("*.json")
    file.write_text(text)
    with pytest.raises(ImproveError) as raised:
        list(load(scanned(root).root))
    [aside] = improve_dir().glob("*.damaged")
    assert aside.read_text() == text
    assert str(aside) in str(raised.value)
    assert not reopened(root).snapshot().decisions


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    improve_dir().parent.mkdir(parents=True, exist_ok=True)
    improve_dir().write_text("in the way")
    corrections = Corrections(Decisions(str(tmp_path)))
    corrections.set_aside([A])
    with pytest.raises(ImproveError, match="could not be saved"):
        store(corrections)


def test_a_renamed_folder_keeps_its_decisions(tmp_path: Path) -> None:
    root = labelled_folder(tmp_path / "ab")
    corrections = reopened(root)
    corrections.mark_fine([photo(root / "train/ants/trainants0.png")])
    corrections.set_aside([photo(root / "train/ants/trainants1.png")])
    store(corrections)
    renamed = root.rename(tmp_path / "insects")
    paths = {Path(item.path) for item in reopened(renamed).snapshot().decisions}
    assert paths == {renamed / "train/ants/trainants0.png", renamed / "train/ants/trainants1.png"}
    assert len(list(improve_dir().glob("*.json"))) == 1


@pytest.mark.parametrize("mounted", [False, True], ids=["no folder", "an empty folder"])
def test_a_copy_takes_nothing_from_a_folder_whose_drive_is_away(
    tmp_path: Path, mounted: bool
) -> None:
    drive = tmp_path / "drive"
    root = labelled_folder(drive / "ab")
    corrections = reopened(root)
    corrections.mark_fine([photo(root / "train/ants/trainants0.png")])
    corrections.set_aside([photo(root / "train/ants/trainants1.png")])
    store(corrections)
    copy = shutil.copytree(root, tmp_path / "copy")
    drive.rename(tmp_path / "away")
    if mounted:
        drive.mkdir()
    assert len(reopened(copy).snapshot().decisions) == 2
    if mounted:
        drive.rmdir()
    (tmp_path / "away").rename(drive)
    assert reopened(root).snapshot() == corrections.snapshot()


def test_two_windows_keep_what_both_decide(tmp_path: Path) -> None:
    root = labelled_folder(tmp_path / "ab", parts=())
    ants = [photo(root / f"ants/ants{n}.png") for n in range(5)]
    first = reopened(root)
    first.mark_fine(ants[3:])
    store(first)
    second = reopened(root)
    one, other = Keeper(first.snapshot()), Keeper(second.snapshot())
    first.relabel([ants[0]], "bees")
    first.take_back([ants[3].path])
    one.keep(first.snapshot())
    second.set_aside(ants[1:3])
    other.keep(second.snapshot())
    first.relabel([ants[1]], "wasps")  # the later one holds
    one.keep(first.snapshot())
    first.undo()
    first.redo()
    one.keep(first.snapshot())
    [there] = load(scanned(root).root)
    assert {Path(item.path).name: item.to or item.what.value for item in there.decisions} == {
        "ants0.png": "bees",
        "ants1.png": "wasps",
        "ants2.png": "aside",
        "ants4.png": "fine",
    }
    assert all(item.content for item in there.decisions)


def test_what_one_window_carried_out_is_not_pending_for_another(tmp_path: Path) -> None:
    root = labelled_folder(tmp_path / "ab", parts=())
    first = reopened(root)
    first.relabel([photo(root / "ants/ants0.png")], "bees")
    store(first)
    second = reopened(root)
    one, other = Keeper(first.snapshot()), Keeper(second.snapshot())
    [done] = list(carry_out(planned(first)))[-1:]
    assert getattr(done, "done", 0) == 1
    for corrections, keeper in ((first, one), (second, other)):
        [agreed] = agree(corrections.snapshot(), scanned(root))
        corrections.settle(agreed.outcomes)
        keeper.keep(corrections.snapshot())
    [there] = load(scanned(root).root)
    assert not there.decisions
    assert len(there.applied) == 1


def test_a_file_that_was_damaged_meanwhile_is_put_aside(tmp_path: Path) -> None:
    root = labelled_folder(tmp_path / "ab", parts=())
    corrections = reopened(root)
    keeper = Keeper(corrections.snapshot())
    corrections.mark_fine([photo(root / "ants/ants0.png")])
    keeper.keep(corrections.snapshot())
    [file] = improve_dir().glob("*.json")
    file.write_text("{")
    corrections.mark_fine([photo(root / "ants/ants1.png")])
    keeper.keep(corrections.snapshot())
    assert len(reopened(root).snapshot().decisions) == 2
    [aside] = improve_dir().glob("*.damaged")
    assert aside.read_text() == "{"
