"""Batches of files in the window: one at a time, stopped, undone, found again. No window."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from resnet_gui.core.filing import carry_out as carrying
from resnet_gui.core.filing.batch import BatchState, How, Plan
from resnet_gui.core.filing.journal import list_batches
from resnet_gui.jobs.lane import JobLane
from resnet_gui.ui.filing.filer import Filer
from tests.helpers.fake_engine import Hold, Rig, heard
from tests.helpers.filing import planned, tree, write


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "photos"


@pytest.fixture
def filer(rig: Rig) -> Filer:
    return Filer(rig.io, rig.parent)


def plan(folder: Path, names: Sequence[str] = ("a.jpg", "b.jpg"), how: How = How.MOVE) -> Plan:
    for number, name in enumerate(names):
        if not (folder / name).exists():
            write(folder / name, name, number)
    return planned([(folder / name, folder / "into" / name, how) for name in names])


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Hold:
    """Each file is a step of its own, and before the second one a batch waits."""
    hold, done = Hold(), []
    rename = carrying.rename_new

    def one_then_wait(source: Path, target: Path) -> bool:
        if done:
            hold.wait()
        done.append(source)
        return rename(source, target)

    monkeypatch.setattr(carrying, "GROUP", 1)
    monkeypatch.setattr(carrying, "rename_new", one_then_wait)
    return hold


def test_a_batch_is_carried_out_and_undone(rig: Rig, filer: Filer, folder: Path) -> None:
    batch = plan(folder)
    before = tree(folder)
    ended, moved, failed = heard(filer.ended), heard(filer.moved), heard(filer.failed)
    filer.start(batch)
    assert filer.working is not None
    assert filer.working.what == batch.title
    rig.settle()
    assert filer.working is None
    [outcome] = ended
    assert (outcome.done, outcome.undone, outcome.missed) == (2, False, ())
    pairs = [(str(folder / n), str(folder / "into" / n)) for n in ("a.jpg", "b.jpg")]
    assert [pair for some in moved for pair in some] == pairs
    undoable = filer.undoable
    assert undoable is not None
    assert filer.interrupted is None
    moved.clear()
    filer.undo(undoable)
    assert filer.working is not None
    assert filer.working.what == undoable.undo_text
    rig.settle()
    assert tree(folder) == before
    assert ended[1].undone
    assert sorted(pair for some in moved for pair in some) == sorted((b, a) for a, b in pairs)
    assert filer.undoable is None
    assert failed == []


def test_one_at_a_time_and_stopped(rig: Rig, filer: Filer, folder: Path, held: Hold) -> None:
    batch = plan(folder)
    ended = heard(filer.ended)
    filer.start(batch)
    rig.until(held.reached.is_set)
    rig.until(lambda: filer.working is not None and filer.working.done == 1)
    before = filer.working
    filer.start(batch)  # nothing: one goes on
    assert filer.working is before
    filer.stop()
    held.over.set()
    rig.settle()
    assert ended == []
    cut_off = filer.interrupted
    assert cut_off is not None
    assert cut_off.id == filer.stopped
    assert cut_off.done in (1, 2)  # the present file may have come to its end
    assert filer.undoable is not None
    filer.finish(cut_off)
    rig.settle()
    assert sorted(tree(folder)) == ["into", "into/a.jpg", "into/b.jpg"]
    assert [outcome.undone for outcome in ended] == [False]
    assert filer.interrupted is None


def test_what_was_cut_off_before_is_found_and_accepted(
    rig: Rig, filer: Filer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carrying, "GROUP", 1)
    going = carrying.carry_out(plan(folder))
    while next(going).done < 1:  # type: ignore[union-attr]
        pass
    going.close()
    changed = heard(filer.changed)
    filer.look()
    rig.settle()
    assert changed
    assert filer.interrupted is not None
    assert filer.stopped == ""  # not by a person here
    filer.accept(filer.interrupted)
    rig.settle()
    assert filer.interrupted is None
    assert filer.undoable is not None
    assert list_batches()[0].state is BatchState.DONE


def test_what_is_missed_and_what_cannot_be_done_is_said(
    rig: Rig, filer: Filer, folder: Path
) -> None:
    batch = plan(folder, ("a.jpg", "b.jpg", "c.jpg"), How.COPY)
    (folder / "b.jpg").unlink()
    ended, failed = heard(filer.ended), heard(filer.failed)
    filer.start(batch)
    rig.settle()
    [outcome] = ended
    assert outcome.done == 2
    assert [Path(missed.path).name for missed in outcome.missed] == ["b.jpg"]
    undoable = filer.undoable
    assert undoable is not None
    filer.undo(undoable)
    rig.settle()
    filer.finish(undoable)  # it was undone meanwhile, in another window
    rig.settle()
    assert len(failed) == 1
    assert "cannot be finished" in failed[0] or "undone" in failed[0]
    assert filer.working is None
    assert len(ended) == 2


def test_nothing_begins_while_the_window_closes(rig: Rig, folder: Path) -> None:
    batch = plan(folder)
    before = tree(folder)
    lane = JobLane("closing", rig.parent)
    lane.close()
    filer = Filer(lane, rig.parent)
    changed = heard(filer.changed)
    filer.start(batch)
    assert filer.working is None
    filer.stop()
    assert changed == []
    assert tree(folder) == before
