"""The Lab's state machine alone: histories, measuring, diagrams; no torch and no window."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from resnet_gui.core.lab.diagram_types import NetworkDiagram
from resnet_gui.core.lab.histories import HistoryFailed, HistoryFound, StartMeasured, run_key
from resnet_gui.core.runs.events import EpochDone, LayersMeasured
from resnet_gui.core.runs.history import TrainingHistory
from resnet_gui.ui.lab.controller import LabController
from resnet_gui.ui.widgets.file_saver import Saving
from tests.helpers.fake_engine import Rig, heard, model
from tests.helpers.histories import epoch, history, layers

BUNDLED = HistoryFound("bundled:plain20", history("plain", 20, 0.1), False, "d")
DAMAGED = HistoryFailed("/runs/bad", "bad is damaged.")


def own(name: str, epochs: int, *, recorded: bool = False) -> HistoryFound:
    """A run of the user's, perhaps with statistics of layers."""
    epochs_done = tuple(epoch(n, 9, 0.5, 0.5) for n in range(1, epochs + 1))
    statistics = (layers(8, 0, 10.0, 0.5),) if recorded else ()
    made = TrainingHistory(name, f"Run {name}", "resnet18", {}, epochs_done, statistics)
    return HistoryFound(run_key(name), made, True, "d", f"2026-01-0{len(name)}")


def done(run: str, number: int) -> EpochDone:
    return replace(epoch(number, 9, 0.5, 0.5), run=run)


@pytest.fixture
def controller(rig: Rig) -> LabController:
    return LabController(rig.means, rig.parent)


def read(
    rig: Rig, controller: LabController, *found: HistoryFound | HistoryFailed | Exception
) -> None:
    rig.engine.script("histories", *found)
    controller.refresh()
    rig.settle()


def epochs_of(controller: LabController, run: str) -> list[int]:
    [item] = [item for item in controller.histories if item.key == run_key(run)]
    return [done.epoch for done in item.history.epochs]


# --- histories --------------------------------------------------------------------------------


def test_bundled_histories_are_shown_and_own_ones_join_by_hand(
    rig: Rig, controller: LabController
) -> None:
    changed = heard(controller.histories_changed)
    read(rig, controller, BUNDLED, DAMAGED, own("r", 2))
    assert controller.looked
    assert [item.key for item in controller.items()] == ["bundled:plain20", "run:r"]
    assert controller.failures == (DAMAGED,)
    assert controller.shown == {"bundled:plain20"}
    shown = heard(controller.shown_changed)
    controller.show("run:r", True)
    controller.show("run:r", True)
    assert len(shown) == 1
    assert len(controller.shown_items()) == 2
    read(rig, controller, BUNDLED, DAMAGED, own("r", 2))
    assert len(changed) == 1  # nothing new, nothing to draw
    assert "run:r" in controller.shown


def test_without_bundled_histories_the_newest_run_is_shown(
    rig: Rig, controller: LabController
) -> None:
    read(rig, controller, own("rr", 2), own("r", 2))
    assert controller.shown == {"run:rr"}


def test_asking_while_it_reads_costs_one_reading_more(rig: Rig, controller: LabController) -> None:
    hold = rig.engine.hold()
    rig.engine.script("histories", hold, BUNDLED)
    rig.engine.script("histories", BUNDLED, own("r", 1))
    controller.refresh()
    rig.until(hold.reached.is_set)
    for _ in range(3):
        controller.refresh()
    hold.over.set()
    rig.until(lambda: len(controller.histories) == 2)
    rig.settle()
    assert len(rig.engine.asked("histories")) == 2


def test_a_reading_that_fails_is_told(rig: Rig, controller: LabController) -> None:
    noticed = heard(controller.noticed)
    read(rig, controller, OSError("The drive is gone."))
    assert noticed == [("The drive is gone.", "warning")]
    read(rig, controller, BUNDLED)
    assert controller.histories == (BUNDLED,)


def test_epochs_of_a_run_are_added_without_reading(rig: Rig, controller: LabController) -> None:
    read(rig, controller, BUNDLED, own("rr", 1), own("r", 2))
    changed, asked = heard(controller.histories_changed), rig.io.submitted
    controller.add_events([done("r", 2), done("r", 3), done("r", 4)])  # the second is there
    controller.add_events([done("r", 5)])
    assert [item.planned for item in controller.histories] == [0, 0, 9]
    assert epochs_of(controller, "r") == [1, 2, 3, 4, 5]
    assert epochs_of(controller, "rr") == [1]
    assert [item.key for item in controller.items()] == ["bundled:plain20", "run:rr", "run:r"]
    assert len(changed) == 2
    rig.settle()
    assert rig.io.submitted == asked


def test_what_events_do_not_tell_is_read_of_that_run_alone(
    rig: Rig, controller: LabController
) -> None:
    read(rig, controller, BUNDLED, own("r", 3), own("s", 1, recorded=True))
    rig.engine.script("history", own("rr", 1))
    controller.add_events([done("rr", 1)])  # new here
    rig.settle()
    assert [item.key for item in controller.items()][:2] == ["bundled:plain20", "run:rr"]
    assert "run:rr" not in controller.shown
    rig.engine.script("history", own("s", 3, recorded=True))
    controller.add_events([done("s", 3)])  # the second was not heard
    rig.settle()
    assert epochs_of(controller, "s") == [1, 2, 3]
    rig.engine.script("history", own("r", 2))
    controller.add_events([done("r", 2), replace(epoch(2, 9, 0.4, 0.4), run="r")])  # resumed
    rig.settle()
    assert epochs_of(controller, "r") == [1, 2]
    rig.engine.script("history", HistoryFailed("/runs/x", "x is damaged."))
    controller.add_events([done("x", 1)])
    rig.settle()
    assert rig.engine.asked("history") == [("rr",), ("s",), ("r",), ("x",)]
    assert len(rig.engine.asked("histories")) == 1


