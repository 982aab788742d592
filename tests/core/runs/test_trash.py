"""Runs in the trash: there and back, by rename, whatever has come to their place meanwhile."""

from __future__ import annotations

from pathlib import Path

import pytest

from resnet_gui.core.errors import RunError
from resnet_gui.core.runs.listing import list_runs, note_run, rename_run, runs_dir
from resnet_gui.core.runs.trash import (
    empty_trash,
    restore_run,
    trash_run,
    trashed_runs,
    used_bytes,
)
from tests.core.runs.test_directory import epoch, new_run


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "lock"}


def test_there_and_back_byte_for_byte() -> None:
    run = new_run()
    with run.locked() as held:
        held.append_metrics(epoch(1, best=True))
    rename_run(run.path, "Bees")
    note_run(run.path, "the good one")
    before = contents(run.path)
    place = trash_run(run.path)
    assert list_runs() == []
    assert [(item.place, item.info.title) for item in trashed_runs()] == [(place, "Bees")]
    assert used_bytes() > 0
    assert restore_run(place) == run.path
    assert contents(run.path) == before
    assert trashed_runs() == []
    assert used_bytes() == 0
    with pytest.raises(RunError, match="not in the trash any more"):
        restore_run(place)


def test_name_that_is_taken_again() -> None:
    first = trash_run(new_run().path)
    second = trash_run(new_run().path)
    assert first.name == second.name == "my-run"
    new_run()
    assert restore_run(second).name == "my-run-2"
    assert restore_run(first).name == "my-run-3"


def test_run_in_training_is_not_thrown_away() -> None:
    run = new_run()
    with run.locked(), pytest.raises(RunError, match="Stop it first"):
        trash_run(run.path)
    assert run.path.is_dir()
    assert trashed_runs() == []


def test_run_that_is_gone_is_not_said_to_be_in_the_trash() -> None:
    run = new_run()
    place = trash_run(run.path)  # by another window, say
    with pytest.raises(RunError, match="not there any more"):
        trash_run(run.path)
    assert not run.path.exists()  # nor is an empty folder left in its place
    assert [item.place for item in trashed_runs()] == [place]


def test_emptying_hands_over_to_the_systems() -> None:
    places = [trash_run(new_run().path) for _ in range(2)]
    handed: list[Path] = []

    def away(path: Path) -> None:
        handed.append(path)
        path.rename(path.with_name("elsewhere"))

    empty_trash(away=away)
    assert handed == places
    assert trashed_runs() == []
    assert list((runs_dir() / ".trash").iterdir()) == []


def test_notes() -> None:
    run = new_run()
    assert run.info().note == ""
    with run.locked():  # no lock is needed
        note_run(run.path, "  more photos of wasps  ")
    assert list_runs()[0].note == "more photos of wasps"
    note_run(run.path, " ")
    assert list_runs()[0].note == ""
    (run.path / "note.json").write_text('{"note": 5}', "utf-8")
    assert run.note == ""
