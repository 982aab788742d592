"""Features that the next run on the same photos and backbone need not compute."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from safetensors import safe_open

from resnet_gui.core.dataset import scan_dataset
from resnet_gui.core.inference import feature_cache
from resnet_gui.core.inference.feature_cache import (
    FeatureCache,
    clear_features,
    features_dir,
    keep_within,
    photo_keys,
    used_bytes,
)
from resnet_gui.core.runs.config import RunConfig
from resnet_gui.core.runs.events import (
    EpochDone,
    Estimated,
    PhotoSkipped,
    Preparing,
    RunFinished,
    RunStopped,
)
from resnet_gui.core.runs.listing import runs_dir
from resnet_gui.core.system.paths import user_models_dir
from resnet_gui.core.system.tensor_files import RowsToWrite, write_rows
from resnet_gui.core.training import kept_features
from resnet_gui.core.training.api import resume, train
from resnet_gui.core.training.estimate import estimate
from resnet_gui.core.zoo.weights.load import load_network, save_model
from tests.helpers.training import curve, make_photos, make_tiny_model, tiny_config, user_zoo


@pytest.fixture
def data(tmp_path: Path) -> Path:
    make_tiny_model()
    return make_photos(tmp_path / "colours")


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many photos went through the backbone, each time that some did."""
    found: list[int] = []
    original = kept_features.compute_features

    def spied(*args: Any) -> Iterator[Any]:
        found.append(len(args[2].train) + len(args[2].val))
        return original(*args)

    monkeypatch.setattr(kept_features, "compute_features", spied)
    return found


def run(config: RunConfig) -> list[Any]:
    events = list(train(config, zoo=user_zoo()))
    assert isinstance(events[-1], RunFinished)
    return events


def head(data: Path, **settings: Any) -> RunConfig:
    return tiny_config(data, method="head", epochs=2, **settings)


def test_the_second_run_on_a_folder_computes_nothing(data: Path, computed: list[int]) -> None:
    first, second = run(head(data)), run(head(data))
    assert computed == [20]
    assert curve(first) == curve(second)
    summary = list(scan_dataset(data))[-1].summary  # type: ignore[union-attr]
    *_, guess = estimate(head(data), summary, zoo=user_zoo())
    assert isinstance(guess, Estimated)
    assert guess.prepare_s == 0, "and is announced so"
    run(head(data, seed=3, val_fraction=0.4, lr=1e-2))  # another split of the same photos
    moved = data.parent / "elsewhere"
    shutil.copytree(data, moved)
    run(head(moved))
    assert computed == [20]


def test_only_what_is_new_is_computed(data: Path, computed: list[int]) -> None:
    run(head(data))
    shutil.copy(data / "red" / "000.jpg", data / "red" / "copy.jpg")
    run(head(data))
    assert computed == [20], "the same photo under another name"
    make_photos(data, ("blue",), count=3)
    for name in ("000", "001", "002"):
        (data / "blue" / f"{name}.jpg").rename(data / "green" / f"new{name}.jpg")
    (data / "blue").rmdir()
    changed = data / "red" / "004.jpg"
    changed.write_bytes((data / "green" / "005.jpg").read_bytes() + b"\0")
    run(head(data))
    assert computed == [20, 4]
    run(head(data))
    assert computed == [20, 4]


def test_what_decides_the_numbers_decides_the_place(data: Path, computed: list[int]) -> None:
    run(head(data))
    run(head(data, image_size=40))
    entry = user_zoo().get("tiny")
    state = load_network(entry).state_dict()
    state["_conv_stem.weight"] += 1
    save_model(user_models_dir() / "tiny.safetensors", entry.spec, state)
    run(head(data))
    assert computed == [20, 20, 20]


def test_a_photo_that_cannot_be_read_is_tried_again(data: Path, computed: list[int]) -> None:
    summary = list(scan_dataset(data))[-1].summary  # type: ignore[union-attr]
    victim = data / "red" / "004.jpg"
    whole = victim.read_bytes()
    victim.write_bytes(whole[:400])
    for _ in range(2):
        events = list(train(head(data), zoo=user_zoo(), summary=summary))
        skipped = [event for event in events if isinstance(event, PhotoSkipped)]
        assert [Path(event.path).name for event in skipped] == ["004.jpg"]
    victim.write_bytes(whole)
    run(head(data))
    assert computed == [20, 1, 1]


def test_a_run_keeps_its_own_features(data: Path, computed: list[int]) -> None:
    config = head(data)
    unbroken = run(config)
    generator = train(config, zoo=user_zoo())
    first = [next(event for event in generator if isinstance(event, EpochDone))]
    generator.close()
    clear_features()
    second = list(resume(runs_dir() / first[0].run, zoo=user_zoo()))
    assert computed == [20]
    assert curve([*first, *second]) == curve(unbroken)


