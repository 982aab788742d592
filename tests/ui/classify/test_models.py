"""The model and the device that answer: changed, downloaded, imported and removed."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from resnet_gui.core.zoo import ModelState
from resnet_gui.ui.classify.controller import ClassifyController
from resnet_gui.ui.widgets.images import Dropped
from resnet_gui.ui.widgets.photo_list import PhotoState
from tests.helpers.classify import GONE, A, B, labels, paths
from tests.helpers.fake_engine import Returned, Rig, heard, model, prediction


def test_another_model_while_the_first_answers(
    rig: Rig, controller: ClassifyController, tmp_path: Path
) -> None:
    hold = rig.engine.hold()
    rig.engine.script("classify", hold, prediction(0, "of a"))
    controller.open_paths(paths(tmp_path, "1.png"))
    rig.until(hold.reached.is_set)
    rig.engine.script("classify", prediction(0, "of b"))
    controller.set_model("b")
    assert controller.entry is B
    seen = []
    controller.current_changed.connect(lambda: seen.extend(labels(controller)))
    hold.over.set()
    rig.settle()
    assert labels(controller) == ["of b"]
    assert "of a" not in seen
    controller.set_model("b")  # the same again asks nothing
    rig.settle()
    assert len(rig.engine.asked("classify")) == 2


def test_another_device_asks_again(
    rig: Rig, controller: ClassifyController, tmp_path: Path
) -> None:
    controller.open_paths(paths(tmp_path, "1.png"))
    rig.settle()
    controller.set_device("cpu")
    controller.set_device("cpu")
    rig.settle()
    assert [device for *_, device in rig.engine.asked("classify")] == ["auto", "cpu"]


def test_without_photos_the_model_is_warmed_up(rig: Rig, controller: ClassifyController) -> None:
    assert rig.engine.asked("load") == [("a", "auto")]
    assert controller.status.text == "Ready."
    assert [device.kind for device in controller.devices] == ["cpu"]


def test_a_wanted_model_that_comes_later_is_used_then(
    rig: Rig, controller: ClassifyController
) -> None:
    """A look that began before it came does not give it up."""
    hold, changed = rig.engine.hold(), heard(rig.store.changed)
    rig.engine.script("entries", hold)
    rig.store.refresh()
    rig.until(hold.reached.is_set)
    controller.set_model("new")
    assert controller.entry is A
    rig.engine.models = [A, B, model("new")]
    hold.over.set()
    rig.until(lambda: len(changed) == 2)
    assert controller.entry is rig.engine.models[-1]


def test_a_wanted_model_that_never_comes_is_forgotten(
    rig: Rig, controller: ClassifyController
) -> None:
    controller.set_model("new")
    rig.settle()
    rig.look(A, B, model("new"))  # much later
    assert controller.entry is A


def test_the_model_in_use_is_removed(rig: Rig, controller: ClassifyController) -> None:
    changed = heard(controller.model_changed)
    rig.look(A, B)
    assert not changed
    rig.look(B)
    assert controller.entry is B
    rig.look()
    assert controller.entry is None
    assert len(changed) == 2
    controller.open_dropped(Dropped(encoded=b"x"))
    assert controller.photos.photos()[0].state is PhotoState.IDLE
    assert controller.current is controller.photos.photo(0)
    rig.look(B)  # a model at last: what waits is classified
    assert labels(controller) == ["ant"]


def test_a_damaged_model_is_refused_with_the_reason(
    rig: Rig, controller: ClassifyController
) -> None:
    noticed = heard(controller.noticed)
    rig.look(A, model("bad", problem="It is cut off."))
    controller.set_model("bad")
    assert noticed == [("It is cut off.", "warning")]
    assert controller.entry is A


def test_a_model_that_is_not_here_is_downloaded_and_used(
    rig: Rig, controller: ClassifyController
) -> None:
    rig.look(A, GONE)
    changed = heard(controller.download_changed)
    hold = rig.engine.hold()
    rig.engine.script("download", hold, Returned(Path("weights")))
    controller.set_model("c")
    rig.until(hold.reached.is_set)
    assert controller.entry is A
    rig.engine.models = [A, model("c", ModelState.CACHED)]
    hold.over.set()
    rig.until(lambda: controller.entry is not A)
    assert controller.entry is rig.engine.models[1]
    assert changed[-1] is None
    assert rig.engine.asked("download") == [("c",)]


def test_a_download_that_fails_or_is_cancelled_keeps_the_model(
    rig: Rig, controller: ClassifyController
) -> None:
    noticed = heard(controller.noticed)
    rig.look(A, GONE)
    rig.engine.script("download", OSError("No network."))
    controller.set_model("c")
    rig.settle()
    assert noticed == [("Model c was not downloaded: No network.", "warning")]
    hold = rig.engine.hold()
    rig.engine.script("download", hold)
    controller.set_model("c")
    rig.until(hold.reached.is_set)
    controller.cancel_download()
    hold.over.set()
    rig.settle()
    rig.look(A, model("c", ModelState.CACHED))  # by another way: nobody wants it any more
    assert controller.entry is A


def test_that_another_model_answers_now_is_said(rig: Rig, controller: ClassifyController) -> None:
    """As of an ensemble of which a model was removed."""
    pair = model("pair", members=("a", "c"))
    rig.look(A, pair)
    controller.set_model("pair")
    noticed = heard(controller.noticed)
    rig.look(A, dataclasses.replace(pair, problem="It needs “C”."))
    assert controller.entry is A
    said = ("“Model pair” cannot answer any more. It needs “C”. “Model a” answers now.", "warning")
    assert noticed == [said]
    rig.look(A, dataclasses.replace(pair, problem="It needs “C”."))
    assert noticed == [said]  # once


def test_that_the_model_in_use_is_gone_is_said(rig: Rig, controller: ClassifyController) -> None:
    """Another window, or a file manager, took it away."""
    here, away = model("c", ModelState.CACHED), model("c", ModelState.DOWNLOADABLE)
    rig.look(A, B, here)
    controller.set_model("b")
    noticed = heard(controller.noticed)
    rig.look(A, here)
    assert controller.entry is here
    gone = ("“Model b” is not on this computer any more. “Model c” answers now.", "notice")
    assert noticed == [gone]
    rig.look(A, here)
    assert noticed == [gone]  # once
    rig.look(A, away)  # its weights can be downloaded again
    assert controller.entry is A
    said = "“Model c” is not on this computer any more. “Model a” answers now."
    assert noticed[1:] == [(said, "notice")]
    rig.look()
    assert noticed[2:] == [("“Model a” is not on this computer any more.", "notice")]


def test_an_imported_model_is_used(
    rig: Rig, controller: ClassifyController, tmp_path: Path
) -> None:
    noticed = heard(controller.noticed)
    rig.engine.models.append(model("mine"))
    controller.open_paths(paths(tmp_path, "mine.safetensors"))
    rig.settle()
    rig.settle()
    assert controller.entry is rig.engine.models[-1]
    assert noticed == []  # the page says it
    rig.engine.script("import_weights", OSError("No model."))
    controller.open_paths(paths(tmp_path, "other.pth"))
    rig.settle()
    assert noticed[-1] == ("No model.", "warning")
