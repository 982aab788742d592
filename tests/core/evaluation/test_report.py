"""The report: one page that needs nothing, harmless whatever files are called, and a table."""

from __future__ import annotations

import csv
import dataclasses
import errno
import html.parser
from pathlib import Path

import numpy as np
import pytest

from resnet_gui.core.calibration import Calibration
from resnet_gui.core.errors import DatasetError
from resnet_gui.core.evaluation import report as reporting
from resnet_gui.core.evaluation.predictions import Facts, Predictions
from resnet_gui.core.evaluation.report import ReportWritten, confused_most, write_report
from resnet_gui.core.runs.events import Preparing
from tests.helpers.models import small_spec
from tests.helpers.predictions import made
from tests.helpers.training import make_photos


class Page(html.parser.HTMLParser):
    """Collects what a page would load and run."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.sources: list[str] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.sources += [value or "" for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def read(path: Path) -> tuple[Page, str]:
    text = path.read_text(encoding="utf-8")
    page = Page()
    page.feed(text)
    return page, " ".join(" ".join(page.words).split())


def written(predictions: Predictions, folder: Path) -> ReportWritten:
    *progress, last = write_report(predictions, folder, small_spec())
    assert all(isinstance(event, Preparing) for event in progress)
    assert isinstance(last, ReportWritten)
    return last


@pytest.fixture
def real(tmp_path: Path) -> Predictions:
    """Of 12 photos that are there, two of them answered wrongly, one unreadable."""
    make_photos(tmp_path / "letters", ("a", "b"), count=6)
    (tmp_path / "letters" / "a" / "000.jpg").write_bytes(b"no photo")
    paths = sorted((tmp_path / "letters").glob("*/*.jpg"))
    truth = np.repeat([0, 1], 6)
    logits = np.zeros((12, 2), np.float32)
    logits[np.arange(12), truth] = 2
    logits[[0, 7]] *= -1
    names = tuple(f"{path.parent.name}/{path.name}" for path in paths)
    facts = Facts("tiny", "Tiny", str(tmp_path / "letters"), "all", ("a", "b"), 12, 10)
    return Predictions(facts, names, truth, logits, np.zeros(12, np.float32))


def test_its_table_for_a_spreadsheet_of_another_language(real: Predictions, tmp_path: Path) -> None:
    """Excel in German puts rows with commas into one cell, and makes "guÃŸ" of “guß”."""
    *_, last = write_report(real, tmp_path, bom=True, semicolons=True)
    assert isinstance(last, ReportWritten)
    assert last.csv.read_bytes().startswith("\ufeffpath;".encode())
    rows = list(csv.DictReader(last.csv.read_text("utf-8-sig").splitlines(), delimiter=";"))
    assert len(rows) == 12
    assert all(0 < float(row["probability"].replace(",", ".")) < 1 for row in rows)
    assert "." not in rows[0]["loss"]


def test_it_says_the_figures_and_shows_the_photos(real: Predictions, tmp_path: Path) -> None:
    report = written(real, tmp_path / "new" / "report")
    page, text = read(report.html)
    for word in ("83.3%", "10 of 12", "Tiny", "letters", "Confidently wrong", "resnet18"):
        assert word in text, word
    # Two are wrong; the ten others follow by loss, all by sureness; one cannot be read.
    assert page.tags.count("img") == 2 + 10 + 12 - 2
    assert all(source.startswith("data:image/jpeg;base64,") for source in page.sources)
    assert "script" not in page.tags
    assert "This photo cannot be read any more." in text
    assert page.tags.count("svg") == 2
    assert page.tags.count("polyline") == 2


@pytest.mark.parametrize(("temperature", "was"), [(0.84, "not sure enough"), (1.6, "too sure")])
def test_it_has_no_words_of_engineers(
    real: Predictions, tmp_path: Path, temperature: float, was: str
) -> None:
    """“temperature 0.84”, “openvino (bf16)”."""
    facts = dataclasses.replace(
        real.facts, backend="openvino", precision="bf16",
        calibration=Calibration(temperature=temperature).to_json(),
    )  # fmt: skip
    _, text = read(written(dataclasses.replace(real, facts=facts), tmp_path / "report").html)
    assert f"percentages adjusted, as it was {was}" in text
    assert "Answered in half precision (OpenVINO)." in text
    assert "bf16" not in text
    assert "temperature" not in text


def test_the_table_has_every_photo(real: Predictions, tmp_path: Path) -> None:
    report = written(real, tmp_path / "report")
    with report.csv.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["path"] for row in rows] == list(real.paths)
    assert [row["path"] for row in rows if row["right"] == "0"] == [real.paths[0], real.paths[7]]
    assert {row["answer"] for row in rows} == {"a", "b"}
    assert float(rows[1]["probability"]) == pytest.approx(real.confidences()[1], abs=1e-6)


def test_names_are_only_text(tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>\u202e\udcff"
    one = made(8, 2)
    facts = dataclasses.replace(one.facts, title=evil, classes=(evil, '=1+1"'), data=f"/{evil}")
    names = (f"x/{evil}.jpg", "=cmd|x", *one.paths[2:])
    report = written(dataclasses.replace(one, facts=facts, paths=names), tmp_path / "report")
    page, text = read(report.html)
    assert "script" not in page.tags
    assert "\u202e" not in text
    assert "\\u202e" in text
    table = report.csv.read_bytes().decode("utf-8", "surrogateescape")
    assert "\n'=cmd|x" in table
    assert evil in table


def test_many_classes_are_told_by_their_confusions(tmp_path: Path) -> None:
    many = made(3000, 200)
    page, text = read(written(many, tmp_path / "report").html)
    assert "There are too many classes" in text
    assert "th" in page.tags
    most = confused_most(many.figures())
    assert most[0][2] == max(n for _, _, n in most)
    assert sum(n for _, _, n in most) == many.facts.n - many.facts.right


def test_a_full_disk_leaves_nothing_of_a_report(
    real: Predictions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page without its table stayed, or a new page beside the table of before."""
    before = written(real, tmp_path / "old")
    page = before.html.read_bytes()

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(reporting, "write_photos", full)
    other = dataclasses.replace(real, facts=dataclasses.replace(real.facts, title="Other"))
    for folder in (tmp_path / "new", tmp_path / "old"):
        with pytest.raises(DatasetError, match="No space left on device"):
            list(write_report(other, folder))
    assert not (tmp_path / "new").exists()
    assert sorted(path.name for path in (tmp_path / "old").iterdir()) == [
        "photos.csv",
        "report.html",
    ]
    assert before.html.read_bytes() == page


def test_a_folder_that_cannot_be_written_is_named(real: Predictions, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DatasetError, match="cannot be written"):
        list(write_report(real, tmp_path / "file"))
