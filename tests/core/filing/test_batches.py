"""Copying, moving and linking real files as a batch, and undoing it."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resnet_gui.core.errors import FilingInterruptedError, UnknownBatchError
from resnet_gui.core.filing import carry_out as carrying
from resnet_gui.core.filing.batch import BatchState, FilingProgress, How, Why
from resnet_gui.core.filing.by_label import Labelled, SortWish, plan_sorting
from resnet_gui.core.filing.carry_out import accept, carry_out, finish
from resnet_gui.core.filing.journal import journals_dir, list_batches
from resnet_gui.core.filing.plan import plan_batch
from resnet_gui.core.filing.undo import last_undoable, undo
from tests.core.filing.conftest import COPY, LINK, MOVE
from tests.helpers.filing import Found, done, filed, planned, result, tree, undone, write


@pytest.mark.parametrize("how", list(How))
def test_there_and_back(here: Path, tmp_path: Path, how: How) -> None:
    before, into = tree(tmp_path), tmp_path / "sorted"
    names = ("a.jpg", "b.jpg", "c.jpg")
    plan = planned([(here / name, into / name[0] / name, how) for name in names])
    assert tree(tmp_path) == before, "a plan changes nothing"
    assert plan.folders == tuple(str(into / name) for name in ("", "a", "b", "c"))
    assert (plan.bytes > 0) == (how is COPY)
    ended, missed = done(carry_out(plan))
    assert (ended.done, ended.missed, missed) == (3, 0, [])
    for piece in plan.pieces:
        name = Path(piece.source).name
        found = before[f"photos/{name}"]
        assert tree(into)[f"{name[0]}/{name}"] == (
            Found(os.fsencode(piece.source), 0) if how is LINK else found
        )
        assert Path(piece.source).exists() == (how is not MOVE)
    info = last_undoable()
    assert info is not None
    assert info.state is BatchState.DONE
    assert info.undo_text in ("Move 3 photos back", "Remove 3 copies", "Remove 3 links")
    ended, missed = undone()
    assert (ended.done, missed) == (3, [])
    shutil.rmtree(journals_dir().parent.parent)
    assert tree(tmp_path) == before


def test_sorting_by_label(here: Path, tmp_path: Path) -> None:
    into = tmp_path / "sorted"
    photos = [
        Labelled(str(here / "a.jpg"), "cat", 0.9),
        Labelled(str(here / "b.jpg"), "AC/DC", 0.5),
        Labelled(str(here / "c.jpg"), "cat", 0.4),
    ]
    plan = result(plan_sorting(photos, SortWish(into, MOVE, 0.5)))
    assert plan.title == "Move 2 photos into 2 folders of “sorted”"
    assert [piece.target for piece in plan.pieces] == [
        str(into / "cat" / "a.jpg"),
        str(into / "AC_DC" / "b.jpg"),
    ]
    plan = result(plan_sorting(photos, SortWish(into, MOVE, 0.5, "not sure")))
    assert plan.pieces[2].target == str(into / "not sure" / "c.jpg")
    plan = result(plan_sorting(photos, SortWish(into, MOVE, 0.5, "Cat")))
    assert plan.pieces[2].target == str(into / "Cat-2" / "c.jpg"), "no cat"


def test_nothing_is_ever_replaced(here: Path, tmp_path: Path) -> None:
    into = tmp_path / "sorted"
    other = write(into / "A.JPG", "another photo")
    (into / "b.jpg").mkdir()
    equal = write(into / "c.jpg", "c.jpg")
    wishes = [(here / name, into / name, MOVE) for name in ("a.jpg", "b.jpg", "c.jpg")]
    wishes.append((here / "twin.jpg", into / "a.jpg", MOVE))
    before = tree(tmp_path)
    plan = planned(wishes)
    assert [Path(piece.target).name for piece in plan.pieces] == ["a-2.jpg", "b-2.jpg"]
    assert plan.renamed == 2
    assert [(Path(s.path).name, s.why) for s in plan.skipped] == [
        ("c.jpg", Why.SAME),
        ("twin.jpg", Why.SAME),
    ]
    assert plan.skipped[1].target == str(into / "a-2.jpg")
    done(carry_out(plan))
    assert other.read_bytes() == b"another photo"
    assert equal.stat().st_mtime_ns == before["sorted/c.jpg"].changed  # type: ignore[union-attr]
    assert (here / "c.jpg").exists()
    assert planned(wishes[:2]).skipped[0].why is Why.MISSING
    undone()
    shutil.rmtree(journals_dir().parent.parent)
    assert tree(tmp_path) == before


def test_a_second_time_changes_nothing(here: Path, tmp_path: Path) -> None:
    write(tmp_path / "sorted" / "a.jpg", "another one")
    wishes = [(here / name, tmp_path / "sorted" / name, COPY) for name in ("a.jpg", "b.jpg")]
    filed(wishes)
    again = planned(wishes)
    assert again.pieces == ()
    assert [skipped.why for skipped in again.skipped] == [Why.SAME] * 2
    assert planned([(here / "a.jpg", here / "a.jpg", MOVE)]).skipped[0].why is Why.THERE


def test_names_that_one_system_takes_for_one(tmp_path: Path) -> None:
    names = ("IMG.jpg", "img.JPG", "caf\u00e9.jpg", "cafe\u0301.jpg")
    wishes = []
    for number, name in enumerate(names):
        source = write(tmp_path / str(number) / name, name)
        wishes.append((source, tmp_path / "into" / name, COPY))
    filed(wishes)
    assert sorted(path.name for path in (tmp_path / "into").iterdir()) == sorted(
        ["IMG.jpg", "img-2.JPG", "caf\u00e9.jpg", "cafe\u0301-2.jpg"]
    )


def test_a_name_taken_after_the_plan_was_made(here: Path, tmp_path: Path) -> None:
    into = tmp_path / "sorted"
    before = tree(tmp_path)
    for how in (MOVE, COPY, LINK):
        plan = planned([(here / "a.jpg", into / "a.jpg", how)])
        write(into / "a.jpg", "it came in between")
        done(carry_out(plan))
        assert (into / "a.jpg").read_bytes() == b"it came in between"
        assert (into / "a-2.jpg").read_bytes() == b"a.jpg"
        undone()
        shutil.rmtree(into)
    shutil.rmtree(journals_dir().parent.parent)
    assert tree(tmp_path) == before


# --- files with edits ---------------------------------------------------------------------------


def test_edits_go_along(tmp_path: Path) -> None:
    photos, into = tmp_path / "photos", tmp_path / "cats"
    for name in ("one.jpg", "one.xmp", "two.jpg", "two.jpg.XMP", "two.AAE", "other.xmp"):
        write(photos / name, name)
    write(into / "two.AAE", "of another photo")
    before = tree(tmp_path)
    wishes = [(photos / name, into / name, MOVE) for name in ("one.jpg", "two.jpg")]
    plan = planned(wishes)
    assert (plan.photos, plan.along) == (2, 3)
    done(carry_out(plan))
    assert sorted(path.name for path in into.iterdir()) == [
        "one.jpg", "one.xmp", "two-2.AAE", "two-2.jpg", "two-2.jpg.XMP", "two.AAE",
    ]  # fmt: skip
    assert [path.name for path in photos.iterdir()] == ["other.xmp"]
    info = list_batches()[0]
    assert (info.photos, info.done) == (2, 5)
    undone()
    shutil.rmtree(journals_dir().parent.parent)
    assert tree(tmp_path) == before
    assert planned(wishes, sidecars=False).along == 0


def test_a_raw_file_keeps_its_edits(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    for name in ("pair.jpg", "pair.cr2", "pair.xmp", "two.jpg", "two.png", "two.xmp"):
        write(photos / name, name)
    filed(
        [
            (photos / "pair.jpg", tmp_path / "cat" / "pair.jpg", MOVE),
            (photos / "two.jpg", tmp_path / "dog" / "two.jpg", MOVE),
            (photos / "two.png", tmp_path / "dog" / "two.png", MOVE),
        ]
    )
    assert sorted(path.name for path in photos.iterdir()) == ["pair.cr2", "pair.xmp"]
    assert (tmp_path / "cat" / "pair.xmp").is_file()
    assert (tmp_path / "dog" / "two.xmp").is_file()


# --- undoing with what happened since -----------------------------------------------------------


def test_what_was_changed_since_stays_and_the_rest_goes_back(here: Path, tmp_path: Path) -> None:
    into = tmp_path / "sorted"
    names = ("a.jpg", "b.jpg", "c.jpg", "d.png")
    filed([(here / name, into / name, MOVE) for name in names])
    (into / "a.jpg").write_text("edited since")
    write(here / "b.jpg", "a new photo with the old name")
    (into / "c.jpg").unlink()
    ended, missed = undone()
    assert (ended.done, ended.missed) == (1, 3)
    assert (here / "d.png").read_text() == "d.png"
    said = {Path(event.path).name: event.message for event in missed}
    assert said["a.jpg"] == "It was changed since."
    assert said["b.jpg"].startswith("Another file is where it was")
    assert said["c.jpg"] == "It is not there any more."
    assert (into / "a.jpg").read_text() == "edited since"
    assert (here / "b.jpg").read_text() == "a new photo with the old name"
    assert (into / "b.jpg").read_text() == "b.jpg"
    info = list_batches()[0]
    assert (info.state, info.done) == (BatchState.PARTLY, 3)
    assert last_undoable() is None
    (here / "b.jpg").unlink()
    ended, _ = done(undo(info.id))  # once more, now that its place is free
    assert ended.done == 1
    assert (here / "b.jpg").read_text() == "b.jpg"


def test_a_copy_goes_only_while_its_original_is_there(here: Path, tmp_path: Path) -> None:
    into = tmp_path / "sorted"
    names = ("a.jpg", "b.jpg", "c.jpg", "d.png")
    filed([(here / name, into / name, COPY) for name in names])
    (here / "a.jpg").unlink()
    (here / "b.jpg").write_text("edited since")
    changed = into / "c.jpg"
    times = changed.stat()
    changed.write_text("C.jpg")  # as many bytes, and the time set back
    os.utime(changed, ns=(times.st_atime_ns, times.st_mtime_ns))
    os.utime(into / "d.png")  # touched, but the same
    ended, missed = undone()
    assert ended.done == 1
    assert {Path(event.path).name for event in missed} == {"a.jpg", "b.jpg", "c.jpg"}
    assert {path.name for path in into.iterdir()} == {"a.jpg", "b.jpg", "c.jpg"}


def test_a_link_that_leads_elsewhere_now_stays(here: Path, tmp_path: Path) -> None:
    into = tmp_path / "sorted"
    filed([(here / name, into / name, LINK) for name in ("a.jpg", "b.jpg")])
    (into / "a.jpg").unlink()
    (into / "a.jpg").symlink_to(here / "c.jpg")
    ended, missed = undone()
    assert (ended.done, len(missed)) == (1, 1)
    assert (into / "a.jpg").is_symlink()


def test_undone_twice(here: Path, tmp_path: Path) -> None:
    filed([(here / "a.jpg", tmp_path / "x" / "a.jpg", MOVE)])
    batch = list_batches()[0].id
    undone()
    with pytest.raises(UnknownBatchError, match="undone already"):
        done(undo(batch))
    for name in ("nothing", "../../etc/passwd", ""):
        with pytest.raises(UnknownBatchError):
            done(undo(name))


# --- stopping -----------------------------------------------------------------------------------


@pytest.fixture
def every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Can be stopped after every file; and the disk is not waited for, as nobody pulls the plug."""
    monkeypatch.setattr("resnet_gui.core.filing.carry_out._EVENT_S", -1)
    monkeypatch.setattr("resnet_gui.core.filing.undo._EVENT_S", -1)
    monkeypatch.setattr(os, "fsync", lambda _: None)


