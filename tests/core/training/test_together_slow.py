"""Two processes train one run: every method, stopping, failing, going on."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from resnet_gui.core.runs.events import EpochDone, RunStarted
from resnet_gui.core.runs.listing import RunDirectory, runs_dir
from resnet_gui.core.training.api import train
from tests.core.training.test_together import (
    FULL,
    SETTINGS,
    alone,
    assert_same_curve,
    difference,
    epochs,
    weights,
)
from tests.helpers.training import curve, make_photos, make_tiny_model, tiny_config, user_zoo
from tests.helpers.worker_main import lose_photos
from tests.helpers.workers import PATIENCE_S, REPOSITORY, Ended, together, workers

pytestmark = pytest.mark.slow
MISHAP = "tests.helpers.worker_main:run"
LONG = [*FULL, "--epochs", "200"]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    make_tiny_model()
    return make_photos(tmp_path / "colours")


def two(data: Path, *command: object) -> Ended:
    """Two workers with this command, which went well; the leader."""
    leader, other = together(data.parent, command, command)
    assert (leader.code, other.code) == (0, 0), leader.err + other.err
    assert (other.out, other.err) == ("", "")
    return leader


def run_of(found: Ended) -> str:
    return str(found.events[-1]["run"])


@pytest.mark.parametrize("method", ["progressive", "last", "head"])
def test_the_methods(data: Path, method: str) -> None:
    command = ["train", data, "--model", "tiny", "--method", method, "--epochs", 4,
               "--set", "batch_size=6", *SETTINGS]  # fmt: skip
    if method == "progressive":
        command += ["--set", "head_epochs=2"]
    one, leader = alone(*command), two(data, *command)
    assert_same_curve(one, leader)
    assert difference(run_of(one), run_of(leader)) < 1e-4
    waits = [event for event in leader.events if "workers wait" in event.get("message", "")]
    assert len(waits) == (method == "head")


def test_from_scratch_every_worker_has_statistics_of_its_own(data: Path) -> None:
    command = ["train", data, "--model", "cifar-resnet20", "--method", "scratch", "--epochs", 3,
               "--set", "batch_size=8", "--set", "augmentation=light", "--set", "cutout=8",
               "--set", "pixel_mean=on", *SETTINGS]  # fmt: skip
    one, leader = alone(*command), two(data, *command)
    assert any("BatchNorm" in event.get("message", "") for event in leader.events)
    runs = run_of(one), run_of(leader)
    for name in ("epoch", "step", "lr", "train_photos", "val_photos"):
        assert [e[name] for e in epochs(one)] == [e[name] for e in epochs(leader)]
    first, second = (weights(run) for run in runs)
    mean = "model/pixel_mean.mean"
    assert torch.allclose(first[mean], second[mean]), "the mean photo is that of all photos"
    assert len(RunDirectory.open(runs_dir() / runs[1]).layers()) == 4


def test_a_run_goes_on_with_another_number_of_workers(data: Path) -> None:
    command = ["train", data, *FULL, "--epochs", "6"]
    whole = run_of(alone(*command))
    with workers(data.parent, command, command) as (leader, other):
        leader.until("epoch_done", 2)
        leader.send_signal(signal.SIGTERM)
        found = [process.ended() for process in (leader, other)]
    assert [item.code for item in found] == [130, 130], found
    run = run_of(found[0])
    assert RunDirectory.open(runs_dir() / run).document["state"] == "stopped"
    again = alone("resume", run, "--json")
    assert again.code == 0
    assert again.events[0]["epoch"] == 2
    # What rounding makes different in a step grows with each one after it.
    assert difference(whole, run) < 2e-3

    with workers(data.parent, command) as (single,):
        single.until("epoch_done", 3)
        single.send_signal(signal.SIGTERM)
        stopped = single.ended()
    run = run_of(stopped)
    assert run_of(two(data, "resume", run, "--json")) == run
    assert difference(whole, run) < 2e-3


def test_it_goes_on_where_the_photos_were_moved_to(data: Path, tmp_path: Path) -> None:
    """Each worker may have them at a place of its own."""
    command = ["train", data, *FULL, "--epochs", "6"]
    whole = run_of(alone(*command))
    with workers(tmp_path, command, command) as (leader, other):
        leader.until("epoch_done", 2)
        leader.send_signal(signal.SIGTERM)
        found = [process.ended() for process in (leader, other)]
    run = run_of(found[0])
    (tmp_path / "stick").mkdir()
    moved = data.rename(tmp_path / "stick" / "moved")
    own, poor = (Path(shutil.copytree(moved, tmp_path / name)) for name in ("own", "poor"))
    (poor / "red" / "000.jpg").unlink()
    before = (runs_dir() / run / "run.json").read_bytes()

    plain = ["resume", run, "--json"]
    leader_, other_ = together(tmp_path, plain, plain)
    assert (leader_.code, other_.code) == (1, 1), leader_.err + other_.err
    assert f"resume {run} --data FOLDER" in leader_.err
    assert other_.out == ""

    here = [*plain, "--data", tmp_path / "stick"]
    leader_, other_ = together(tmp_path, here, [*plain, "--data", poor])
    assert (leader_.code, other_.code) == (1, 1), leader_.err + other_.err
    assert "worker 1 on" in leader_.err
    assert "not the same as those of the first worker" in leader_.err
    assert "--data FOLDER" not in leader_.err, "it is not the leader's folder"
    assert (runs_dir() / run / "run.json").read_bytes() == before, "it does not go on"

    leader_, other_ = together(tmp_path, here, [*plain, "--data", own])
    assert (leader_.code, other_.code) == (0, 0), leader_.err + other_.err
    assert (other_.out, other_.err) == ("", "")
    assert difference(whole, run) < 2e-3
    assert RunDirectory.open(runs_dir() / run).config.data == str(moved)


def test_a_stop_of_one_stops_all(data: Path) -> None:
    command = ["train", data, *LONG]
    with workers(data.parent, command, command) as (leader, other):
        leader.until("batch_done", 2)
        for _ in range(2):  # the launcher's comes after a person's own
            other.send_signal(signal.SIGTERM)
        found = [process.ended() for process in (leader, other)]
    assert [item.code for item in found] == [130, 130], found
    assert found[0].events[-1]["event"] == "run_stopped"
    assert found[0].events[-1]["resumable"]


def test_a_killed_worker_ends_the_run(data: Path) -> None:
    command = ["train", data, *LONG]
    with workers(data.parent, command, command) as (leader, other):
        leader.until("batch_done", 2)
        other.kill()
        found = leader.ended()
    assert found.code == 1
    last = found.events[-1]
    assert (last["event"], last["error_type"]) == ("run_failed", "WorkerError")
    assert last["resumable"]
    assert "connection" in last["message"]
    assert RunDirectory.open(runs_dir() / last["run"]).document["state"] == "failed"


def test_a_killed_leader_leaves_nobody_waiting(data: Path) -> None:
    command = ["train", data, *LONG]
    with workers(data.parent, command, command) as (leader, other):
        leader.until("batch_done", 2)
        leader.kill()
        found = other.ended()
    assert found.code == 1
    assert "connection" in found.err
    assert found.out == ""


def test_a_failing_worker_is_named(data: Path) -> None:
    command = [data, 1, "error"]
    leader, other = together(data.parent, command, command, entry=MISHAP)
    last = leader.events[-1]
    assert (last["event"], last["error_type"]) == ("run_failed", "WorkerError")
    assert "worker 1 on" in last["message"]
    assert "as rehearsed" in last["message"]
    assert other.code == 1


def test_photos_that_cannot_be_read_are_told_once(data: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(data, tmp_path / "copy")
    one = []
    for event in train(tiny_config(copy, epochs=2, augmentation="standard"), zoo=user_zoo()):
        one.append(event)
        if isinstance(event, RunStarted):
            lose_photos(copy)
    command = [data, 0, "loss"]
    leader, other = together(data.parent, command, command, entry=MISHAP)
    assert (leader.code, other.code) == (0, 0), leader.err + other.err
    skipped = [e["path"] for e in leader.events if e["event"] == "photo_skipped"]
    assert sorted(Path(path).name for path in skipped) == [f"{n:03}.jpg" for n in range(1, 6)]
    rows = curve(one)
    assert [e["train_photos"] for e in epochs(leader)] == [
        e.train_photos for e in one if isinstance(e, EpochDone)
    ]
    assert [e["step"] for e in epochs(leader)] == [row[1] for row in rows]
    for key, column in (("train_loss", 2), ("val_loss", 4)):
        found = [event[key] for event in epochs(leader)]
        assert found == pytest.approx([row[column] for row in rows], rel=1e-5)


@pytest.mark.parametrize("rank", [0, 1])
def test_where_memory_runs_out_in_one_all_take_smaller_pieces(data: Path, rank: int) -> None:
    config = tiny_config(data, epochs=2, augmentation="standard")
    one = curve(list(train(config, zoo=user_zoo())))
    command = [data, rank, "memory"]
    leader, other = together(data.parent, command, command, entry=MISHAP)
    assert (leader.code, other.code) == (0, 0), leader.err + other.err
    notices = [e["message"] for e in leader.events if "memory" in e.get("message", "")]
    assert [notice[:45] for notice in notices] == [
        "The memory did not suffice: 2 photos at a time"[:45],
        "The memory did not suffice: 1 photos at a time"[:45],
    ]
    losses = [event["train_loss"] for event in epochs(leader)]
    assert losses == pytest.approx([row[2] for row in one], rel=1e-5)


def test_what_differs_between_workers_is_named(data: Path, tmp_path: Path) -> None:
    command = ["train", data, *FULL]
    leader, other = together(data.parent, command, [*command, "--epochs", "3"])
    assert leader.code == 1
    assert "do not agree about --epochs: 3 is what worker 1 on" in leader.err
    assert other.out == ""
    copy = shutil.copytree(data, tmp_path / "copy")
    (copy / "red" / "000.jpg").unlink()
    leader, other = together(data.parent, command, ["train", copy, *FULL])
    assert leader.code == 1
    assert "worker 1 on" in leader.err
    assert "not the same as those of the first worker" in leader.err
    assert not list(runs_dir().glob("*")), "no run was begun"
    leader, other = together(data.parent, *[["train", data, *FULL, "--set", "batch_size=3"]] * 2)
    assert "too small for 2 workers" in leader.err


def test_torchs_launcher(data: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2",
         "-m", "resnet_gui", "train", str(data), *LONG],
        cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    lines: list[str] = []
    try:
        assert process.stdout is not None
        while not lines or '"event": "epoch_done"' not in lines[-1]:
            lines.append(process.stdout.readline())
            assert lines[-1], process.communicate()
        process.send_signal(signal.SIGINT)
        rest, err = process.communicate(timeout=PATIENCE_S)
    finally:
        process.kill()
        process.communicate()
    last = Ended(process.returncode, "".join(lines) + rest, err).events[-1]
    assert last["event"] == "run_stopped"
    assert RunDirectory.open(runs_dir() / last["run"]).document["state"] == "stopped"


def test_photos_that_only_the_mean_finds_unreadable_are_known_to_all(tmp_path: Path) -> None:
    """The leader alone computes the mean photo, after both have read what fits into memory."""
    random = np.random.default_rng(0)
    for label in ("a", "b"):
        (tmp_path / "noise" / label).mkdir(parents=True)
        for number in range(500):
            path = tmp_path / "noise" / label / f"{number:03}.png"
            pixels = random.integers(0, 256, (32, 32, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(path)
            if number >= 490:  # its header is right
                content = bytearray(path.read_bytes())
                content[100:400] = bytes(byte ^ 0x5A for byte in content[100:400])
                path.write_bytes(content)
    command = [
        "train", tmp_path / "noise", "--model", "cifar-resnet20", "--method", "scratch",
        "--epochs", "1", "--set", "augmentation=light", "--set", "pixel_mean=true",
        "--set", "memory_mb=1", "--set", "batch_size=100", *SETTINGS,
    ]  # fmt: skip
    leader, other = together(tmp_path, command, command)
    assert leader.events[-1]["event"] == "run_finished", leader.err + other.err
    assert (leader.code, other.code) == (1, 1), "photos were left out"
    (done,) = epochs(leader)
    assert 780 <= done["train_photos"] < 800
