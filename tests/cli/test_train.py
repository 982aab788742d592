"""The commands around training: JSON, exit codes, Ctrl-C. The real commands on a tiny network."""

from __future__ import annotations

import hashlib
import json
import re
import signal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from resnet_gui.cli import follow
from resnet_gui.cli.main import app
from resnet_gui.cli.main import app as program
from resnet_gui.cli.output import emit_json
from resnet_gui.core.dataset.cifar10 import folder as cifar10
from resnet_gui.core.runs.config import SETTINGS
from resnet_gui.core.runs.listing import (
    RunState,
    list_runs,
    note_run,
    rename_run,
    runs_dir,
)
from resnet_gui.core.runs.schedules import SCHEDULES, Schedule
from resnet_gui.core.zoo.providers.lite0 import lite0_weights_path
from resnet_gui.core.zoo.storage.remote_file import RemoteFile
from tests.helpers.cifar_archives import make_binary, make_small
from tests.helpers.download_server import serve
from tests.helpers.training import make_photos, make_tiny_model

REPOSITORY = Path(__file__).resolve().parents[2]
QUICK = ["--model", "tiny", "--epochs", "2", "--set", "precision=fp32", "--device", "cpu"]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    make_tiny_model()
    return make_photos(tmp_path / "colours")


def command(*arguments: object) -> tuple[int, list[dict[str, Any]], str]:
    """Exit code, JSON objects of stdout, text of stderr."""
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


def test_runs_of_equal_names_are_numbered_as_in_the_window(data: Path) -> None:
    """Also of one that goes on from the first one's model: it is called after what that began
    with."""
    quick = [*QUICK, "--method", "head", "--epochs", "1"]
    for model in ("tiny", "tiny", "green-and-red-tiny"):
        code, _, text = command("train", data, *quick, "--model", model)
        assert code == 0, text
    for _ in range(2):
        assert command("train", data, *quick, "--set", "title=Mine")[0] == 0
    assert sorted((run.name, run.title) for run in list_runs()) == [
        ("green-and-red-tiny", "Green and red, Tiny"),
        ("green-and-red-tiny-2", "Green and red, Tiny (2)"),
        ("green-and-red-tiny-3", "Green and red, Tiny (3)"),
        ("mine", "Mine"),
        ("mine-2", "Mine (2)"),  # so a person called it
    ]


def test_train_for_people_and_the_list_of_runs(data: Path) -> None:
    code, _, text = command("train", data, *QUICK, "--preset", "balanced")
    assert code == 0
    assert re.search(r"loss [\d.]+  val loss [\d.]+  val accuracy [\d.]+%  best so far\n", text), (
        "what chooses the best epoch stands beside it"
    )
    assert "validation" in text.lower()
    assert "chose the best epoch" in text
    assert "classify --model" in text
    code, rows, _ = command("runs", "--json")
    assert code == 0
    assert [row["state"] for row in rows] == ["finished"]
    assert rows[0]["method"] == "progressive"
    path = Path(rows[0]["path"])
    rename_run(path, "The best of all")
    note_run(path, "with more wasps\nand less blur")
    table = CliRunner().invoke(app, ["runs"]).stdout
    assert "The best of all" in table
    assert rows[0]["created"][:4] in table
    assert Path(rows[0]["data"]).name in table
    assert "with more wasps" in table
    assert "blur" not in table


