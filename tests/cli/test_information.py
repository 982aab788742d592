"""What the command line says of models, of itself and of this computer."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
import typer

from resnet_gui import __version__
from resnet_gui.cli import main as cli
from resnet_gui.core.system import paths
from resnet_gui.core.zoo import Zoo
from tests.helpers.commands import Main, invoke, lines
from tests.helpers.models import small_model

LITE0 = "efficientnet-lite0"


def test_architectures_are_listed_apart() -> None:
    plain = invoke("models", "--json")
    assert "untrained" not in plain.stdout
    result = invoke("models", "--architectures", "resnet20", "--json")
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [row["id"] for row in rows] == ["cifar-resnet20", "cifar-resnet20-b"]
    assert {row["state"] for row in rows} == {"untrained"}
    assert rows[0]["parameters"] == 269_722
    table = invoke("models", "--architectures").stdout
    assert table.splitlines()[0].split() == ["id", "title", "state", "parameters", "GFLOPs"]
    assert "plain34" in table


def test_models_lists_all_and_cuts_nothing_off() -> None:
    small_model(paths.user_models_dir() / "[b]brackets[red].safetensors", title="[red]Title[/x]")
    (paths.user_models_dir() / "broken.safetensors").write_bytes(b"x" * 99)
    result = invoke("models")
    assert result.exit_code == 0
    assert "…" not in result.stdout
    header, *rows = result.stdout.splitlines()
    assert header.split() == [
        "id", "title", "state", "classes", "top-1", "photos", "parameters", "GFLOPs", "size",
    ]  # fmt: skip
    ids = [re.split(r" {2,}", row)[0] for row in rows]
    assert ids == [entry.spec.id for entry in Zoo.standard().entries()]
    assert any("[b]brackets[red]" in row and "[red]Title[/x]" in row for row in rows)
    (broken,) = (row for row in rows if row.startswith("broken"))
    assert "damaged" in broken
    assert "broken.safetensors is not a model file" in result.stderr


def test_models_json_is_the_contract() -> None:
    result = invoke("models", "--json")
    found = lines(result.stdout)
    assert len(found) == len(Zoo.standard().entries())
    for line in found:
        assert {
            "id", "title", "family", "state", "classes", "top1", "parameters", "gflops", "bytes",
        } <= set(line)  # fmt: skip
    lite0 = next(line for line in found if line["id"] == LITE0)
    assert (lite0["state"], lite0["classes"], lite0["top1"]) == ("installed", 1000, 0.751)


def test_models_can_be_searched() -> None:
    def ids(*words: str) -> list[str]:
        return [line["id"] for line in lines(invoke("models", *words, "--json").stdout)]

    assert ids("wide", "101") == ["wide_resnet101_2.imagenet1k_v1", "wide_resnet101_2"]
    assert ids("installed") == [LITE0]
    assert ids("INSTALLED lite") == [LITE0]
    assert "resnet20-cifar10" in ids("cifar-10")
    assert LITE0 in ids("imagenet", "installed")  # which is in neither its id nor its title
    nothing = invoke("models", "qqq")
    assert (nothing.exit_code, nothing.stdout) == (0, "")
    assert "No model has “qqq”" in nothing.stderr


def test_info_says_what_a_bug_report_needs(own_home: Path) -> None:
    (facts,) = lines(invoke("info", "--json").stdout)
    import torch

    assert facts["version"] == __version__
    assert facts["torch"] == torch.__version__.split("+")[0]
    assert facts["devices"][-1].startswith("cpu: ")
    assert facts["default_model"] == LITE0
    assert facts["models"] == str(own_home / "data" / "models")
    text = invoke("info").stdout
    for value in (__version__, LITE0, str(own_home / "log")):
        assert value in text


def test_info_with_brackets_in_a_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RESNET_GUI_HOME", str(tmp_path / "[/bold] :cat:"))
    result = invoke("info")
    assert result.exit_code == 0
    assert str(tmp_path / "[/bold] :cat:" / "config") in result.stdout


def test_a_home_that_is_a_file_is_told_once(
    resnet_gui: Main, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Each part that wanted to keep something said so, in words of the system."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("RESNET_GUI_HOME", str(tmp_path / "file"))
    code, out, err = resnet_gui("models")
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert "which is a file, not a folder." in err


def test_a_folder_of_runs_that_is_not_there_is_said(resnet_gui: Main, tmp_path: Path) -> None:
    """It said that there are no runs yet."""
    code, _, err = resnet_gui("runs", "--run-dir", tmp_path / "rnus")
    assert code == 1
    assert "rnus” is not there." in err


def test_a_model_named_twice_makes_no_ensemble(resnet_gui: Main) -> None:
    code, _, err = resnet_gui("ensemble", "resnet20-cifar10", "resnet20-cifar10")
    assert code == 2
    assert "is named twice: name each model once." in err


def test_version(resnet_gui: Main) -> None:
    assert resnet_gui("--version") == (0, f"resnet-gui {__version__}\n", "")


def test_every_command_explains_itself(resnet_gui: Main) -> None:
    code, out, _ = resnet_gui("-h")
    assert code == 0
    commands = [command.name for command in typer.main.get_command(cli.app).commands.values()]  # type: ignore[attr-defined]
    assert {"classify", "models", "info"} <= set(commands)
    for command in commands:
        assert re.search(rf"^  {command} +\w.*\.$", out, re.MULTILINE), f"{command}: no sentence"
        assert not re.search(rf"^  {command} .*\.\.\.$", out, re.MULTILINE), "it is cut off"
        for flag in ("-h", "--help"):
            code, text, err = resnet_gui(command, flag)
            assert (code, err) == (0, "")
            assert text.startswith(f"Usage: resnet-gui {command}")
            described = re.findall(r"^  (-[-\w, ]+?)(?: [A-Z<].*?)?(  +\S.*)?$", text, re.MULTILINE)
            assert described
        # For people who know no Python: no types, and something to try that works as it stands.
        assert not re.search(r"<(str|int|Path|list)|\{|<=|>=", text)
        assert "Example" in text or command in ("info", "runs")
        for example in re.findall(r"^    resnet-gui (.+)$", text, re.MULTILINE):
            words = shlex.split(example.partition(">")[0])
            assert words[0] == command
            assert all(word in text for word in words if word.startswith("-")), example


def test_every_way_to_start_is_in_the_help(resnet_gui: Main) -> None:
    _, out, _ = resnet_gui("-h")
    assert "Without a command the window opens" in out
    assert "resnet-gui classify cat.jpg" in out
    assert "RESNET_GUI_HOME" in out


def test_an_ensemble_that_lacks_a_model_is_not_damaged(resnet_gui: Main) -> None:
    for name in ("one", "other"):
        small_model(paths.user_models_dir() / f"{name}.safetensors")
    assert resnet_gui("ensemble", "one", "other", "--title", "Pair")[0] == 0
    (paths.user_models_dir() / "other.safetensors").unlink()
    _, out, err = resnet_gui("models", "pair")
    assert "lacks a model" in out
    assert "damaged" not in out
    assert err.startswith("“Pair”: It needs the model “other”, which is not here any more.")
