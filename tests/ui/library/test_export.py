"""Answers of many photos are copied and saved."""

from __future__ import annotations

import csv
import dataclasses
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QLocale
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog

from resnet_gui.ui.classify.page import ClassifyPage
from resnet_gui.ui.library.export_dialog import ExportDialog
from resnet_gui.ui.library.looks import TABLE
from resnet_gui.ui.widgets.plain_text import MessageBox
from tests.helpers.fake_engine import Rig
from tests.ui.library.pages import library_of, open_photos


@pytest.fixture
def answer_dialogs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], Path]:
    """Answers the next question for a file's name."""

    def with_name(name: str) -> Path:
        target = tmp_path / name
        monkeypatch.setattr(
            QFileDialog, "getSaveFileName", lambda *args, **options: (str(target), "")
        )
        return target

    return with_name


def test_the_table_is_copied(rig: Rig, page: ClassifyPage, tmp_path: Path) -> None:
    open_photos(rig, page, tmp_path, 13)
    library = library_of(rig, page, TABLE)
    clipboard = QGuiApplication.clipboard()
    library.copy.click()
    rig.settle()
    lines = clipboard.text().splitlines()
    assert lines[0].split("\t")[:3] == ["Name", "Answer", "Answer’s probability"]
    assert lines[1].split("\t")[:3] == ["00.png", "ant", "0.900000"]
    assert lines[3].split("\t")[1] == "'=SUM(1)"  # no formula
    assert lines[13].split("\t")[-1] == "It is cut."
    assert len(lines) == 14
    library.view.setCurrentIndex(library.model.index(1, 0))
    page.copy_result()
    rig.settle()
    assert [line.split("\t")[0] for line in clipboard.text().splitlines()] == ["Name", "01.png"]
    assert page.controller.status.text == "Copied: a table of 1 row, for a spreadsheet"


def test_answers_of_two_forms_of_a_model_are_said_to_be_so(
    rig: Rig, page: ClassifyPage, tmp_path: Path
) -> None:
    """A photo's percentage changes a little when the model's faster form takes over."""
    open_photos(rig, page, tmp_path, 13)
    photos = page.controller.photos
    first = photos.photo(0)
    assert first is not None
    assert first.prediction is not None
    other = dataclasses.replace(first.prediction, device="AMD EPYC, OpenVINO")
    first.answer(other)
    photos.touch([first])
    page.controller.select(1)
    page.controller.select(0)
    tip = page.results.answer.toolTip().replace("\n", " ")
    assert "Computed on AMD EPYC, OpenVINO." in tip
    assert "differ by a percent or two" in tip
    dialog = export(page)
    assert dialog.mixed.text().startswith("These answers were computed in different ways: 11 on")
    assert "and 1 on “AMD EPYC, OpenVINO”" in dialog.mixed.text()
    assert dialog.columns["device"].isChecked()
    dialog.close()


def export(page: ClassifyPage) -> ExportDialog:
    page.look.export()
    return page.window().findChildren(ExportDialog)[-1]


