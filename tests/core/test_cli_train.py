"""The commands around training: JSON, exit codes, Ctrl-C. The real commands on a tiny network."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from resnet_gui.cli_train import register
from resnet_gui.core.runs import RunState, list_runs, runs_dir
from tests.core.training_helpers import make_photos, make_tiny_model

REPOSITORY = Path(__file__).resolve().parents[2]
QUICK = ["--model", "tiny", "--epochs", "2", "--set", "precision=fp32", "--device", "cpu"]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    make_tiny_model()
    return make_photos(tmp_path / "colours")


def command(*arguments: object) -> tuple[int, list[dict[str, Any]], str]:
    """Exit code, JSON objects of stdout, text of stderr."""
    app = typer.Typer()
    register(app)
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    lines = result.stdout.splitlines() if "--json" in arguments else []
    return result.exit_code, [json.loads(line) for line in lines], result.stderr


def test_train_json_keeps_its_contract(data: Path, tmp_path: Path) -> None:
    code, events, _ = command(
        "train", data, *QUICK, "--method", "head", "--run-dir", tmp_path / "r", "--json"
    )
    assert code == 0
    names = [event["event"] for event in events]
    assert names.index("run_started") < names.index("batch_done") < names.index("epoch_done")
    assert names[-1] == "run_finished"
    for event in events:
        if event["event"] in ("run_started", "batch_done", "epoch_done", "run_finished"):
            assert {"run", "epoch", "step"} <= event.keys()
    epoch = next(event for event in events if event["event"] == "epoch_done")
    assert {"train_loss", "val_loss", "val_accuracy", "lr", "seconds"} <= epoch.keys()
    finished = events[-1]
    assert {"best_val_accuracy", "best_epoch", "model_path", "seconds"} <= finished.keys()
    assert 0 <= finished["best_val_accuracy"] <= 1
    assert Path(finished["model_path"]).is_file()
    assert (tmp_path / "r" / finished["run"] / "run.json").is_file()


def test_train_for_people_and_the_list_of_runs(data: Path) -> None:
    code, _, text = command("train", data, *QUICK, "--preset", "balanced")
    assert code == 0
    assert "validation" in text.lower()
    assert "chose the best epoch" in text
    assert "classify --model" in text
    code, rows, _ = command("runs", "--json")
    assert code == 0
    assert [row["state"] for row in rows] == ["finished"]
    assert rows[0]["method"] == "progressive"


def test_evaluate_json(data: Path) -> None:
    _, events, _ = command("train", data, *QUICK, "--json")
    code, [result], _ = command("evaluate", events[-1]["model_path"][:-12].split("/")[-1], data,
                                "--json")  # fmt: skip
    assert code == 0
    assert result["n"] == 20
    assert {"model", "data", "top1", "top1_ci95", "top5", "loss", "per_class", "confusion"} <= (
        result.keys()
    )
    code, _, text = command("evaluate", "tiny", data)
    assert code == 2
    assert "knows none of the classes" in text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--set", "colour=red"], "no setting"),
        (["--set", "lr"], "key=value"),
        (["--set", "lr=fast"], "a number"),
        (["--set", "model=x"], "option of its own"),
        (["--preset", "quick"], "no preset"),
        (["--method", "all"], "no method"),
        (["--model", "resnet999"], "There is no model"),
        (["--device", "cuda:7"], "no device"),
    ],
)
def test_wrong_use_is_a_sentence_and_exit_code_2(
    data: Path, arguments: list[str], words: str
) -> None:
    code, _, text = command("train", data, "--model", "tiny", *arguments)
    assert code == 2
    assert words in text
    assert "Traceback" not in text


def test_missing_folder_and_run(tmp_path: Path) -> None:
    assert command("train", tmp_path / "none", "--model", "tiny")[0] == 2
    code, [event], _ = command("resume", "nothing", "--json")
    assert (code, event["event"], event["type"]) == (2, "error", "RunError")


@pytest.mark.skipif(os.name != "posix", reason="SIGINT of another process as on POSIX")
def test_ctrl_c_stops_cleanly_and_resume_goes_on(data: Path) -> None:
    code = (
        "import typer; from resnet_gui.cli_train import register; "
        "app = typer.Typer(); register(app); app()"
    )
    arguments = ["train", str(data), *QUICK, "--method", "full", "--set", "epochs=500", "--json"]
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=REPOSITORY,
    )  # fmt: skip
    assert process.stdout is not None
    for line in process.stdout:
        if json.loads(line)["event"] == "epoch_done":
            process.send_signal(signal.SIGINT)
            break
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    stopped = json.loads(out.splitlines()[-1])
    assert stopped["event"] == "run_stopped"
    assert Path(stopped["model_path"]).is_file()
    assert f"resume {stopped['run']}" in err
    assert "Traceback" not in err
    assert [info.state for info in list_runs()] == [RunState.STOPPED]
    path = runs_dir() / stopped["run"] / "run.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    document["config"]["epochs"] = stopped["epoch"] + 1  # nobody wants to wait for 500
    path.write_text(json.dumps(document), encoding="utf-8")
    code_of_resume, events, _ = command("resume", stopped["run"], "--json")
    assert code_of_resume == 0
    assert events[-1]["event"] == "run_finished"
    assert next(e for e in events if e["event"] == "run_started")["resumed"]
