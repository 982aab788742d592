"""Apply, its undo and what the disk says of them; nothing is lost, nothing doubled."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from resnet_gui.core.errors import ResNetGuiError
from resnet_gui.core.filing.batch import How
from resnet_gui.core.filing.carry_out import carry_out, finish
from resnet_gui.core.filing.journal import list_batches
from resnet_gui.core.filing.undo import undo
from resnet_gui.core.improve.apply import aside_folder, class_named
from resnet_gui.core.improve.values import What
from tests.helpers.corrections import (
    labelled_folder,
    photo,
    photo_file,
    planned,
    reopened,
    scanned,
    settle,
    store,
)
from tests.helpers.filing import tree


def test_everything_goes_where_it_belongs_and_comes_back(tmp_path: Path) -> None:
    root = labelled_folder(tmp_path / "data" / "ab")
    (root / "train/ants/trainants0.xmp").write_text("edits")
    photo_file(root / "val/bees/valants1.png", 77)  # the name is taken there
    before = tree(tmp_path / "data")
    corrections = reopened(root)
    corrections.relabel(
        [photo(root / "train/ants/trainants0.png"), photo(root / "val/ants/valants1.png")], "bees"
    )
    corrections.relabel([photo(root / "train/bees/trainbees2.png")], "wasps")
    corrections.set_aside([photo(root / "val/bees/valbees3.png")])
    corrections.mark_fine([photo(root / "val/bees/valbees4.png")])
    store(corrections)
    assert tree(tmp_path / "data") == before, "deciding moves nothing"

    plan = planned(corrections)
    assert plan.title == "Correct “ab”: 3 photos to other classes, 1 set aside"
    assert (plan.photos, plan.along, plan.renamed) == (4, 1, 1)
    list(carry_out(plan))
    assert (root / "train/bees/trainants0.png").is_file()
    assert (root / "train/bees/trainants0.xmp").is_file()
    assert (root / "val/bees/valants1-2.png").is_file()
    assert (root / "train/wasps/trainbees2.png").is_file()
    aside = aside_folder(root)
    assert (aside / "val/bees/valbees3.png").is_file()
    assert scanned(root).class_names == ("ants", "bees", "wasps")

    settle(corrections)
    assert corrections.pending == 0
    assert corrections.undo_text == "1 photo marked as fine", "the rest is undone by its batch"
    state = corrections.snapshot()
    assert len(state.applied) == 4
    assert (str(root / "train/bees/trainants0.png"), "bees") in state.confirmed()
    assert reopened(root).snapshot() == state
    assert not planned(corrections).pieces

    [batch] = list_batches()
    list(undo(batch.id))
    assert tree(tmp_path / "data") == before
    settle(corrections)
    assert corrections.pending == 4, "it is to be done again"
    assert not corrections.snapshot().applied
    assert reopened(root).snapshot() == corrections.snapshot()
    list(carry_out(planned(corrections)))
    settle(corrections)
    assert corrections.pending == 0


def test_undo_of_a_step_leaves_what_was_carried_out_alone(tmp_path: Path) -> None:
    root = labelled_folder(tmp_path / "ab", parts=())
    corrections = reopened(root)
    ants = [photo(root / f"ants/ants{n}.png") for n in range(3)]
    corrections.relabel(ants, "bees")
    corrections.take_back([ants[2].path])
    store(corrections)
    plan = planned(corrections)
    corrections.undo()  # decided anew while the batch is on its way
    list(carry_out(plan))
    settle(corrections)
    assert [item.path for item in corrections.snapshot().decisions] == [ants[2].path]
    assert corrections.undo_text == "3 photos to “bees”"
    corrections.undo()
    assert not corrections.snapshot().decisions
    corrections.redo()
    assert [item.path for item in corrections.snapshot().decisions] == [ants[2].path]


def test_decided_otherwise_while_it_was_moved(tmp_path: Path) -> None:
    root = labelled_folder(tmp_path / "ab", parts=())
    corrections = reopened(root)
    one = photo(root / "ants/ants0.png")
    corrections.relabel([one], "bees")
    store(corrections)
    plan = planned(corrections)
    corrections.relabel([one], "wasps")
    list(carry_out(plan))
    settle(corrections)
    [decision] = corrections.snapshot().decisions
    assert Path(decision.path) == root / "bees/ants0.png"
    assert (decision.label, decision.what, decision.to) == ("bees", What.LABEL, "wasps")
    list(carry_out(planned(corrections)))
    settle(corrections)
    assert (root / "wasps/ants0.png").is_file()
    assert corrections.pending == 0


@pytest.mark.parametrize("stopped", range(1, 6))
@pytest.mark.parametrize("go_on", [True, False])
def test_a_batch_that_was_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stopped: int, go_on: bool
) -> None:
    """Stopped after some files: what moved is not pending, the rest is; then both ways."""
    from resnet_gui.core.filing import carry_out as carrying

    monkeypatch.setattr(carrying, "GROUP", 1)
    root = labelled_folder(tmp_path / "ab", parts=())
    before = tree(root)
    corrections = reopened(root)
    corrections.relabel([photo(root / f"ants/ants{n}.png") for n in range(4)], "bees")
    corrections.set_aside([photo(root / f"bees/bees{n}.png") for n in range(2)])
    store(corrections)
    steps = carry_out(planned(corrections))
    for event in steps:
        if getattr(event, "done", 0) >= stopped:
            break
    steps.close()
    corrections = reopened(root)
    gone = 12 - len(scanned(root).photos) + sum(1 for _ in (root / "bees").glob("ants*"))
    assert gone >= stopped
    assert corrections.pending == 6 - gone
    [batch] = list_batches()
    if go_on:
        list(finish(batch.id))
        settle(corrections)
        assert corrections.pending == 0
    list(undo(batch.id))
    assert tree(root) == before
    settle(corrections)
    assert corrections.pending == 6


@pytest.mark.parametrize(
    ("newer", "then"),
    [
        ("ants", (What.FINE, "")),
        ("bees", (What.LABEL, "bees")),
        ("wasps", (What.LABEL, "wasps")),
        ("", (What.ASIDE, "")),
    ],
)
def test_an_undo_keeps_what_was_decided_since(
    tmp_path: Path, newer: str, then: tuple[What, str]
) -> None:
    """Put among the bees; then another class is said, “fine”, or to set it aside."""
    root = labelled_folder(tmp_path / "ab", parts=())
    before = tree(root)
    corrections = reopened(root)
    one = root / "ants/ants0.png"
    corrections.relabel([photo(one)], "bees")
    list(carry_out(planned(corrections)))
    settle(corrections)
    moved = photo(root / "bees/ants0.png")
    if newer:
        corrections.relabel([moved], newer)
    else:
        corrections.set_aside([moved])
    store(corrections)
    list(undo(list_batches()[0].id))
    assert tree(root) == before
    assert settle(corrections).sentences == ()
    [decision] = corrections.snapshot().decisions
    assert (decision.path, decision.label) == (str(one), "ants")
    assert (decision.what, decision.to) == then
    assert not corrections.snapshot().applied
    assert settle(corrections).outcomes == ()


def test_two_undos_at_once_keep_what_was_decided_last(tmp_path: Path) -> None:
    root = labelled_folder(tmp_path / "ab", parts=())
    before = tree(root)
    corrections = reopened(root)
    path = root / "ants/ants0.png"
    for label in ("bees", "wasps", "hornets"):
        corrections.relabel([photo(path)], label)
        if label != "hornets":
            list(carry_out(planned(corrections)))
            settle(corrections)
            path = root / label / "ants0.png"
    for batch in list_batches():
        list(undo(batch.id))
    assert tree(root) == before
    settle(corrections)
    [decision] = corrections.snapshot().decisions
    assert (decision.path, decision.label) == (str(root / "ants/ants0.png"), "ants")
    assert decision.to == "hornets"
    assert not corrections.snapshot().applied


def test_loose_photos_are_copied_into_their_class(tmp_path: Path) -> None:
    root = labelled_folder(tmp_path / "ab")
    loose = [photo_file(tmp_path / "camera" / f"{n}.png", 900 + n) for n in range(3)]
    before = tree(tmp_path)
    corrections = reopened(root)
    corrections.relabel([photo(loose[0], "")], "bees")
    corrections.relabel([photo(loose[1], "")], "wasps")
    corrections.set_aside([photo(loose[2], "")])
    store(corrections)
    plan = planned(corrections)
    assert plan.title == "Correct “ab”: 2 new photos"
    list(carry_out(plan))
    assert (root / "train/bees/0.png").read_bytes() == loose[0].read_bytes()
    assert (root / "train/wasps/1.png").is_file()
    assert all(path.is_file() for path in loose)
    settle(corrections)
    assert [item.path for item in corrections.snapshot().decisions] == [str(loose[2])]
    [batch] = list_batches()
    list(undo(batch.id))
    left = {name: found for name, found in tree(tmp_path).items() if name in before}
    assert left == before
    settle(corrections)
    assert corrections.pending == 2
    list(carry_out(planned(corrections, How.MOVE)))
    settle(corrections)
    assert corrections.pending == 0
    assert not loose[0].exists()


def test_a_loose_photo_that_is_there_already_is_done(tmp_path: Path) -> None:
    root = labelled_folder(tmp_path / "ab", parts=())
    loose = tmp_path / "again.png"
    loose.write_bytes((root / "bees/bees0.png").read_bytes())
    corrections = reopened(root)
    corrections.relabel([photo(loose, "")], "bees")
    store(corrections)
    settle(corrections)
    assert corrections.pending == 0


def test_a_photo_that_its_class_has_already_is_set_aside(tmp_path: Path) -> None:
    """Labelled twice: what is in the wrong class goes, and no copy of it is made."""
    root = labelled_folder(tmp_path / "ab", parts=())
    double = root / "ants/bees0.png"
    double.write_bytes((root / "bees/bees0.png").read_bytes())
    for turn in range(2):
        corrections = reopened(root)
        corrections.relabel([photo(double)], "bees")
        store(corrections)
        list(carry_out(planned(corrections)))
        assert not double.exists()
        assert len(list((root / "bees").iterdir())) == 6
        settle(corrections)
        assert corrections.pending == 0
        if not turn:
            double.write_bytes((root / "bees/bees0.png").read_bytes())
    assert len(list(tmp_path.glob("ab - set aside*/ants/bees0.png"))) == 2


def test_what_was_set_aside_comes_back_to_its_part(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    root = labelled_folder(tmp_path / "ab")
    before = tree(root)
    corrections = reopened(root)
    one = root / "val/ants/valants0.png"
    corrections.set_aside([photo(one)])
    list(carry_out(planned(corrections)))
    settle(corrections)
    [applied] = corrections.snapshot().applied
    corrections.relabel([photo(Path(applied.target), "")], "ants")
    plan = planned(corrections)
    assert plan.title == "Correct “ab”: 1 photo brought back", "it is not new"
    list(carry_out(plan))
    settle(corrections)
    assert corrections.pending == 0
    assert tree(root) == before
    assert not Path(applied.target).exists()


def test_decisions_follow_photos_and_not_names(tmp_path: Path) -> None:
    root = labelled_folder(tmp_path / "ab", parts=())
    files = [root / f"ants/ants{n}.png" for n in range(6)]
    corrections = reopened(root)
    corrections.mark_fine([photo(path) for path in files[:4]])
    corrections.relabel([photo(files[4])], "bees")
    corrections.set_aside([photo(files[5])])
    store(corrections)
    files[0].rename(root / "ants/renamed.png")
    (root / "ants/inner").mkdir()
    files[1].rename(root / "ants/inner/moved.png")
    files[2].rename(root / "bees/wrong.png")  # no longer fine: that was said of an ant
    photo_file(files[3], 800)  # another picture of the same name
    files[4].rename(root / "bees/by hand.png")
    os.utime(files[5])  # only its time changed
    corrections = reopened(root)
    found = {Path(item.path): item.what for item in corrections.snapshot().decisions}
    assert found == {
        root / "ants/renamed.png": What.FINE,
        root / "ants/inner/moved.png": What.FINE,
        files[5]: What.ASIDE,
    }
    assert (str(root / "bees/by hand.png"), "bees") in corrections.snapshot().confirmed()


def test_what_is_lost_is_told_and_what_is_gone_waits(tmp_path: Path) -> None:
    root = labelled_folder(tmp_path / "ab", parts=())
    one, other = root / "ants/ants0.png", root / "ants/ants1.png"
    corrections = reopened(root)
    corrections.relabel([photo(one), photo(other)], "bees")
    store(corrections)
    photo_file(one, 800)
    away = other.rename(tmp_path / "away.png")
    assert settle(corrections).sentences == (
        "“ants0.png” was changed since. What you decided about it is forgotten.",
    )
    assert corrections.pending == 1
    assert len(planned(corrections).skipped) == 1
    away.rename(other)
    settle(corrections)
    assert len(planned(corrections).pieces) == 1


@pytest.mark.parametrize(
    ("given", "opened"),
    [("ab", "ab"), ("outer/ab", "outer"), ("ab", "ab/train"), ("one/two/ab", "one")],
)
def test_no_scan_takes_what_was_set_aside_for_a_class(
    tmp_path: Path, given: str, opened: str
) -> None:
    (tmp_path / "notes").mkdir()
    labelled_folder(tmp_path / given)
    before = scanned(tmp_path / opened), scanned(tmp_path / given)
    root = Path(before[0].root)
    folder = aside_folder(root)
    assert not folder.is_relative_to(root)
    corrections = reopened(root)
    first = before[0].photos[0]
    corrections.set_aside([photo(before[0].absolute(first))])
    store(corrections)
    list(carry_out(planned(corrections)))
    assert next(iter(folder.rglob("*.png")))
    for old, path in zip(before, (opened, given), strict=True):
        now = scanned(tmp_path / path)
        assert (now.class_names, now.has_parts) == (old.class_names, old.has_parts)
        assert len(now.photos) == len(old.photos) - 1
    assert aside_folder(root) == folder


def test_classes_by_what_a_person_writes() -> None:
    assert class_named("Sea Lion", ["sea_lion", "ants"]) == "sea_lion"
    assert class_named(" wasps ", ["ants"]) == "wasps"
    assert class_named("a/b", []) == "a_b"
    with pytest.raises(ResNetGuiError, match="No folder can be called “a/b”, and “a b” is a class"):
        class_named("a/b", ["ants", "a_b"])  # these were one class without a word
