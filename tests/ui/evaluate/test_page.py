"""The Evaluate page: kept results open, cells open exactly their photos, thresholds are stored."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QFontMetricsF, QHelpEvent
from PySide6.QtWidgets import QApplication, QFileDialog, QToolTip, QWidget
from pytestqt.qtbot import QtBot

from resnet_gui.app.main import WindowApp
from resnet_gui.core.evaluation import store
from resnet_gui.core.evaluation.predictions import Predictions, now
from resnet_gui.core.evaluation.store import stored_results
from resnet_gui.core.zoo.weights.model_file import read_header
from resnet_gui.ui.evaluate import result as result_module
from resnet_gui.ui.evaluate.class_table import ClassModel, ClassTable
from resnet_gui.ui.evaluate.controller import EvaluateState
from resnet_gui.ui.evaluate.matrix_cells import MatrixCells
from resnet_gui.ui.evaluate.page import EvaluatePage
from resnet_gui.ui.evaluate.result import make_result
from resnet_gui.ui.evaluate.result_view import ResultView
from resnet_gui.ui.window.place import Place
from tests.helpers.controls import controls_of, faults_of
from tests.helpers.predictions import made
from tests.helpers.training import make_photos, make_tiny_model, user_zoo


def keep(predictions: Predictions, **changes: object) -> Predictions:
    facts = dataclasses.replace(predictions.facts, made=now(), **changes)  # type: ignore[arg-type]
    kept = dataclasses.replace(predictions, facts=facts)
    assert store.keep(kept) is not None
    return kept


@pytest.fixture
def page(qtbot: QtBot, open_app: Callable[..., WindowApp]) -> EvaluatePage:
    """Of a window with one kept result of 300 photos and six classes, and the tiny model."""
    make_tiny_model()
    keep(made(300, 6, seed=3))
    app = open_app()
    app.window.show_page("evaluate")
    page = app.window.pages.of(EvaluatePage)
    qtbot.waitUntil(lambda: len(page.controller.results) == 1)
    return page


def open_first(qtbot: QtBot, page: EvaluatePage) -> ResultView:
    page.controller.open(page.controller.results[0])
    qtbot.waitUntil(lambda: page.controller.state is EvaluateState.SHOWN)
    assert page.result is not None
    assert page.stack.currentWidget() is page.result
    return page.result


def pointed_at(label: QWidget) -> list[str]:
    """The tooltip of a label, line by line."""
    QToolTip.hideText()
    at = QPoint(2, 2)
    QApplication.sendEvent(label, QHelpEvent(QEvent.Type.ToolTip, at, label.mapToGlobal(at)))
    return QToolTip.text().split("\n")


def test_a_kept_result_opens_from_the_list(qtbot: QtBot, page: EvaluatePage) -> None:
    kept = page.start.kept
    assert kept.isVisible()
    kept.setFocus()
    kept.setCurrentIndex(kept.model().index(0, 0))
    qtbot.keyClick(kept, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page.controller.state is EvaluateState.SHOWN)
    view = page.result
    assert view is not None
    result = page.controller.result
    assert result is not None
    figures = result.figures
    assert view.figure.text() == f"{figures.accuracy:.1%} right"
    assert f"{figures.right} of 300 photos" in view.facts.text()
    # What only experts ask for stands apart, and the pointer explains it.
    assert "F1" not in view.facts.text()
    assert "loss" not in view.facts.text()
    assert [line.split(":")[0] for line in pointed_at(view.facts)] == ["95 % interval"]
    assert [line.split(":")[0] for line in pointed_at(view.terms)] == ["F1", "Loss"]
    # Without the pointer, too, it is said what they count and in which direction they are good.
    assert "every class counts alike" in view.terms.text()
    assert "how sure it was" in view.terms.text()
    assert view.terms.text().endswith("at best 0.")
    page.controller.close()
    assert page.stack.currentWidget() is page.start


def test_it_is_said_which_form_of_the_model_was_tested(qtbot: QtBot, page: EvaluatePage) -> None:
    keep(made(300, 6, seed=3), backend="openvino", precision="int8")
    page.controller.refresh()
    qtbot.waitUntil(lambda: len(page.controller.results) == 2)  # kept beside the other
    model = page.start.kept.model()
    tested = [model.index(row, 1).data() for row in range(2)]
    assert sorted(text.endswith(", in 8 bits") for text in tested) == [False, True]
    for stored in page.controller.results:
        page.controller.open(stored)
        qtbot.waitUntil(lambda: page.controller.state is EvaluateState.SHOWN)
        assert page.result is not None
        quick = stored.facts.precision == "int8"
        assert page.result.terms.text().endswith("Answered in 8 bits (OpenVINO).") is quick
        page.controller.close()


def test_what_is_said_of_a_stopped_test_leaves_when_a_result_is_opened(
    qtbot: QtBot, page: EvaluatePage
) -> None:
    page.controller.stopped.emit("Stopped after 3 of 60 photos: of this test nothing is kept.")
    assert len(page.notices.texts) == 1
    open_first(qtbot, page)
    assert page.notices.texts == []


def test_a_click_on_a_cell_shows_exactly_its_photos(qtbot: QtBot, page: EvaluatePage) -> None:
    view = open_first(qtbot, page)
    result = page.controller.result
    assert result is not None
    matrix = view.matrix
    (row, column), *_ = matrix.cells.confusions()
    place = matrix.cell_rect((row, column)).center().toPoint()
    qtbot.mouseClick(matrix.viewport(), Qt.MouseButton.LeftButton, pos=place)
    truth, answer = matrix.cells.order[row], matrix.cells.order[column]
    shown = list(view.gallery.photos.photos)
    assert len(shown) == result.figures.confusion()[truth, answer] > 0
    assert (result.predictions.truth[shown] == truth).all()
    assert (result.answers[shown] == answer).all()
    assert view.which.currentText().endswith(f"({len(shown)})")
    assert view.pointed.text() == matrix.cells.words((row, column))
    # The other order has the same photos in the same cell.
    view.order.setCurrentIndex(1)
    assert matrix.chosen() == (truth, answer)
    assert list(matrix.cells.order) == sorted(matrix.cells.order)


def test_a_small_window_has_the_photos_below(qtbot: QtBot, page: EvaluatePage) -> None:
    window = page.window()
    view = open_first(qtbot, page)
    place = page.parentWidget().parentWidget()
    assert isinstance(place, Place)
    for size, orientation in (
        ((675, 440), Qt.Orientation.Vertical),
        ((1366, 768), Qt.Orientation.Horizontal),
        ((675, 440), Qt.Orientation.Vertical),
    ):
        window.resize(*size)
        qtbot.waitUntil(lambda wanted=orientation: view.splitter.orientation() is wanted)
        qtbot.waitUntil(lambda: not place.horizontalScrollBar().maximum())
        qtbot.waitUntil(lambda: page.width() <= place.viewport().width())
        for button in (view.report, view.again, view.close_button, view.improve, view.cells):
            right = button.mapTo(page, button.rect().topRight()).x()
            assert right < page.width(), button.objectName() or button.accessibleName()
        assert view.gallery.height() >= 160
        assert view.matrix.height() >= 160
    # A cell that is chosen brings its photos into sight, and stays there itself.
    place.verticalScrollBar().setValue(0)
    assert sight(view.gallery, place) < 100
    (row, column), *_ = view.matrix.cells.confusions()
    order = view.matrix.cells.order
    view.show_cell(order[row], order[column])
    qtbot.waitUntil(lambda: sight(view.gallery, place) >= 150)
    assert sight(view.matrix, place) >= 100


def sight(widget: QWidget, place: Place) -> int:
    """How much of its height is seen, in pixels."""
    top = widget.mapTo(place.viewport(), QPoint()).y()
    return min(top + widget.height(), place.viewport().height()) - max(top, 0)


def test_keys_go_through_the_matrix(qtbot: QtBot, page: EvaluatePage) -> None:
    view = open_first(qtbot, page)
    matrix = view.matrix
    matrix.setFocus()
    counts = []
    for _ in range(3):
        qtbot.keyClick(matrix, Qt.Key.Key_N)
        assert matrix.current is not None
        counts.append(matrix.cells.count(matrix.current))
        assert len(view.gallery.photos.photos) == counts[-1]
    assert counts == sorted(counts, reverse=True)
    matrix.select(0, 0)
    before = matrix.current
    assert before is not None
    by = Qt.Key.Key_Left if before[1] else Qt.Key.Key_Right
    qtbot.keyClick(matrix, by)
    assert matrix.current == (before[0], before[1] + (-1 if before[1] else 1))
    side = matrix.cell_rect((0, 0)).width()
    qtbot.keyClick(matrix, Qt.Key.Key_Minus)
    assert matrix.cell_rect((0, 0)).width() < side
    qtbot.keyClick(matrix, Qt.Key.Key_0)
    assert matrix.cell_rect((0, 0)).width() == side
    assert "taken for" in matrix.accessibleDescription() or "recognised" in (
        matrix.accessibleDescription()
    )


def test_the_name_of_the_row_in_use_is_bold_and_whole(qtbot: QtBot, page: EvaluatePage) -> None:
    """It became “an…” as soon as one of its cells was chosen, with room beside it."""
    matrix = open_first(qtbot, page).matrix
    font = matrix.font()
    font.setBold(True)
    longest = max(QFontMetricsF(font).horizontalAdvance(text) for text in matrix.cells.labels)
    assert matrix.cell_rect((0, 0)).left() - 25 >= longest  # a caption and a gap beside it


def test_every_cell_of_any_matrix_has_its_gallery() -> None:
    for classes in (2, 10, 200):
        result = make_result(made(2000, classes, seed=classes), None)
        matrix = result.figures.confusion()
        truths, answers = np.nonzero(matrix)
        for truth, answer in zip(truths.tolist(), answers.tolist(), strict=True):
            assert len(result.cell(truth, answer)) == matrix[truth, answer]
        assert sorted(result.order) == [
            i for i, c in enumerate(result.figures.classes) if c.support or c.called
        ]
        assert len(result.wrong) == 2000 - result.figures.right


def test_classes_sort_and_show_their_mistakes(qtbot: QtBot, page: EvaluatePage) -> None:
    view = open_first(qtbot, page)
    view.show_tab(1)
    table = view.classes
    recalls = [float(text.rstrip("%")) for text in table.column_texts(2)]
    assert recalls == sorted(recalls)
    for recall, likely in zip(recalls, table.column_texts(3), strict=True):
        low, high = (float(text.rstrip("%")) for text in likely.split("–"))
        assert low - 0.5 <= recall <= high + 0.5  # how far two of two can be trusted
        assert high - low > 0
    table.sortByColumn(0, Qt.SortOrder.DescendingOrder)
    names = table.column_texts(0)
    assert names == sorted(names, reverse=True)
    table.class_chosen.emit(2)
    result = page.controller.result
    assert result is not None
    shown = list(view.gallery.photos.photos)
    assert (result.predictions.truth[shown] == 2).all()
    item = result.figures.classes[2]
    assert len(shown) == item.support - item.right


def test_the_slider_says_what_it_costs_and_stores_a_threshold(
    qtbot: QtBot, open_app: Callable[..., WindowApp]
) -> None:
    path = make_tiny_model()
    one = made(300, 5, seed=4)
    keep(one, classes=tuple("abcde"), weights=store.weights_key(user_zoo().get("tiny")))
    app = open_app()
    app.window.show_page("evaluate")
    page = app.window.pages.of(EvaluatePage)
    qtbot.waitUntil(lambda: bool(page.controller.results))
    view = open_first(qtbot, page)
    view.show_tab(2)
    trust = view.trust
    trust.slider.setValue(80)
    result = page.controller.result
    assert result is not None
    found = result.coverage(0.8)
    assert f"answers {found.answered / 300:.1%}" in trust.effect.text()
    assert f"{found.right / found.answered:.1%} of them rightly" in trust.effect.text()
    with qtbot.waitSignal(page.controller.calibrated):
        trust.use.click()
    assert user_zoo().get("tiny").spec.calibration.unsure == 0.8
    assert read_header(path).id == "tiny"
    qtbot.waitUntil(lambda: "Classify uses 80% now" in trust.effect.text())
    with qtbot.waitSignal(page.controller.calibrated):
        trust.forget.click()
    assert user_zoo().get("tiny").spec.calibration.empty


def test_the_threshold_from_which_on_no_photo_of_a_class_is_missed(
    qtbot: QtBot, open_app: Callable[..., WindowApp]
) -> None:
    make_tiny_model()
    one = made(300, 5, seed=4)
    keep(one, classes=tuple("abcde"), weights=store.weights_key(user_zoo().get("tiny")))
    app = open_app()
    app.window.show_page("evaluate")
    page = app.window.pages.of(EvaluatePage)
    qtbot.waitUntil(lambda: bool(page.controller.results))
    view = open_first(qtbot, page)
    view.show_tab(2)
    trust, result = view.trust, page.controller.result
    assert result is not None
    assert trust.careful.itemText(1) == "a"
    assert "missed" not in trust.effect.text()
    trust.careful.setCurrentIndex(1)
    own = one.truth == 0
    missed = own & ~result.right
    percent = trust.slider.value()
    assert not (result.confidences[missed] >= percent / 100).any()
    assert (result.confidences[missed] >= (percent - 1) / 100).any(), "the lowest one"
    sure = int((own & result.right & (result.confidences >= percent / 100)).sum())
    unsure = int(own.sum()) - sure
    said = f"Of the {own.sum()} photos of “a” {sure} are recognised, {unsure} are “not sure”"
    assert f"{said}, 0 are missed" in trust.effect.text()
    assert "may be missed all the same" in trust.effect.text()
    with qtbot.waitSignal(app.window.store.changed):  # which shows the result again
        app.window.store.refresh()
    assert (trust.careful.currentText(), trust.slider.value()) == ("a", percent)
    assert "0 are missed" in trust.effect.text()
    trust.slider.setValue(0)
    assert f"{missed.sum()} are missed" in trust.effect.text()
    assert "all the same" not in trust.effect.text()
    with qtbot.waitSignal(page.controller.calibrated):
        trust.use.click()
    qtbot.waitUntil(lambda: "Classify uses 0% now" in trust.effect.text())
    assert trust.careful.currentText() == "a"
    trust.careful.setCurrentIndex(0)
    assert "missed" not in trust.effect.text()


def test_a_class_that_is_taken_for_another_with_certainty_has_no_safe_threshold() -> None:
    one = made(20, 2, seed=1)
    logits = np.zeros((20, 2), np.float32)
    logits[:, 0] = 1000
    result = make_result(dataclasses.replace(one, logits=logits), None)
    assert result.safe_percent(0) == 0
    assert result.safe_percent(1) is None
    assert result.fate(1, 1.0).missed == int((one.truth == 1).sum())


def test_a_model_is_not_adjusted_by_a_test_of_other_weights(
    qtbot: QtBot, open_app: Callable[..., WindowApp]
) -> None:
    """Its file was written anew since, by a run that went on."""
    make_tiny_model()
    keep(made(300, 5, seed=4), classes=tuple("abcde"), weights="of before")
    app = open_app()
    app.window.show_page("evaluate")
    page = app.window.pages.of(EvaluatePage)
    qtbot.waitUntil(lambda: bool(page.controller.results))
    view = open_first(qtbot, page)
    view.show_tab(2)
    view.trust.slider.setValue(80)
    view.trust.use.click()
    qtbot.waitUntil(lambda: any("has changed since this test" in t for t in page.notices.texts))
    assert user_zoo().get("tiny").spec.calibration.empty


def test_a_model_that_was_removed_in_another_window_is_named_so(
    qtbot: QtBot, open_app: Callable[..., WindowApp]
) -> None:
    path = make_tiny_model()
    weights = store.weights_key(user_zoo().get("tiny"))
    keep(made(300, 5, seed=4), classes=tuple("abcde"), weights=weights)
    app = open_app()
    app.window.show_page("evaluate")
    page = app.window.pages.of(EvaluatePage)
    qtbot.waitUntil(lambda: bool(page.controller.results))
    view = open_first(qtbot, page)
    path.unlink()
    view.trust.use.click()
    said = "The model is not on this computer any more. Its result can still be read."
    qtbot.waitUntil(lambda: said in page.notices.texts)


def test_a_folder_is_tested(
    qtbot: QtBot, page: EvaluatePage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = make_photos(tmp_path / "letters", ("a", "b"), count=6)
    assert not page.start.start.isEnabled()
    page.controller.set_model("tiny")
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *a, **k: str(data))
    page.start.folder_button.click()
    assert page.start.start.isEnabled()
    page.start.start.click()
    assert page.controller.busy
    qtbot.waitUntil(lambda: page.controller.state is EvaluateState.SHOWN, timeout=60_000)
    result = page.controller.result
    assert result is not None
    assert result.predictions.facts.n == 12
    assert result.predictions.facts.data == str(data)
    assert {stored.facts.model for stored in stored_results()} == {"tiny"}
    report = tmp_path / "report"
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *a, **k: str(report))
    page.save_report()
    qtbot.waitUntil((report / "photos.csv").is_file)
    qtbot.waitUntil(lambda: any("report.html" in text for text in page.notices.texts))


def test_a_folder_with_none_of_its_classes_is_explained(
    qtbot: QtBot, page: EvaluatePage, tmp_path: Path
) -> None:
    page.controller.set_model("tiny")
    page.controller.set_folder(make_photos(tmp_path / "colours"))
    page.controller.start()
    qtbot.waitUntil(lambda: not page.controller.busy, timeout=60_000)
    assert any("knows none of the classes" in text for text in page.notices.texts)
    assert page.controller.state is EvaluateState.EMPTY
    page.controller.set_folder(make_photos(tmp_path / "letters", ("a", "b"), count=6))
    page.controller.start()
    qtbot.waitUntil(lambda: page.controller.state is EvaluateState.SHOWN, timeout=60_000)
    assert not any("knows none" in text for text in page.notices.texts), "it is of another test"


def test_every_control_has_a_name_a_tip_and_a_key(qtbot: QtBot, page: EvaluatePage) -> None:
    open_first(qtbot, page)
    controls = list(controls_of(page))
    assert len(controls) > 20
    faults = [fault for control in controls for fault in faults_of(control)]
    assert not faults, "\n".join(faults)


def test_the_matrix_of_very_many_classes_has_those_with_most_mistakes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = make_result(made(600, 12, seed=4), None)
    monkeypatch.setattr(result_module, "MOST_SHOWN", 5)
    result = make_result(made(600, 12, seed=4), None)
    classes = result.figures.classes
    mistakes = [item.support + item.called - 2 * item.right for item in classes]
    assert len(result.order) == 5
    assert sorted(mistakes[i] for i in result.order) == sorted(mistakes)[-5:]
    matrix = result.figures.confusion(result.order)
    assert matrix.tolist() == whole.figures.confusion()[np.ix_(result.order, result.order)].tolist()


def test_the_table_of_very_many_classes_looks_at_each_once_to_sort_them(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    key = ClassModel.key

    def counted(model: ClassModel, row: Any, column: int) -> Any:
        asked.append(column)
        return key(model, row, column)

    monkeypatch.setattr(ClassModel, "key", counted)
    table = ClassTable()
    qtbot.addWidget(table)
    result = make_result(made(3000, 1000, seed=3), None)
    table.show_result(result)
    table.selectRow(5)
    chosen = table.column_texts(0)[5]
    asked.clear()
    table.sortByColumn(1, Qt.SortOrder.DescendingOrder)
    assert (
        len(asked) <= 2 * table.model().rowCount()
    )  # Qt sorts twice; a sort compared 10,000 times
    supports = [int(text.replace(",", "")) for text in table.column_texts(1)]
    assert supports == sorted(supports, reverse=True)
    row = table.currentIndex().row()  # the same class, wherever it stands now
    assert table.column_texts(0)[row] == chosen


def test_what_is_missed_at_a_hundred_thresholds_is_what_each_says() -> None:
    result = make_result(made(500, 5, seed=2), None)
    thresholds = [n / 100 for n in range(101)] + [float(result.confidences[7])]
    for truth in range(5):
        each = [result.fate(truth, threshold).missed for threshold in thresholds]
        assert result.missed_by(truth, thresholds) == each


def test_the_largest_confusions_come_first_and_right_answers_are_none() -> None:
    result = make_result(made(800, 30, seed=5), None)
    cells = MatrixCells(result, result.order)
    confusions = cells.confusions()
    counts = [cells.count(cell) for cell in confusions]
    assert counts == sorted(counts, reverse=True)
    assert all(row != column for row, column in confusions)
    assert sum(counts) == len(result.right) - int(result.right.sum())
    assert len(MatrixCells()) == 0
    assert MatrixCells().confusions() == []
