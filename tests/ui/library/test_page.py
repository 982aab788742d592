"""Many photos on the Classify page: looks, removing, copying, saving, Pause, the large photo."""

from __future__ import annotations

import csv
import dataclasses
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import QLocale, QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QWheelEvent
from PySide6.QtWidgets import QApplication, QFileDialog, QMenu
from pytestqt.qtbot import QtBot

from resnet_gui.core.events import ImageFailed
from resnet_gui.ui.classify.page import ClassifyPage
from resnet_gui.ui.library.arrangement import Which
from resnet_gui.ui.library.columns import BEFORE
from resnet_gui.ui.library.export_dialog import ExportDialog
from resnet_gui.ui.library.large_photo import LargePhoto
from resnet_gui.ui.library.looks import GRID, MANY, PHOTO, TABLE
from resnet_gui.ui.library.view import LibraryView
from resnet_gui.ui.memory import Memory
from resnet_gui.ui.widgets.photo_list import PhotoState
from resnet_gui.ui.widgets.plain_text import MessageBox
from tests.helpers.fake_engine import Rig, prediction
from tests.ui.library.conftest import names, settled

LABELS = ("ant", "bee", "=SUM(1)")


def open_photos(rig: Rig, page: ClassifyPage, folder: Path, count: int) -> None:
    """`count` photos, the last of which cannot be read, with answers in turn."""
    made = []
    for number in range(count):
        path = folder / f"{number:02d}.png"
        Image.new("RGB", (60 + number, 40), (number * 5 % 255, 90, 60)).save(path)
        made.append(path)
    answers = [
        dataclasses.replace(prediction(n, LABELS[n % 3]), path=str(made[n]))
        for n in range(count - 1)
    ]
    rig.engine.script("classify", answers[0])
    rig.engine.script(
        "classify",
        *(dataclasses.replace(said, position=said.position - 1) for said in answers[1:]),
        ImageFailed(count - 2, str(made[-1]), "a", "ImageReadError", "It is cut."),
    )
    page.controller.open_paths(made)
    rig.until(
        lambda: all(p.state is not PhotoState.WAITING for p in page.controller.photos.photos())
    )
    rig.settle()


def library_of(rig: Rig, page: ClassifyPage, look: str = GRID) -> LibraryView:
    page.look.set_look(look)
    library = page.look.shown
    assert library is not None
    settled(rig, library.model)
    return library


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


def test_few_photos_have_one_look_many_have_three(
    rig: Rig, page: ClassifyPage, memory: Memory, tmp_path: Path
) -> None:
    open_photos(rig, page, tmp_path, MANY - 1)
    strip = page.strip
    assert not strip.looks.isVisible()
    page.look.set_look(TABLE)  # wished for, and remembered
    assert page.look.shown is None
    assert strip.view.isVisible()
    page.controller.open_paths([tmp_path / "more.png"])
    assert strip.looks.isVisible()
    library = page.look.shown
    assert library is not None
    assert library.table.isVisible()
    assert not strip.view.isVisible()
    assert memory.settings.photos_shown == TABLE
    rig.settle()
    # While photos are sorted out the table stays.
    page.controller.remove_many(page.controller.photos.photos()[3:])
    assert page.look.shown is library
    strip.looks.buttons[PHOTO].click()
    assert page.look.shown is None
    assert page.view.isVisible()
    assert memory.settings.photos_shown == PHOTO
    rig.settle()


def test_both_looks_have_one_current_photo(rig: Rig, page: ClassifyPage, tmp_path: Path) -> None:
    open_photos(rig, page, tmp_path, MANY)
    controller = page.controller
    controller.select(4)
    library = library_of(rig, page)
    assert library.current is controller.current
    library.view.setCurrentIndex(library.model.index(7, 0))
    assert controller.photos.row(controller.current) == 7  # type: ignore[arg-type]
    controller.show_next()
    assert library.selection.currentIndex().row() == 8
    page.look.show_photo()
    assert page.results.name.text() == "08.png"
    rig.settle()
    assert page.view.has_photo


def test_the_arrow_keys_go_on_from_photo_to_photo_in_another_look(
    qtbot: QtBot, rig: Rig, page: ClassifyPage, tmp_path: Path
) -> None:
    """Back in the Photo view the focus lay on the picture, where arrows do nothing."""
    open_photos(rig, page, tmp_path, 12)
    page.activateWindow()
    library = library_of(rig, page)
    rig.until(library.view.hasFocus)
    page.look.show_photo()
    rig.until(page.strip.view.hasFocus)
    before = page.controller.current
    qtbot.keyClick(page.strip.view, Qt.Key.Key_Right)
    assert page.controller.current is not before


