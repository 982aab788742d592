"""`evaluate`: its contract, and the report."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from resnet_gui.cli.main import app
from resnet_gui.core.evaluation.store import stored_results
from tests.helpers.training import make_photos, make_tiny_model


@pytest.fixture
def letters(tmp_path: Path) -> Path:
    make_tiny_model()
    return make_photos(tmp_path / "letters", ("a", "b"), count=4)


def test_json_is_the_contract_and_the_report_is_written(letters: Path, tmp_path: Path) -> None:
    report = tmp_path / "new" / "report"
    arguments = ["evaluate", "tiny", str(letters), "--device", "cpu", "--json"]
    result = CliRunner().invoke(app, [*arguments, "--report", str(report)])
    assert result.exit_code == 0, result.output
    (line,) = result.stdout.splitlines()
    assert list(json.loads(line)) == [
        "model", "data", "part", "n", "failed", "top1", "top1_ci95", "top5", "loss", "per_class",
        "classes", "confusion", "part_of", "trained_on", "temperature", "backend", "precision",
    ]  # fmt: skip
    assert str(report / "report.html") in result.stderr
    assert (report / "report.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert len((report / "photos.csv").read_text().splitlines()) == 9
    (stored,) = stored_results()
    assert stored.facts.n == 8


def test_the_table_of_a_report_as_other_spreadsheets_expect_it(
    letters: Path, tmp_path: Path
) -> None:
    arguments = ["evaluate", "tiny", str(letters), "--device", "cpu", "--semicolons"]
    assert CliRunner().invoke(app, arguments).exit_code == 2  # of what?
    report = tmp_path / "report"
    assert CliRunner().invoke(app, [*arguments, "--report", str(report)]).exit_code == 0
    head, *rows = (report / "photos.csv").read_text(encoding="utf-8-sig").splitlines()
    assert all(line.count(";") == head.count(";") > 3 for line in rows)
    assert not any("." in row.rsplit(";", 1)[-1] for row in rows)


def test_a_report_that_cannot_be_written_is_an_error(letters: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    command = ["evaluate", "tiny", "--report"]
    result = CliRunner().invoke(app, [*command, str(tmp_path / "file" / "new"), str(letters)])
    assert result.exit_code == 2
    # What shows at once is said before all photos are measured.
    assert "is a file, so there can be no folder of that name" in result.stderr
    result = CliRunner().invoke(app, [*command, str(tmp_path / "file"), "is not there"])
    assert result.exit_code == 2
    assert "is a file, not a folder" in result.stderr
