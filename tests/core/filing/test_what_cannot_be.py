"""Batches that cannot be, or not wholly: wrong places, full disks, files that are gone."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import pytest

from resnet_gui.core.errors import FilingBusyError, FilingError
from resnet_gui.core.filing.batch import BatchState, How, Why
from resnet_gui.core.filing.carry_out import carry_out, finish
from resnet_gui.core.filing.journal import at_work, journals_dir, list_batches
from resnet_gui.core.filing.undo import undo
from tests.core.filing.conftest import COPY, MOVE
from tests.helpers.filing import done, filed, planned, tree, undone, write
from tests.helpers.small_disk import remount, small_disk

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