def test_what_is_selected_is_removed_and_comes_back(
    rig: Rig, page: ClassifyPage, tmp_path: Path, qtbot: QtBot
) -> None:
    open_photos(rig, page, tmp_path, 15)
    library = library_of(rig, page)
    library.bar.search.setText("ant")
    rig.until(lambda: library.model.rowCount() == 5)
    library.view.selectAll()
    qtbot.keyClick(library.view, Qt.Key.Key_Delete)
    assert page.controller.photos.rowCount() == 10
    assert page.notices.texts == ["5 photos removed from the list."]
    page.controller.undo_removal()
    settled(rig, library.model)
    assert library.model.rowCount() == 5
    library.clear_filter()
    settled(rig, library.model)
    asked = len(rig.engine.asked("classify"))
    page.controller.clear()
    assert page.empty.isVisible()
    page.controller.undo_removal()
    settled(rig, library.model)
    assert names(library.model) == [f"{n:02d}.png" for n in range(15)]
    assert page.controller.photos.photos()[0].prediction is not None
    assert len(rig.engine.asked("classify")) == asked
    rig.settle()


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


def actions(menu: QMenu) -> list[str]:
    return [action.text() for action in menu.actions() if action.text()]


def test_menus_of_one_and_of_several(rig: Rig, page: ClassifyPage, tmp_path: Path) -> None:
    open_photos(rig, page, tmp_path, 13)
    library = library_of(rig, page)
    photos = list(library.model.photos())
    one, several = page.look.menu(photos[:1]), page.look.menu(photos[:3])
    assert actions(one) == [
        "Open large", "Copy answer", "Copy path", "Open", "Show in folder", "Remove from list",
    ]  # fmt: skip
    assert actions(several) == [
        "Copy as table", "Copy paths", "Export…", "Sort into folders…", "Remove 3 photos from list",
    ]  # fmt: skip
    several.actions()[1].trigger()
    assert QGuiApplication.clipboard().text().splitlines() == [p.source.name for p in photos[:3]]
    several.actions()[-1].trigger()
    assert library.model.rowCount() == 10
    one.close()
    several.close()


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


def test_pause_lets_nothing_begin(rig: Rig, page: ClassifyPage, tmp_path: Path) -> None:
    hold = rig.engine.hold()
    rig.engine.script("classify", prediction())
    rig.engine.script("classify", prediction(0), hold, *(prediction(n) for n in range(1, 14)))
    page.controller.open_paths([tmp_path / f"{n}.png" for n in range(15)])
    rig.until(hold.reached.is_set)
    strip = page.strip
    rig.until(lambda: "2 of 15" in strip.summary.text())
    strip.pause.click()
    assert strip.pause.text() == "Continue"
    assert strip.summary.text() == "2 of 15 · paused"
    hold.over.set()
    rig.until(lambda: not rig.io.busy)
    # What was under way is answered, and then nothing: only somebody's own photo is.
    page.controller.open_paths([tmp_path / "urgent.png"])
    urgent = page.controller.photos.photos()[-1]
    rig.until(lambda: urgent.state is PhotoState.DONE)
    waiting = sum(p.state is PhotoState.WAITING for p in page.controller.photos.photos())
    assert waiting >= 12
    strip.pause.click()
    rig.settle()
    assert all(p.state is PhotoState.DONE for p in page.controller.photos.photos())
    assert not strip.pause.isVisible()


def test_a_pause_ends_with_stop(rig: Rig, page: ClassifyPage, tmp_path: Path) -> None:
    hold = rig.engine.hold()
    rig.engine.script("classify", hold)
    page.controller.open_paths([tmp_path / f"{n}.png" for n in range(15)])
    rig.until(hold.reached.is_set)
    page.controller.set_paused(True)
    page.strip.stop.click()  # before the first answer
    hold.over.set()
    rig.settle()
    assert page.strip.go_on.isVisible()
    page.strip.go_on.click()
    rig.settle()
    assert all(p.state is PhotoState.DONE for p in page.controller.photos.photos())


def large_of(rig: Rig, page: ClassifyPage, qtbot: QtBot) -> LargePhoto:
    library = library_of(rig, page)
    library.view.setCurrentIndex(library.model.index(2, 0))
    qtbot.keyClick(library.view, Qt.Key.Key_Return)
    large = page.look.large
    assert large is not None
    rig.settle()
    return large


