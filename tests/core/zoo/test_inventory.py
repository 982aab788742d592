"""What is on the disk, removing it, measuring in passing, and changing the settings safely."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest
from filelock import FileLock

from resnet_gui.core import errors
from resnet_gui.core.errors import ModelError
from resnet_gui.core.events import ClassScore, Prediction
from resnet_gui.core.http.settings import (
    HttpSettings,
    load_http_settings,
    save_http_settings,
)
from resnet_gui.core.zoo import ModelState, Zoo, apply_settings
from resnet_gui.core.zoo.apply_settings import FieldProblem, apply_network_settings
from resnet_gui.core.zoo.providers.torchvision import TorchvisionProvider, torchvision_specs
from resnet_gui.core.zoo.storage import inventory, store
from resnet_gui.core.zoo.storage.speed_log import SpeedLog
from tests.helpers.download_server import drive

SPEC, OTHER = torchvision_specs()[:2]


def name_of(spec: object) -> str:
    return str(spec.url).rsplit("/", 1)[-1]  # type: ignore[attr-defined]


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """A folder, in force, with one model's weights, a part of another's and a stranger's file."""
    folder = tmp_path / "weights"
    folder.mkdir()
    (folder / name_of(SPEC)).write_bytes(b"x" * 3_000_000)
    (folder / f"{name_of(OTHER)}.part").write_bytes(b"y" * 70)
    (folder / "of-another-program.pth").write_bytes(b"keep")
    save_http_settings(HttpSettings(weights_folder=folder))
    return folder


def test_one_look_tells_all(weights: Path) -> None:
    store.record_speed(SPEC.id, "GPU", [9.0, 3.0])
    store.record_speed(SPEC.id, "CPU", [9.0, 30.0])
    [found] = inventory.take_inventory(Zoo((TorchvisionProvider(),)).entries)
    entry = found.entry(SPEC.id)
    assert entry is not None
    assert entry.state is ModelState.CACHED
    assert found.file_bytes == {SPEC.id: 3_000_000}
    assert found.part_bytes == {OTHER.id: 70}
    assert [speed.device for speed in found.speeds[SPEC.id]] == ["GPU", "CPU"]
    assert "is cut off: it has 3.0 MB of 46.8 MB" in found.problems[SPEC.id]
    assert found.use.total == 3_000_070
    assert found.entry("gone") is None


