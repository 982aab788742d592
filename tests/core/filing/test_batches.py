"""Copying, moving and linking real files as a batch, and undoing it."""

from __future__ import annotations

import errno
import os
import shutil
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resnet_gui.core.errors import (
    FilingBusyError,
    FilingError,
    FilingInterruptedError,
    UnknownBatchError,
)
from resnet_gui.core.filing.batch import BatchState, How, Why
from resnet_gui.core.filing.by_label import Labelled, SortWish, plan_sorting
from resnet_gui.core.filing.carry_out import accept, carry_out, finish
from resnet_gui.core.filing.journal import at_work, journals_dir, list_batches
from resnet_gui.core.filing.plan import plan_batch
from resnet_gui.core.filing.undo import last_undoable, undo
from tests.helpers.filing import Found, done, filed, planned, result, tree, undone, write
from tests.helpers.small_disk import remount, small_disk

COPY, MOVE, LINK = How.COPY, How.MOVE, How.LINK


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A folder with five photos, two of which are the same."""
    folder = tmp_path / "photos"
    for number, name in enumerate(("a.jpg", "b.jpg", "c.jpg", "d.png", "twin.jpg")):
        write(folder / name, "a.jpg" if name == "twin.jpg" else name, number)
    return folder


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


# --- what cannot be done ------------------------------------------------------------------------


def test_targets_that_cannot_be(here: Path, tmp_path: Path) -> None:
    with pytest.raises(FilingError, match="is a file"):
        planned([(here / "a.jpg", here / "b.jpg" / "sub" / "a.jpg", COPY)])
    with pytest.raises(FilingError, match="is a file"):
        planned([(here / "a.jpg", here / "a.jpg" / "a.jpg", MOVE)])
    plan = planned([(here / "a.jpg", tmp_path / "x" / "y" / "a.jpg", MOVE)])
    write(tmp_path / "x", "it came in between")
    with pytest.raises(FilingError, match="is a file"):
        done(carry_out(plan))
    assert (here / "a.jpg").exists()
    assert list_batches() == []


def test_sources_that_cannot_be(here: Path, tmp_path: Path) -> None:
    into = tmp_path / "sorted"
    (here / "near").symlink_to("a.jpg")
    (here / "far").symlink_to(here / "a.jpg")
    (here / "nowhere").symlink_to("gone.jpg")
    names = ("gone.jpg", "near", "far", "nowhere")
    plan = planned(
        [*((here / name, into / name, MOVE) for name in names), (here, into / "x", COPY)]
    )
    assert [(Path(one.path).name, one.why) for one in plan.skipped] == [
        ("gone.jpg", Why.MISSING),
        ("near", Why.LINK),
        ("nowhere", Why.NO_FILE),
        ("photos", Why.NO_FILE),
    ]
    done(carry_out(plan))
    assert (into / "far").readlink() == here / "a.jpg"


def test_a_photo_that_vanishes_is_named(here: Path, tmp_path: Path) -> None:
    wishes = [(here / name, tmp_path / "x" / name, MOVE) for name in ("a.jpg", "b.jpg")]
    plan = planned(wishes)
    (here / "a.jpg").unlink()
    ended, missed = done(carry_out(plan))
    assert (ended.done, ended.missed) == (1, 1)
    assert missed[0].path == str(here / "a.jpg")
    assert missed[0].message == "It is not there any more."
    assert (tmp_path / "x" / "b.jpg").exists()


def test_folders_that_may_not_be_written(here: Path, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 64 * 2**20) as disk:
        source = write(disk / "photos" / "a.jpg", "a")
        (disk / "sorted").mkdir()
        plan = planned([(here / "a.jpg", disk / "sorted" / "a.jpg", COPY)])
        remount(disk, "ro")
        with pytest.raises(FilingError, match="Nothing may be written into"):
            planned([(here / "a.jpg", disk / "sorted" / "a.jpg", COPY)])
        assert planned([(source, tmp_path / "x" / "a.jpg", MOVE)]).skipped[0].why is Why.READ_ONLY
        with pytest.raises(FilingError, match="Nothing"):
            done(carry_out(plan))
        assert list_batches() == []
        remount(disk, "rw")


def test_two_at_once(here: Path, tmp_path: Path) -> None:
    plan = planned([(here / "a.jpg", tmp_path / "x" / "a.jpg", MOVE)])
    with at_work(), pytest.raises(FilingBusyError, match="Another window or terminal"):
        done(carry_out(plan))
    going = carry_out(plan)
    next(going)
    assert list_batches()[0].state is BatchState.RUNNING
    with pytest.raises(FilingBusyError):
        done(undo(list_batches()[0].id))
    going.close()
    done(carry_out(plan))


# --- disks --------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [COPY, MOVE])
def test_a_disk_that_fills_up(tmp_path: Path, how: How, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every photo is there once, whole; the rest can be done once there is room, or all undone."""
    monkeypatch.setattr("resnet_gui.core.filing.plan.SPARE_BYTES", 0)
    photos = tmp_path / "photos"
    for number in range(20):
        write(photos / f"{number}.jpg", bytes([number]) * 100_000, number)
    before = tree(photos)
    with small_disk(tmp_path / "disk", 2**20) as disk:
        wishes = [(path, disk / "sorted" / path.name, how) for path in sorted(photos.iterdir())]
        assert "not enough space" in planned(wishes).problem
        with pytest.raises(FilingError, match="not enough space"):
            done(carry_out(planned(wishes)))
        monkeypatch.setattr("resnet_gui.core.filing.carry_out.GROUP", 4)
        first, second = planned(wishes[:8]), planned(wishes[8:16])
        done(carry_out(first))
        with pytest.raises(FilingError, match=r"disk of .* is full"):
            done(carry_out(second))
        state = {**tree(photos), **tree(disk / "sorted")}
        assert state == before, "no photo lost, none cut off, nothing of ours left"
        both = set(tree(photos)) & set(tree(disk / "sorted"))
        assert how is COPY or not both, "none doubled"
        info = list_batches()[0]
        if info.state is BatchState.INTERRUPTED:
            remount(disk, "size=8m")
            done(finish(info.id))
            undone()
        done(undo(list_batches()[-1].id))
        assert tree(photos) == before
        assert not (disk / "sorted").exists()


