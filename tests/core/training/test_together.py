"""Two processes train one run: what comes out is what one process makes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file
from typer.testing import CliRunner

from resnet_gui.cli.main import app
from resnet_gui.core.errors import WorkerError
from resnet_gui.core.runs.listing import runs_dir
from resnet_gui.core.training.launch import Place, launched
from tests.helpers.training import make_photos, make_tiny_model
from tests.helpers.workers import Ended, together

SETTINGS = ["--set", "precision=fp32", "--device", "cpu", "--json"]
# 16 photos learn, 5 at a time: the workers have two and three of a batch, and one of the last.
FULL = ["--model", "tiny", "--method", "full", "--epochs", "2", "--set", "batch_size=5",
        "--set", "augmentation=standard", "--set", "lr=0.01", "--set", "optimizer=sgd",
        "--set", "ema_decay=0.5", *SETTINGS]  # fmt: skip


@pytest.fixture
def data(tmp_path: Path) -> Path:
    make_tiny_model()
    return make_photos(tmp_path / "colours")


def alone(*arguments: object) -> Ended:
    """The command without a launcher, in this process."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return Ended(result.exit_code, result.stdout)


def weights(run: str, name: str = "last") -> dict[str, Any]:
    return load_file(runs_dir() / run / f"{name}.safetensors")


def difference(one: str, other: str) -> float:
    """The largest one between the weights of two runs, as a share of the largest weight."""
    first, second = weights(one), weights(other)
    assert first.keys() == second.keys()
    pairs = [(first[k].double(), second[k].double()) for k in first if not k.endswith("/step")]
    return max(float((a - b).abs().max() / a.abs().max().clamp_min(1e-3)) for a, b in pairs)


def epochs(found: Ended) -> list[dict[str, Any]]:
    return [event for event in found.events if event["event"] == "epoch_done"]


def assert_same_curve(one: Ended, other: Ended) -> None:
    assert epochs(one)
    for first, second in zip(epochs(one), epochs(other), strict=True):
        for name in ("epoch", "step", "lr", "train_accuracy", "val_accuracy", "train_photos",
                     "val_photos", "best"):  # fmt: skip
            assert first[name] == second[name], name
        for name in ("train_loss", "val_loss"):
            assert first[name] == pytest.approx(second[name], rel=1e-5), name


def test_two_workers_make_what_one_makes(data: Path, tmp_path: Path) -> None:
    one = alone("train", data, *FULL)
    command = ["train", data, *FULL]
    leader, other = together(tmp_path, command, command)
    assert (one.code, leader.code, other.code) == (0, 0, 0), leader.err + other.err
    assert (other.out, other.err) == ("", "")
    assert_same_curve(one, leader)
    runs = [found.events[-1]["run"] for found in (one, leader)]
    assert difference(*runs) < 1e-4
    files = [sorted(path.name for path in (runs_dir() / run).iterdir()) for run in runs]
    assert files[0] == files[1]


def test_what_the_launcher_says() -> None:
    meeting = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "29500"}
    assert launched({}) is None
    assert launched(meeting) is None
    assert launched({"RANK": "0", "WORLD_SIZE": "1", **meeting}) is None
    local = {"LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "2"}
    assert launched({"RANK": "3", "WORLD_SIZE": "4", **local, **meeting}) == Place(3, 4, 1, 2)
    with pytest.raises(WorkerError, match="MASTER_PORT is not set"):
        launched({"RANK": "0", "WORLD_SIZE": "2", "MASTER_ADDR": "here"})
    with pytest.raises(WorkerError, match="process 2 of 2"):
        launched({"RANK": "2", "WORLD_SIZE": "2", **meeting})
