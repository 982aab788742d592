"""The command `suspects`: what it lists, for people and for programs, and the exit codes."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from resnet_gui import __main__
from resnet_gui.core.improve.corrections import Corrections
from resnet_gui.core.improve.values import Decisions
from tests.helpers.corrections import photo, scanned, store
from tests.helpers.filing import tree
from tests.helpers.training import make_photos, make_tiny_model

Main = Callable[..., tuple[int, str, str]]


@pytest.fixture
def resnet_gui(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Main:
    """The real entry point, in this process: exit code, stdout, stderr."""

    def run(*arguments: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["resnet-gui", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            __main__.main()
        captured = capsys.readouterr()
        assert isinstance(end.value.code, int) or end.value.code is None
        return end.value.code or 0, captured.out, captured.err

    return run


@pytest.fixture
def colours(tmp_path: Path) -> Path:
    """Two classes of 12; a red photo lies among the green."""
    make_tiny_model()
    root = make_photos(tmp_path / "colours", ("red", "green"), 12)
    (root / "red/000.jpg").rename(root / "green/wrong.jpg")
    return root


def test_a_table_for_people(resnet_gui: Main, colours: Path) -> None:
    before = tree(colours)
    code, out, err = resnet_gui("suspects", colours, "--model", "tiny", "--top", "5")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].split() == ["class", "probability", "suggested", "probability", "photo"]
    assert lines[1].startswith("green")
    assert lines[1].endswith(str(colours / "green/wrong.jpg"))
    assert "probably wrong" in lines[1]
    assert len(lines) == 7
    assert "of 24 photos" in lines[-1]
    assert tree(colours) == before


def test_json_and_csv(resnet_gui: Main, colours: Path) -> None:
    code, out, _ = resnet_gui("suspects", colours, "--model", "tiny", "--top", "2", "--json")
    first, second, last = (json.loads(line) for line in out.splitlines())
    assert code == 0
    assert (first["event"], first["label"], first["suggested"]) == ("suspect", "green", "red")
    assert first["loss"] >= second["loss"]
    assert (last["event"], last["judged"], last["model"]) == ("suspects_found", 24, "tiny")
    assert "suspects" not in last

    code, out, _ = resnet_gui("suspects", colours, "--model", "tiny", "--top", "0", "--csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert code == 0
    assert len(rows) == 24
    assert rows[0]["path"] == str(colours / "green/wrong.jpg")
    assert rows[0]["wrong"] == "yes"
    assert float(rows[0]["probability"]) < float(rows[0]["suggested_probability"])
    arguments = ("suspects", colours, "--model", "tiny", "--top", "0", "--csv", "--semicolons")
    _, out, _ = resnet_gui(*arguments)
    [first, *_] = csv.DictReader(io.StringIO(out), delimiter=";")
    assert (first["path"], first["wrong"]) == (rows[0]["path"], "yes")
    assert first["probability"].replace(",", ".", 1) == rows[0]["probability"]
    assert "," in first["probability"]


def test_what_was_decided_in_the_window_is_left_out(resnet_gui: Main, colours: Path) -> None:
    corrections = Corrections(Decisions(scanned(colours).root))
    corrections.mark_fine([photo(colours / "green/wrong.jpg")])
    store(corrections)
    _, out, _ = resnet_gui("suspects", colours, "--model", "tiny", "--top", "0", "--json")
    assert "wrong.jpg" not in out


def test_what_cannot_be_done(resnet_gui: Main, colours: Path) -> None:
    assert resnet_gui("suspects", colours, "--json", "--csv")[0] == 2
    assert resnet_gui("suspects", colours, "--semicolons")[0] == 2
    assert resnet_gui("suspects", colours, "--device", "toaster")[0] == 2
    code, out, err = resnet_gui("suspects", colours / "red", "--model", "tiny", "--json")
    assert code == 1
    assert "at least two classes" in err
    assert json.loads(out)["type"] == "ImproveError"
    code, _, err = resnet_gui("suspects", colours, "--model", "nobody")
    assert code == 2
    assert "nobody" in err
