"""Runs that no program wrote: each is listed by name, none keeps the others from the list."""

from __future__ import annotations

import contextlib
import copy
import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from resnet_gui.core.dataset.split import Item, Split
from resnet_gui.core.errors import ResNetGuiError, RunError
from resnet_gui.core.lab.histories import HistoryFailed, HistoryFound, read_histories
from resnet_gui.core.runs.config import RunConfig
from resnet_gui.core.runs.events import EpochDone, RunFailed, RunFinished
from resnet_gui.core.runs.listing import (
    RunDirectory,
    RunState,
    create_run,
    list_runs,
    rename_run,
    runs_dir,
)
from resnet_gui.core.runs.trash import trash_run, trashed_runs
from resnet_gui.core.training.api import resume, train
from tests.helpers.training import make_photos, make_tiny_model, tiny_config, user_zoo

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such files")
ODD: list[Any] = [
    None, True, -1, 0, 10**17, 1.5, 1e300, "", "x", "\ud800", "\0", "a" * 100_000, "<b>", [], {},
    [[]], {"a": {"b": []}}, "2026-13-45", "0001-01-01", "9999-12-31T23:59:59+00:00",
    "../../etc/passwd", "nan",
]  # fmt: skip
RAW = [
    b"", b"{", b"\xff\xfe", b"null", b"[]", b'"x"', b"[" * 100_000, b'{"format": 1e999}',
    b'{"format": NaN}', b'{"format": ' + b"9" * 5000 + b"}", b'{"format": []}', b'{"a":' * 500,
    b'{"format": 1, "state": "dreaming"}', b'{"format": 1, "state": ["running"]}', b'{"format": 1}',
]  # fmt: skip


def good_run(name: str = "good") -> Path:
    split = Split(("a", "b"), (Item("a/1.jpg", 0),), (Item("b/2.jpg", 1),), (), True)
    document = {"dataset": {"root": "/data"}, "model": {"id": "tiny"}, "hardware": {}}
    config = RunConfig("/data", "tiny", epochs=9)
    with create_run(config, name, split, document, runs_dir(), runs_dir() / "m") as run:
        run.append_metrics(
            EpochDone("r", 1, 9, 1, "head", 0.5, 0.5, 0.4, 0.8, 0.1, 1.0, 10.0, True)
        )
        run.update(state=RunState.STOPPED.value)
    return run.path


def check_lists(run: Path) -> None:
    """What the list, the Lab and a resume make of one run beside a good one."""
    found = {info.name: info for info in list_runs()}
    assert found["good"].best_val_accuracy == 0.8
    info = found[run.name]
    json.dumps(info.to_json(), allow_nan=False)
    assert len(info.title) <= 1000
    if not info.resumable and info.state is RunState.FAILED:
        assert run.name in info.message
    events = list(read_histories(Path("/nothing"), runs_dir()))
    assert any(isinstance(event, HistoryFound) and event.key == "run:good" for event in events)
    for event in events:
        assert isinstance(event, HistoryFound) or run.name in event.message
    with contextlib.suppress(ResNetGuiError):  # and nothing else
        opened = RunDirectory.open(run)
        _ = opened.config, opened.split(), opened.metrics(), opened.layers()


@pytest.mark.parametrize("raw", RAW, ids=range(len(RAW)))
def test_run_files_that_hold_no_run(raw: bytes) -> None:
    good_run()
    bad = good_run("bad")
    (bad / "run.json").write_bytes(raw)
    check_lists(bad)
    assert list_runs()[-1].name == "bad"


def put_folder(path: Path) -> None:
    path.mkdir()


def put_zero(path: Path) -> None:
    path.symlink_to("/dev/zero")


def put_loop(path: Path) -> None:
    path.symlink_to(path.name)


def put_huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(10**10)


def put_bytes(path: Path) -> None:
    path.write_bytes(b"\xff\xfe\x00\n" * 100)


@pytest.mark.parametrize("put", [put_folder, os.mkfifo, put_zero, put_loop, put_huge, put_bytes])
@pytest.mark.parametrize(
    "file", ["run.json", "title.json", "split.json", "metrics.jsonl", "layers.jsonl", "lock"]
)
def test_files_of_another_kind(file: str, put: Callable[[Path], None]) -> None:
    good_run()
    bad = good_run("bad")
    (bad / file).unlink(missing_ok=True)
    put(bad / file)
    check_lists(bad)
    by_name = {info.name: info for info in list_runs()}
    if file in ("run.json", "metrics.jsonl") and put is not put_bytes:
        assert file in by_name["bad"].message
        assert not by_name["bad"].resumable
    trash_run(bad)  # a person can always get rid of it
    assert bad.name not in {info.name for info in list_runs()}
    assert [run.info.name for run in trashed_runs()] == [bad.name]


