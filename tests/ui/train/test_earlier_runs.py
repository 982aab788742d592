"""Earlier runs: gone on with, renamed, opened again. On a made-up engine."""

from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from resnet_gui.core.dataset.split import Item, Split
from resnet_gui.core.events import DownloadProgress, Notice
from resnet_gui.core.runs.config import RunConfig
from resnet_gui.core.runs.events import RunFinished
from resnet_gui.core.runs.listing import create_run, runs_dir
from resnet_gui.core.system.paths import user_models_dir
from resnet_gui.ui.train.controller import TrainController, TrainState
from resnet_gui.ui.train.run_view import TrainRunView
from tests.helpers.fake_engine import Rig, heard, model
from tests.helpers.histories import epoch
from tests.ui.train.conftest import own, ready, started, stopped

# --- earlier runs -----------------------------------------------------------------------------


def write_run(name: str, **changes: Any) -> Path:
    path = runs_dir() / name
    path.mkdir(parents=True)
    document = {"format": 1, "title": f"Run {name}", "created": "2026-01-01", "state": "stopped"}
    (path / "run.json").write_text(json.dumps(document | changes), encoding="utf-8")
    return path


def test_resume(rig: Rig, controller: TrainController) -> None:
    path = write_run("r")
    controller.earlier.refresh()
    rig.settle()
    [run] = controller.earlier.runs
    before, now = epoch(1, 3, 0.4, 0.5), epoch(2, 3, 0.3, 0.4)
    hold, noticed = rig.engine.hold(), heard(controller.noticed)
    rig.engine.script("resume", started("r", before), hold, now, stopped())
    controller.resume(run)
    rig.until(hold.reached.is_set)
    rig.until(lambda: controller.history)
    controller.resume(run)
    assert [text.split(":")[0] for text, _ in noticed] == ["One training at a time"]
    hold.over.set()
    rig.settle()
    assert controller.history == [before, now]
    assert controller.state is TrainState.ENDED
    assert [asked for asked, _ in rig.engine.asked("resume")] == [path]
    controller.back_to_settings()  # no folder is open
    rig.settle()
    assert controller.state is TrainState.EMPTY


def test_a_resume_that_is_refused(rig: Rig, controller: TrainController) -> None:
    write_run("r")
    controller.earlier.refresh()
    rig.settle()
    noticed = heard(controller.run_noticed)
    rig.engine.script("resume", OSError("The folder has changed."))
    controller.resume(controller.earlier.runs[0])
    rig.settle()
    assert noticed == ["The folder has changed."]
    assert controller.state is TrainState.EMPTY


def test_runs_are_renamed_and_a_change_that_fails_is_told(
    rig: Rig, controller: TrainController
) -> None:
    path = write_run("r")
    controller.earlier.refresh()
    rig.settle()
    [run] = controller.earlier.runs
    controller.earlier.rename(run, "Bees")
    rig.until(lambda: controller.earlier.runs[0].title == "Bees")
    noticed = heard(controller.noticed)
    (path / "run.json").unlink()
    controller.earlier.rename(run, "Ants")
    rig.until(lambda: not controller.earlier.runs)
    assert [kind for _, kind in noticed] == ["warning"]


