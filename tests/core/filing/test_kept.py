"""Notes of sortings that nobody needs any more, and drives that are not connected."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from resnet_gui.core.errors import DriveAwayError, FilingBusyError
from resnet_gui.core.filing import drives, kept
from resnet_gui.core.filing.batch import BatchState, How
from resnet_gui.core.filing.carry_out import carry_out
from resnet_gui.core.filing.journal import at_work, journals_dir, list_batches
from resnet_gui.core.filing.undo import last_undoable, undo
from tests.helpers.filing import done, planned, tree, write


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    return [write(tmp_path / "photos" / f"{name}.jpg", name) for name in "abc"]


def sort(photos: list[Path], into: Path, how: How = How.COPY) -> str:
    ended, _ = done(carry_out(planned([(p, into / "x" / p.name, how) for p in photos])))
    return ended.batch


def test_notes_of_sortings_are_cleared_when_asked_and_go_when_undone_long_ago(
    photos: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert kept.used_bytes() == 0
    undone, standing = sort(photos, tmp_path / "one"), sort(photos, tmp_path / "two")
    done(undo(undone))
    cut_off = carry_out(planned([(p, tmp_path / "three" / "x" / p.name, How.COPY) for p in photos]))
    while not (tmp_path / "three" / "x" / "a.jpg").exists():
        next(cut_off)
    with pytest.raises(FilingBusyError):
        kept.clear_journals()
    cut_off.close()
    size = sum(path.stat().st_size for path in journals_dir().glob("*.jsonl"))
    assert 0 < kept.used_bytes() < size, "what was cut off counts for nothing: it stays"

    kept.forget_undone()
    assert len(list_batches()) == 3
    monkeypatch.setattr(kept, "UNDONE_KEPT_S", -10)
    with at_work():
        kept.forget_undone()  # somebody is at it: another time
    kept.forget_undone()
    assert undone not in {info.id for info in list_batches()}
    assert standing in {info.id for info in list_batches()}

    before = tree(tmp_path)
    kept.clear_journals()
    assert [info.state for info in list_batches()] == [BatchState.INTERRUPTED]
    assert kept.used_bytes() == 0
    changed = {name for name, found in before.items() if tree(tmp_path).get(name) != found}
    assert all(name.endswith(".jsonl") for name in changed)


@pytest.mark.parametrize("how", list(How))
def test_nothing_is_undone_while_the_drive_is_away(
    photos: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: How
) -> None:
    """Copies on a drive that was not connected used to count as removed by somebody."""
    usb = tmp_path / "usb"
    usb.mkdir()
    connected = True
    monkeypatch.setattr(
        drives, "is_mount", lambda folder: folder == "/" or (folder == str(usb) and connected)
    )
    before = tree(tmp_path / "photos")
    batch = sort(photos, usb / "sorted", how)
    connected = False
    usb.rename(tmp_path / "in a drawer")
    for mount_point_stays in (False, True):
        if mount_point_stays:
            usb.mkdir()
        with pytest.raises(DriveAwayError, match="not connected"):
            done(undo(batch))
        info = last_undoable()
        assert info is not None
        assert (info.state, info.done) == (BatchState.DONE, 3)
    usb.rmdir()
    (tmp_path / "in a drawer").rename(usb)
    connected = True
    ended, missed = done(undo(batch))
    assert (ended.done, missed) == (3, [])
    assert tree(tmp_path / "photos") == before
    assert tree(usb) == {}


def test_a_note_without_drives_says_what_it_does_not_know(
    photos: list[Path], tmp_path: Path
) -> None:
    outer = tmp_path / "drive" / "album"
    outer.mkdir(parents=True)
    batch = sort(photos, outer / "sorted")
    shutil.move(tmp_path / "drive", tmp_path / "elsewhere")
    ended, missed = done(undo(batch))
    assert (ended.done, len(missed)) == (0, 3)
    assert "Is it on a drive?" in missed[0].message
    assert ended.info.state is BatchState.PARTLY
