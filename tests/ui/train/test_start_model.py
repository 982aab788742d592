"""What a run starts from, on a made-up engine."""

from __future__ import annotations

from pathlib import Path

from resnet_gui.core.runs.config import Method
from resnet_gui.core.zoo import ModelState
from resnet_gui.ui.train.controller import TrainController
from resnet_gui.ui.train.start_model import StartModel
from tests.helpers.fake_engine import Rig, heard, model
from tests.ui.train.conftest import own, ready

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


def test_the_start_is_not_the_last_result_but_what_that_started_from(rig: Rig) -> None:
    controller = TrainController(rig.means, rig.parent)
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