def test_answers_are_saved(
    rig: Rig, page: ClassifyPage, tmp_path: Path, answer_dialogs: Callable[[str], Path]
) -> None:
    open_photos(rig, page, tmp_path, 13)
    library = library_of(rig, page)
    dialog = export(page)
    assert [dialog.photos.itemText(n) for n in range(dialog.photos.count())] == ["All 13 photos"]
    assert not dialog.mixed.isVisibleTo(dialog)
    assert not dialog.columns["device"].isChecked()
    target = answer_dialogs("answers")
    dialog.top.setValue(2)
    dialog.columns["name"].setChecked(True)
    dialog.save.click()
    rig.settle()
    data = target.with_suffix(".csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(data.decode("utf-8-sig").splitlines()))
    assert list(rows[0]) == [
        "path", "name", "model", "answer", "answer_probability", "label", "probability",
        "label_2", "probability_2", "error",
    ]  # fmt: skip
    assert [row["name"] for row in rows] == [f"{n:02d}.png" for n in range(13)]
    assert rows[2]["label"] == "'=SUM(1)"
    assert rows[12]["error"] == "It is cut."
    saved = page.notices.texts[-1]
    assert saved == f"Saved 13 rows to {target}.csv"
    assert page.notices.shown[-1].button.text() == "Open"
    library.bar.search.setText("bee")
    rig.until(lambda: library.model.rowCount() == 4)
    library.view.selectAll()
    dialog = export(page)
    texts = [dialog.photos.itemText(n) for n in range(dialog.photos.count())]
    assert texts == ["The 4 that are selected", "The 4 that are shown", "All 13 photos"]
    target = answer_dialogs("answers.json")
    dialog.kind.setCurrentIndex(dialog.kind.findText("JSON, one list"))
    assert not dialog.bom.isEnabled()
    for box in dialog.columns.values():
        box.setChecked(False)
    assert not dialog.save.isEnabled()
    dialog.columns["label"].setChecked(True)
    dialog.columns["size"].setChecked(True)
    dialog.save.click()
    rig.settle()
    assert [t for t in page.notices.texts if t.startswith("Saved")] == [f"Saved 4 rows to {target}"]
    found = json.loads(target.read_text(encoding="utf-8"))
    size = (tmp_path / "01.png").stat().st_size
    assert found[0] == {"label": "bee", "size": size}
    assert len(found) == 4


def test_where_numbers_have_a_comma_a_table_has_semicolons(
    rig: Rig,
    page: ClassifyPage,
    tmp_path: Path,
    answer_dialogs: Callable[[str], Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Excel in German puts a row with commas into one cell, and reads 0.5 as a text or a date."""
    german = QLocale(QLocale.Language.German)
    monkeypatch.setattr(QLocale, "system", lambda: german)
    open_photos(rig, page, tmp_path, 4)
    dialog = export(page)
    assert dialog.kind.currentText() == "CSV with semicolons (numbers like 0,5)"
    assert dialog.bom.isEnabled()
    target = answer_dialogs("answers.csv")
    dialog.save.click()
    rig.settle()
    lines = target.read_text(encoding="utf-8-sig").splitlines()
    assert lines[0].startswith("path;model;answer;answer_probability;")
    found = list(csv.DictReader(lines, delimiter=";"))
    assert [0 < float(row["probability"].replace(",", ".")) <= 1 for row in found[:3]] == [True] * 3
    assert all("," in row["probability"] for row in found[:3])


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="by xdg-open")
def test_a_saved_table_is_opened_at_a_click(
    rig: Rig,
    page: ClassifyPage,
    tmp_path: Path,
    answer_dialogs: Callable[[str], Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opens = tmp_path / "bin" / "xdg-open"
    opens.parent.mkdir()
    opens.write_text(f'#!/bin/sh\nprintf %s "$1" > "{tmp_path}/opened"\n')
    opens.chmod(0o755)
    monkeypatch.setenv("PATH", str(opens.parent))
    open_photos(rig, page, tmp_path, 3)
    target = answer_dialogs("my answers.csv")
    export(page).save.click()
    rig.settle()
    page.notices.shown[-1].button.click()
    opened = tmp_path / "opened"
    rig.until(lambda: opened.is_file() and opened.read_text() == str(target))
    rig.until(lambda: not page.photo_actions.reveal.looking)
    assert page.notices.texts[-1] == f"Saved 3 rows to {target}"


def test_what_cannot_be_saved_is_said(
    rig: Rig, page: ClassifyPage, tmp_path: Path, answer_dialogs: Callable[[str], Path]
) -> None:
    open_photos(rig, page, tmp_path, 13)
    (tmp_path / "file").write_text("no folder")
    answer_dialogs("file/answers.csv")
    export(page).save.click()
    rig.settle()
    assert page.notices.texts[-1].startswith("The table could not be saved. ")


def test_a_cancelled_export_is_not_saved(
    rig: Rig, page: ClassifyPage, tmp_path: Path, answer_dialogs: Callable[[str], Path]
) -> None:
    """Between “Save…” and the disk's answer the dialog is still there, with its Cancel."""
    open_photos(rig, page, tmp_path, 3)
    target = answer_dialogs("answers.csv")
    hold = rig.occupy(rig.io)
    dialog = export(page)
    dialog.save.click()
    dialog.columns["name"].setChecked(True)
    assert not dialog.save.isEnabled()
    dialog.reject()
    hold.over.set()
    rig.settle()
    assert not target.exists()
    assert not page.notices.texts


def test_another_name_can_be_chosen_where_a_file_stays(
    rig: Rig, page: ClassifyPage, tmp_path: Path, answer_dialogs: Callable[[str], Path]
) -> None:
    open_photos(rig, page, tmp_path, 3)
    answer_dialogs("answers.csv").write_text("mine")
    dialog = export(page)
    dialog.save.click()
    rig.until(lambda: bool(dialog.findChildren(MessageBox)))
    [box] = dialog.findChildren(MessageBox)
    assert not dialog.save.isEnabled()
    box.button(MessageBox.StandardButton.Cancel).click()
    assert dialog.save.isEnabled()
    target = answer_dialogs("others.csv")
    dialog.save.click()
    rig.settle()
    assert target.is_file()
    assert (tmp_path / "answers.csv").read_text() == "mine"


def test_photos_are_counted_by_their_answers(
    rig: Rig, page: ClassifyPage, tmp_path: Path, answer_dialogs: Callable[[str], Path]
) -> None:
    """What a paper wants: so many foxes; until now a person had to count the rows."""
    open_photos(rig, page, tmp_path, 13)
    library_of(rig, page)
    dialog = export(page)
    dialog.rows.setCurrentIndex(1)
    assert not any(box.isEnabled() for box in dialog.columns.values())
    for box in dialog.columns.values():
        box.setChecked(False)
    target = answer_dialogs("counts")
    dialog.save.click()
    rig.settle()
    text = target.with_suffix(".csv").read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(text.splitlines()))
    answered = {row["answer"].removeprefix("'"): int(row["photos"]) for row in rows}
    assert answered.pop("(no answer)") == 1
    assert answered == {"ant": 4, "bee": 4, "=SUM(1)": 4}
    assert sum(float(row["share"]) for row in rows) == pytest.approx(1, abs=1e-4)
    for row in rows[:-1]:
        assert 0 < float(row["probability_lowest"]) <= float(row["probability_mean"]) <= 1
    assert rows[-1]["probability_mean"] == ""
    assert page.notices.texts[-1] == f"Saved {len(rows)} rows to {target}.csv"
    dialog = export(page)
    dialog.rows.setCurrentIndex(1)
    dialog.kind.setCurrentIndex(dialog.kind.findText("JSON, one list"))
    target = answer_dialogs("counts.json")
    dialog.save.click()
    rig.settle()
    found = json.loads(target.read_text(encoding="utf-8"))
    assert [row["photos"] for row in found] == [int(row["photos"]) for row in rows]