def test_wrong_values_anywhere_in_a_run() -> None:
    """Each value of run.json, split.json and a line of metrics, replaced by what it is not."""
    good_run()
    bad = good_run("bad")
    whole = {
        "run.json": json.loads((bad / "run.json").read_text()),
        "split.json": json.loads((bad / "split.json").read_text()),
        "metrics.jsonl": json.loads((bad / "metrics.jsonl").read_text()),
        "title.json": {"title": "Bad"},
    }
    generator = random.Random(3)
    for file, document in whole.items():
        original = (bad / file).read_bytes() if (bad / file).exists() else None
        for keys in paths_in(document):
            for value in generator.sample(ODD, 3):
                (bad / file).write_text(json.dumps(replaced(document, keys, value)))
                check_lists(bad)
        if original is not None:
            (bad / file).write_bytes(original)
    shutil.rmtree(bad)
    assert [info.name for info in list_runs()] == ["good"]


def paths_in(value: Any, before: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else ()
    return [before, *(path for key, item in inner for path in paths_in(item, (*before, key)))]


def replaced(document: Any, keys: tuple[Any, ...], value: Any) -> Any:
    if not keys:
        return value
    changed = copy.deepcopy(document)
    place = changed
    for key in keys[:-1]:
        place = place[key]
    place[keys[-1]] = value
    return changed


def test_a_run_of_odd_bytes_as_its_name() -> None:
    good_run()
    bad = good_run("bad").rename(os.fsdecode(bytes(runs_dir()) + b"/\xff\xfe"))
    rename_run(bad, "\ud800 <img src='/dev/zero'>")
    check_lists(bad)
    assert {info.title for info in list_runs()} == {
        "good", "\N{REPLACEMENT CHARACTER} <img src='/dev/zero'>",
    }  # fmt: skip


def test_a_newer_run_is_not_called_damaged() -> None:
    run = good_run("new")
    with RunDirectory.open(run).locked() as held:
        held.update(format=2)
    with pytest.raises(RunError, match="newer version"):
        RunDirectory.open(run)
    assert "Update" in list_runs()[0].message


def test_settings_of_another_version_are_left_out() -> None:
    run = good_run("old")
    with RunDirectory.open(run).locked() as held:
        config = dict(held.document["config"])
        config["average"] = 0.999
        del config["dropout"]
        held.update(config=config, more={"a": 1})
    assert RunDirectory.open(run).config == RunConfig("/data", "tiny", epochs=9)


def resume_with_wrong_values(folder: Path, values: int) -> None:
    make_tiny_model()
    config = tiny_config(make_photos(folder / "colours", count=3), method="head", epochs=2)
    generator = train(config, zoo=user_zoo())
    next(event for event in generator if isinstance(event, EpochDone))
    generator.close()
    run = Path(list_runs()[0].path)
    whole = run.with_name(".whole")
    run.rename(whole)
    generator_of_values = random.Random(4)
    for file in ("run.json", "split.json", "metrics.jsonl"):
        document = json.loads((whole / file).read_text())
        for keys in paths_in(document):
            for value in generator_of_values.sample(ODD, values):
                shutil.copytree(whole, run)
                (run / file).write_text(json.dumps(replaced(document, keys, value)))
                # A value that does no harm is none of our business.
                with contextlib.suppress(ResNetGuiError):
                    assert isinstance(
                        list(resume(run, zoo=user_zoo()))[-1], RunFinished | RunFailed
                    )
                shutil.rmtree(run)


def test_a_damaged_run_is_refused_by_name(tmp_path: Path) -> None:
    resume_with_wrong_values(tmp_path, 1)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_many_damaged_runs_are_refused_by_name(tmp_path: Path) -> None:
    resume_with_wrong_values(tmp_path, 6)


def test_a_damaged_history_is_told_by_name(tmp_path: Path) -> None:
    for number, raw in enumerate(RAW):
        (tmp_path / f"{number:02}.history.json").write_bytes(raw)
    os.mkfifo(tmp_path / "pipe.history.json")
    (tmp_path / "folder.history.json").mkdir()
    events = list(read_histories(tmp_path, tmp_path / "none"))
    assert len(events) == len(RAW) + 2
    for event in events:
        assert isinstance(event, HistoryFailed)
        assert Path(event.path).name in event.message
