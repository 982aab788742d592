"""The Train page's state machine alone: folder, settings, the run; no torch and no window."""

from __future__ import annotations

from pathlib import Path

import pytest

from resnet_gui.core.events import ClassScore, Notice
from resnet_gui.core.runs.events import (
    BatchDone,
    LayersMeasured,
    LayerStatistics,
    PhotoSkipped,
    Preparing,
    RunFailed,
    SamplePrediction,
    SamplesPredicted,
)
from resnet_gui.ui.train.controller import TrainController, TrainState
from tests.helpers.fake_engine import Rig, heard
from tests.helpers.histories import epoch
from tests.ui.train.conftest import ready, started, stopped


def batch(step: int) -> BatchDone:
    return BatchDone("r", 1, step, step, 2, "head", 0.5, 0.5, 0.1, 10.0, None, 100.0)


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


def test_a_run_that_goes_on_ends_the_look_at_a_folder(
    rig: Rig, controller: TrainController, folder: Path
) -> None:
    """Before, its end made the page ready beside the training, and Start began a second one."""
    ready(rig, controller, folder)
    scanned, hold = heard(controller.dataset_changed), rig.engine.hold()
    rig.engine.script("resume", started(), hold, stopped())
    busy = rig.occupy(rig.io)
    controller.open_folder(folder)
    controller.resume_path("/runs/r")
    busy.over.set()
    rig.until(lambda: controller.started is not None and rig.io.quiet)
    assert controller.state is TrainState.RUNNING
    controller.start()
    hold.over.set()
    rig.settle()
    assert controller.state is TrainState.ENDED
    assert not rig.engine.asked("train")
    assert not scanned


def test_a_page_that_is_closed_while_a_folder_is_scanned_stays_closed(
    rig: Rig, controller: TrainController, folder: Path
) -> None:
    hold = rig.occupy(rig.io)
    controller.open_folder(folder)
    controller.close_folder()
    hold.over.set()
    rig.settle()
    assert controller.state is TrainState.EMPTY
    assert controller.summary is None


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
    seen, noticed = states(controller), heard(controller.run_noticed)
    skipped = heard(controller.photos_skipped)
    names = (
        "prepared run_started batches_done epoch_done layers_measured samples_predicted run_ended "
        "model_made"
    )
    said = {name: heard(getattr(controller, name)) for name in names.split()}
    controller.start()
    rig.settle()
    [(config, summary, _)] = rig.engine.asked("train")
    assert (config, summary) == (controller.config, controller.summary)
    assert seen == [TrainState.LOOKING, TrainState.RUNNING, TrainState.ENDED]
    assert said["prepared"] == [Preparing("photos", 1, 8)]
    assert said["run_started"] == [started()]
    assert [b for batches in said["batches_done"] for b in batches] == [batch(1), batch(2)]
    assert said["epoch_done"] == controller.history == [first]
    assert said["layers_measured"] == [layers]
    assert said["samples_predicted"] == [samples]
    assert said["run_ended"] == [stopped()]
    assert said["model_made"] == ["made"]
    assert noticed == ["Slow disk."]
    assert skipped == [[PhotoSkipped("r", "p", "p could not be read.")]]
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
    said, ended = heard(controller.run_noticed), heard(controller.run_ended)
    rig.engine.script("train", *([started(), failed] if begun else [OSError("The disk is full.")]))
    controller.start()
    rig.settle()
    assert said == ["The disk is full."]
    assert controller.state is (TrainState.ENDED if begun else TrainState.READY)
    assert ended == ([failed] if begun else [])