def test_the_large_photo_is_zoomed_and_moved(
    rig: Rig, page: ClassifyPage, tmp_path: Path, qtbot: QtBot
) -> None:
    open_photos(rig, page, tmp_path, 13)
    Image.new("RGB", (4000, 3000), (200, 90, 60)).save(tmp_path / "02.png")
    large = large_of(rig, page, qtbot)
    view = large.view
    assert view.fits
    assert large.answer.text() == "=SUM(1) 90.0%"
    fitting = view.scale_now
    at = QPointF(view.viewport().rect().center() + QPoint(40, 30))
    under = view.mapToScene(at.toPoint())
    for _ in range(6):
        wheel = QWheelEvent(
            at,
            QPointF(view.viewport().mapToGlobal(at.toPoint())),
            QPoint(),
            QPoint(0, 120),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(view.viewport(), wheel)
    assert view.scale_now > 3 * fitting
    rig.settle()  # sharper pixels come
    assert view.scale_now > 3 * fitting
    qtbot.keyClick(view, Qt.Key.Key_Minus)
    assert not view.fits
    qtbot.keyClick(view, Qt.Key.Key_0)
    assert view.fits
    assert view.scale_now == pytest.approx(fitting)
    qtbot.mouseDClick(view.viewport(), Qt.MouseButton.LeftButton, pos=at.toPoint())
    assert view.scale_now == pytest.approx(1.0)
    qtbot.mouseDClick(view.viewport(), Qt.MouseButton.LeftButton, pos=at.toPoint())
    assert view.fits
    assert under.x() > 0
    rig.settle()
    large.close()


def test_the_large_photo_leads_to_the_next(
    rig: Rig, page: ClassifyPage, tmp_path: Path, qtbot: QtBot
) -> None:
    open_photos(rig, page, tmp_path, 13)
    large = large_of(rig, page, qtbot)
    shown = lambda: large.photo.source.short_name if large.photo else ""  # noqa: E731
    assert shown() == "02.png"
    qtbot.keyClick(large.view, Qt.Key.Key_Right)
    assert shown() == "03.png"
    qtbot.keyClick(large.view, Qt.Key.Key_Left)
    qtbot.keyClick(large.view, Qt.Key.Key_Left)
    assert shown() == "01.png"
    library = page.look.shown
    assert library is not None
    for _ in range(13):
        large.stepped.emit(1)
    assert shown() == "12.png"  # the last one, which cannot be read
    assert large.message.text() == "It is cut."
    rig.settle()
    qtbot.keyClick(large.view, Qt.Key.Key_Escape)
    assert not large.isVisible()
    assert library.selection.currentIndex().row() == 12


def test_two_models_are_compared(rig: Rig, page: ClassifyPage, tmp_path: Path) -> None:
    open_photos(rig, page, tmp_path, 13)
    library = library_of(rig, page, TABLE)
    assert library.table.isColumnHidden(BEFORE)
    library.bar.which.setCurrentIndex(list(Which).index(Which.DISAGREE))
    library.bar.which.activated.emit(0)
    rig.until(lambda: library.nothing.isVisible())
    assert library.nothing.text().startswith("Only one model was asked so far.")
    second = [prediction(n, "bee", "b") for n in range(13)]
    current, *others = second
    rig.engine.script("classify", current)
    rig.engine.script(
        "classify", *(dataclasses.replace(p, position=p.position - 1) for p in others)
    )
    page.controller.set_model("b")
    rig.settle()
    settled(rig, library.model)
    rig.until(lambda: not library.table.isColumnHidden(BEFORE))
    # The bees are bees to both; about the last one the first model said nothing.
    assert names(library.model) == [f"{n:02d}.png" for n in range(12) if n % 3 != 1]
    assert library.model.index(0, BEFORE).data() == "ant 90.0%"
    assert library.model.index(0, 1).data() == "bee"
    # A third one: all three stand beside each other, and a tip says which said what.
    rig.engine.script("classify", prediction(0, "wasp", "c"))
    rig.engine.script("classify", *(prediction(n, "bee", "c") for n in range(12)))
    page.controller.set_model("c")
    rig.settle()
    settled(rig, library.model)
    row = library.model.index(0, BEFORE)
    assert library.model.index(0, 1).data() == "wasp"
    assert row.data() == "bee 90.0% · ant 90.0%"
    assert row.data(Qt.ItemDataRole.ToolTipRole).splitlines() == [
        "Model b: bee 90.0%",
        "Model a: ant 90.0%",
    ]
    # The first one again: it is not named twice.
    rig.engine.script("classify", prediction(0, "ant", "a"))
    rig.engine.script("classify", *(prediction(n, "bee", "a") for n in range(12)))
    page.controller.set_model("a")
    rig.settle()
    settled(rig, library.model)
    assert library.model.index(0, BEFORE).data() == "wasp 90.0% · bee 90.0%"