def test_stopped_then_finished_or_undone(here: Path, tmp_path: Path, every_step: None) -> None:
    wishes = [(path, tmp_path / "x" / path.name, MOVE) for path in sorted(here.iterdir())]
    before = tree(here)
    for after in range(1, 9):
        for ending in ("finish", "undo", "accept"):
            going = carry_out(planned(wishes))
            steps = [event for event, _ in zip(going, range(after), strict=False)]
            going.close()
            assert steps
            moved = len(wishes) - len(list(here.iterdir()))
            infos = list_batches()
            if moved == 0:
                assert not infos or infos[0].state is BatchState.UNDONE
                continue
            assert infos[0].done == moved
            if infos[0].state is BatchState.INTERRUPTED:
                if ending == "finish":
                    assert done(finish(infos[0].id))[0].done == len(wishes)
                    assert not list(here.iterdir())
                elif ending == "accept":
                    list(accept(infos[0].id))
                    assert list_batches()[0].state is BatchState.DONE
            undone()
            assert tree(here) == before
            assert not (tmp_path / "x").exists()


# --- any plan -----------------------------------------------------------------------------------

NAMES = st.sampled_from(["a.jpg", "A.jpg", "b.jpg", "a.xmp", "b.jpg.xmp", "\udcff.jpg", "é.jpg"])
FOLDERS = st.sampled_from(["one", "two", "one/in", "new", "new/deep"])
PLACES = st.tuples(FOLDERS, NAMES)


