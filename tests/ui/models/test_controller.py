"""The Models page's state machine alone: choose, download, rename, remove; no torch, no window."""

from __future__ import annotations

import dataclasses
import json
import struct
from pathlib import Path

import pytest

from resnet_gui.core.events import DownloadProgress
from resnet_gui.core.system.paths import user_models_dir
from resnet_gui.core.zoo import ModelEntry, ModelState
from resnet_gui.core.zoo.providers.files import FileProvider
from resnet_gui.core.zoo.weights.model_file import METADATA_KEY
from resnet_gui.ui.downloads import Downloads
from resnet_gui.ui.imports import Imports
from resnet_gui.ui.models.controller import ModelsController
from resnet_gui.ui.models.standing import Situation
from tests.helpers.fake_engine import Rig, heard, model

A, B = model("a"), model("b", ModelState.BUNDLED)
REMOTE = model("r", ModelState.DOWNLOADABLE)


@pytest.fixture
def controller(rig: Rig) -> ModelsController:
    """One that has seen the models a, b and r."""
    downloads = Downloads(rig.engine.download, rig.io, rig.parent)
    imports = Imports(rig.engine.import_weights, rig.io, rig.parent)
    made = ModelsController(rig.means, downloads, imports, rig.parent)
    rig.look(A, B, REMOTE)
    return made


def situation(controller: ModelsController, model_id: str) -> Situation:
    entry = controller.store.entry(model_id)
    assert entry is not None
    return controller.standing(entry).situation


def own_file(name: str) -> ModelEntry:
    """A model of the user's with a file, without torch."""
    path = user_models_dir() / f"{name}.safetensors"
    document = {
        "format": 1, "title": name, "architecture": "resnet18", "classes": ["a", "b"],
        "preprocessing": A.spec.preprocessing.to_json(),
    }  # fmt: skip
    header = {
        "__metadata__": {METADATA_KEY: json.dumps(document)},
        "fc.weight": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]},
    }
    raw = json.dumps(header).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(struct.pack("<Q", len(raw)) + raw + b"\0" * 16)
    [entry] = [e for e in own_models() if e.spec.id == name]
    assert not entry.problem
    return entry


def own_models() -> list[ModelEntry]:
    return list(FileProvider(user_models_dir(), ModelState.YOURS).entries())


# --- choosing ---------------------------------------------------------------------------------


def test_the_first_is_chosen_and_another_can_be(rig: Rig, controller: ModelsController) -> None:
    assert controller.current is A
    changed = heard(controller.current_changed)
    controller.select("b")
    controller.select("b")
    assert controller.current is B
    assert len(changed) == 1
    rig.look(A, B)  # still here: stays
    assert controller.current is B
    controller.set_used("a")
    rig.look(A)
    assert controller.current is A  # gone: the one in use
    rig.look()
    assert controller.current is None


def test_situations(rig: Rig, controller: ModelsController) -> None:
    assert situation(controller, "a") is Situation.READY
    controller.set_used("a")
    assert situation(controller, "a") is Situation.IN_USE
    assert situation(controller, "r") is Situation.REMOTE
    rig.look(dataclasses.replace(A, problem="It is cut off."))
    assert situation(controller, "a") is Situation.DAMAGED
    used = heard(controller.use_requested)
    controller.use()
    assert not used
    rig.look(A)
    controller.use()
    assert used == ["a"]


def test_speeds_are_looked_at_only_for_somebody(rig: Rig, controller: ModelsController) -> None:
    before = len(rig.engine.asked("entries"))
    controller.refresh_speeds()
    rig.settle()
    assert len(rig.engine.asked("entries")) == before
    controller.watched = True
    controller.refresh_speeds()
    rig.settle()
    assert len(rig.engine.asked("entries")) == before + 1


def test_a_look_that_fails_is_told(rig: Rig, controller: ModelsController) -> None:
    noticed = heard(controller.noticed)
    rig.engine.script("entries", OSError("The drive is gone."))
    controller.refresh()
    rig.settle()
    assert noticed == [("The drive is gone.", "warning")]
    assert controller.current is A


# --- downloading ------------------------------------------------------------------------------


def test_a_download_on_its_way(rig: Rig, controller: ModelsController) -> None:
    hold = rig.engine.hold()
    rig.engine.script("download", DownloadProgress("r", 250, 1000, 0.0), hold)
    controller.download()  # a needs none
    assert not controller.downloads.busy
    controller.select("r")
    controller.download()
    rig.until(lambda: controller.standing(REMOTE).fraction == 0.25)
    assert situation(controller, "r") is Situation.DOWNLOADING
    assert not controller.can_remove(REMOTE)
    controller.cancel_download()
    assert situation(controller, "r") is Situation.STOPPING
    controller.download()
    hold.over.set()
    rig.engine.models = [A, B, model("r", ModelState.CACHED)]
    rig.until(lambda: situation(controller, "r") is Situation.READY)


def test_a_failed_download_says_why_until_it_is_tried_again(
    rig: Rig, controller: ModelsController
) -> None:
    controller.select("r")
    rig.engine.script("download", OSError("No network."))
    controller.download()
    rig.settle()
    assert situation(controller, "r") is Situation.FAILED
    assert controller.standing(REMOTE).text == "No network."
    hold = rig.engine.hold()
    rig.engine.script("download", hold)
    controller.download()
    assert situation(controller, "r") is Situation.DOWNLOADING
    hold.over.set()
    rig.settle()
    assert situation(controller, "r") is Situation.REMOTE


# --- removing and renaming ----------------------------------------------------------------------


