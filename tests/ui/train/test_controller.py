"""The Train page's state machine alone: folder, settings, the run; no torch and no window."""

from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from resnet_gui.core.dataset.split import Item, Split
from resnet_gui.core.events import ClassScore, DownloadProgress, Notice
from resnet_gui.core.runs.config import Method
from resnet_gui.core.runs.events import (
    BatchDone,
    EpochDone,
    LayersMeasured,
    LayerStatistics,
    PhotoSkipped,
    Preparing,
    RunFailed,
    RunFinished,
    RunStarted,
    RunStopped,
    SamplePrediction,
    SamplesPredicted,
)
from resnet_gui.core.runs.listing import runs_dir
from resnet_gui.core.zoo import ModelEntry, ModelState
from resnet_gui.ui.train.controller import TrainController, TrainState
from resnet_gui.ui.train.start_model import StartModel
from tests.helpers.fake_engine import Rig, heard, model
from tests.helpers.histories import epoch


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two classes of six small photos."""
    made = tmp_path_factory.mktemp("photos") / "garden"
    for number, name in enumerate(("ant", "bee")):
        (made / name).mkdir(parents=True)
        for photo in range(6):
            pixels = Image.new("RGB", (40, 40 + photo), (100 * number, 20 * photo, 50))
            pixels.save(made / name / f"{photo}.png")
    return made


@pytest.fixture
def controller(rig: Rig) -> TrainController:
    """One that would start from model a."""
    rig.look(model("a"), model("b"))
    controller = TrainController(rig.engine, rig.store, rig.training, rig.io, rig.parent)
    controller.set_model("a")
    return controller


def ready(rig: Rig, controller: TrainController, folder: Path) -> None:
    controller.open_folder(folder)
    assert controller.state is TrainState.SCANNING
    rig.until(lambda: controller.state is TrainState.READY)


def started(run: str = "r", *history: EpochDone) -> RunStarted:
    return RunStarted(
        run, f"/runs/{run}", len(history), 0, "a", "head", 3, 2, bool(history), ("ant", "bee"),
        8, 4, 0, 4, "A made-up CPU", "cpu", "fp32", True, history,
    )  # fmt: skip


def batch(step: int) -> BatchDone:
    return BatchDone("r", 1, step, step, 2, "head", 0.5, 0.5, 0.1, 10.0, None, 100.0)


def stopped(model_id: str = "made") -> RunStopped:
    return RunStopped("r", 1, 2, 0.5, 1, f"/models/{model_id}", model_id, True, 3.0)


def states(controller: TrainController) -> list[TrainState]:
    seen: list[TrainState] = []
    controller.state_changed.connect(lambda: seen.append(controller.state))
    return seen


# --- the folder -------------------------------------------------------------------------------


def test_a_folder_is_scanned_and_gets_settings(
    rig: Rig, controller: TrainController, folder: Path
) -> None:
    seen, scanned = states(controller), heard(controller.dataset_changed)
    ready(rig, controller, folder)
    assert seen == [TrainState.SCANNING, TrainState.READY]
    assert len(scanned) == 1
    assert controller.summary is not None
    assert controller.summary.class_names == ("ant", "bee")
    assert controller.config is not None
    assert (controller.config.model, controller.config.data) == ("a", str(folder))


def test_a_folder_that_cannot_be_read_says_why(
    rig: Rig, controller: TrainController, tmp_path: Path
) -> None:
    noticed = heard(controller.noticed)
    controller.open_folder(tmp_path / "none")
    rig.settle()
    assert controller.state is TrainState.EMPTY
    [(text, kind)] = noticed
    assert kind == "miss"
    assert "none" in text


def test_a_folder_that_cannot_train_has_no_config(
    rig: Rig, controller: TrainController, folder: Path, tmp_path: Path
) -> None:
    one = tmp_path / "one"
    one.mkdir()
    (one / "ant").symlink_to(folder / "ant", target_is_directory=True)
    controller.open_folder(one)
    rig.settle()
    assert controller.config is None
    assert controller.config_error
    controller.start()
    assert not controller.running


def test_another_folder_while_one_is_scanned(
    rig: Rig, controller: TrainController, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "bee").mkdir()
    scanned = heard(controller.dataset_changed)
    controller.open_folder(tmp_path)
    controller.open_folder(folder)
    rig.settle()
    assert len(scanned) == 1
    assert controller.summary is not None
    assert controller.summary.root == str(folder)


def test_a_scan_is_cancelled(rig: Rig, controller: TrainController, folder: Path) -> None:
    hold = rig.occupy(rig.io)
    controller.open_folder(folder)
    controller.cancel_scan()
    hold.over.set()
    rig.settle()
    assert controller.state is TrainState.EMPTY
    controller.cancel_scan()  # again: nothing to cancel
    ready(rig, controller, folder)
    controller.close_folder()
    rig.settle()
    assert controller.state is TrainState.EMPTY
    assert controller.config is None


def test_an_archive_that_is_none_is_refused(
    rig: Rig, controller: TrainController, tmp_path: Path
) -> None:
    (tmp_path / "cifar.tar.gz").write_bytes(b"no archive")
    noticed = heard(controller.noticed)
    controller.open_cifar10(tmp_path / "cifar.tar.gz")
    rig.settle()
    assert controller.state is TrainState.EMPTY
    assert [kind for _, kind in noticed] == ["miss"]


# --- settings ---------------------------------------------------------------------------------


def test_settings_by_hand_and_back(rig: Rig, controller: TrainController, folder: Path) -> None:
    ready(rig, controller, folder)
    changed = heard(controller.config_changed)
    assert controller.config is not None
    usual = controller.config.epochs
    controller.set_option("epochs", "77")
    assert controller.config.epochs == 77
    controller.set_option("epochs", "many")
    assert controller.config is None
    assert controller.config_error
    controller.reset_options()
    assert controller.config is not None
    assert controller.config.epochs == usual
    controller.set_option("epochs", 5)
    controller.set_preset("best")
    assert controller.config is not None
    assert controller.config.preset == "best"
    assert controller.config.epochs != 5  # a preset replaces what was changed by hand
    controller.set_device_kind("cuda:0")
    assert len(changed) == 6


def test_the_newest_settings_are_measured_once(
    rig: Rig, controller: TrainController, folder: Path
) -> None:
    estimated = heard(controller.estimated)
    ready(rig, controller, folder)
    for number in (71, 72, 73):
        controller.set_option("epochs", number)

    def asked() -> set[int]:
        return {config.epochs for config, _ in rig.engine.asked("estimate")}

    rig.until(lambda: 73 in asked() and estimated[-1] is not None)
    assert not {71, 72} & asked()
    assert estimated[-1].text == "About a minute."


def test_start_lets_the_measurement_go(rig: Rig, controller: TrainController, folder: Path) -> None:
    hold, estimated = rig.engine.hold(), heard(controller.estimated)
    rig.engine.script("estimate", hold, Preparing("measuring", 0, 0))
    ready(rig, controller, folder)
    rig.until(hold.reached.is_set)
    controller.start()
    hold.over.set()
    rig.settle()
    assert not any(estimated)
    assert len(rig.engine.asked("train")) == 1


# --- what a run starts from -------------------------------------------------------------------


def test_the_start_model_is_renamed(rig: Rig, controller: TrainController, folder: Path) -> None:
    """Its id stays, so nothing else changes; the run is named after it."""
    ready(rig, controller, folder)
    assert controller.config is not None
    assert controller.config.title == "Ant and bee, Model a"
    rig.look(model("a", title="Bees"), model("b"))
    assert controller.config.model == "a"
    assert controller.config.title == "Ant and bee, Bees"
    controller.set_title(" My run ")
    assert controller.config.title == "My run"
    controller.set_title("")
    assert controller.config.title == "Ant and bee, Bees"


def test_the_start_model_is_removed(rig: Rig, controller: TrainController, folder: Path) -> None:
    ready(rig, controller, folder)
    rig.look(model("a"), model("c"))
    assert controller.model_id == "a"
    rig.look(model("c"))
    assert controller.model_id == "c"
    assert controller.config is not None
    assert controller.config.model == "c"


def test_a_model_that_is_not_here_yet_stays_while_the_store_looks(
    rig: Rig, controller: TrainController, folder: Path
) -> None:
    hold = rig.engine.hold()
    rig.engine.script("entries", hold)  # this look began before the model was made
    rig.store.refresh()
    rig.until(hold.reached.is_set)
    controller.set_model("bees")
    rig.store.refresh()
    rig.engine.models = [model("bees"), model("b")]
    seen: list[str] = []
    rig.store.changed.connect(lambda: seen.append(controller.model_id))
    hold.over.set()
    rig.until(lambda: len(seen) == 2)
    assert seen == ["bees", "bees"]


def own(model_id: str, base: str = "", **changes: Any) -> ModelEntry:
    """A model that a run made."""
    return model(model_id, base_model=base, run_id=f"run {model_id}", **changes)


def test_the_start_is_not_the_last_result_but_what_that_started_from(rig: Rig) -> None:
    controller = TrainController(rig.engine, rig.store, rig.training, rig.io, rig.parent)
    start = controller.start_model
    original = model("orig", ModelState.BUNDLED)
    second = own("second", "first", title="Second", dataset="garden")
    rig.look(original, own("first", "orig"), second)
    controller.suggest_model(second)  # the Classify page answers with it
    assert controller.model_id == "orig"
    assert start.reason == "Your model “Second” was trained from it."
    assert start.other is not None
    controller.set_model(start.other.spec.id)
    assert controller.model_id == "second"
    assert start.reason == "Your own model: it has learned “garden” already."
    assert start.other is not None
    assert start.other.spec.id == "orig"  # again from the original
    controller.suggest_model(original)  # too late: the person chose
    assert controller.model_id == "second"
    rig.look(original, own("first", "orig"))
    assert controller.model_id == "orig"
    assert start.reason == "“Second” is not here any more."
    assert start.other is None


def test_a_chain_of_runs_that_bites_its_tail_ends(rig: Rig) -> None:
    start = StartModel(rig.store)
    one = own("one", "two")
    rig.look(one, own("two", "one"), own("alone", "gone"))
    assert start.suggest(one)
    assert start.model_id in ("one", "two")
    [alone] = [entry for entry in rig.store.entries if entry.spec.id == "alone"]
    assert start.original_of(alone) is None


def test_a_measurement_that_fails_says_why(
    rig: Rig, controller: TrainController, folder: Path
) -> None:
    rig.engine.script("estimate", OSError("The model is damaged."))
    told, noticed = heard(controller.not_estimated), heard(controller.noticed)
    ready(rig, controller, folder)
    rig.until(lambda: told)
    assert told == ["The model is damaged."]
    assert not noticed


def test_scratch_and_back_keeps_both_choices(
    rig: Rig, controller: TrainController, folder: Path
) -> None:
    ready(rig, controller, folder)
    controller.set_option("method", "scratch")
    suited = controller.model_id
    assert suited != "a"
    controller.set_model("cifar-resnet20")
    assert controller.config is not None
    assert (controller.config.method, controller.config.model) == (
        Method.SCRATCH,
        "cifar-resnet20",
    )
    controller.set_option("method", "head")
    assert controller.model_id == "a"
    controller.set_option("method", "scratch")
    assert controller.model_id == "cifar-resnet20"


def test_what_can_be_chosen(rig: Rig) -> None:
    rig.look(model("a"), model("resnet18", ModelState.DOWNLOADABLE))
    start = StartModel(rig.store)
    assert start.entry() is None
    start.choose("a")
    assert [entry.spec.id for entry in start.entries()] == ["a", "resnet18"]
    entry = start.entry()
    assert entry is not None
    assert entry.spec.id == "a"
    start.scratch = True
    ids = [entry.spec.id for entry in start.entries()]
    assert "cifar-resnet20" in ids
    assert "a" in ids
    assert len(ids) == len(set(ids))


# --- the run ----------------------------------------------------------------------------------


def test_a_run_from_start_to_its_end(rig: Rig, controller: TrainController, folder: Path) -> None:
    ready(rig, controller, folder)
    first = epoch(1, 3, 0.4, 0.5)
    layers = LayersMeasured("r", LayerStatistics(1, {"stem": 2.0}, {}))
    samples = SamplesPredicted(
        "r", 1, (SamplePrediction("p", "ant", (ClassScore("ant", 0, 1.0),)),)
    )
    rig.engine.script(
        "train", Preparing("photos", 1, 8), started(), batch(1), batch(2), first, layers, samples,
        PhotoSkipped("r", "p", "p could not be read."), Notice("Slow disk."), stopped(),
    )  # fmt: skip
    seen, noticed = states(controller), heard(controller.noticed)
    names = (
        "prepared run_started batches_done epoch_done layers_measured samples_predicted run_ended "
        "model_made"
    )
    said = {name: heard(getattr(controller, name)) for name in names.split()}
    controller.start()
    rig.settle()
    [(config, summary, _)] = rig.engine.asked("train")
    assert (config, summary) == (controller.config, controller.summary)
    assert seen == [TrainState.RUNNING, TrainState.ENDED]
    assert said["prepared"] == [Preparing("photos", 1, 8)]
    assert said["run_started"] == [started()]
    assert [b for batches in said["batches_done"] for b in batches] == [batch(1), batch(2)]
    assert said["epoch_done"] == controller.history == [first]
    assert said["layers_measured"] == [layers]
    assert said["samples_predicted"] == [samples]
    assert said["run_ended"] == [stopped()]
    assert said["model_made"] == ["made"]
    assert noticed == [("p could not be read.", "warning"), ("Slow disk.", "warning")]
    assert controller.end == stopped()
    controller.back_to_settings()
    assert controller.state is TrainState.READY


def test_stop_tells_the_run_and_waits_for_it(
    rig: Rig, controller: TrainController, folder: Path
) -> None:
    ready(rig, controller, folder)
    hold = rig.engine.hold()
    rig.engine.script("train", started(), hold, stopped(""))
    controller.start()
    rig.until(hold.reached.is_set)
    [(_, _, stop)] = rig.engine.asked("train")
    assert not stop()
    made = heard(controller.model_made)
    controller.stop()
    assert stop()
    assert controller.state is TrainState.STOPPING
    controller.set_paused(True)  # too late
    assert controller.state is TrainState.STOPPING
    hold.over.set()
    rig.settle()
    assert controller.state is TrainState.ENDED
    assert not made


def test_a_paused_run_takes_no_step(rig: Rig, controller: TrainController, folder: Path) -> None:
    ready(rig, controller, folder)
    hold, batches = rig.engine.hold(), heard(controller.batches_done)
    rig.engine.script("train", started(), hold, batch(1), batch(2), stopped())
    controller.start()
    rig.until(hold.reached.is_set)
    controller.set_paused(True)
    assert controller.state is TrainState.PAUSED
    assert controller.running
    hold.over.set()
    rig.until(lambda: batches)  # the step that was going on
    assert sum(map(len, batches)) == 1
    controller.set_paused(False)
    rig.settle()
    assert sum(map(len, batches)) == 2


def test_a_paused_run_is_stopped(rig: Rig, controller: TrainController, folder: Path) -> None:
    ready(rig, controller, folder)
    hold = rig.engine.hold()
    rig.engine.script("train", started(), hold, stopped())
    controller.start()
    rig.until(hold.reached.is_set)
    controller.set_paused(True)
    controller.stop()
    hold.over.set()
    rig.settle()
    assert controller.state is TrainState.ENDED


def test_while_a_run_goes_on_nothing_else_begins(
    rig: Rig, controller: TrainController, folder: Path
) -> None:
    ready(rig, controller, folder)
    hold, noticed = rig.engine.hold(), heard(controller.noticed)
    rig.engine.script("train", hold, stopped())
    controller.start()
    rig.until(hold.reached.is_set)
    controller.start()
    controller.open_folder(folder)
    controller.close_folder()
    controller.set_option("epochs", 3)
    assert controller.state is TrainState.RUNNING
    assert [text.split(".")[0] for text, _ in noticed] == ["A training is running"]
    hold.over.set()
    rig.settle()
    assert len(rig.engine.asked("train")) == 1


@pytest.mark.parametrize("begun", [True, False])
def test_a_run_that_fails(rig: Rig, controller: TrainController, folder: Path, begun: bool) -> None:
    """In the middle, and before it began."""
    ready(rig, controller, folder)
    failed = RunFailed("r", 1, 2, "DiskFull", "The disk is full.", None, 0, "", "", True)
    noticed, ended = heard(controller.noticed), heard(controller.run_ended)
    rig.engine.script("train", *([started(), failed] if begun else [OSError("The disk is full.")]))
    controller.start()
    rig.settle()
    assert noticed == [("The disk is full.", "warning")]
    assert controller.state is (TrainState.ENDED if begun else TrainState.READY)
    assert ended == ([failed] if begun else [])


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
    noticed = heard(controller.noticed)
    rig.engine.script("resume", OSError("The folder has changed."))
    controller.resume(controller.earlier.runs[0])
    rig.settle()
    assert noticed == [("The folder has changed.", "warning")]
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
