"""The Runs page's state machine alone: trash and undo, curves, comparing; no torch, no window."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from resnet_gui.core.dataset.split import Item, Split
from resnet_gui.core.errors import ModelError
from resnet_gui.core.evaluation.paired import Compared, PairedPhoto
from resnet_gui.core.runs.config import RunConfig
from resnet_gui.core.runs.events import EpochDone, Preparing
from resnet_gui.core.runs.listing import RunDirectory, create_run, list_runs, runs_dir
from resnet_gui.core.system.paths import data_dir, user_models_dir
from resnet_gui.core.zoo import ModelEntry
from resnet_gui.core.zoo.providers.ensembles import EnsembleProvider
from resnet_gui.ui.runs.controller import RunsController, thrown_sentence
from tests.helpers.fake_engine import Rig, heard, model

SPLIT = Split(("a", "b"), (Item("a/1.jpg", 0),), (Item("b/2.jpg", 1),), (), True)
RESULT = Compared(
    ("a", "b"), ("A", "B"), "/d", "val", (PairedPhoto("/d/1.jpg", "x", "y", "x", 0.6, 0.9),)
)


def new_run(title: str, created: str = "2026-01-01T10:00:00+00:00", **values: object) -> str:
    """A run of two epochs; returns its directory."""
    config = RunConfig("/d", "a", epochs=9, title=title)
    with create_run(
        config, title, SPLIT, {"dataset": {}}, runs_dir(), data_dir() / "models"
    ) as run:
        for number in (1, 2):
            run.append_metrics(
                EpochDone("r", number, 9, number, "head", 0.5, 0.5, 0.4, 0.8, 0.1, 1.0, 10.0, True)
            )
        run.update(**{"state": "stopped", "created": created, **values})
    return str(run.path)


def made_by(path: str, model_id: str) -> ModelEntry:
    """The model of a run."""
    run_id = RunDirectory.open(Path(path)).info().id
    return model(model_id, path=Path(f"/models/{model_id}.safetensors"), run_id=run_id)


@pytest.fixture
def controller(rig: Rig) -> RunsController:
    return RunsController(rig.means, rig.parent)


def look(rig: Rig, controller: RunsController) -> None:
    controller.refresh()
    rig.settle()


def titles(controller: RunsController) -> set[str]:
    return {run.title for run in controller.runs}


# --- the trash --------------------------------------------------------------------------------


def test_thrown_away_and_brought_back_as_often_as_one_likes(
    rig: Rig, controller: RunsController
) -> None:
    for title in ("One", "Two", "Three"):
        new_run(title)
    look(rig, controller)
    others, thrown = heard(controller.changed_runs), heard(controller.trashed_now)
    by_title = {run.title: run for run in controller.runs}
    controller.throw_away([by_title["One"], by_title["Two"]])
    rig.settle()
    controller.throw_away([by_title["Three"]])
    rig.settle()
    assert titles(controller) == set()
    assert len(controller.trashed) == 3
    assert [thrown_sentence(runs) for runs in thrown] == [
        "2 runs were moved to the trash. Their models stay.",
        "“Three” was moved to the trash. Its model stays.",
    ]
    assert len(others) == 2
    controller.undo()
    rig.settle()
    assert titles(controller) == {"Three"}
    controller.undo()
    rig.settle()
    assert titles(controller) == {"One", "Two", "Three"}
    assert not controller.can_undo
    assert controller.trashed == ()
    controller.undo()  # nothing is left
    rig.settle()


def test_trash_outlives_the_window(rig: Rig, controller: RunsController) -> None:
    new_run("One")
    look(rig, controller)
    controller.throw_away(controller.runs)
    rig.settle()
    again = RunsController(rig.means, rig.parent)
    look(rig, again)
    assert not again.can_undo
    [trashed] = again.trashed
    again.restore([trashed.place])
    rig.settle()
    assert titles(again) == {"One"}


def test_run_in_training_stays(rig: Rig, controller: RunsController) -> None:
    resting, going_on = new_run("Resting"), new_run("Going on")
    run = RunDirectory.open(Path(going_on))
    noticed = heard(controller.noticed)
    with run.locked() as held:
        held.update(state="running")
        look(rig, controller)
        controller.throw_away(controller.runs)
        rig.settle()
        assert titles(controller) == {"Going on"}
        [(text, kind)] = noticed
        assert "stop it first" in text
        assert kind == "warning"
    assert Path(going_on).is_dir()
    assert not Path(resting).exists()


def test_begun_since_the_last_look_stays_too(rig: Rig, controller: RunsController) -> None:
    """The list said that it rests: the lock knows better."""
    first, second = new_run("First"), new_run("Second")
    look(rig, controller)
    noticed = heard(controller.noticed)
    with RunDirectory.open(Path(second)).locked():
        controller.throw_away(controller.runs)
        rig.settle()
        assert Path(second).is_dir()
    assert not Path(first).exists()
    assert "being trained" in noticed[0][0]
    controller.undo()  # of what was moved all the same
    rig.settle()
    assert titles(controller) == {"First", "Second"}


# --- names and settings -----------------------------------------------------------------------


def test_rename_and_note(rig: Rig, controller: RunsController) -> None:
    new_run("One")
    look(rig, controller)
    controller.rename(controller.runs[0], "The one")
    rig.settle()
    controller.note(controller.runs[0], "with wasps")
    rig.settle()
    [run] = controller.runs
    assert (run.title, run.note) == ("The one", "with wasps")
    assert list_runs()[0].note == "with wasps"


def test_again_reads_the_settings(rig: Rig, controller: RunsController) -> None:
    path = new_run("One")
    look(rig, controller)
    configs, noticed = heard(controller.config_read), heard(controller.noticed)
    controller.again(controller.runs[0])
    rig.settle()
    [config] = configs
    assert (config.data, config.epochs) == ("/d", 9)
    (Path(path) / "run.json").write_text("{", "utf-8")
    controller.again(controller.runs[0])
    rig.settle()
    assert "damaged" in noticed[-1][0]


def test_curves_of_the_chosen_runs(rig: Rig, controller: RunsController) -> None:
    path = new_run("One")
    other = new_run("Two")
    look(rig, controller)
    by_path = {run.path: run for run in controller.runs}
    controller.want_curves([by_path[path], by_path[other]])
    rig.settle()
    assert {p: len(c.epochs) for p, c in controller.curves.items()} == {path: 2, other: 2}
    controller.want_curves([by_path[other]])
    assert set(controller.curves) == {other}
    (Path(other) / "metrics.jsonl").unlink()
    (Path(other) / "metrics.jsonl").mkdir()
    controller.read_again()
    rig.settle()
    assert controller.curves[other].epochs == ()


# --- comparing --------------------------------------------------------------------------------


@pytest.fixture
def two(rig: Rig, controller: RunsController) -> RunsController:
    """Two runs with their models, a newer and an older one."""
    newer = new_run("Newer", "2026-02-01T10:00:00+00:00")
    older = new_run("Older", "2026-01-01T10:00:00+00:00")
    rig.look(made_by(newer, "newer"), made_by(older, "older"))
    look(rig, controller)
    return controller


def test_the_older_one_is_a(two: RunsController) -> None:
    pair = two.pair_of(two.runs)
    assert pair is not None
    assert [run.title for run in pair.runs] == ["Older", "Newer"]
    assert [entry.spec.id for entry in pair.models] == ["older", "newer"]
    assert pair.folder == "/d"
    assert two.pair_of(two.runs[:1]) is None


def test_without_a_model_there_is_no_pair(rig: Rig, two: RunsController) -> None:
    rig.look(made_by(two.runs[0].path, "newer"))
    assert two.pair_of(two.runs) is None


def test_comparing(rig: Rig, two: RunsController) -> None:
    pair = two.pair_of(two.runs)
    assert pair is not None
    hold = rig.engine.hold()
    rig.engine.script("compare", Preparing("photos", 1, 2), hold, RESULT)
    two.compare(pair, Path("/photos"))
    rig.until(lambda: two.progress is not None)
    assert (two.comparing, two.compared) == (True, None)
    hold.over.set()
    rig.settle()
    assert (two.comparing, two.compared) == (False, RESULT)
    assert rig.engine.asked("compare") == [("older", "newer", Path("/photos"))]
    two.close_comparison()
    assert two.compared is None


def test_stopped_and_failed_comparisons(rig: Rig, two: RunsController) -> None:
    pair, noticed = two.pair_of(two.runs), heard(two.noticed)
    assert pair is not None
    hold = rig.engine.hold()
    rig.engine.script("compare", hold, RESULT)
    two.compare(pair, Path("/photos"))
    rig.until(hold.reached.is_set)
    two.stop_comparing()
    assert not two.comparing
    hold.over.set()
    rig.settle()
    assert two.compared is None
    rig.engine.script("compare", ModelError("It is damaged."))
    two.compare(pair, Path("/photos"))
    rig.settle()
    assert not two.comparing
    assert noticed == [("It is damaged.", "warning")]


# --- models that answer together --------------------------------------------------------------


def test_models_of_runs_are_joined(rig: Rig, two: RunsController) -> None:
    noticed = heard(two.noticed)
    assert [entry.spec.id for entry in two.members(two.runs)] == ["newer", "older"]
    assert two.members(two.runs[:1]) == []
    two.join(two.runs)
    rig.settle()
    [(text, kind)] = noticed
    assert "“Model newer + Model older” is among your models now" in text
    assert kind == "notice"
    [entry] = EnsembleProvider(user_models_dir()).entries()
    assert entry.spec.members == ("newer", "older")


def test_models_of_other_classes_are_not_joined(rig: Rig, two: RunsController) -> None:
    newer, older = (made_by(run.path, run.title.lower()) for run in two.runs)
    other = replace(older, spec=replace(older.spec, classes=("ant", "wasp")))
    rig.look(newer, other)
    assert two.members(two.runs) == []


def test_a_run_of_another_program_brings_its_model(rig: Rig, controller: RunsController) -> None:
    """Trained on the command line while the window is open: “Try its model” stayed grey."""
    look(rig, controller)
    path = new_run("Elsewhere", state="finished")
    made = made_by(path, "made")
    rig.engine.models = [*rig.engine.models, made]
    assert rig.store.entry("made") is None
    controller.refresh()
    rig.settle()
    assert rig.store.entry("made") is not None