def test_downloaded_weights_are_deleted_and_own_models_go_to_the_trash(
    weights: Path, own_home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def no_trash(path: Path) -> None:
        raise OSError("no trash here")

    monkeypatch.setattr("send2trash.send2trash", no_trash)
    entry = Zoo((TorchvisionProvider(),)).get(SPEC.id)
    [gone] = inventory.remove_model(entry)
    assert (gone.bytes, gone.to_trash) == (3_000_000, False)
    assert not (weights / name_of(SPEC)).exists()
    own = tmp_path / "own.safetensors"
    own.write_bytes(b"mine")
    mine = dataclasses.replace(entry, state=ModelState.YOURS, weights_path=own)
    [gone] = inventory.remove_model(mine)
    assert gone.to_trash
    assert (own_home / "data" / "trash" / "own.safetensors").read_bytes() == b"mine"
    [gone] = inventory.remove_model(mine)  # gone already: nothing to do, nothing to fear
    assert gone.bytes == 0


def prediction(model: str, ms: float) -> Prediction:
    return Prediction(0, "a", model, (ClassScore("a", 0, 1.0),), 1, 1, "CPU", 1.0, ms)


def test_speed_is_stored_when_it_is_enough() -> None:
    log = SpeedLog()
    for ms in (900.0, 10.0):
        log.note(prediction("net", ms))
    log.store()
    assert store.load_speeds() == {}
    log.note("something else")
    log.note(prediction("net", 12.0))
    log.store()  # dropped one by one: the third makes it enough, the first paid for warming up
    assert store.load_speeds()["net", "CPU"].samples == (10.0, 12.0)
    log.store()
    assert len(store.load_speeds()["net", "CPU"].samples) == 2


# --- changing the settings --------------------------------------------------------------------


@pytest.fixture(params=["same disk", "other disk"])
def disk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two disks there are no links."""
    if request.param == "other disk":

        def no_link(source: Path, target: Path) -> None:
            raise OSError(18, "Invalid cross-device link")

        monkeypatch.setattr(os, "link", no_link)


def test_weights_move_with_the_setting(weights: Path, tmp_path: Path, disk: None) -> None:
    target = tmp_path / "new" / "place"
    draft = HttpSettings(weights_folder=target)
    events, result = drive(apply_network_settings(draft, move=True))  # type: ignore[arg-type]
    assert result == draft == load_http_settings()
    assert events[-1].done == events[-1].total == 3_000_070
    names = sorted(path.name for path in target.iterdir())
    assert names == sorted([name_of(SPEC), f"{name_of(OTHER)}.part"])
    left = [path.name for path in weights.iterdir() if not path.name.endswith(".lock")]
    assert left == ["of-another-program.pth"]
    assert Zoo((TorchvisionProvider(),)).get(SPEC.id).weights_path == target / name_of(SPEC)


def test_stopped_in_the_middle_nothing_has_changed(
    weights: Path, tmp_path: Path, disk: None
) -> None:
    target = tmp_path / "new"
    before = load_http_settings()
    work = apply_network_settings(HttpSettings(weights_folder=target), move=True)
    for event in work:
        if getattr(event, "done", 0) >= 3_000_000:
            work.close()
    assert load_http_settings() == before
    assert list(target.iterdir()) == []
    assert (weights / name_of(SPEC)).stat().st_size == 3_000_000
    assert (weights / f"{name_of(OTHER)}.part").stat().st_size == 70


def test_a_full_disk_changes_nothing(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_link(source: Path, target: Path) -> None:
        raise OSError(18, "Invalid cross-device link")

    def full(folder: Path, missing: int, url: str = "") -> None:
        raise errors.DiskFullError(url, folder, missing, 0)

    monkeypatch.setattr(os, "link", no_link)
    monkeypatch.setattr(apply_settings, "check_space", full)
    before = load_http_settings()
    with pytest.raises(errors.DiskFullError):
        drive(apply_network_settings(HttpSettings(weights_folder=tmp_path / "n"), move=True))  # type: ignore[arg-type]
    assert load_http_settings() == before
    assert (weights / name_of(SPEC)).exists()


def test_not_while_another_program_downloads(weights: Path, tmp_path: Path) -> None:
    before = load_http_settings()
    lock = FileLock(weights / f".{name_of(OTHER)}.lock")
    with lock, pytest.raises(ModelError, match="being downloaded right now"):
        drive(apply_network_settings(HttpSettings(weights_folder=tmp_path / "n"), move=True))  # type: ignore[arg-type]
    assert load_http_settings() == before


def test_without_moving_only_the_setting_changes(weights: Path, tmp_path: Path) -> None:
    draft = HttpSettings(weights_folder=tmp_path / "new")
    _, result = drive(apply_network_settings(draft, move=False))  # type: ignore[arg-type]
    assert result == draft
    assert (weights / name_of(SPEC)).exists()


def test_what_a_form_cannot_see_is_found_and_nothing_is_stored(tmp_path: Path) -> None:
    bad = tmp_path / "bad.pem"
    bad.write_text("nothing")
    (tmp_path / "file").touch()
    for draft, words in (
        (HttpSettings(ca_bundle=tmp_path / "gone.pem"), "is not there"),
        (HttpSettings(ca_bundle=bad), "BEGIN CERTIFICATE"),
        (HttpSettings(weights_folder=tmp_path / "file"), "Nothing can be written"),
        (HttpSettings(weights_folder=Path("here")), "whole path"),
    ):
        events, result = drive(apply_network_settings(draft, move=True))  # type: ignore[arg-type]
        [problem] = events
        assert isinstance(problem, FieldProblem)
        assert words in problem.message
        assert result is None
    assert load_http_settings() == HttpSettings()