def test_from_disk_to_disk(tmp_path: Path) -> None:
    """A move to another disk is a copy that was read back; it keeps its time."""
    with small_disk(tmp_path / "disk", 64 * 2**20) as disk:
        sources = [write(tmp_path / f"{n}.jpg", f"photo {n}", n) for n in range(3)]
        sources.append(tmp_path / "link.jpg")
        sources[-1].symlink_to(sources[0])
        sources[1].chmod(0o444)
        before = tree(tmp_path)
        plan = planned([(path, disk / "x" / path.name, MOVE) for path in sources])
        assert plan.bytes > 0
        done(carry_out(plan))
        assert not any(os.path.lexists(path) for path in sources)
        after = tree(disk / "x")
        assert after == {path.name: before[path.name] for path in sources}
        undone()
        shutil.rmtree(journals_dir().parent.parent)
        assert tree(tmp_path) == before
        assert oct(sources[1].stat().st_mode)[-3:] == "444"


def test_a_photo_that_may_not_go_is_not_doubled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On another disk it was already; here it could not be removed."""
    sources = [write(tmp_path / f"{n}.jpg", f"photo {n}", n) for n in range(3)]
    unlink = Path.unlink

    def refused(path: Path, missing_ok: bool = False) -> None:
        if path == sources[1]:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        unlink(path, missing_ok)

    monkeypatch.setattr(Path, "unlink", refused)
    with small_disk(tmp_path / "disk", 64 * 2**20) as disk:
        ended, missed = filed([(path, disk / "x" / path.name, MOVE) for path in sources])
        assert (ended.done, [event.path for event in missed]) == (2, [str(sources[1])])
        assert sorted(path.name for path in (disk / "x").iterdir()) == ["0.jpg", "2.jpg"]
        assert sources[1].read_text() == "photo 1"
        undone()
        assert all(path.exists() for path in sources)


def test_a_journal_that_cannot_be_written(
    here: Path, tmp_path: Path, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with small_disk(own_home, 16 * 2**10) as disk:
        before = tree(here)
        wishes = [(here / "a.jpg", tmp_path / "x" / f"{'n' * 200}{n}", COPY) for n in range(100)]
        with pytest.raises(FilingError, match="note of what is moved where"):
            done(carry_out(planned(wishes)))
        assert tree(here) == before
        assert not (tmp_path / "x").exists()
        assert not list(disk.rglob("*.jsonl"))


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