def test_layers_of_a_run_are_added_without_reading(rig: Rig, controller: LabController) -> None:
    """The run's directory was read again after each epoch."""

    def measured_layers(at: int, span: float = 10.0) -> LayersMeasured:
        return LayersMeasured("s", layers(8, at, span, 0.5))

    read(rig, controller, BUNDLED, own("s", 1, recorded=True))
    asked = rig.io.submitted
    controller.add_events([measured_layers(0), measured_layers(1), done("s", 2)])
    controller.add_events([measured_layers(2)])
    rig.settle()
    [item] = [item for item in controller.histories if item.key == run_key("s")]
    assert [found.epoch for found in item.history.layers] == [0, 1, 2]
    assert epochs_of(controller, "s") == [1, 2]
    assert rig.io.submitted == asked
    rig.engine.script("history", own("s", 1, recorded=True))
    controller.add_events([measured_layers(1, 11.0)])  # resumed
    rig.settle()
    [item] = [item for item in controller.histories if item.key == run_key("s")]
    assert [found.epoch for found in item.history.layers] == [0]
    assert rig.io.submitted == asked + 1


# --- networks with random weights ---------------------------------------------------------------


def measured(model_id: str) -> StartMeasured:
    made = TrainingHistory(model_id, model_id, "cifar_resnet", {}, (), (layers(8, 0, 9.0, 1.0),))
    return StartMeasured(made, "16 photos")


def test_a_network_is_measured_once(rig: Rig, controller: LabController) -> None:
    hold, changed = rig.engine.hold(), heard(controller.measuring_changed)
    rig.engine.script("measure_start", hold, measured("cifar-plain20"))
    controller.measure("cifar-plain20")
    controller.measure("cifar-plain20")
    assert set(controller.measuring) == {"cifar-plain20"}
    hold.over.set()
    rig.until(lambda: not controller.measuring)
    key = "start:cifar-plain20"
    assert (set(controller.fresh), controller.shown) == ({key}, {key})
    assert controller.batch == "16 photos"
    assert len(changed) == 2
    controller.show(key, False)
    controller.measure("cifar-plain20")  # it is known: shown again
    assert controller.shown == {key}
    assert len(rig.engine.asked("measure_start")) == 1


def test_measuring_is_stopped_or_fails(rig: Rig, controller: LabController) -> None:
    hold, noticed = rig.engine.hold(), heard(controller.noticed)
    rig.engine.script("measure_start", hold, measured("cifar-plain20"))
    controller.measure("cifar-plain20")
    controller.measure("cifar-resnet20")
    rig.until(hold.reached.is_set)
    controller.stop_measuring()
    hold.over.set()
    rig.until(lambda: not controller.measuring)
    assert not noticed
    rig.engine.script("measure_start", MemoryError("too large"))
    controller.measure("cifar-resnet20")
    rig.until(lambda: not controller.measuring)
    assert [kind for _, kind in noticed] == ["warning"]


def test_what_can_be_measured_and_drawn(rig: Rig, controller: LabController) -> None:
    rig.look(model("resnet50"), model("mine"), model("resnet50.v1"))
    measurable, drawable = dict(controller.measurable()), dict(controller.drawable())
    assert "cifar-plain56" in measurable
    assert "mine" not in measurable
    assert measurable["resnet50"] == "Model resnet50"
    assert {"cifar-plain56", "mine"} <= set(drawable)
    assert "resnet50.v1" not in drawable


# --- diagrams ---------------------------------------------------------------------------------


def diagram(title: str) -> NetworkDiagram:
    made = object.__new__(NetworkDiagram)
    object.__setattr__(made, "title", title)
    return made


def test_another_diagram_while_one_is_drawn(rig: Rig, controller: LabController) -> None:
    hold, changed = rig.engine.hold(), heard(controller.diagram_changed)
    late, wanted = diagram("late"), diagram("wanted")
    rig.engine.script("diagram", hold, late)
    rig.engine.script("diagram", wanted)
    controller.draw("a")
    rig.until(hold.reached.is_set)
    controller.draw("b")
    controller.draw("b")
    assert (controller.diagram_id, controller.diagram) == ("b", None)
    hold.over.set()
    rig.settle()
    assert controller.diagram is wanted
    assert len(changed) == 3  # two beginnings and one picture
    assert rig.engine.asked("diagram") == [("a",), ("b",)]


def test_a_diagram_that_fails_can_be_asked_for_again(rig: Rig, controller: LabController) -> None:
    rig.engine.script("diagram", OSError("No such network."))
    controller.draw("a")
    rig.settle()
    assert controller.diagram_error == "No such network."
    rig.engine.script("diagram", diagram("a"))
    controller.draw("a")
    rig.settle()
    assert controller.diagram_error == ""
    assert controller.diagram is not None


# --- pictures of charts -------------------------------------------------------------------------


def test_how_saving_a_chart_went_is_told(
    rig: Rig, controller: LabController, qtbot: QtBot, tmp_path: Path
) -> None:
    def write(target: Path, problem: str = "") -> Generator[None, None, Path]:
        yield None
        if problem:
            raise OSError(problem)
        return target

    asker = QWidget()
    qtbot.addWidget(asker)
    asker.show()
    target = tmp_path / "curves.png"
    noticed = heard(controller.noticed)
    controller.save(Saving("Save picture", target, write, asker))
    rig.settle()
    full = partial(write, problem="The disk is full.")
    controller.save(Saving("Save picture", target, full, asker))
    rig.settle()
    assert noticed == [
        (f"Saved as {target}", "notice"),
        ("It could not be saved: The disk is full.", "warning"),
    ]