def test_damaged_files_are_not_there(data: Path, computed: list[int]) -> None:
    wanted = curve(run(head(data)))
    (path,) = features_dir().rglob("*.npy")
    whole = path.read_bytes()
    for damage in (b"", b"nothing", whole[:200], whole[: len(whole) // 2], whole[:-1]):
        path.write_bytes(damage)
        assert curve(run(head(data))) == wanted
        for other in features_dir().rglob("*.npy"):
            if other != path:
                other.unlink()
    assert computed == [20] * 6


def test_numbers_that_are_none_are_not_used(data: Path, computed: list[int]) -> None:
    wanted = curve(run(head(data)))
    (path,) = features_dir().rglob("*.npy")
    table = np.load(path)
    table["row"][3] = np.nan
    np.save(path, table)
    for mine, theirs in zip(curve(run(head(data))), wanted, strict=True):
        assert mine == pytest.approx(theirs)
    assert computed == [20, 1]


def test_without_room_a_run_goes_on(
    data: Path, computed: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    (features_dir().parent).mkdir(parents=True)
    features_dir().write_bytes(b"a file where the folder should be")
    run(head(data))
    run(head(data))
    assert computed == [20, 20]
    features_dir().unlink()
    monkeypatch.setattr(feature_cache, "MAX_BYTES", 1000)
    run(head(data))
    assert used_bytes() == 0


@pytest.mark.parametrize("room", [2_000_000_000, 1000])
def test_large_features_stay_in_their_file(
    room: int, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are computed and gathered in pieces, with room in the cache and without; what the head
    learns is the same to the last bit."""
    wanted = curve(run(head(data, dropout=0.2)))
    monkeypatch.setattr(kept_features, "_LARGE", 0)
    monkeypatch.setattr(kept_features, "_AT_ONCE", 16)
    monkeypatch.setattr(kept_features, "MAX_BYTES", room)
    clear_features()
    generator = train(head(data, dropout=0.2), zoo=user_zoo())
    first = [next(event for event in generator if isinstance(event, EpochDone))]
    generator.close()
    second = list(resume(runs_dir() / first[0].run, zoo=user_zoo()))
    assert curve([*first, *second]) == wanted
    assert (used_bytes() > 0) is (room > 1000)
    assert curve(run(head(data, dropout=0.2))) == wanted  # with what the cache has


def test_a_full_disk_leaves_large_features_in_memory(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = curve(run(head(data)))

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(kept_features, "_LARGE", 0)
    monkeypatch.setattr(kept_features, "write_rows", full)
    monkeypatch.setattr(kept_features, "tempfile", SimpleNamespace(TemporaryFile=full))
    monkeypatch.setattr(kept_features, "MAX_BYTES", 0)
    clear_features()
    assert curve(run(head(data))) == wanted


def test_rows_written_piece_by_piece_are_safetensors(tmp_path: Path) -> None:
    rows = np.random.default_rng(0).standard_normal((7, 3), dtype=np.float32)
    numbers = np.arange(7, dtype=np.int64)
    path = tmp_path / "rows.safetensors"
    tensors: dict[str, RowsToWrite] = {
        "numbers": ((7,), "<i8", [numbers]),
        "none": ((0, 3), "<f4", []),
        "rows": ((7, 3), "<f4", [rows[:4], rows[4:]]),
    }
    write_rows(path, tensors, {"é": "ü"})
    with safe_open(path, framework="np") as file:
        assert file.metadata() == {"é": "ü"}
        assert np.array_equal(file.get_tensor("rows"), rows)
        assert np.array_equal(file.get_tensor("numbers"), numbers)
        assert file.get_tensor("none").shape == (0, 3)
    before = path.read_bytes()
    with pytest.raises(ValueError, match="shapes"):
        write_rows(path, {"rows": ((8, 3), "<f4", [rows])}, {})
    assert path.read_bytes() == before


def test_what_was_used_longest_ago_goes_first() -> None:
    rows = np.ones((10, 4), np.float32)
    old, young = (FeatureCache({"backbone": name}, 4) for name in ("a", "b"))
    keys = [bytes([number] * 16) for number in range(10)]
    for age, cache in ((200, old), (100, young)):
        cache.add(keys, rows)
        (path,) = cache.folder.iterdir()
        os.utime(path, (path.stat().st_atime, path.stat().st_mtime - age))
    size = used_bytes() // 2
    found, which = old.find([keys[2], b"", keys[1], keys[2]])  # used: it is the younger one now
    assert which == [0, 2, 3]
    assert found.tolist() == rows[:3].tolist()
    keep_within(size)
    assert old.find(keys)[1] == list(range(10))
    assert young.find(keys)[1] == []
    assert not young.folder.exists()
    clear_features()
    assert used_bytes() == 0
    assert old.find(keys)[1] == []


def test_large_photos_are_told_apart_by_their_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feature_cache, "_END_BYTES", 4)
    photo, other, none = tmp_path / "a.bmp", tmp_path / "b.bmp", tmp_path / "none"
    photo.write_bytes(b"begin middle end")
    other.write_bytes(b"begin muddle end")
    os.utime(other, ns=(0, photo.stat().st_mtime_ns + 1))
    (first, second, third), (again, *_) = photo_keys([photo, other, none]), photo_keys([photo])
    assert first == again != second
    assert third == b""
    photo.write_bytes(b"begin!en")
    other.write_bytes(b"begin?en")
    first, second = photo_keys([photo, other])
    assert first != second, "small ones by all that is in them"


def test_looking_for_kept_features_is_said_and_can_be_stopped(
    data: Path, computed: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of tens of thousands of photos it takes its time."""
    monkeypatch.setattr(feature_cache, "HASHED_AT_ONCE", 8)
    events = run(head(data))
    looked = [e for e in events if isinstance(e, Preparing) and e.what == "photos"]
    assert [(event.done, event.total) for event in looked] == [(0, 20), (8, 20), (16, 20), (20, 20)]
    seen: list[Any] = []
    enough = Preparing("photos", 8, 20)
    seen.extend(train(head(data), zoo=user_zoo(), stop=lambda: enough in seen))
    assert isinstance(seen[-1], RunStopped)
    assert Preparing("photos", 16, 20) not in seen
    assert computed == [20], "of the first run only"
