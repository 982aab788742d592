"""Run directories: listing, names, locks, trash; no torch."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from resnet_gui.core.dataset.split import Item, Split
from resnet_gui.core.errors import RunError
from resnet_gui.core.runs.config import RunConfig
from resnet_gui.core.runs.events import EpochDone, LayerStatistics
from resnet_gui.core.runs.listing import (
    HeldRun,
    RunDirectory,
    RunState,
    create_run,
    find_run,
    interrupted_runs,
    list_runs,
    rename_run,
    runs_dir,
)
from resnet_gui.core.runs.trash import restore_run, trash_run
from resnet_gui.core.system.files import disk_use, move_to_trash, slug
from resnet_gui.core.system.paths import data_dir

SPLIT = Split(("a", "b"), (Item("a/1.jpg", 0),), (Item("b/2.jpg", 1),), (), True)


def new_run(title: str = "My run") -> RunDirectory:
    config = RunConfig("/data", "tiny", epochs=9)
    models = data_dir() / "models"
    with create_run(config, title, SPLIT, {"dataset": {}}, runs_dir(), models) as run:
        assert run.active
    return RunDirectory.open(run.path)


def epoch(number: int, *, best: bool = False) -> EpochDone:
    return EpochDone("r", number, 9, number, "head", 0.5, 0.5, 0.4, 0.8, 0.1, 1.0, 10.0, best)


def test_a_new_run_lists_as_interrupted_until_somebody_holds_it() -> None:
    run = new_run()
    assert [info.state for info in list_runs()] == [RunState.INTERRUPTED]
    with run.locked():
        assert run.active
        assert list_runs()[0].state is RunState.RUNNING
        with pytest.raises(RunError, match="being trained"), run.locked():
            pass
        with pytest.raises(RunError, match="Stop it first"):
            trash_run(run.path)
    assert interrupted_runs()[0].resumable
    assert json.loads(json.dumps(list_runs()[0].to_json()))["state"] == "interrupted"


def test_names_are_free_and_safe(tmp_path: Path) -> None:
    assert [new_run("Ants & Bees!").name for _ in range(3)] == [
        "ants-bees", "ants-bees-2", "ants-bees-3",
    ]  # fmt: skip
    models = data_dir() / "models"
    models.mkdir(parents=True)
    (models / "taken.safetensors").touch()
    assert new_run("taken").name == "taken-2"
    assert slug("../../etc/passwd") == "etc-passwd"
    assert slug("CON") == slug("...") == slug("") == "run"
    assert slug("猫 と 犬 🐝") == "猫-と-犬"
    assert len(slug("x" * 500)) == 60


def test_metrics_are_cut_to_the_checkpoint_and_survive_a_torn_line() -> None:
    run = new_run()
    with run.locked() as held:
        for number in (1, 2, 3):
            held.append_metrics(epoch(number, best=number == 2))
    with (run.path / "metrics.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"epoch": 4, "tr')
    assert [item.epoch for item in run.metrics()] == [1, 2, 3]
    with run.locked() as held:
        assert [item.epoch for item in held.cut_metrics(2)] == [1, 2]
    info = run.info()
    assert (info.epochs_done, info.best_epoch, info.best_val_accuracy) == (2, 2, 0.8)
    assert run.split() == SPLIT


def test_a_damaged_run_stays_visible_and_says_why() -> None:
    run = new_run()
    (run.path / "run.json").write_text("{", encoding="utf-8")
    assert "damaged" in list_runs()[0].message
    assert list_runs()[0].state is RunState.FAILED
    newer = new_run("newer")
    with newer.locked() as held:
        held.update(format=99)
    with pytest.raises(RunError, match="newer version"):
        find_run("newer")


def test_rename_find_and_delete() -> None:
    run = new_run()
    rename_run(run.path, "  Bienen  ")
    assert find_run("my-run").info().title == "Bienen"
    assert find_run(str(run.path)).name == "my-run"
    with pytest.raises(RunError, match="needs a name"):
        rename_run(run.path, " ")
    with pytest.raises(RunError, match="There is no run"):
        find_run("nothing")
    assert restore_run(trash_run(run.path)) == run.path


def test_nothing_is_written_without_the_lock() -> None:
    run = new_run()
    writers = {name for name in dir(HeldRun) if not name.startswith("_")} - set(dir(RunDirectory))
    assert {"update", "append_metrics", "cut_metrics", "write_split", "sweep"} < writers
    assert not any(hasattr(run, name) for name in writers)
    with run.locked() as held:
        held.update(message="x")
    before = {path: path.read_bytes() for path in run.path.iterdir()}
    for write in (
        lambda: held.update(message="too late"),
        lambda: held.append_metrics(epoch(1)),
        lambda: held.cut_metrics(0),
        lambda: held.append_layers(LayerStatistics(0, {}, {})),
        lambda: held.cut_layers(0),
        lambda: held.write_split(SPLIT),
        held.sweep,
        lambda: held.last.touch(),
        lambda: held.best.touch(),
        lambda: held.features.touch(),
        lambda: held.reserve.touch(),
    ):
        with pytest.raises(RuntimeError, match="without its lock"):
            write()
    assert {path: path.read_bytes() for path in run.path.iterdir()} == before


def test_what_is_locked_is_what_is_on_the_disk_then() -> None:
    early = new_run()
    with RunDirectory.open(early.path).locked() as held:
        held.update(state="finished", message="by another one")
    with early.locked() as held:
        assert held.document["message"] == "by another one"


def test_the_lock_keeps_out_other_threads_too() -> None:
    run, refused = new_run(), []

    def enter() -> None:
        try:
            with RunDirectory.open(run.path).locked():
                pass
        except RunError as error:
            refused.append(str(error))

    with run.locked():
        others = [threading.Thread(target=enter) for _ in range(3)]
        for thread in others:
            thread.start()
        for thread in others:
            thread.join()
        with pytest.raises(RunError, match="being trained"), run.locked():
            pass
    assert len(refused) == 3
    enter()
    assert len(refused) == 3


def test_asking_turns_no_training_away_and_finds_none_where_there_is_none() -> None:
    """A list looks whether each run is held, by trying; many windows may do so at once."""
    run, end, active = new_run(), threading.Event(), []

    def ask() -> None:
        while not end.is_set():
            active.append(run.active)

    askers = [threading.Thread(target=ask) for _ in range(3)]
    for thread in askers:
        thread.start()
    try:
        for _ in range(30):
            with run.locked():
                pass
        held = [run.active for _ in range(20)]
    finally:
        end.set()
        for thread in askers:
            thread.join()
    assert not any(held)
    with run.locked():
        assert run.active


def test_a_rename_in_mid_training_stays_and_overwrites_nothing() -> None:
    run = new_run()
    with run.locked() as held:
        rename_run(run.path, "Bienen")
        held.update(state=RunState.FINISHED.value)
        assert held.title == "Bienen"
        rename_run(run.path, "Ameisen")
    info = RunDirectory.open(run.path).info()
    assert (info.title, info.state) == ("Ameisen", RunState.FINISHED)


def test_a_held_run_is_not_deleted_and_a_deleted_one_not_resumed() -> None:
    run = new_run()
    with run.locked(), pytest.raises(RunError, match="Stop it first"):
        trash_run(run.path)
    trash_run(run.path)
    with pytest.raises(RunError, match="There is no run"), run.locked():
        pass


def test_where_there_is_no_trash_there_is_our_own(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_trash(path: Path) -> None:
        raise OSError("no trash here")

    monkeypatch.setattr("send2trash.send2trash", no_trash)
    for _ in range(2):
        run = new_run()
        assert disk_use(run.path) > 0
        move_to_trash(run.path)
        assert not run.path.exists()
    assert sorted(path.name for path in (data_dir() / "trash").iterdir()) == ["my-run", "my-run-2"]