def test_evaluate_json(data: Path) -> None:
    _, events, _ = command("train", data, *QUICK, "--json")
    code, [result], _ = command("evaluate", events[-1]["model_path"][:-12].split("/")[-1], data,
                                "--json")  # fmt: skip
    assert code == 0
    assert (result["part"], result["part_of"], result["n"]) == ("val", "run", 4)
    assert result["trained_on"] == 0
    assert {"model", "data", "top1", "top1_ci95", "top5", "loss", "per_class", "confusion"} <= (
        result.keys()
    )
    model = result["model"]
    code, _, text = command("evaluate", model, data)
    assert code == 0
    assert "The model was trained on this folder" in text
    out = CliRunner().invoke(app, ["evaluate", model, str(data), "--part", "all"]).stdout
    assert "The model learned from 16 of these 20 photos" in out
    assert "top-5" not in out, "of so few classes, the right one is always among five"
    table = CliRunner().invoke(app, ["models", model]).stdout.splitlines()
    assert re.search(r"top-1 +photos", table[0])
    assert re.search(r"\d\.\d% +4 ", table[1]), "the run's own figure, and on how many photos"
    code, _, text = command("evaluate", "tiny", data)
    assert code == 1
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
    ],
)
def test_wrong_use_is_a_sentence_and_exit_code_2(
    data: Path, arguments: list[str], words: str
) -> None:
    code, _, text = command("train", data, "--model", "tiny", *arguments)
    assert code == 2
    assert words in text
    assert "Traceback" not in text


def test_missing_device_and_run(data: Path) -> None:
    code, _, text = command("train", data, "--model", "tiny", "--device", "cuda:7")
    assert (code, "There is no device" in text) == (1, True), text
    code, [event], _ = command("resume", "nothing", "--json")
    assert (code, event["event"], event["type"]) == (2, "error", "UnknownRunError")


SMALL = ["--epochs", "1", "--set", "precision=fp32", "--device", "cpu", "--json"]


def test_cifar10_is_a_dataset_like_any_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_small(monkeypatch)
    archive = make_binary(tmp_path / "cifar-10-binary.tar.gz")
    code, events, text = command(
        "train", "cifar10", "--archive", archive, "--model", "cifar-resnet20", *SMALL
    )
    assert code == 0, text
    names = [event["event"] for event in events]
    assert (
        names.index("unpack_progress") < names.index("scan_progress") < names.index("run_started")
    )
    started, finished = events[names.index("run_started")], events[-1]
    assert (started["train_photos"], started["val_photos"]) == (40, 10)
    assert finished["event"] == "run_finished"
    archive.unlink()  # from now on the unpacked pictures are enough
    code, [*_, result], text = command("evaluate", finished["model_id"], "cifar10", "--json")
    assert code == 0, text
    assert (result["part"], result["n"]) == ("test", 20)
    document = json.loads((runs_dir() / started["run"] / "run.json").read_text(encoding="utf-8"))
    assert document["config"]["method"] == "scratch"
    assert document["model"]["preprocessing"]["crop"] == 32
    code, events, _ = command("train", "CIFAR10", "--method", "scratch", *SMALL)
    document = json.loads((runs_dir() / events[-1]["run"] / "run.json").read_text(encoding="utf-8"))
    assert document["model"]["id"] == "cifar-resnet20"  # nobody said: made for small pictures


def test_cifar10_is_fetched_only_after_a_yes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_small(monkeypatch)
    content = make_binary(tmp_path / "a.tar.gz").read_bytes()
    monkeypatch.delenv("RESNET_GUI_WEIGHTS_URL", raising=False)
    with serve(content) as site:
        digest = hashlib.sha256(content).hexdigest()
        url = f"{site.address}/cifar-10-binary.tar.gz"
        published = RemoteFile("CIFAR-10", url, digest, len(content))
        monkeypatch.setattr(cifar10, "ARCHIVE", published)
        arguments = ["train", "cifar10", "--model", "cifar-plain20", *SMALL]
        code, [event], text = command(*arguments)
        assert (code, event["type"]) == (1, "DatasetError")
        assert "170 MB" in text
        assert "--yes" in text
        # What is wrong otherwise is said before anything is fetched.
        assert command(*arguments, "--yes", "--set", "lr=fast")[0] == 2
        assert site.requests == []
        code, events, text = command(*arguments, "--yes")
        assert code == 0, text
        assert any(event["event"] == "download_progress" for event in events)
        assert events[-1]["event"] == "run_finished"
        assert len(site.requests) == 1