def test_progress_of_unpacking_is_told(
    rig: Rig, controller: TrainController, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    progress = DownloadProgress("CIFAR-10", 1, 2, 0.0)

    def prepare(archive: Path | None, *, download: bool) -> Generator[Any, None, Path]:
        assert (archive, download) == (None, True)
        yield progress
        yield Notice("It was there already.")
        return folder

    monkeypatch.setattr("resnet_gui.ui.train.scans.prepare_cifar10", prepare)
    told, noticed = heard(controller.scan_progressed), heard(controller.noticed)
    controller.open_cifar10(download=True)
    rig.settle()
    assert told[0] == progress
    assert noticed == [("It was there already.", "notice")]
    assert controller.state is TrainState.READY


# --- results of earlier -----------------------------------------------------------------------


def write_results(name: str, folder: Path, **changes: Any) -> None:
    """A finished run with what its results need."""
    config = {"format": 1, "data": str(folder), "model": "a", "epochs": 3, "preset": "fast"}
    result = {"part": "test", "value": 0.5, "low": 0.2, "high": 0.8, "right": 2, "n": 4}
    path = write_run(
        name, id=f"run {name}", state="finished", config=config, result=result, **changes
    )
    split = Split(("ant", "bee"), (Item("ant/0.png", 0),), (Item("bee/0.png", 1),), (), False)
    (path / "split.json").write_text(json.dumps(split.to_json()), encoding="utf-8")
    (path / "metrics.jsonl").write_text(
        json.dumps(epoch(1, 3, 0.4, 0.5).to_json()) + "\n", encoding="utf-8"
    )


def test_results_are_opened_and_lead_back_to_their_settings(
    rig: Rig, controller: TrainController, folder: Path
) -> None:
    write_results("r", folder)
    rig.look(model("a"), own("renamed", "a", path=Path("/models/x.safetensors")), model("b"))
    controller.earlier.refresh()
    rig.settle()
    [run] = controller.earlier.runs
    assert controller.earlier.model_of(run) is None  # it is another run's
    made = own("r", "a", path=Path("/models/anything.safetensors"))
    rig.look(model("a"), made)
    opened = heard(controller.results_opened)
    controller.open_results(run)
    rig.until(lambda: opened)
    assert controller.state is TrainState.ENDED
    assert isinstance(controller.end, RunFinished)
    assert (controller.end.model_id, controller.end.accuracy.value) == ("r", 0.5)
    assert controller.has_model("r")
    assert [item.epoch for item in controller.history] == [1]
    rig.look(model("a"))
    assert not controller.has_model("r")
    controller.back_to_settings()
    rig.until(lambda: controller.state is TrainState.READY)
    assert controller.config is not None
    assert (controller.config.epochs, controller.config.model) == (3, "a")


def test_a_run_that_would_repeat_another_is_named_before(
    rig: Rig, controller: TrainController, folder: Path
) -> None:
    ready(rig, controller, folder)
    assert controller.config is not None
    assert controller.summary is not None
    document = {
        "state": "finished",
        "title": controller.config.title,
        "config": controller.config.to_json(),
        "dataset": {"fingerprint": controller.summary.fingerprint},
    }
    assert controller.repeated is None
    title = controller.config.title
    write_run("same", **document)
    write_run("stopped", **(document | {"state": "stopped"}))
    controller.earlier.refresh()
    rig.settle()
    assert controller.repeated is not None
    assert controller.repeated.name == "same"
    assert controller.config.title == f"{title} (2)"
    controller.set_option("seed", 4)
    assert controller.repeated is None
    controller.set_option("seed", 0)
    assert controller.repeated is not None
    controller.set_model("b")
    assert controller.repeated is None


def finished_run(title: str, start: str, split: Split, root: Path) -> str:
    """Its directory."""
    config = RunConfig(str(root), start, title=title)
    document = {"dataset": {"fingerprint": "x", "root": str(root)}}
    with create_run(config, title, split, document, runs_dir(), user_models_dir()) as run:
        run.append_metrics(epoch(1, 1, 0.4, 0.5))
        run.update(
            state="finished", model_path="", seconds=1.0,
            result={"part": "validation", "value": 1.0, "low": 0.5, "high": 1.0, "right": 2, "n": 2,
                    "missing": 0},
        )  # fmt: skip
    return str(run.path)


def test_an_old_run_says_that_its_start_model_knew_the_photos(
    qtbot: QtBot, rig: Rig, controller: TrainController, tmp_path: Path
) -> None:
    """Runs of earlier versions validated with photos from which their start model had learned."""
    items = [Item(f"ant/{n}.png", 0) for n in range(6)]
    classes = ("ant", "bee")
    before = Split(classes, tuple(items[:4]), tuple(items[4:]), (), False)
    old = Split(classes, tuple(items[2:]), tuple(items[:2]), (), False)
    first = finished_run("first", "a", before, tmp_path)
    paths = {n: finished_run(n, "made", split, tmp_path) for n, split in
             (("old", old), ("new", before))}  # fmt: skip
    elsewhere = finished_run("elsewhere", "made", old, tmp_path / "other")
    controller.earlier.refresh()
    rig.settle()
    run_id = next(run.id for run in controller.earlier.runs if run.path == first)
    rig.look(model("a"), model("made", run_id=run_id))
    view = TrainRunView(controller, rig.io)
    qtbot.addWidget(view)
    said = {}
    for name, path in {**paths, "first": first, "elsewhere": elsewhere}.items():
        run = next(run for run in controller.earlier.runs if run.path == path)
        with qtbot.waitSignal(controller.results_opened):
            controller.open_results(run)
        said[name] = view.honest.text()
    known = "learned from all of these 2 photos before, so this accuracy flatters"
    assert known in said.pop("old")
    assert not any("before" in text for text in said.values())