@pytest.mark.skipif(sys.platform != "linux", reason="names that not all systems tell apart")
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    files=st.dictionaries(PLACES, st.sampled_from(["", "one", "two"]), max_size=8),
    wishes=st.lists(st.tuples(PLACES, PLACES, st.sampled_from(list(How))), max_size=8),
    stop_after=st.integers(0, 12),
    going_on=st.booleans(),
)
def test_any_plan_and_its_undo_are_nothing(
    tmp_path_factory: pytest.TempPathFactory,
    every_step: None,
    files: dict[tuple[str, str], str],
    wishes: list[tuple[tuple[str, str], tuple[str, str], How]],
    stop_after: int,
    going_on: bool,
) -> None:
    """Whatever is asked for, stopped wherever: no content is lost, and undoing brings all back."""
    root = tmp_path_factory.mktemp("tree")
    for number, (place, content) in enumerate(files.items()):
        write(root.joinpath(*place), content, number)
    before = tree(root)
    contents = {found.content for found in before.values() if found}
    plan = planned([(root.joinpath(*s), root.joinpath(*t), how) for s, t, how in wishes])
    assert tree(root) == before
    known = {info.id for info in list_batches()}
    going = carry_out(plan)
    for _ in zip(going, range(stop_after), strict=False):
        pass
    going.close()
    assert contents <= {path.read_bytes() for path in root.rglob("*") if path.is_file()}
    fresh = [info for info in list_batches() if info.id not in known]
    if fresh and going_on and fresh[0].state is BatchState.INTERRUPTED:
        done(finish(fresh[0].id))
        assert contents <= {path.read_bytes() for path in root.rglob("*") if path.is_file()}
    if fresh:
        _, missed = done(undo(fresh[0].id))
        assert missed == []
    assert tree(root) == before


