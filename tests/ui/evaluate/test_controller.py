"""What the Evaluate page is about, on a made-up engine: results that are opened, made and used."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from resnet_gui.core.calibration import Calibration
from resnet_gui.core.errors import ModelError
from resnet_gui.core.evaluation import store
from resnet_gui.core.evaluation.predictions import Measured, Predictions, now
from resnet_gui.core.evaluation.store import stored_results, weights_key
from resnet_gui.core.events import ImageFailed, Notice
from resnet_gui.core.runs.events import Preparing
from resnet_gui.core.zoo import ModelState
from resnet_gui.ui.evaluate.controller import EvaluateController, EvaluateState
from tests.helpers.fake_engine import Rig, heard, model
from tests.helpers.predictions import made

FOLDER = Path("/garden")


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "weights"
    path.write_bytes(b"weights")
    return path


@pytest.fixture
def controller(rig: Rig, weights: Path) -> EvaluateController:
    """With models a and b, neither of which knows the classes of `made`; c is not here."""
    here = [dataclasses.replace(model(name), weights_path=weights) for name in ("a", "b")]
    rig.look(*here, model("c", ModelState.DOWNLOADABLE))
    return EvaluateController(rig.means, rig.parent)


def answers(controller: EvaluateController, model_id: str = "a") -> Predictions:
    """Of 60 photos with the classes of the made-up models."""
    controller.set_model(model_id)
    assert controller.entry is not None
    key, found = weights_key(controller.entry), made(60, 2, seed=1)
    facts = dataclasses.replace(
        found.facts,
        model=model_id,
        classes=("ant", "bee"),
        weights=key,
        fitted={"temperature": 1.5, "photos": 60},
        made=now(),
    )
    return dataclasses.replace(found, facts=facts)


def failed(number: int) -> ImageFailed:
    return ImageFailed(number, f"{number}.jpg", "a", "ImageReadError", f"{number}.jpg is empty.")


def test_a_folder_is_tested(rig: Rig, controller: EvaluateController) -> None:
    assert controller.entry is not None
    assert not controller.startable  # no folder yet
    controller.start()
    assert rig.engine.asked("evaluate") == []
    controller.set_model("a")
    controller.set_part("val")
    controller.set_folder(FOLDER)
    assert controller.startable
    kept = answers(controller)
    path = store.keep(kept)
    assert path is not None
    hold = rig.engine.hold()
    rig.engine.script(
        "evaluate",
        Preparing("folder", 60, 60),
        Notice("Not all is known."),
        hold,
        *map(failed, range(5)),
        Preparing("photos", 60, 60),
        Measured(kept, path),
    )
    noticed, progressed = heard(controller.noticed), heard(controller.progressed)
    controller.start()
    assert controller.busy
    assert not controller.startable
    rig.until(hold.reached.is_set)
    controller.start()  # one at a time
    hold.over.set()
    rig.settle()
    assert rig.engine.asked("evaluate") == [("a", FOLDER, "auto", "val")]
    assert controller.state is EvaluateState.SHOWN
    assert controller.result is not None
    assert controller.result.figures.right == kept.facts.right
    assert [stored.path for stored in controller.results] == [path]
    assert noticed == [
        ("Not all is known.", "notice"),
        *((f"{number}.jpg is empty.", "warning") for number in range(3)),
        ("2 more photos could not be read.", "warning"),
    ]
    assert progressed[0] == ("Looking through the folder", 60, 60)
    assert progressed[-1] == ("60 of 60 photos", 60, 60)


def test_what_cannot_be_kept_is_shown_and_said(rig: Rig, controller: EvaluateController) -> None:
    controller.set_model("a")
    controller.set_folder(FOLDER)
    rig.engine.script("evaluate", Measured(answers(controller), None))
    noticed = heard(controller.noticed)
    controller.start()
    rig.settle()
    assert noticed == [("The result could not be kept: is the disk full?", "warning")]
    assert controller.state is EvaluateState.SHOWN
    rig.engine.script("evaluate", Notice("So many."))  # and no answers that can be shown
    controller.start()
    rig.settle()
    assert noticed[1:] == [
        ("So many.", "notice"),
        ("These are too many answers to be shown here.", "warning"),
    ]
    assert controller.state is EvaluateState.EMPTY


@pytest.mark.parametrize(
    "before",
    [
        [
            Preparing("photos", 512, 10_000),
            Preparing("photos", 1024, 10_000),
            Notice("It goes on."),
        ],
        [Preparing("photos", 512, 10_000), Notice("It failed. torch is used instead.")],
    ],
    ids=["goes on", "begins again"],
)
def test_the_time_left_counts_what_is_answered_now(
    qtbot: QtBot, rig: Rig, controller: EvaluateController, before: list[Preparing | Notice]
) -> None:
    """It said seconds where a quarter of an hour was left."""
    controller.set_model("a")
    controller.set_folder(FOLDER)
    told = heard(controller.progressed)
    done = before[-2].done if len(before) == 3 else 0  # type: ignore[union-attr]
    steps = [
        *before,
        Preparing("photos", done + 10, 10_000),
        Preparing("photos", done + 20, 10_000),
    ]
    holds = [rig.engine.hold() for _ in steps]
    script = [item for pair in zip(holds, steps, strict=True) for item in pair]
    rig.engine.script("evaluate", *script, Measured(answers(controller), None))
    controller.start()
    for number, hold in enumerate(holds):
        rig.until(hold.reached.is_set)
        qtbot.wait(1100 if number == len(holds) - 1 else 50)  # no time is told in the first second
        hold.over.set()
    rig.settle()
    text = next(text for text, *_ in told if text.startswith(f"{done + 20:,} of 10,000"))
    assert int(re.search(r"about (\d+) min left", text)[1]) >= 10  # type: ignore[index]


@pytest.mark.parametrize("shown", [False, True], ids=["the first", "with one before"])
def test_a_test_is_stopped_or_fails(rig: Rig, controller: EvaluateController, shown: bool) -> None:
    """What was shown before is shown again."""
    controller.set_model("a")
    controller.set_folder(FOLDER)
    if shown:
        rig.engine.script("evaluate", Measured(answers(controller), None))
        controller.start()
        rig.settle()
    before, result = controller.state, controller.result
    hold = rig.engine.hold()
    rig.engine.script("evaluate", Preparing("photos", 1, 60), hold, Preparing("photos", 2, 60))
    controller.start()
    rig.until(hold.reached.is_set)
    noticed, stopped = heard(controller.noticed), heard(controller.stopped)
    controller.open_run("r")
    assert [kind for _, kind in noticed] == ["miss"]  # not while a test goes on
    controller.close()
    assert controller.state is EvaluateState.TESTING
    controller.stop()
    assert controller.state is EvaluateState.STOPPING
    assert controller.busy
    hold.over.set()
    rig.settle()
    assert (controller.state, controller.result) == (before, result)
    [text] = stopped
    assert re.match(r"Stopped after [12] of 60 photos\. Start the test again ", text)
    assert ("result from before" in text) is shown
    rig.engine.script("evaluate", ModelError("The model is damaged.", "Get another one."))
    controller.start()
    rig.settle()
    assert noticed[1:] == [("The model is damaged. Get another one.", "warning")]
    assert (controller.state, controller.result) == (before, result)
    controller.stop()  # nothing goes on
    assert controller.state is before
    assert (len(noticed), len(stopped)) == (2, 1)


def test_a_test_that_is_stopped_at_once_says_so(rig: Rig, controller: EvaluateController) -> None:
    controller.set_model("a")
    controller.set_folder(FOLDER)
    hold = rig.engine.hold()
    rig.engine.script("evaluate", Preparing("folder", 60, 60), hold, Preparing("photos", 0, 60))
    stopped = heard(controller.stopped)
    controller.start()
    rig.until(hold.reached.is_set)
    controller.stop()
    hold.over.set()
    rig.settle()
    assert [text.split(".")[0] for text in stopped] == ["Stopped before its first photo"]


def test_which_model_is_tested(rig: Rig, controller: EvaluateController) -> None:
    controller.suggest("b")
    assert controller.entry is not None
    assert controller.entry.spec.id == "b"
    controller.set_model("a")
    controller.suggest("b")  # somebody has chosen
    assert controller.entry.spec.id == "a"
    controller.set_folder(FOLDER)
    assert controller.startable
    controller.set_model("c")
    assert not controller.startable  # not here
    changed = heard(controller.changed)
    rig.look(model("c"))
    assert changed
    assert controller.startable


def test_kept_results_are_opened_and_closed(rig: Rig, controller: EvaluateController) -> None:
    path = store.keep(answers(controller, "b"))
    controller.set_model("a")
    controller.refresh()
    rig.settle()
    [stored] = controller.results
    assert stored.path == path
    controller.open(stored)
    assert controller.state is EvaluateState.OPENING
    rig.settle()
    assert controller.state is EvaluateState.SHOWN
    assert controller.result is not None
    assert controller.result.path == path
    assert controller.model_id == "b"
    controller.set_folder(FOLDER)  # another test is prepared
    assert controller.state is EvaluateState.EMPTY
    controller.open(stored)
    controller.close()  # while it is opened
    rig.settle()
    assert (controller.state, controller.result) == (EvaluateState.EMPTY, None)
    noticed = heard(controller.noticed)
    stored.path.unlink()
    controller.open(stored)
    rig.settle()
    assert [kind for _, kind in noticed] == ["warning"]
    assert controller.state is EvaluateState.EMPTY
    controller.open_run("r")
    rig.settle()
    assert noticed[1:] == [
        (
            "This run kept no answers of its own. Test its model on a folder instead.",
            "warning",
        )
    ]


def test_a_result_of_other_classes_changes_no_model(
    rig: Rig, controller: EvaluateController
) -> None:
    """The model may have been replaced by one of the same name."""
    kept = dataclasses.replace(made(), facts=dataclasses.replace(made().facts, model="a"))
    assert store.keep(kept) is not None
    [stored] = stored_results()
    assert controller.model_of(stored.facts) is None
    controller.open(stored)
    rig.settle()
    assert controller.state is EvaluateState.SHOWN
    assert controller.model_id == ""
    calibrated, before = heard(controller.calibrated), rig.io.submitted
    controller.set_unsure(0.7)
    controller.adjust()
    assert rig.io.submitted == before
    rig.settle()
    assert calibrated == []


def test_a_model_that_has_changed_since_is_not_adjusted(
    rig: Rig, controller: EvaluateController, weights: Path
) -> None:
    assert store.keep(answers(controller)) is not None
    controller.refresh()
    rig.settle()
    controller.open(controller.results[0])
    rig.settle()
    weights.write_bytes(b"others")
    calibrated, noticed = heard(controller.calibrated), heard(controller.noticed)
    controller.adjust()
    rig.settle()
    assert [(text.partition(",")[0], kind) for text, kind in noticed] == [
        ("The model has changed since this test", "warning")
    ]
    assert calibrated == []
    assert rig.engine.asked("forget") == []


@pytest.mark.parametrize("way", ["set_unsure", "adjust"])
def test_what_is_taken_from_a_result_reaches_the_model(
    rig: Rig, controller: EvaluateController, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    stored: list[tuple[str, Calibration]] = []
    monkeypatch.setattr(
        "resnet_gui.ui.evaluate.controller.apply_calibration",
        lambda entry, calibration: stored.append((entry.spec.id, calibration)),
    )
    path = store.keep(answers(controller))
    controller.refresh()
    rig.settle()
    controller.open(controller.results[0])
    rig.settle()
    calibrated = heard(controller.calibrated)
    if way == "adjust":
        controller.adjust()
    else:
        controller.set_unsure(0.7)
    rig.settle()
    assert calibrated == ["a"]
    [(model_id, calibration)] = stored
    assert model_id == "a"
    assert calibration.unsure == (None if way == "adjust" else 0.7)
    assert calibration.temperature == (1.5 if way == "adjust" else 1.0)
    assert rig.engine.asked("forget") == [("a",)]  # what is in memory answers as before
    assert controller.result is not None
    assert controller.result.path == path
    assert controller.result.predictions.calibration == calibration


def test_a_report_says_where_it_is(
    rig: Rig, controller: EvaluateController, tmp_path: Path
) -> None:
    controller.write_report(tmp_path / "report")  # of nothing
    store.keep(answers(controller))
    controller.refresh()
    rig.settle()
    assert not (tmp_path / "report").exists()
    controller.open(controller.results[0])
    rig.settle()
    noticed = heard(controller.noticed)
    controller.write_report(tmp_path / "report")
    rig.settle()
    [(text, kind)] = noticed
    assert kind == "notice"
    page = Path(text.removeprefix("The report is saved as ").removesuffix("."))
    assert page.is_file()
    assert page.with_name("photos.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    (tmp_path / "file").write_text("no folder")
    controller.write_report(tmp_path / "file" / "report")
    rig.settle()
    assert [kind for _, kind in noticed[1:]] == ["warning"]
