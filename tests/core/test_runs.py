"""Run directories: listing, names, locks, trash; no torch."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from resnet_gui.core.dataset.split import Item, Split
from resnet_gui.core.errors import RunError
from resnet_gui.core.files import disk_use, move_to_trash, slug
from resnet_gui.core.paths import data_dir
from resnet_gui.core.runs import (
    RunDirectory,
    RunState,
    create_run,
    delete_run,
    find_run,
    interrupted_runs,
    list_runs,
    rename_run,
    runs_dir,
)
from resnet_gui.core.training.config import RunConfig
from resnet_gui.core.training.events import EpochDone

SPLIT = Split(("a", "b"), (Item("a/1.jpg", 0),), (Item("b/2.jpg", 1),), (), True)


def new_run(title: str = "My run") -> RunDirectory:
    config = RunConfig("/data", "tiny", epochs=9)
    return create_run(config, title, SPLIT, {"dataset": {}}, runs_dir(), data_dir() / "models")


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
            delete_run(run.path)
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
    for number in (1, 2, 3):
        run.append_metrics(epoch(number, best=number == 2))
    with (run.path / "metrics.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"epoch": 4, "tr')
    assert [item.epoch for item in run.metrics()] == [1, 2, 3]
    assert [item.epoch for item in run.cut_metrics(2)] == [1, 2]
    info = run.info()
    assert (info.epochs_done, info.best_epoch, info.best_val_accuracy) == (2, 2, 0.8)
    assert run.split() == SPLIT


def test_a_damaged_run_stays_visible_and_says_why() -> None:
    run = new_run()
    (run.path / "run.json").write_text("{", encoding="utf-8")
    assert "damaged" in list_runs()[0].message
    assert list_runs()[0].state is RunState.FAILED
    newer = new_run("newer")
    newer.update(format=99)
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
    moved: list[Path] = []
    delete_run(run.path, moved.append)
    assert moved == [run.path]


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