def test_a_plan_tells_how_far_it_is(here: Path) -> None:
    told = list(plan_batch([]))
    assert [(event.done, event.total) for event in told] == [(0, 0)]
    with pytest.raises(FilingInterruptedError):
        raise FilingInterruptedError(here, "The disk is full.", "Free some.", "x", 3, 10)


@pytest.mark.parametrize("how", [COPY, MOVE, LINK])
def test_of_two_plans_for_the_same_files_one_is_carried_out(
    here: Path, tmp_path: Path, how: How
) -> None:
    """Both were made before either began, as two terminals do. What is there already stays, as it
    does in a plan; a file with edits stays with its photo; another photo gets a number."""
    write(here / "a.xmp", "edits")
    into = tmp_path / "sorted" / "x"
    copies = tmp_path / "copies"
    for path in sorted(here.iterdir()):
        write(copies / path.name, path.read_bytes())
    write(copies / "b.jpg", "another photo")
    write(copies / "a.xmp", "other edits")
    first = planned([(path, into / path.name, COPY) for path in sorted(here.glob("[ab].jpg"))])
    second = planned([(path, into / path.name, how) for path in sorted(copies.glob("[ab].jpg"))])
    done(carry_out(first))
    between = tree(into), tree(copies)
    ended, missed = done(carry_out(second))
    assert {Path(event.path).name for event in missed if event.same} == {"a.jpg", "a.xmp"}
    assert (ended.done, ended.missed) == (1, 2)
    assert {path.name for path in into.iterdir()} == {"a.jpg", "a.xmp", "b.jpg", "b-2.jpg"}
    assert (copies / "a.jpg").exists()
    done(undo(ended.batch))
    assert (tree(into), tree(copies)) == between


def test_edits_go_along_with_their_photo_where_equal_ones_are_there_already(
    tmp_path: Path,
) -> None:
    """Two cameras have a photo of one name each, another one, with the same file of edits."""
    into, plans = tmp_path / "sorted" / "x", []
    for camera in ("a", "b"):
        write(tmp_path / camera / "1.jpg", f"of {camera}")
        write(tmp_path / camera / "1.aae", "edits")
        plans.append(planned([(tmp_path / camera / "1.jpg", into / "1.jpg", MOVE)]))
    for plan in plans:
        ended, missed = done(carry_out(plan))
        assert (ended.done, missed) == (2, [])
    assert {path.name for path in into.iterdir()} == {"1.jpg", "1.aae", "1-2.jpg", "1-2.aae"}
    assert not list((tmp_path / "b").iterdir())


def test_a_batch_of_which_all_is_there_already_says_how_far_it_is(
    here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plans = [
        planned([(path, tmp_path / "sorted" / path.name, COPY) for path in sorted(here.iterdir())])
        for _ in range(2)
    ]
    done(carry_out(plans[0]))
    monkeypatch.setattr(carrying, "_EVENT_S", -1.0)
    told = [event.done for event in carry_out(plans[1]) if isinstance(event, FilingProgress)]
    assert told[:6] == [0, 1, 2, 3, 4, 5]


def test_a_plan_of_which_all_is_there_already_leaves_no_batch(here: Path, tmp_path: Path) -> None:
    plans = [
        planned([(path, tmp_path / "sorted" / path.name, COPY) for path in sorted(here.iterdir())])
        for _ in range(2)
    ]
    first, _ = done(carry_out(plans[0]))
    after = tree(tmp_path / "sorted")
    second, missed = done(carry_out(plans[1]))
    assert second.done == 0
    assert [event.same for event in missed] == [True] * 5
    assert tree(tmp_path / "sorted") == after
    assert [info.id for info in list_batches()] == [first.batch]