def test_models_are_removed_in_order_and_out_of_memory_first(
    rig: Rig, controller: ModelsController, monkeypatch: pytest.MonkeyPatch
) -> None:
    trashed: list[str] = []

    def trash(path: Path) -> None:
        trashed.append(path.stem)
        path.unlink()

    monkeypatch.setattr("resnet_gui.core.zoo.storage.inventory.move_to_trash", trash)
    rig.look(own_file("x"), own_file("y"), B)
    noticed, hold = heard(controller.noticed), rig.engine.hold()
    rig.engine.script("forget", hold)
    controller.select("x")
    controller.ask_to_remove()
    assert controller.confirming
    controller.keep()
    assert not controller.confirming
    controller.ask_to_remove()
    controller.select("y")
    assert not controller.confirming  # another model: asked anew
    for name in ("x", "y"):
        controller.select(name)
        controller.remove()
        controller.remove()  # a second click
        entry = controller.current
        assert entry is not None
        assert not controller.can_remove(entry)
    rig.until(hold.reached.is_set)
    assert trashed == []
    rig.engine.models = [B]
    hold.over.set()
    rig.until(lambda: controller.current is B)
    rig.settle()
    assert trashed == ["x", "y"]
    assert rig.engine.asked("forget") == [("x",), ("y",)]
    assert [text for text, _ in noticed] == [
        "“x” was moved to this computer’s trash.",
        "“y” was moved to this computer’s trash.",
    ]


def test_what_came_with_the_program_stays(rig: Rig, controller: ModelsController) -> None:
    controller.select("b")
    controller.ask_to_remove()
    assert not controller.confirming
    controller.remove()
    rig.settle()
    assert not rig.engine.asked("forget")
    controller.rename("Mine")
    rig.settle()
    assert controller.current is B


def test_a_removal_that_fails_is_told(
    rig: Rig, controller: ModelsController, monkeypatch: pytest.MonkeyPatch
) -> None:
    def trash(path: Path) -> None:
        raise OSError("It may not be deleted.")

    monkeypatch.setattr("resnet_gui.core.zoo.storage.inventory.move_to_trash", trash)
    rig.look(own_file("x"))
    noticed = heard(controller.noticed)
    controller.remove()
    rig.until(lambda: noticed)
    rig.settle()
    assert noticed == [("It may not be deleted.", "warning")]
    assert controller.current is not None
    assert controller.can_remove(controller.current)


def test_a_model_is_renamed_and_stays_what_it_is(rig: Rig, controller: ModelsController) -> None:
    rig.look(own_file("x"), own_file("y"))
    noticed = heard(controller.noticed)
    controller.select("y")
    controller.set_used("y")
    controller.rename("y")  # its name already
    controller.rename("Bees")
    rig.settle()
    rig.look(*own_models())
    assert controller.current is not None
    assert (controller.current.spec.id, controller.current.spec.title) == ("y", "Bees")
    assert controller.standing(controller.current).situation is Situation.IN_USE
    controller.rename(" ")
    rig.settle()
    assert noticed == [("A model needs a name.", "warning")]
    taken = next(entry.spec.title for entry in controller.store.entries if entry.spec.id == "x")
    controller.rename(taken)
    rig.settle()
    assert noticed[-1] == (f"Another model is called “{taken}”. Choose another name.", "miss")
    assert controller.current.spec.title == "Bees"


def test_a_model_that_a_training_needs_is_not_removed(
    rig: Rig, controller: ModelsController
) -> None:
    rig.look(own_file("x"), own_file("y"))
    noticed = heard(controller.noticed)
    controller.need("x")
    controller.select("x")
    controller.ask_to_remove()
    assert not controller.confirming
    assert "needs it until its end" in noticed[0][0]
    controller.need("")
    controller.ask_to_remove()
    assert controller.confirming


# --- importing --------------------------------------------------------------------------------


def test_an_imported_model_is_chosen(rig: Rig, controller: ModelsController) -> None:
    noticed = heard(controller.noticed)
    controller.search("zebra")
    rig.engine.models.append(model("mine"))
    controller.import_paths([Path("/photo.jpg"), Path("/mine.pth")])
    rig.until(lambda: controller.current_id == "mine")
    assert controller.searched == ""
    assert "photo.jpg is a photo" in noticed[0][0]
    assert noticed[1] == ("“Model mine” was imported and can be used.", "notice")


def test_an_import_that_fails_is_told_as_it_is(rig: Rig, controller: ModelsController) -> None:
    """A file name may hold bytes that are no UTF-8."""
    noticed = heard(controller.noticed)
    rig.engine.script("import_weights", OSError("m\udcff.pth holds no weights."))
    rig.engine.script("import_weights", OSError("Not mine."))
    controller.import_paths([Path("/m\udcff.pth")])
    controller.imports.start([Path("/of another page.pth")])
    rig.until(lambda: controller.imports.running is None)
    assert noticed == [("m\udcff.pth holds no weights.", "warning")]


def test_a_model_that_went_while_its_name_was_asked_for_is_not_another_one(
    rig: Rig, controller: ModelsController
) -> None:
    """The person took the file away in the file manager, and the one in use was renamed instead."""
    rig.look(own_file("x"), own_file("y"))
    noticed = heard(controller.noticed)
    controller.select("y")
    controller.rename("Bees", "gone")
    rig.settle()
    assert noticed == [("That model is not on this computer any more.", "miss")]
    assert controller.current is not None
    assert controller.current.spec.title != "Bees"
    controller.rename("Bees", "x")
    rig.settle()
    rig.look(*own_models())
    titles = {entry.spec.id: entry.spec.title for entry in controller.store.entries}
    assert titles["x"] == "Bees"
    assert titles["y"] != "Bees"
