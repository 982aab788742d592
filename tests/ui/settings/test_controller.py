"""The settings dialog's state machine alone: check while typing, then store; no window."""

from __future__ import annotations

from pathlib import Path

import pytest

from resnet_gui.core.http.settings import MIRROR_VARIABLE, load_http_settings
from resnet_gui.core.zoo import ModelState
from resnet_gui.ui.downloads import Downloads
from resnet_gui.ui.settings.controller import SettingsController
from tests.helpers.fake_engine import Rig, heard, model


@pytest.fixture
def downloads(rig: Rig) -> Downloads:
    return Downloads(rig.engine.download, rig.io, rig.parent)


@pytest.fixture
def controller(
    rig: Rig, downloads: Downloads, monkeypatch: pytest.MonkeyPatch
) -> SettingsController:
    monkeypatch.delenv(MIRROR_VARIABLE, raising=False)
    return SettingsController(rig.io, downloads, rig.parent)


def save(rig: Rig, controller: SettingsController, *, move: bool = False) -> None:
    controller.save(move=move)
    rig.settle()
    assert not controller.saving


def test_a_draft_is_saved(rig: Rig, controller: SettingsController) -> None:
    saved = heard(controller.saved)
    assert not controller.can_save
    controller.set_proxy("address", "proxy.example:3128")
    controller.set_offline(True)
    assert controller.can_save
    assert controller.settings.proxy == ""
    save(rig, controller)
    assert len(saved) == 1
    assert load_http_settings() == controller.settings == controller.draft
    assert controller.settings.proxy == "http://proxy.example:3128"
    assert not controller.can_save


@pytest.mark.parametrize(
    ("setter", "wrong", "right"),
    [
        ("set_proxy", ("address", ""), ("none", "")),
        ("set_mirror", ("ftp://mirror",), ("https://mirror.example",)),
    ],
)
def test_what_cannot_be_is_told_while_typing(
    controller: SettingsController, setter: str, wrong: tuple[str], right: tuple[str]
) -> None:
    getattr(controller, setter)(*wrong)
    assert len(controller.problems) == 1
    assert not controller.can_save
    getattr(controller, setter)(*right)
    assert not controller.problems
    assert controller.can_save


def test_what_only_the_disk_knows_is_told_when_it_is_saved(
    rig: Rig, controller: SettingsController, tmp_path: Path
) -> None:
    saved = heard(controller.saved)
    controller.set_ca_bundle(str(tmp_path / "none.pem"))
    controller.set_folder("not/whole")
    save(rig, controller)
    assert set(controller.problems) == {"ca_bundle", "weights_folder"}
    assert not saved
    assert load_http_settings().ca_bundle is None
    controller.set_ca_bundle("")
    controller.set_folder(str(tmp_path / "weights"))
    assert controller.folder_changed
    save(rig, controller, move=True)
    assert len(saved) == 1
    assert not controller.folder_changed


def test_the_folder_stays_while_a_download_goes_on(
    rig: Rig, controller: SettingsController, downloads: Downloads, tmp_path: Path
) -> None:
    hold = rig.engine.hold()
    rig.engine.script("download", hold)
    downloads.start(model("r", ModelState.DOWNLOADABLE))
    controller.set_folder(str(tmp_path / "weights"))
    controller.save(move=False)
    assert not controller.saving
    assert "download is going on" in controller.failure
    hold.over.set()
    rig.settle()
    controller.set_folder(str(tmp_path / "weights"))
    assert controller.failure == ""
    save(rig, controller)
    assert controller.settings.weights_folder == tmp_path / "weights"


def test_a_save_that_is_cancelled_or_fails_changes_nothing(
    rig: Rig, controller: SettingsController, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold = rig.occupy(rig.io)
    controller.set_offline(True)
    controller.save(move=False)
    controller.cancel()
    hold.over.set()
    rig.until(lambda: not controller.saving)
    assert controller.failure.startswith("Stopped")
    assert not load_http_settings().offline

    def fail(*_: object, **__: object) -> None:
        raise OSError("The disk is full.")

    monkeypatch.setattr("resnet_gui.core.zoo.apply_settings.save_http_settings", fail)
    save(rig, controller)
    assert controller.failure == "The disk is full."
    assert controller.can_save


def test_reset_forgets_the_draft_and_reads_the_environment(
    controller: SettingsController, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = heard(controller.changed)
    controller.set_mirror("ftp://mirror")
    monkeypatch.setenv(MIRROR_VARIABLE, "nonsense")
    controller.reset()
    assert not controller.problems
    assert controller.environment_mirror == "nonsense"
    assert controller.environment_problem
    assert len(changed) == 2