def test_a_folder_of_that_name_is_used_as_it_is(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data.rename(tmp_path / "cifar10")
    monkeypatch.chdir(tmp_path)
    code, events, text = command("train", "cifar10", *QUICK, "--json")
    assert code == 0
    assert "that lies here is used" in text
    assert next(e for e in events if e["event"] == "run_started")["classes"] == ["green", "red"]
    code, _, text = command("train", tmp_path / "cifar10", "--archive", "x.tar", *QUICK)
    assert (code, "goes with cifar10 only" in text) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--model", "cifar-resnet21"], "depth 21: its depths are 6n+2. The nearest are 20 and 26"),
        (["--model", "cifar-resnett20"], "Did you mean cifar-resnet20"),
        (["--model", "cifar-resnet20", "--method", "head"], "nothing to start from"),
        (["--model", "cifar-resnet20", "--preset", "best"], "nothing to start from"),
    ],
)
def test_architectures_are_trained_from_scratch_only(
    data: Path, arguments: list[str], words: str
) -> None:
    code, _, text = command("train", data, *arguments)
    assert (code, words in text) == (2, True), text


def test_ctrl_c_stops_cleanly_and_resume_goes_on(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real signal, in this process; in others: test_training_is_stopped_by_signals."""

    def emit(event: dict[str, Any]) -> None:
        emit_json(event)
        if event["event"] == "epoch_done":
            signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(follow, "emit_json", emit)
        code, events, err = command(
            "train", data, *QUICK, "--method", "full", "--set", "epochs=500", "--json"
        )
    assert code == 130, err
    assert [event["epoch"] for event in events if event["event"] == "epoch_done"] == [1]
    stopped = events[-1]
    assert stopped["event"] == "run_stopped"
    assert Path(stopped["model_path"]).is_file()
    assert f"resume {stopped['run']}" in err
    assert [info.state for info in list_runs()] == [RunState.STOPPED]
    path = runs_dir() / stopped["run"] / "run.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    document["config"]["epochs"] = stopped["epoch"] + 1  # nobody wants to wait for 500
    path.write_text(json.dumps(document), encoding="utf-8")
    moved = data.rename(data.with_name("moved"))
    code_of_resume, [event], err = command("resume", stopped["run"], "--json")
    assert code_of_resume != 0
    assert "is not there" in event["message"]
    assert f"resume {stopped['run']} --data FOLDER" in err
    code_of_resume, events, _ = command("resume", stopped["run"], "--data", moved, "--json")
    assert code_of_resume == 0
    assert events[-1]["event"] == "run_finished"
    assert next(e for e in events if e["event"] == "run_started")["resumed"]


@pytest.mark.parametrize(
    ("model", "settings", "words"),
    [
        ("efficientnet-lite0", ["image_size=8"], "cannot take images of 8 × 8 pixels: they shrink"),
        ("resnet18", ["image_size=16", "batch_size=1"], "16 × 16 pixels one at a time"),
    ],
)
def test_images_too_small_for_a_network_are_said_before_the_run(
    data: Path, model: str, settings: list[str], words: str
) -> None:
    if model == "efficientnet-lite0" and lite0_weights_path() is None:
        pytest.skip("extra “offline” is not installed")
    options = [part for setting in settings for part in ("--set", setting)]
    code, _, text = command("train", data, "--model", model, "--method", "scratch", *options)
    assert (code, words in text) == (2, True), text
    assert list_runs() == []


def test_the_help_lists_every_setting_and_a_schedule_from_elsewhere_is_one(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SCHEDULES, "mine", Schedule("mine", "My own", lambda *_: 0.25))
    words = CliRunner().invoke(program, ["train", "--help"]).stdout.split()
    assert SETTINGS.keys() - {"data", "model", "preset", "method"} <= set(words)
    assert "mine)" in words
    code, events, _ = command(
        "train", data, *QUICK, "--set", "schedule=mine", "--set", "lr=0.01", "--json"
    )
    assert code == 0
    assert {event["lr"] for event in events if event["event"] == "epoch_done"} == {0.0025}
