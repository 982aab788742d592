"""The settings dialog's state machine alone: check while typing, then store; no window."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from resnet_gui.core.http.settings import (
    MIRROR_VARIABLE,
    HttpSettings,
    load_http_settings,
    save_http_settings,
)
from resnet_gui.core.system.settings import Settings
from resnet_gui.core.zoo import ModelState
from resnet_gui.ui.downloads import Downloads
from resnet_gui.ui.memory import Memory
from resnet_gui.ui.settings.controller import SettingsController
from tests.helpers.fake_engine import Rig, heard, model


@pytest.fixture
def downloads(rig: Rig) -> Downloads:
    return Downloads(rig.engine.download, rig.io, rig.parent)


@pytest.fixture
def memory(rig: Rig) -> Iterator[Memory]:
    memory = Memory(Settings(), rig.io, rig.parent)
    yield memory
    memory.save()
    rig.settle()


@pytest.fixture
def controller(
    rig: Rig, downloads: Downloads, memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> SettingsController:
    monkeypatch.delenv(MIRROR_VARIABLE, raising=False)
    controller = SettingsController(rig.io, downloads, memory, rig.parent)
    assert controller.loading
    assert not controller.can_save
    controller.look()
    rig.settle()
    return controller


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


def test_reset_forgets_the_draft_and_reads_what_is_stored(
    rig: Rig, controller: SettingsController, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the io lane, which may be busy for long: meanwhile what was read last is there."""
    save_http_settings(HttpSettings(offline=True))
    loaded = heard(controller.loaded)
    controller.set_mirror("ftp://mirror")
    controller.set_wish("theme", "dark")
    monkeypatch.setenv(MIRROR_VARIABLE, "nonsense")
    hold = rig.occupy(rig.io)
    controller.reset()
    assert not controller.loading
    assert controller.draft == HttpSettings()
    assert controller.wishes["theme"] == "system"
    assert not controller.problems
    assert controller.environment_mirror == "nonsense"
    assert controller.environment_problem
    controller.set_wish("theme", "light")
    hold.over.set()
    rig.settle()
    assert controller.settings.offline
    assert controller.draft.offline
    assert controller.wishes["theme"] == "light"
    assert len(loaded) == 2


def test_a_draft_that_was_begun_meanwhile_stays(rig: Rig, controller: SettingsController) -> None:
    save_http_settings(HttpSettings(offline=True))
    hold = rig.occupy(rig.io)
    controller.reset()
    controller.set_mirror("https://mirror.example")
    hold.over.set()
    rig.settle()
    assert controller.draft.mirror == "https://mirror.example"
    save(rig, controller)
    assert load_http_settings() == HttpSettings(mirror="https://mirror.example", offline=True)


def test_wishes_are_remembered_when_they_are_saved(
    rig: Rig, controller: SettingsController, memory: Memory
) -> None:
    saved = heard(controller.saved)
    controller.set_wish("theme", "dark")
    controller.set_wish("another_window", True)
    assert controller.can_save
    assert memory.settings == Settings()
    controller.save(move=False)
    assert memory.settings == Settings(theme="dark", another_window=True)
    assert not controller.can_save
    # With the network's, only if those could be saved.
    controller.set_wish("theme", "light")
    controller.set_folder("not/whole")
    save(rig, controller)
    assert memory.settings.theme == "dark"
    controller.set_folder("")
    controller.set_offline(True)
    save(rig, controller)
    assert memory.settings.theme == "light"
    assert load_http_settings().offline
    assert len(saved) == 2


def test_a_folder_of_somebody_is_no_crash(controller: SettingsController) -> None:
    """“~somebody” was looked up in the list of users while it was typed."""
    controller.set_folder("~nobody-of-that-name/x")
    assert controller.draft.weights_folder == Path("~nobody-of-that-name/x")  # saving says why not
    controller.set_folder("~/weights")
    assert controller.draft.weights_folder == Path.home() / "weights"
